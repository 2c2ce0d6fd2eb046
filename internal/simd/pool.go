package simd

// Pool is the geometry of pooling over one NHWC sample: input [H][W][C] (already padded, if at all), windows KH×KW
// (at most 256 values) at a distance of Stride, no window over the edge.
type Pool struct{ H, W, C, KH, KW, Stride int }

// OutH is the number of output rows: 0 if the window does not fit.
func (d Pool) OutH() int { return steps(d.H, d.KH, d.Stride) }

// OutW is the number of output columns: 0 if the window does not fit.
func (d Pool) OutW() int { return steps(d.W, d.KW, d.Stride) }

func (d Pool) inputs() int  { return d.H * d.W * d.C }
func (d Pool) outputs() int { return d.OutH() * d.OutW() * d.C }

// MaxPool writes the maximum of each window and channel to y[OutH][OutW][C], and to arg its place kh·KW+kw in the
// window. Among equals the first wins; if a window holds a NaN, the first NaN is the result.
func (k *Kernels) MaxPool(d Pool, x, y []float32, arg []uint8) {
	x, y, arg = x[:d.inputs()], y[:d.outputs()], arg[:d.outputs()]
	if k.vecMaxPool(d, x, y, arg) {
		return
	}
	for o := range d.OutH() * d.OutW() {
		oh, ow := o/d.OutW(), o%d.OutW()
		first := (oh*d.Stride*d.W + ow*d.Stride) * d.C
		best, where := y[o*d.C:(o+1)*d.C], arg[o*d.C:(o+1)*d.C]
		copy(best, x[first:])
		clear(where)
		for kh := range d.KH {
			for kw := range d.KW {
				tap := uint8(kh*d.KW + kw)
				for c, v := range x[first+(kh*d.W+kw)*d.C:][:d.C] {
					if b := best[c]; b == b && !(v <= b) {
						best[c], where[c] = v, tap
					}
				}
			}
		}
	}
}

// MaxPoolGrad overwrites dx[H][W][C] with the gradient of MaxPool: each dy goes to the place that arg names; places
// named by several windows get their sum in order of the windows.
func (k *Kernels) MaxPoolGrad(d Pool, dy []float32, arg []uint8, dx []float32) {
	dx, dy, arg = dx[:d.inputs()], dy[:d.outputs()], arg[:d.outputs()]
	clear(dx)
	if k.vecMaxPoolGrad(d, dy, arg, dx) {
		return
	}
	for o := range d.OutH() * d.OutW() {
		oh, ow := o/d.OutW(), o%d.OutW()
		first := (oh*d.Stride*d.W + ow*d.Stride) * d.C
		for c := range d.C {
			tap := int(arg[o*d.C+c])
			dx[first+(tap/d.KW*d.W+tap%d.KW)*d.C+c] += dy[o*d.C+c]
		}
	}
}

// AvgPool writes the mean of each window and channel to y[OutH][OutW][C]: the sum in window order, times 1/(KH·KW).
func (k *Kernels) AvgPool(d Pool, x, y []float32) {
	x, y = x[:d.inputs()], y[:d.outputs()]
	for o := range d.OutH() * d.OutW() {
		oh, ow := o/d.OutW(), o%d.OutW()
		first := (oh*d.Stride*d.W + ow*d.Stride) * d.C
		sum := y[o*d.C : (o+1)*d.C]
		clear(sum)
		for kh := range d.KH {
			for kw := range d.KW {
				k.Axpy(1, x[first+(kh*d.W+kw)*d.C:][:d.C], sum)
			}
		}
	}
	k.Scale(1/float32(d.KH*d.KW), y)
}

// AvgPoolGrad overwrites dx[H][W][C] with the gradient of AvgPool: each dy/(KH·KW) goes to all places of its window.
func (k *Kernels) AvgPoolGrad(d Pool, dy, dx []float32) {
	dx, dy = dx[:d.inputs()], dy[:d.outputs()]
	clear(dx)
	share := 1 / float32(d.KH*d.KW)
	for o := range d.OutH() * d.OutW() {
		oh, ow := o/d.OutW(), o%d.OutW()
		first := (oh*d.Stride*d.W + ow*d.Stride) * d.C
		for kh := range d.KH {
			for kw := range d.KW {
				k.Axpy(share, dy[o*d.C:(o+1)*d.C], dx[first+(kh*d.W+kw)*d.C:][:d.C])
			}
		}
	}
}
