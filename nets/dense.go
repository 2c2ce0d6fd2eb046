package nets

import "hush/internal/check"

// dense is z = a·W + b on flat features, W [inputs][outputs].
type dense struct{ outputs int }

func (dense) kind() string { return "fc" }

func (l dense) out(in Shape) (Shape, error) {
	if in.H != 1 || in.W != 1 {
		return Shape{}, check.Fail(room, "input of a dense layer", in, "must be flat, 1×1×features")
	}
	if l.outputs < 1 {
		return Shape{}, check.Fail(room, "width of a dense layer", l.outputs, "must be at least 1")
	}
	return Shape{1, 1, l.outputs}, nil
}

func (l dense) size(in Shape) (d, p, positions int) { return in.C, l.outputs, 1 }
func (l dense) weightShape(in Shape) []int          { return []int{in.C, l.outputs} }

func (l dense) lower(s *site) product { return &denseProduct{site: s, d: s.b.d, p: s.b.p} }

// denseProduct works on all rows at once: a [rows][d], δ [rows][p].
type denseProduct struct {
	*site
	d, p int
	gram gram
}

// forward: z = b + a·W, one chain per element from the bias on.
func (f *denseProduct) forward(lo, hi int) {
	z := f.chain.z.rows(lo, hi)
	for ; len(z) > 0; z = z[f.p:] {
		copy(z, f.bias)
	}
	f.k.Gemm(false, false, hi-lo, f.p, f.d, f.x[lo*f.d:], f.d, f.w, f.p, true, f.chain.z.rows(lo, hi), f.p, f.ws)
	f.chain.forward(lo, hi)
}

// inputGrad: da = δ·Wᵀ.
func (f *denseProduct) inputGrad(dx []float32, lo, hi int) {
	f.k.Gemm(false, true, hi-lo, f.d, f.p, f.delta.v[lo*f.p:], f.p, f.w, f.p, false, dx[lo*f.d:], f.d, f.ws)
}

// gradient of a unit: Σ_t a_tᵀδ_t and Σ_t δ_t over its K rows.
func (f *denseProduct) gradient(g []float32, unit int) {
	clear(g)
	f.addSum(g, unit*f.slots, (unit+1)*f.slots)
}

func (f *denseProduct) rank1(unit int) float64 {
	return rank1Bound(f.k, f.unitRows(f.x, f.d, unit), f.unitRows(f.delta.v, f.p, unit))
}

func (f *denseProduct) ghost(unit int) float64 {
	return f.gram.bound(f.k, f.ws, f.unitRows(f.x, f.d, unit), f.unitRows(f.delta.v, f.p, unit), f.slots, f.d, f.p)
}

// addSum: sum += Σ_r a_rᵀδ_r in ascending r, one chain per element, started from the loaded sum; bias likewise.
func (f *denseProduct) addSum(sum []float32, lo, hi int) {
	a, delta := f.x[lo*f.d:], f.delta.v[lo*f.p:]
	f.k.Gemm(true, false, f.d, f.p, hi-lo, a, f.d, delta, f.p, true, sum, f.p, f.ws)
	f.k.WeightedRowSum(sum[f.d*f.p:], delta, hi-lo, f.p, f.ones)
}

func (f *denseProduct) erase(unit int) {
	clear(f.unitRows(f.x, f.d, unit))
	clear(f.unitRows(f.delta.v, f.p, unit))
}
