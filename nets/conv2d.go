package nets

import (
	"hush/internal/check"
	"hush/internal/simd"
)

// conv2d is a convolution with P filters of side×side, a stride, and zero padding on all four sides. Its weights are
// [KH][KW][C][P]. At each of its positions it is the product of a patch (d = KH·KW·C values) with W [d][P]; patches are
// never copied except for Gram matrices.
type conv2d struct{ filters, side, stride, pad int }

func (conv2d) kind() string { return "conv" }

func (l conv2d) geometry(in Shape) simd.Conv {
	return simd.Conv{H: in.H + 2*l.pad, W: in.W + 2*l.pad, C: in.C, KH: l.side, KW: l.side, Stride: l.stride, P: l.filters}
}

func (l conv2d) out(in Shape) (Shape, error) {
	if l.filters < 1 || l.stride < 1 || l.pad < 0 {
		return Shape{}, check.Fail(room, "convolution", l, "must have filters and stride of at least 1 and no negative padding")
	}
	g := l.geometry(in)
	if l.side < 1 || l.side > g.H || l.side > g.W {
		return Shape{}, check.Fail(room, "side of a filter", l.side, "must be at least 1 and fit the padded feature map")
	}
	return Shape{g.OutH(), g.OutW(), l.filters}, nil
}

func (l conv2d) size(in Shape) (d, p, positions int) {
	g := l.geometry(in)
	return l.side * l.side * in.C, l.filters, g.OutH() * g.OutW()
}

func (l conv2d) weightShape(in Shape) []int { return []int{l.side, l.side, in.C, l.filters} }

func (l conv2d) lower(s *site) product {
	f := &convProduct{site: s, geo: l.geometry(s.b.in), pad: l.pad, d: s.b.d, p: s.b.p, pos: s.b.pos}
	f.map_ = f.geo.H * f.geo.W * f.geo.C
	f.a = s.x
	if l.pad > 0 {
		f.a = aligned(s.rows * f.map_)
		f.dx = aligned(f.map_)
	}
	return f
}

// convProduct works slot by slot. a is [rows][padded map]; δ [rows][positions][p].
type convProduct struct {
	*site
	geo       simd.Conv
	pad       int
	d, p, pos int
	map_      int       // values of a padded map
	a         []float32 // x with its padding; x itself where there is none
	dx        []float32 // gradient of one padded map
	wt        []float32 // transposed weights
	patches   []float32 // of one unit, for Gram matrices
	gram      gram
}

func (f *convProduct) forward(lo, hi int) {
	for r := lo; r < hi; r++ {
		a := f.a[r*f.map_ : (r+1)*f.map_]
		if f.pad > 0 {
			f.inner(a, f.x[r*f.b.in.Size():], func(padded, plain []float32) { copy(padded, plain) })
		}
		f.k.ConvForward(f.geo, a, f.w, f.bias, f.chain.z.row(r), f.ws)
		f.chain.forward(r, r+1)
	}
}

// inner calls do with each line of a padded map, without its padding, and the same line of the plain map.
func (f *convProduct) inner(padded, plain []float32, do func(padded, plain []float32)) {
	line := f.b.in.W * f.geo.C
	for h := range f.b.in.H {
		do(padded[((h+f.pad)*f.geo.W+f.pad)*f.geo.C:][:line], plain[h*line:][:line])
	}
}

func (f *convProduct) inputGrad(dx []float32, lo, hi int) {
	if f.wt == nil {
		f.wt = aligned(f.d * f.p)
	}
	f.k.ConvTranspose(f.geo, f.w, f.wt) // once for all rows
	n := f.b.in.Size()
	for r := lo; r < hi; r++ {
		out := dx[r*n : (r+1)*n]
		if f.pad == 0 {
			f.k.ConvInputGradT(f.geo, f.delta.row(r), f.wt, out, f.ws)
			continue
		}
		f.k.ConvInputGradT(f.geo, f.delta.row(r), f.wt, f.dx, f.ws)
		f.inner(f.dx, out, func(padded, plain []float32) { copy(plain, padded) })
	}
}

// gradient of a unit: Σ patchesᵀδ and Σ δ over the positions of its K slots.
func (f *convProduct) gradient(g []float32, unit int) {
	for s := range f.slots {
		f.add(g, unit*f.slots+s, s > 0)
	}
}

// add adds the gradient of one row to g, or overwrites g with it.
func (f *convProduct) add(g []float32, r int, add bool) {
	delta, bias := f.delta.row(r), g[f.d*f.p:]
	f.k.ConvWeightGrad(f.geo, f.a[r*f.map_:(r+1)*f.map_], delta, g, add, f.ws)
	if !add {
		clear(bias)
	}
	f.k.WeightedRowSum(bias, delta, f.pos, f.p, f.ones)
}

// rank1 holds for a map with a single position, where a is one patch that may leave a margin unread.
func (f *convProduct) rank1(unit int) float64 {
	f.unfold(unit)
	return rank1Bound(f.k, f.patches, f.unitRows(f.delta.v, f.delta.width, unit))
}

func (f *convProduct) ghost(unit int) float64 {
	f.unfold(unit)
	return f.gram.bound(f.k, f.ws, f.patches, f.unitRows(f.delta.v, f.delta.width, unit), f.slots*f.pos, f.d, f.p)
}

// unfold copies the patches of one unit to [K·positions][d].
func (f *convProduct) unfold(unit int) {
	if f.patches == nil {
		f.patches = aligned(f.slots * f.pos * f.d)
	}
	to := f.patches
	run, width := f.geo.KW*f.geo.C, f.geo.W*f.geo.C
	for s := range f.slots {
		a := f.a[(unit*f.slots+s)*f.map_:][:f.map_]
		for o := range f.pos {
			oh, ow := o/f.geo.OutW(), o%f.geo.OutW()
			for kh := range f.geo.KH {
				copy(to[:run], a[(oh*f.geo.Stride+kh)*width+ow*f.geo.Stride*f.geo.C:])
				to = to[run:]
			}
		}
	}
}

// addSum: one chain per element over ascending slots and positions, started from the loaded sum.
func (f *convProduct) addSum(sum []float32, lo, hi int) {
	for r := lo; r < hi; r++ {
		f.add(sum, r, true)
	}
}

func (f *convProduct) erase(unit int) {
	clear(f.unitRows(f.a, f.map_, unit))
	clear(f.unitRows(f.delta.v, f.delta.width, unit))
}
