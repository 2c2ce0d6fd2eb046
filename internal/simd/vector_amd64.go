package simd

import "math"

// Each vec function does its work on the vector paths and returns true, or declines.

func (k *Kernels) vecTanh(dst, x []float32) bool {
	switch {
	case k.level == levelPortable:
		return false
	case len(x) == 0:
	case k.level == levelAVX512:
		tanh512(&dst[0], &x[0], len(x))
	default:
		tanh256(&dst[0], &x[0], len(x))
	}
	return true
}

func (k *Kernels) vecTanhGrad(dst, dy, y []float32) bool {
	switch {
	case k.level == levelPortable:
		return false
	case len(y) == 0:
	case k.level == levelAVX512:
		tanhGrad512(&dst[0], &dy[0], &y[0], len(y))
	default:
		tanhGrad256(&dst[0], &dy[0], &y[0], len(y))
	}
	return true
}

func (k *Kernels) vecReLU(dst, x []float32) bool {
	switch {
	case k.level == levelPortable:
		return false
	case len(x) == 0:
	case k.level == levelAVX512:
		relu512(&dst[0], &x[0], len(x))
	default:
		relu256(&dst[0], &x[0], len(x))
	}
	return true
}

func (k *Kernels) vecReLUGrad(dst, dy, y []float32) bool {
	switch {
	case k.level == levelPortable:
		return false
	case len(y) == 0:
	case k.level == levelAVX512:
		reluGrad512(&dst[0], &dy[0], &y[0], len(y))
	default:
		reluGrad256(&dst[0], &dy[0], &y[0], len(y))
	}
	return true
}

func (k *Kernels) vecAxpy(alpha float32, x, y []float32) bool {
	switch {
	case k.level == levelPortable:
		return false
	case len(x) == 0:
	case k.level == levelAVX512:
		axpy512(&y[0], &x[0], &alpha, len(x))
	default:
		axpy256(&y[0], &x[0], &alpha, len(x))
	}
	return true
}

func (k *Kernels) vecScale(alpha float32, x []float32) bool {
	switch {
	case k.level == levelPortable:
		return false
	case len(x) == 0:
	case k.level == levelAVX512:
		scale512(&x[0], &alpha, len(x))
	default:
		scale256(&x[0], &alpha, len(x))
	}
	return true
}

// vecWeightedRowSum wants at least one row and one column.
func (k *Kernels) vecWeightedRowSum(dst, src []float32, stride int, f []float32) bool {
	switch k.level {
	case levelAVX512:
		weightedRowSum512(&dst[0], &src[0], &f[0], len(dst), len(f), 4*stride)
	case levelAVX2:
		weightedRowSum256(&dst[0], &src[0], &f[0], len(dst), len(f), 4*stride)
	default:
		return false
	}
	return true
}

// vecSumSquares wants at least one value.
func (k *Kernels) vecSumSquares(x []float32) (sum float32, ok bool) {
	switch k.level {
	case levelAVX512:
		sumSquares512(&x[0], len(x), &sum)
	case levelAVX2:
		sumSquares256(&x[0], len(x), &sum)
	default:
		return 0, false
	}
	return sum, true
}

func (k *Kernels) vecSoftmaxRow(z, target, dz []float32) (loss float32, ok bool) {
	if k.level != levelAVX512 || len(z) == 0 {
		return 0, false
	}
	var sums [3]float32 // Σ e^{z−top}, Σ t, Σ t·(z−top)
	softmax512(&z[0], &target[0], &dz[0], len(z), &sums[0])
	return float32(float64(sums[1])*math.Log(float64(sums[0])) - float64(sums[2])), true
}

// poolArgs is read by assembly: gen/elements.go knows the offsets.
type poolArgs struct {
	cols, channels, kh, kw int // outputs per line, channels, window
	step, row, pixel       int // bytes from one window, one line, one pixel of the input to the next
}

func (d Pool) args() poolArgs {
	return poolArgs{cols: d.OutW(), channels: d.C, kh: d.KH, kw: d.KW, step: 4 * d.Stride * d.C, row: 4 * d.W * d.C, pixel: 4 * d.C}
}

func (k *Kernels) vecMaxPool(d Pool, x, y []float32, arg []uint8) bool {
	if k.level != levelAVX512 || len(y) == 0 {
		return false
	}
	a, line := d.args(), d.OutW()*d.C
	for oh := range d.OutH() {
		maxPool512(&x[oh*d.Stride*d.W*d.C], &y[oh*line], &arg[oh*line], &a)
	}
	return true
}

func (k *Kernels) vecMaxPoolGrad(d Pool, dy []float32, arg []uint8, dx []float32) bool {
	if k.level != levelAVX512 || len(dy) == 0 {
		return false
	}
	a, line := d.args(), d.OutW()*d.C
	for oh := range d.OutH() {
		maxPoolGrad512(&dx[oh*d.Stride*d.W*d.C], &dy[oh*line], &arg[oh*line], &a)
	}
	return true
}

// spin runs the given number of rounds of multiply-adds that wait for nothing, and returns the operations of one round.
func (k *Kernels) spin(rounds int) float64 {
	switch k.level {
	case levelAVX512:
		peak512(rounds)
		return 2 * 16 * 24
	case levelAVX2:
		peak256(rounds)
		return 2 * 8 * 12
	}
	return spinPortable(rounds)
}
