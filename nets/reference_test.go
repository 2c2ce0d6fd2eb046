package nets

import (
	"math"
	"math/rand/v2"
	"testing"

	"hush/internal/simd"
)

// The reference of this room's tests: one slot at a time, plain loops in float64, layers in the order in which they are
// described (no fusing, no exchange of pooling and activation).

// example is the input of one step.
type example struct {
	net     *Net
	layers  []layer
	weights *Weights
	units   int
	slots   int
	x       []float32
	target  []float32
	mask    []float32
	class   []float32
}

// newExample draws a step's input. Every third unit has an empty slot if slots > 1, and every fifth unit is empty.
func newExample(t testing.TB, layers []layer, in Shape, classes, units, slots int, seed uint64) *example {
	t.Helper()
	n, err := build("test", in, classes, layers)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	e := &example{net: n, layers: layers, weights: n.Init(seed), units: units, slots: slots,
		x: make([]float32, units*slots*in.Size()), target: make([]float32, units*slots*classes), mask: make([]float32, units*slots)}
	for i := range e.x {
		e.x[i] = float32(rng.NormFloat64())
	}
	for r := range e.mask {
		e.mask[r] = 1
		if i, s := r/slots, r%slots; i%5 == 4 || slots > 1 && i%3 == 2 && s == 0 {
			e.mask[r] = 0
		}
		e.target[r*classes+rng.IntN(classes)] = 1
	}
	return e
}

// load copies units lo to hi of the example to a worker, and empties the rest of its batch.
func (e *example) load(w *Worker, lo, hi int) {
	clear(w.Mask())
	d, c := e.net.in.Size(), e.net.classes
	copy(w.Mask(), e.mask[lo*e.slots:hi*e.slots])
	copy(w.X(), e.x[lo*e.slots*d:hi*e.slots*d])
	copy(w.Target(), e.target[lo*e.slots*c:hi*e.slots*c])
}

func (e *example) worker(t testing.TB, units int, clip func(f, n, m []float32), k *simd.Kernels) *Worker {
	t.Helper()
	w, err := e.net.NewWorker(e.weights, Options{Units: units, Slots: e.slots, Clip: clip, Kernels: k, ClassWeights: e.class})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// clipTo is what dpsgd's flat clipping does, without its rounding.
func clipTo(norm float64) func(f, n, m []float32) {
	return func(f, n, m []float32) {
		for i := range f {
			f[i] = m[i] * float32(min(1, norm/math.Sqrt(float64(n[i]))))
		}
	}
}

func clipOne(f, n, m []float32) { copy(f, m) }

// single skips a test that runs on one goroutine: with -short the race detector looks at this package, and only two
// workers at a time can race.
func single(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("one goroutine; run without -short")
	}
}

func kernels(t testing.TB, name string) *simd.Kernels {
	t.Helper()
	k, err := simd.Select(name)
	if err != nil {
		t.Skip(err)
	}
	return k
}

// reference is what a step should give.
type reference struct {
	logits, loss []float64
	norms        []float64   // per unit
	grads        [][]float64 // per unit, all parameters in one
}

// sum is Σ_i f_i·g_i.
func (r *reference) sum(f []float32) []float64 {
	s := make([]float64, len(r.grads[0]))
	for i, g := range r.grads {
		if f[i] != 0 {
			for j, v := range g {
				s[j] += float64(f[i]) * v
			}
		}
	}
	return s
}

func (e *example) reference() *reference {
	r := &reference{}
	d, c := e.net.in.Size(), e.net.classes
	params := flat(e.weights.Tensors)
	for i := range e.units {
		g := make([]float64, e.net.NumParams())
		filled := 0.0
		for s := range e.slots {
			row := i*e.slots + s
			z, l, gs := e.slot(params, to64(e.x[row*d:(row+1)*d]), e.target[row*c:(row+1)*c])
			r.logits = append(r.logits, z...)
			if e.mask[row] == 0 {
				r.loss = append(r.loss, 0)
				continue
			}
			r.loss = append(r.loss, l)
			filled++
			for j, v := range gs {
				g[j] += v
			}
		}
		n := 0.0
		for j := range g {
			if filled > 0 {
				g[j] /= filled
			}
			n += g[j] * g[j]
		}
		r.norms = append(r.norms, math.Sqrt(n))
		r.grads = append(r.grads, g)
	}
	return r
}

// slot is forward and backward of one record.
func (e *example) slot(params, x []float64, target []float32) (z []float64, loss float64, grad []float64) {
	type back func(dy []float64) []float64
	var backs []back
	grad = make([]float64, len(params))
	at, v, off := e.net.in, x, 0
	for _, l := range e.layers {
		next, _ := l.out(at)
		in, from := v, at
		switch l := l.(type) {
		case dense:
			w, o := params[off:], off
			v = refDense(in, w, from.C, l.outputs)
			backs = append(backs, func(dy []float64) []float64 { return refDenseBack(in, w, dy, grad[o:]) })
			off += (from.C + 1) * l.outputs
		case conv2d:
			w, o := params[off:], off
			v = refConv(l, from, next, in, w)
			backs = append(backs, func(dy []float64) []float64 { return refConvBack(l, from, next, in, w, dy, grad[o:]) })
			off += (l.side*l.side*from.C + 1) * l.filters
		case maxPool:
			var arg []int
			v, arg = refMax(l.window, from, next, in)
			backs = append(backs, func(dy []float64) []float64 {
				dx := make([]float64, len(in))
				for o, a := range arg {
					dx[a] += dy[o]
				}
				return dx
			})
		case avgPool:
			v = refAvg(l.window, from, next, in)
			backs = append(backs, func(dy []float64) []float64 { return refAvgBack(l.window, from, next, dy) })
		case activation:
			y := make([]float64, len(in))
			for i, u := range in {
				if y[i] = math.Tanh(u); l.name == "relu" {
					y[i] = math.Max(u, 0)
				}
			}
			v = y
			backs = append(backs, func(dy []float64) []float64 {
				dx := make([]float64, len(dy))
				for i, u := range y {
					switch {
					case l.name == "tanh":
						dx[i] = dy[i] * (1 - u*u)
					case u > 0:
						dx[i] = dy[i]
					}
				}
				return dx
			})
		}
		at = next
	}
	z = v
	top, sum := math.Inf(-1), 0.0
	for _, u := range z {
		top = math.Max(top, u)
	}
	for _, u := range z {
		sum += math.Exp(u - top)
	}
	mass := 0.0
	t := to64(target)
	for j := range t {
		if e.class != nil {
			t[j] *= float64(e.class[j])
		}
		mass += t[j]
		loss += t[j] * (math.Log(sum) + top - z[j])
	}
	dy := make([]float64, len(z))
	for j, u := range z {
		dy[j] = mass*math.Exp(u-top)/sum - t[j]
	}
	for i := len(backs) - 1; i >= 0; i-- {
		dy = backs[i](dy)
	}
	return z, loss, grad
}

func refDense(x, w []float64, d, p int) []float64 {
	z := append([]float64(nil), w[d*p:(d+1)*p]...)
	for i, v := range x {
		for j := range z {
			z[j] += v * w[i*p+j]
		}
	}
	return z
}

func refDenseBack(x, w, dy, g []float64) []float64 {
	d, p := len(x), len(dy)
	dx := make([]float64, d)
	for i, v := range x {
		for j, u := range dy {
			dx[i] += u * w[i*p+j]
			g[i*p+j] += u * v
		}
	}
	for j, u := range dy {
		g[d*p+j] += u
	}
	return dx
}

// taps calls do for each output value, tap and channel of a convolution that falls into the map.
func taps(l conv2d, in, out Shape, do func(o, w, x int)) {
	for oh := range out.H {
		for ow := range out.W {
			for kh := range l.side {
				for kw := range l.side {
					h, v := oh*l.stride+kh-l.pad, ow*l.stride+kw-l.pad
					if h < 0 || v < 0 || h >= in.H || v >= in.W {
						continue
					}
					for c := range in.C {
						do(oh*out.W+ow, (kh*l.side+kw)*in.C+c, (h*in.W+v)*in.C+c)
					}
				}
			}
		}
	}
}

func refConv(l conv2d, in, out Shape, x, w []float64) []float64 {
	p := l.filters
	z := make([]float64, out.Size())
	for i := range z {
		z[i] = w[l.side*l.side*in.C*p+i%p]
	}
	taps(l, in, out, func(o, k, i int) {
		for j := range p {
			z[o*p+j] += x[i] * w[k*p+j]
		}
	})
	return z
}

func refConvBack(l conv2d, in, out Shape, x, w, dy, g []float64) []float64 {
	p := l.filters
	dx := make([]float64, in.Size())
	taps(l, in, out, func(o, k, i int) {
		for j := range p {
			g[k*p+j] += x[i] * dy[o*p+j]
			dx[i] += w[k*p+j] * dy[o*p+j]
		}
	})
	for i, v := range dy {
		g[l.side*l.side*in.C*p+i%p] += v
	}
	return dx
}

// places calls do for each output value and each input value of its window.
func places(w window, in, out Shape, do func(o, i int)) {
	for o := range out.Size() {
		c, ow, oh := o%out.C, o/out.C%out.W, o/out.C/out.W
		for kh := range w.side {
			for kw := range w.side {
				do(o, ((oh*w.stride+kh)*in.W+ow*w.stride+kw)*in.C+c)
			}
		}
	}
}

func refMax(w window, in, out Shape, x []float64) ([]float64, []int) {
	y, arg := make([]float64, out.Size()), make([]int, out.Size())
	for i := range arg {
		arg[i] = -1
	}
	places(w, in, out, func(o, i int) {
		if arg[o] < 0 || x[i] > y[o] {
			y[o], arg[o] = x[i], i
		}
	})
	return y, arg
}

func refAvg(w window, in, out Shape, x []float64) []float64 {
	y := make([]float64, out.Size())
	places(w, in, out, func(o, i int) { y[o] += x[i] / float64(w.side*w.side) })
	return y
}

func refAvgBack(w window, in, out Shape, dy []float64) []float64 {
	dx := make([]float64, in.Size())
	places(w, in, out, func(o, i int) { dx[i] += dy[o] / float64(w.side*w.side) })
	return dx
}

func to64(v []float32) []float64 {
	r := make([]float64, len(v))
	for i, u := range v {
		r[i] = float64(u)
	}
	return r
}

func flat(ts [][]float32) []float64 {
	var r []float64
	for _, t := range ts {
		r = append(r, to64(t)...)
	}
	return r
}

// distance is ‖a − b‖/‖b‖.
func distance(a, b []float64) float64 {
	var d, n float64
	for i, v := range b {
		d += (a[i] - v) * (a[i] - v)
		n += v * v
	}
	if n == 0 {
		return math.Sqrt(d)
	}
	return math.Sqrt(d / n)
}

// The reference itself against finite differences: central, step 1e-5, so the error is about 1e-10 plus rounding 1e-11.
func TestReferenceAgainstFiniteDifferences(t *testing.T) {
	single(t)
	for _, c := range zoo() {
		t.Run(c.what, func(t *testing.T) {
			e := newExample(t, c.layers, c.in, c.classes, 1, 1, 7)
			e.class = make([]float32, c.classes)
			for j := range e.class {
				e.class[j] = .5 + float32(j)
			}
			params, x := flat(e.weights.Tensors), to64(e.x)
			_, _, grad := e.slot(params, x, e.target)
			const h = 1e-5
			for j := 0; j < len(params); j += 1 + len(params)/97 {
				keep := params[j]
				params[j] = keep + h
				_, up, _ := e.slot(params, x, e.target)
				params[j] = keep - h
				_, down, _ := e.slot(params, x, e.target)
				params[j] = keep
				if diff := (up-down)/(2*h) - grad[j]; math.Abs(diff) > 1e-7 {
					t.Errorf("parameter %d: gradient %g, off the finite difference by %g", j, grad[j], diff)
				}
			}
		})
	}
}
