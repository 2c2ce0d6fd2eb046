package simd

// normalGroups fills dst, whole groups of 256 values, from the cipher blocks that begin at state.
func (k *Kernels) normalGroups(dst []float32, state *[16]uint32) {
	groups := len(dst) / groupValues
	tail := uint32(1)
	switch k.level {
	case levelAVX512:
		tail = normalAVX512(&dst[0], state, groups)
	case levelAVX2:
		tail = normalAVX2(&dst[0], state, groups)
	}
	if tail != 0 { // besides the portable path, one block in 2¹⁷: some pair needs its tail word
		normalPortable(dst, state)
	}
}

// normalAVX512 writes groups·256 ≥ 256 values at dst. If it returns other than 0, some pair needs its tail word and the
// values must be made again by normalPortable.
//
//go:noescape
func normalAVX512(dst *float32, state *[16]uint32, groups int) (tail uint32)

// normalAVX2 is normalAVX512 on AVX2.
//
//go:noescape
func normalAVX2(dst *float32, state *[16]uint32, groups int) (tail uint32)

// pairsAVX512 turns groups·256 words of key stream at dst into values in place: the second half of normalAVX512, for
// tests.
//
//go:noescape
func pairsAVX512(dst *float32, groups int) (tail uint32)

// pairsAVX2 is pairsAVX512 on AVX2.
//
//go:noescape
func pairsAVX2(dst *float32, groups int) (tail uint32)
