package simd

// normalGroups fills dst, whole groups of 256 values, from the cipher blocks that begin at state.
func (k *Kernels) normalGroups(dst []float32, state *[16]uint32) {
	if k.level < levelAVX512 || normalAVX512(&dst[0], state, len(dst)/groupValues) != 0 {
		normalPortable(dst, state) // one block in 2¹⁷ has a pair that needs its tail word
	}
}

// normalAVX512 writes groups·256 ≥ 256 values at dst. If it returns other than 0, some pair needs its tail word and the
// values must be made again by normalPortable.
//
//go:noescape
func normalAVX512(dst *float32, state *[16]uint32, groups int) (tail uint32)

// pairsAVX512 turns groups·256 words of key stream at dst into values in place: the second half of normalAVX512, for tests.
//
//go:noescape
func pairsAVX512(dst *float32, groups int) (tail uint32)
