package nets

import (
	"hush/internal/check"
	"hush/internal/simd"
)

// window is a square pooling window of Side×Side values at a distance of Stride, never over the edge.
type window struct{ side, stride int }

func (w window) pool(in Shape) simd.Pool {
	return simd.Pool{H: in.H, W: in.W, C: in.C, KH: w.side, KW: w.side, Stride: w.stride}
}

func (w window) out(in Shape) (Shape, error) {
	if w.side < 1 || w.side > 16 || w.side > in.H || w.side > in.W { // 16: simd keeps the place of a maximum in a byte
		return Shape{}, check.Fail(room, "pooling window", w.side, "must be from 1 to 16 and fit the feature map")
	}
	if w.stride < 1 {
		return Shape{}, check.Fail(room, "pooling stride", w.stride, "must be positive")
	}
	p := w.pool(in)
	return Shape{p.OutH(), p.OutW(), in.C}, nil
}

// maxPool takes the maximum of each window and channel. The gradient goes to the first place that had it.
type maxPool struct{ window }

func (maxPool) kind() string   { return "maxpool" }
func (maxPool) monotone() bool { return false }

// avgPool takes the mean of each window and channel.
type avgPool struct{ window }

func (avgPool) kind() string   { return "avgpool" }
func (avgPool) monotone() bool { return false }
