//go:build !amd64

package simd

// normalGroups fills dst, whole groups of 256 values, from the cipher blocks that begin at state.
func (k *Kernels) normalGroups(dst []float32, state *[16]uint32) { normalPortable(dst, state) }
