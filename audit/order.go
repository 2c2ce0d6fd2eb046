package audit

import (
	"cmp"
	"slices"
)

// shuffled returns the positions 0…n−1 in an order that depends on (seed, unit ids) alone: not on the order in which
// the units were given, which may betray the coins (members listed first), and not on the scores.
func shuffled(index []int, seed uint64) []int {
	key := make([]uint64, len(index))
	at := make([]int, len(index))
	for i, id := range index {
		key[i] = mix(mix(seed) ^ uint64(id))
		at[i] = i
	}
	slices.SortFunc(at, func(a, b int) int {
		return cmp.Or(cmp.Compare(key[a], key[b]), cmp.Compare(index[a], index[b]))
	})
	return at
}

// mix is the output function of SplitMix64 (Steele, Lea & Flood 2014), a bijection on 64 bits.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
