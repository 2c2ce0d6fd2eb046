// Package simd answers one question: what is this float32 sum, product or function of these slices, as fast as the
// machine can tell?
//
// It never knows a network, a loss curve or a privacy parameter, never starts a goroutine, never allocates after the
// first call with a Workspace, and never reads or writes outside of the slices that it is given.
//
// Its invariant: the bits of a result depend on the values and on the chosen path (Kernels.Name) only. They do not
// depend on how rows, columns or samples are cut into calls, on alignment, or on what ran before. Every element of a
// matrix product is one chain of multiply-adds in ascending k, started from the loaded C or from zero.
package simd

// level is an instruction set that the kernels are written for. A higher one contains the lower ones.
type level int

const (
	levelPortable level = iota // plain Go, every machine, every multiply-add rounded twice
	levelAVX2                  // AVX2 and FMA
	levelAVX512                // AVX-512 F, BW, VL, DQ, beside AVX2 and FMA
)

// String is the name under which Select knows the level.
func (l level) String() string {
	switch l {
	case levelAVX512:
		return "avx512"
	case levelAVX2:
		return "avx2"
	}
	return "portable"
}
