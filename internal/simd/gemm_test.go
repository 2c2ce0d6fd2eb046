package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

type product struct {
	ta, tb        bool
	m, n, kk      int
	lda, ldb, ldc int
	a, b, c       guarded
}

// newProduct makes a random product; gaps of the leading dimensions hold canaries.
func newProduct(r *rand.Rand, ta, tb bool, m, n, kk int) product {
	p := product{ta: ta, tb: tb, m: m, n: n, kk: kk}
	matrix := func(rows, cols int) (guarded, int) {
		ld := cols + r.IntN(3)*r.IntN(20)
		i := -1
		return guard((rows-1)*ld+cols, func() float32 {
			if i++; i%ld >= cols {
				return canary
			}
			return float32(r.NormFloat64())
		}), ld
	}
	pick := func(t bool, x, y int) (int, int) {
		if t {
			return y, x
		}
		return x, y
	}
	ra, ca := pick(ta, m, kk)
	rb, cb := pick(tb, kk, n)
	p.a, p.lda = matrix(max(ra, 1), max(ca, 1))
	p.b, p.ldb = matrix(max(rb, 1), max(cb, 1))
	p.c, p.ldc = matrix(m, n)
	return p
}

func (p product) at(i, j, q int) (float32, float32) {
	ia, ib := i*p.lda+q, q*p.ldb+j
	if p.ta {
		ia = q*p.lda + i
	}
	if p.tb {
		ib = j*p.ldb + q
	}
	return p.a.v[ia], p.b.v[ib]
}

// chain is the element that the contract asks for: fused (in float64, rounded once per step) or rounded twice.
func (p product) chain(k *Kernels, i, j int, add bool) float32 {
	var s float32
	if add {
		s = p.c.v[i*p.ldc+j]
	}
	for q := range p.kk {
		x, y := p.at(i, j, q)
		if k.level == levelPortable {
			s += float32(x * y)
		} else {
			s = fused(x, y, s)
		}
	}
	return s
}

// fused is round(x·y + s). In float64 the product is exact; the sum is rounded to odd before the rounding to float32,
// so that no double rounding occurs.
func fused(x, y, s float32) float32 {
	p, q := float64(x)*float64(y), float64(s)
	sum := p + q
	if math.IsInf(sum, 0) || sum != sum {
		return float32(sum)
	}
	bp := sum - q // two-sum: sum + err is exact
	err := (p - bp) + (q - (sum - bp))
	if err != 0 && math.Float64bits(sum)&1 == 0 {
		if (err > 0) == (sum > 0) {
			sum = math.Float64frombits(math.Float64bits(sum) + 1)
		} else {
			sum = math.Float64frombits(math.Float64bits(sum) - 1)
		}
	}
	return float32(sum)
}

func (p product) run(k *Kernels, add bool, ws *Workspace) {
	k.Gemm(p.ta, p.tb, p.m, p.n, p.kk, p.a.v, p.lda, p.b.v, p.ldb, add, p.c.v, p.ldc, ws)
}

func TestGemmIsTheChain(t *testing.T) {
	everyPath(t, func(t *testing.T, k *Kernels) {
		r, ws := source(1), NewWorkspace()
		shapes := [][3]int{{1, 1, 1}, {14, 32, 5}, {15, 33, 16}, {28, 64, 64}, {3, 10, 400}, {31, 100, 385}, {70, 10, 17}, {5, 16, 800}, {13, 1, 9}, {1, 70, 40}, {100, 47, 33}, {2, 2, 0}, {343, 40, 20}, {40, 2100, 3}}
		for range rounds(40) {
			shapes = append(shapes, [3]int{1 + r.IntN(60), 1 + r.IntN(80), r.IntN(70)})
		}
		for _, s := range shapes {
			for mode := range 8 {
				p := newProduct(r, mode&1 > 0, mode&2 > 0, s[0], s[1], s[2])
				add := mode&4 > 0
				want := make([]float32, len(p.c.v))
				copy(want, p.c.v)
				for i := range p.m {
					for j := range p.n {
						want[i*p.ldc+j] = p.chain(k, i, j, add)
					}
				}
				p.run(k, add, ws)
				what := fmt.Sprint(s, " transA ", p.ta, " transB ", p.tb, " add ", add, " ld ", p.lda, p.ldb, p.ldc)
				p.c.check(t, what)
				for i, v := range p.c.v { // gaps between rows included
					if math.Float32bits(v) != math.Float32bits(want[i]) {
						t.Fatalf("%s: element %d,%d is %g, want %g", what, i/p.ldc, i%p.ldc, v, want[i])
					}
				}
			}
		}
	})
}

// The bits may not depend on how a product is cut: by rows, columns or in the sum.
func TestGemmCuts(t *testing.T) {
	everyPath(t, func(t *testing.T, k *Kernels) {
		r, ws := source(2), NewWorkspace()
		for range rounds(60) {
			m, n, kk := 2+r.IntN(80), 2+r.IntN(100), 2+r.IntN(900)
			p := newProduct(r, r.IntN(2) > 0, r.IntN(2) > 0, m, n, kk)
			p.run(k, false, ws)
			want := append([]float32(nil), p.c.v...)
			offset := func(t bool, x, y, ld int) int {
				if t {
					return y*ld + x
				}
				return x*ld + y
			}
			ci, cj, cq := 1+r.IntN(m-1), 1+r.IntN(n-1), 1+r.IntN(kk-1)
			for _, h := range []struct{ i0, i1 int }{{0, ci}, {ci, m}} {
				for _, w := range []struct{ j0, j1 int }{{0, cj}, {cj, n}} {
					for q, z := range []struct{ q0, q1 int }{{0, cq}, {cq, kk}} {
						k.Gemm(p.ta, p.tb, h.i1-h.i0, w.j1-w.j0, z.q1-z.q0, p.a.v[offset(p.ta, h.i0, z.q0, p.lda):], p.lda,
							p.b.v[offset(p.tb, z.q0, w.j0, p.ldb):], p.ldb, q > 0, p.c.v[h.i0*p.ldc+w.j0:], p.ldc, ws)
					}
				}
			}
			sameBits(t, fmt.Sprint(m, n, kk, " cut at ", ci, cj, cq), p.c.v, want)
		}
	})
}

func TestGemmNonFinite(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	everyPath(t, func(t *testing.T, k *Kernels) {
		r, ws := source(3), NewWorkspace()
		for mode := range 4 {
			p := newProduct(r, mode&1 > 0, mode&2 > 0, 20, 37, 9)
			set := func(i, q int, v float32) {
				if p.ta {
					i, q = q, i
				}
				p.a.v[i*p.lda+q] = v
			}
			set(3, 4, nan)
			set(7, 2, inf)
			set(9, 1, inf)
			set(9, 2, -inf)
			for q := range p.kk { // 0·Inf is NaN
				set(11, q, 0)
			}
			for j := range p.n {
				if p.tb {
					p.b.v[j*p.ldb] = inf
				} else {
					p.b.v[j] = inf
				}
			}
			want := append([]float32(nil), p.c.v...)
			for i := range p.m {
				for j := range p.n {
					want[i*p.ldc+j] = p.chain(k, i, j, false)
				}
			}
			p.run(k, false, ws)
			sameBits(t, fmt.Sprint("mode ", mode), p.c.v, want)
			if v := p.c.v[11*p.ldc]; v == v {
				t.Error("0·Inf gave", v)
			}
		}
	})
}

func TestNoAllocation(t *testing.T) {
	everyPath(t, func(t *testing.T, k *Kernels) {
		r, ws := source(4), NewWorkspace()
		var ps []product
		for mode := range 4 {
			ps = append(ps, newProduct(r, mode&1 > 0, mode&2 > 0, 50, 70, 60))
		}
		d := Conv{H: 9, W: 10, C: 3, KH: 3, KW: 4, Stride: 2, P: 20}
		x, w, z := make([]float32, d.inputs()), make([]float32, d.weights()), make([]float32, d.outputs())
		q := Pool{H: 8, W: 8, C: 20, KH: 2, KW: 2, Stride: 2}
		px, py, arg := make([]float32, q.inputs()), make([]float32, q.outputs()), make([]uint8, q.outputs())
		loss := make([]float32, 4)
		all := func() {
			for _, p := range ps {
				p.run(k, true, ws)
			}
			k.ConvForward(d, x, w, nil, z, ws)
			k.ConvWeightGrad(d, x, z, w, true, ws)
			k.ConvInputGrad(d, z, w, x, ws)
			k.MaxPool(q, px, py, arg)
			k.MaxPoolGrad(q, py, arg, px)
			k.AvgPool(q, px, py)
			k.AvgPoolGrad(q, py, px)
			k.Tanh(x, x)
			k.TanhGrad(x, x, x)
			k.ReLU(x, x)
			k.ReLUGrad(x, x, x)
			k.ScaleRows(x, 9, 30, x)
			k.AddBias(x, 9, 30, z)
			k.WeightedRowSum(z[:11], x, 5, 30, w)
			k.SoftmaxCrossEntropy(z[:40], 4, 10, x[:40], loss, z[:40])
			_ = k.SumSquares(x)
		}
		all()
		if n := testing.AllocsPerRun(3, all); n != 0 {
			t.Error(n, "allocations")
		}
	})
}
