// Package nearest guesses which known name a mistyped word was meant to be. It never decides anything: a guess is for a
// hint.
package nearest

// Name returns the name within edit distance 1 + len(word)/3 of word, the closest and of those the first, or "" if none
// is that close. Names of one letter are no guess.
func Name(word string, names []string) string {
	best, limit := "", 1+len(word)/3
	for _, n := range names {
		if len(n) < 2 {
			continue
		}
		if d := distance(word, n); d <= limit {
			best, limit = n, d-1
		}
	}
	return best
}

// distance is the Levenshtein distance of two words, in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0]++
		for j := range len(b) {
			cost := corner
			if a[i] != b[j] {
				cost = 1 + min(corner, row[j], row[j+1])
			}
			corner, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
