package audit

import (
	"cmp"
	"slices"
)

// Guessing decides before the coins how many units of a pool of m are guessed: "in" for the Plus highest scores,
// "out" for the Minus lowest, silence on the rest. Both are functions of m alone.
type Guessing struct {
	Name        string
	Plus, Minus func(m int) int
}

// Guessings returns the rules that an audit tries. Each costs a Bonferroni share, so there are three only:
//
//   - all: no silence; best when the whole distribution shifts a little.
//   - both ends: the 5 % at each end; best for canaries, whose scores stand out either way.
//   - low end: the lowest 10 % are guessed out; best for natural records of an over-fitted model, where easy
//     non-members look like members but hard ones give themselves away.
func Guessings() []Guessing {
	share := func(n int) func(int) int { return func(m int) int { return max(1, m/n) } }
	none := func(int) int { return 0 }
	return []Guessing{
		{"all", share(2), func(m int) int { return m - max(1, m/2) }},
		{"both ends", share(20), share(20)},
		{"low end", none, share(10)},
	}
}

// Guess returns the positions guessed in and out. It sees scores and unit ids, never coins; ties are broken by
// (seed, id), so that neither the order in which units are listed nor their number can carry a coin in.
func (g Guessing) Guess(score []float64, index []int, seed uint64) (in, out []int) {
	at := shuffled(index, seed)
	slices.SortStableFunc(at, func(a, b int) int { return cmp.Compare(score[b], score[a]) })
	m := len(at)
	return at[:g.Plus(m)], at[m-g.Minus(m):]
}

// judge counts the right guesses.
func judge(in, out []int, member []bool) OneRun {
	a := OneRun{Pool: len(member), Guesses: len(in) + len(out)}
	for _, i := range in {
		if member[i] {
			a.Right++
		}
	}
	for _, i := range out {
		if !member[i] {
			a.Right++
		}
	}
	return a
}
