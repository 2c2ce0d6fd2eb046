package nets

import "hush/internal/simd"

// activation is an element-wise function whose gradient needs its result only. Both are monotone.
type activation struct {
	name string
	f    func(k *simd.Kernels, dst, x []float32)
	grad func(k *simd.Kernels, dst, dy, y []float32)
}

// tanh has the gradient dy·(1 − y²).
func tanh() activation {
	return activation{"tanh", (*simd.Kernels).Tanh, (*simd.Kernels).TanhGrad}
}

// relu is max(x, 0), with gradient 0 at 0. NaN stays NaN.
func relu() activation {
	return activation{"relu", (*simd.Kernels).ReLU, (*simd.Kernels).ReLUGrad}
}

func (a activation) kind() string                { return a.name }
func (a activation) out(in Shape) (Shape, error) { return in, nil }
func (a activation) monotone() bool              { return true }
