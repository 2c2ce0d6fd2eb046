package simd

import "math"

// Tanh computes dst = tanh(x), element by element; dst may be x. The error over all float32 values is at most 1 ULP on
// the portable path and 4 ULP on the others; |tanh| never exceeds 1, ±Inf give ±1, NaN stays NaN.
func (k *Kernels) Tanh(dst, x []float32) {
	dst = dst[:len(x)]
	if k.vecTanh(dst, x) {
		return
	}
	for i, v := range x {
		dst[i] = float32(math.Tanh(float64(v)))
	}
}

// TanhGrad computes dst = dy·(1 − y²), where y = tanh(x); dst may be dy or y.
func (k *Kernels) TanhGrad(dst, dy, y []float32) {
	dst, dy = dst[:len(y)], dy[:len(y)]
	if k.vecTanhGrad(dst, dy, y) {
		return
	}
	for i, v := range y {
		dst[i] = float32(dy[i] * (1 - float32(v*v)))
	}
}

// ReLU computes dst = max(x, 0); dst may be x. NaN stays NaN, −0 stays −0.
func (k *Kernels) ReLU(dst, x []float32) {
	dst = dst[:len(x)]
	if k.vecReLU(dst, x) {
		return
	}
	for i, v := range x {
		if v < 0 {
			v = 0
		}
		dst[i] = v
	}
}

// ReLUGrad computes dst = dy where y > 0 (or y is NaN) and 0 elsewhere; dst may be dy or y. The gradient at 0 is 0.
func (k *Kernels) ReLUGrad(dst, dy, y []float32) {
	dst, dy = dst[:len(y)], dy[:len(y)]
	if k.vecReLUGrad(dst, dy, y) {
		return
	}
	for i, v := range y {
		g := dy[i]
		if v <= 0 {
			g = 0
		}
		dst[i] = g
	}
}

// AddBias adds bias[cols] to each row of x[rows][cols].
func (k *Kernels) AddBias(x []float32, rows, cols int, bias []float32) {
	x, bias = x[:rows*cols], bias[:cols]
	for ; len(x) > 0; x = x[cols:] {
		k.Axpy(1, bias, x[:cols])
	}
}

// Axpy computes y = y + α·x for all of x: fused on the vector paths, rounded twice on the portable one.
func (k *Kernels) Axpy(alpha float32, x, y []float32) {
	y = y[:len(x)]
	if k.vecAxpy(alpha, x, y) {
		return
	}
	for i, v := range x {
		y[i] += float32(alpha * v)
	}
}

// Scale computes x = α·x. Zero times a non-finite value is NaN, as everywhere.
func (k *Kernels) Scale(alpha float32, x []float32) {
	if k.vecScale(alpha, x) {
		return
	}
	for i, v := range x {
		x[i] = alpha * v
	}
}

// ScaleRows multiplies row r of x[rows][cols] by f[r].
func (k *Kernels) ScaleRows(x []float32, rows, cols int, f []float32) {
	x, f = x[:rows*cols], f[:rows]
	for r, v := range f {
		k.Scale(v, x[r*cols:(r+1)*cols])
	}
}

// WeightedRowSum adds Σ_r f[r]·src[r·stride:][:len(dst)] to dst, over r = 0..rows−1: one chain per element in ascending
// r, started from dst, so the rows may be cut into several calls without a change of bits.
func (k *Kernels) WeightedRowSum(dst []float32, src []float32, rows, stride int, f []float32) {
	if rows <= 0 || len(dst) == 0 {
		return
	}
	f = f[:rows]
	src = src[:(rows-1)*stride+len(dst)]
	if k.vecWeightedRowSum(dst, src, stride, f) {
		return
	}
	for r, w := range f {
		for j, v := range src[r*stride : r*stride+len(dst)] {
			dst[j] += float32(w * v)
		}
	}
}

// sumLanes is the number of partial sums of SumSquares on the portable path.
const sumLanes = 32

// SumSquares returns Σ x². The order of the sum depends on len(x) alone. No term passes through more than
// len(x)/32 + 9 roundings, so with u = 2⁻²⁴ the relative error is at most (len(x)/32 + 9)·u plus underflow (squares
// below 2⁻¹⁴⁹ vanish). The sum is +Inf from 2¹²⁸ on, NaN if a value is NaN.
func (k *Kernels) SumSquares(x []float32) float32 {
	if len(x) == 0 {
		return 0
	}
	if s, ok := k.vecSumSquares(x); ok {
		return s
	}
	var s [sumLanes]float32
	for ; len(x) >= sumLanes; x = x[sumLanes:] {
		for j, v := range x[:sumLanes] {
			s[j] += float32(v * v)
		}
	}
	for j, v := range x {
		s[j] += float32(v * v)
	}
	for h := sumLanes / 2; h > 0; h /= 2 {
		for j := range h {
			s[j] += s[j+h]
		}
	}
	return s[0]
}
