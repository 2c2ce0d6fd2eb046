package nets

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"hush/internal/simd"
)

// added is ‖Σ_t a_tᵀ·fl(c·δ_t)‖² with bias, of float32 values, in float64 with products of float32 exact: what a float32
// chain adds to the sum, up to the rounding of the running sum.
func added(a, delta []float32, t, d, p int, c float32) float64 {
	g := make([]float64, (d+1)*p)
	for s := range t {
		for j := range p {
			v := float64(c * delta[s*p+j])
			for i := range d {
				g[i*p+j] += float64(a[s*d+i]) * v
			}
			g[d*p+j] += v
		}
	}
	return squares(g)
}

func squares(g []float64) float64 {
	n := 0.0
	for _, v := range g {
		n += v * v
	}
	return n
}

// trap T16: the bound of every rule is at least the squared norm of what is added, for ordinary, cancelling, tiny,
// denormal, huge and mixed values. The ghost rule without its κ term fails here.
func TestNormBoundIsAbove(t *testing.T) {
	single(t)
	rng := rand.New(rand.NewPCG(1, 2))
	fills := []struct {
		name string
		f    func() float32
	}{
		{"normal", func() float32 { return float32(rng.NormFloat64()) }},
		{"tiny", func() float32 { return float32(rng.NormFloat64() * 1e-21) }},
		{"denormal", func() float32 { return math.Float32frombits(rng.Uint32N(1 << 12)) }},
		{"large", func() float32 { return float32(rng.NormFloat64() * 1e9) }},
		{"1e38", func() float32 { return float32(rng.NormFloat64()) * 1e38 }},
		{"spread", func() float32 { return float32(rng.NormFloat64() * math.Exp(20*rng.NormFloat64())) }},
		{"sparse", func() float32 { return float32(rng.NormFloat64()) * float32(rng.IntN(2)) }},
		{"zero", func() float32 { return 0 }},
	}
	cancelled, finiteSeen := 0, 0
	for _, path := range []string{"auto", "avx2", "portable"} {
		k := kernels(t, path)
		ws := simd.NewWorkspace()
		for _, fa := range fills {
			for _, fd := range fills {
				for _, cancel := range []bool{false, true} {
					for range 4 {
						tt, d, p := 1+rng.IntN(12), 1+rng.IntN(70), 1+rng.IntN(20)
						if cancel {
							tt += tt % 2
						}
						a, delta := draw(tt*d, fa.f), draw(tt*p, fd.f)
						if cancel {
							opposite(a, delta, tt, d, p)
						}
						where := fmt.Sprint(path, " a ", fa.name, " δ ", fd.name, " cancel ", cancel, " T,d,p ", tt, d, p)
						exact := added(a, delta, tt, d, p, 1)
						ghost := new(gram).bound(k, ws, a, delta, tt, d, p)
						if !above(ghost, exact) {
							t.Errorf("%s: ghost bound %g is below %g", where, ghost, exact)
						}
						if exact < 1e-6*float64(tt)*squares(to64(a))*squares(to64(delta)) && finite64(ghost) {
							cancelled++
						}
						if finite64(ghost) {
							finiteSeen++
						}
						if tt == 1 {
							if b := rank1Bound(k, a, delta); !above(b, exact) {
								t.Errorf("%s: rank-one bound %g is below %g", where, b, exact)
							}
						}
						g := draw(d*p, fa.f)
						if b := instanceBound(k, g); !above(b, squares(to64(g))) {
							t.Errorf("%s: instance bound %g is below %g", where, b, squares(to64(g)))
						}
					}
				}
			}
		}
	}
	if cancelled < 100 || finiteSeen < 500 {
		t.Errorf("only %d cancelling and %d finite cases", cancelled, finiteSeen)
	}
}

func draw(n int, f func() float32) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = f()
	}
	return v
}

// opposite makes the second half of the positions cancel the first, up to a few units in the last place of one input
// value, so that the Gram norm is all rounding.
func opposite(a, delta []float32, t, d, p int) {
	h := t / 2
	copy(a[h*d:], a[:h*d])
	for i, v := range delta[:h*p] {
		delta[h*p+i] = -v
	}
	for s := h; s < t; s++ {
		a[s*d] = math.Nextafter32(a[s*d], 1)
	}
}

// above says that the bound, rounded up to float32 as a worker does, is not below the exact figure or is not finite, in
// which case the unit is left out.
func above(bound, exact float64) bool {
	b := up(bound)
	return !finite(b) || float64(b) >= exact
}

func finite64(v float64) bool { return v-v == 0 }

// trap T16: figures are rounded to float32 upward.
func TestUp(t *testing.T) {
	for _, c := range []struct {
		v    float64
		want float32
	}{
		{0, 0}, {1, 1}, {1 + 0x1p-40, 1 + 0x1p-23}, {1e-60, 0x1p-149}, {0x1p-149, 0x1p-149},
		{math.MaxFloat32, math.MaxFloat32}, {math.MaxFloat32 * (1 + 0x1p-40), float32(math.Inf(1))}, {1e300, float32(math.Inf(1))},
	} {
		if got := up(c.v); got != c.want {
			t.Errorf("up(%g) is %g, want %g", c.v, got, c.want)
		}
	}
	if v := up(math.NaN()); v == v {
		t.Errorf("up(NaN) is %v", v)
	}
}

// trap T16, through a whole step: what one unit adds is at most its factor times its bound, in float64, also where
// values are huge and where positions cancel.
func TestAddedVectorIsWithinBound(t *testing.T) {
	single(t)
	const clip = .37
	for _, c := range zoo() {
		for _, scale := range []float32{1e-30, 1e-6, 1, 1e6, 1e15, 1e30, 3e38} {
			for _, path := range []string{"auto", "portable"} {
				e := newExample(t, c.layers, c.in, c.classes, 3, 2, 37)
				for i := range e.x {
					e.x[i] *= scale
				}
				w := e.worker(t, 1, downTo(clip), kernels(t, path))
				for i := range e.units {
					e.load(w, i, i+1)
					w.Clear()
					if err := w.Step(); err != nil {
						t.Fatal(err)
					}
					n := math.Sqrt(squares(flat(w.Sums())))
					// The sum started from 0: its own rounding is a factor within 1 ± γ, here allowed with 1e-5.
					if !(n <= clip*(1+1e-5)) {
						t.Errorf("%s, inputs ×%g, %s: unit %d adds a vector of norm %g at clip norm %g", c.what, scale, path, i, n, clip)
					}
				}
			}
		}
	}
}

// downTo clips as dpsgd does, factors rounded down.
func downTo(norm float64) func(f, n, m []float32) {
	return func(f, n, m []float32) {
		for i := range f {
			v := min(1, norm/math.Sqrt(float64(n[i])))
			f[i] = float32(v)
			if float64(f[i]) > v {
				f[i] = math.Nextafter32(f[i], 0)
			}
			f[i] *= m[i]
		}
	}
}

// Every non-finite a or δ, anywhere, makes the figure of every rule non-finite.
func TestNonFiniteValueShows(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	inf := float32(math.Inf(1))
	for _, path := range []string{"auto", "avx2", "portable"} {
		k := kernels(t, path)
		ws := simd.NewWorkspace()
		for range 300 {
			tt, d, p := 1+rng.IntN(5), 1+rng.IntN(40), 1+rng.IntN(9)
			normal := func() float32 { return float32(rng.NormFloat64()) }
			a, delta := draw(tt*d, normal), draw(tt*p, normal)
			if rng.IntN(2) == 0 { // the other factor all zero
				clear(a)
				clear(delta)
			}
			bad := []float32{float32(math.NaN()), inf, -inf}[rng.IntN(3)]
			if rng.IntN(2) == 0 {
				a[rng.IntN(len(a))] = bad
			} else {
				delta[rng.IntN(len(delta))] = bad
			}
			if v := up(new(gram).bound(k, ws, a, delta, tt, d, p)); finite(v) {
				t.Errorf("%s: ghost figure %v", path, v)
			}
			if v := up(rank1Bound(k, a[:d], delta[:p])); tt == 1 && finite(v) {
				t.Errorf("%s: rank-one figure %v", path, v)
			}
			g := make([]float32, (d+1)*p)
			k.Gemm(true, false, d, p, tt, a, d, delta, p, true, g, p, ws)
			for s := range tt {
				k.Axpy(1, delta[s*p:(s+1)*p], g[d*p:])
			}
			if v := up(instanceBound(k, g)); finite(v) {
				t.Errorf("%s: instance figure %v", path, v)
			}
		}
	}
}
