package nets

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"testing"
)

// run sends the example through a fresh worker of the given physical batch, in order, and returns the running sums and
// what each unit got.
func (e *example) run(t testing.TB, units int, clip func(f, n, m []float32), path string) (sums, norms, losses, logits, factors []float32) {
	t.Helper()
	w := e.worker(t, units, clip, kernels(t, path))
	for lo := 0; lo < e.units; lo += units {
		hi := min(lo+units, e.units)
		e.load(w, lo, hi)
		if err := w.Step(); err != nil {
			t.Fatal(err)
		}
		n := hi - lo
		norms = append(norms, w.SqNorms()[:n]...)
		factors = append(factors, w.Factors()[:n]...)
		losses = append(losses, w.Loss()[:n*e.slots]...)
		logits = append(logits, w.Logits()[:n*e.slots*e.net.classes]...)
	}
	return join(w.Sums()), norms, losses, logits, factors
}

func join(ts [][]float32) []float32 { return slices.Concat(ts...) }

// bits compares to the bit; NaN equals NaN.
func bits(a, b []float32) int {
	if len(a) != len(b) {
		return -2
	}
	for i, v := range a {
		if math.Float32bits(v) != math.Float32bits(b[i]) {
			return i
		}
	}
	return -1
}

func sameBits(t *testing.T, what string, got, want []float32) {
	t.Helper()
	if i := bits(got, want); i == -2 {
		t.Errorf("%s: %d values, want %d", what, len(got), len(want))
	} else if i >= 0 {
		t.Errorf("%s: value %d is %v, want %v to the bit", what, i, got[i], want[i])
	}
}

// trap T8, trap T9: the physical batch is memory only. 64 units through batches of 1, 7, 16 and 64 leave the same bits.
func TestPhysicalBatchLeavesNoTrace(t *testing.T) {
	single(t)
	for _, c := range zoo() {
		for _, slots := range []int{1, 2} {
			for _, path := range []string{"auto", "portable"} {
				t.Run(fmt.Sprint(c.what, "/", slots, "/", path), func(t *testing.T) {
					e := newExample(t, c.layers, c.in, c.classes, 64, slots, 11)
					for _, clip := range []func(f, n, m []float32){clipTo(.3), nil} {
						sums, norms, losses, _, factors := e.run(t, 64, clip, path)
						for _, units := range []int{1, 7, 16} {
							s, n, l, _, f := e.run(t, units, clip, path)
							sameBits(t, fmt.Sprint("sums at ", units), s, sums)
							sameBits(t, fmt.Sprint("norms at ", units), n, norms)
							sameBits(t, fmt.Sprint("losses at ", units), l, losses)
							sameBits(t, fmt.Sprint("factors at ", units), f, factors)
						}
					}
				})
			}
		}
	}
}

// trap T13: losses are summed, so the lot twice is the sum twice. The second half starts from the sum of the first, so
// the doubling holds up to the rounding of a running sum.
func TestTwiceTheLotIsTwiceTheSum(t *testing.T) {
	single(t)
	for _, c := range zoo() {
		t.Run(c.what, func(t *testing.T) {
			e := newExample(t, c.layers, c.in, c.classes, 6, 2, 5)
			double := *e
			double.units = 12
			double.x, double.target, double.mask = slices.Concat(e.x, e.x), slices.Concat(e.target, e.target), slices.Concat(e.mask, e.mask)
			for _, clip := range []func(f, n, m []float32){clipTo(.5), nil} {
				once, n1, _, _, _ := e.run(t, 12, clip, "auto")
				twice, n2, _, _, _ := double.run(t, 12, clip, "auto")
				want := to64(once)
				for i := range want {
					want[i] *= 2
				}
				if d := distance(to64(twice), want); d > 1e-6 {
					t.Errorf("off twice the sum by %g", d)
				}
				sameBits(t, "norms of the second half", n2[6:], n1)
			}
		})
	}
}

// trap T14: nothing of unit i depends on the others. Its contribution is read off with the factors of all others at 0;
// then all others are changed.
func TestUnitsDoNotSeeEachOther(t *testing.T) {
	single(t)
	const units = 4
	for _, c := range zoo() {
		t.Run(c.what, func(t *testing.T) {
			for _, slots := range []int{1, 3} {
				e := newExample(t, c.layers, c.in, c.classes, units, slots, 13)
				for i := range units {
					o := *e
					o.x = slices.Clone(e.x)
					d := e.net.in.Size() * slots
					for j := range o.x {
						if j/d != i {
							o.x[j] = -3*o.x[j] + 1
						}
					}
					only := func(f, n, m []float32) {
						clear(f)
						f[i] = m[i] * .5
					}
					s, n, l, z, _ := e.run(t, units, only, "auto")
					s2, n2, l2, z2, _ := o.run(t, units, only, "auto")
					sameBits(t, fmt.Sprint("contribution of unit ", i), s2, s)
					sameBits(t, "norm", n2[i:i+1], n[i:i+1])
					sameBits(t, "loss", l2[i*slots:(i+1)*slots], l[i*slots:(i+1)*slots])
					w := slots * e.net.classes
					sameBits(t, "logits", z2[i*w:(i+1)*w], z[i*w:(i+1)*w])
				}
			}
		})
	}
}

// trap T15: a unit with a value that is not finite is as if absent, whichever slot, value or target it is, and whatever
// Clip says.
func TestNonFiniteUnitIsAbsent(t *testing.T) {
	single(t)
	const bad, units = 1, 6
	inf := float32(math.Inf(1))
	for _, c := range zoo() {
		for _, slots := range []int{1, 3} {
			for what, spoil := range map[string]func(x, target []float32){
				"NaN":         func(x, _ []float32) { x[len(x)/2] = float32(math.NaN()) },
				"Inf":         func(x, _ []float32) { x[len(x)/3] = inf },
				"all -Inf":    func(x, _ []float32) { fill(x, -inf) },
				"NaN target":  func(_, y []float32) { y[0] = float32(math.NaN()) },
				"Inf target":  func(_, y []float32) { y[len(y)-1] = inf },
				"first value": func(x, _ []float32) { x[0] = float32(math.NaN()) },
			} {
				t.Run(fmt.Sprint(c.what, "/", slots, "/", what), func(t *testing.T) {
					e := newExample(t, c.layers, c.in, c.classes, units, slots, 17)
					absent := *e
					absent.mask = slices.Clone(e.mask)
					clear(absent.mask[bad*slots : (bad+1)*slots])
					d, k := e.net.in.Size()*slots, e.net.classes*slots
					spoil(e.x[bad*d:(bad+1)*d], e.target[bad*k:(bad+1)*k])
					for _, path := range []string{"auto", "portable"} {
						want, _, _, _, _ := absent.run(t, 4, clipOne, path)
						got, norms, _, _, factors := e.run(t, 4, clipOne, path)
						sameBits(t, "sums", got, want)
						if finite(norms[bad]) || factors[bad] != 0 {
							t.Errorf("norm %v, factor %v of the bad unit", norms[bad], factors[bad])
						}
					}
				})
			}
		}
	}
}

func fill(x []float32, v float32) {
	for i := range x {
		x[i] = v
	}
}

// What lies in empty slots must not matter, without clipping either.
func TestEmptySlotsAreOverwritten(t *testing.T) {
	for _, c := range zoo() {
		t.Run(c.what, func(t *testing.T) {
			e := newExample(t, c.layers, c.in, c.classes, 5, 3, 19)
			o := *e
			o.x, o.target = slices.Clone(e.x), slices.Clone(e.target)
			d, k := e.net.in.Size(), e.net.classes
			for r, m := range e.mask {
				if m == 0 {
					fill(o.x[r*d:(r+1)*d], float32(math.NaN()))
					fill(o.target[r*k:(r+1)*k], float32(math.Inf(1)))
				}
			}
			for _, clip := range []func(f, n, m []float32){clipTo(.3), nil} {
				s, n, _, _, _ := e.run(t, 5, clip, "auto")
				s2, n2, _, _, _ := o.run(t, 5, clip, "auto")
				sameBits(t, "sums", s2, s)
				sameBits(t, "norms", n2, n)
			}
		})
	}
}

// A factor that a faulty Clip returns never multiplies anything unless it is finite and not negative.
func TestFactorsAreChecked(t *testing.T) {
	e := newExample(t, []layer{dense{3}}, Shape{1, 1, 4}, 3, 4, 1, 1)
	_, _, _, _, f := e.run(t, 4, func(f, n, m []float32) {
		copy(f, []float32{float32(math.NaN()), -1, float32(math.Inf(1)), .25})
	}, "auto")
	sameBits(t, "factors", f, []float32{0, 0, 0, .25})
}

// Two workers on the same weights, at the same time: run with -race.
func TestWorkersShareWeights(t *testing.T) {
	c := zoo()[10]
	e := newExample(t, c.layers, c.in, c.classes, 16, 1, 23)
	want, _, _, _, _ := e.run(t, 4, clipTo(.3), "auto")
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			got, _, _, _, _ := e.run(t, 4, clipTo(.3), "auto")
			sameBits(t, "sums of a worker", got, want)
			p, err := e.net.NewPredictor(e.weights, 16, kernels(t, "auto"))
			if err != nil {
				t.Error(err)
				return
			}
			copy(p.X(), e.x)
			if err := p.Run(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// A predictor's logits are a worker's, to the bit, for any number of rows.
func TestPredictor(t *testing.T) {
	single(t)
	for _, c := range zoo() {
		e := newExample(t, c.layers, c.in, c.classes, 9, 1, 29)
		fill(e.mask, 1)
		_, _, _, want, _ := e.run(t, 9, nil, "auto")
		for _, rows := range []int{1, 4, 9, 12} {
			p, err := e.net.NewPredictor(e.weights, rows, kernels(t, "auto"))
			if err != nil {
				t.Fatal(err)
			}
			var got []float32
			d, k := e.net.in.Size(), e.net.classes
			for lo := 0; lo < 9; lo += rows {
				n := min(rows, 9-lo)
				copy(p.X(), e.x[lo*d:(lo+n)*d])
				if err := p.Use(n); err != nil {
					t.Fatal(err)
				}
				if err := p.Run(); err != nil {
					t.Fatal(err)
				}
				got = append(got, p.Logits()[:n*k]...)
			}
			sameBits(t, c.what, got, want)
			if p.Use(rows+1) == nil || p.Use(-1) == nil {
				t.Error("rows out of range accepted")
			}
		}
	}
}

// An empty batch leaves the sums, an emptied mask the figures of the step before.
func TestEmptyBatch(t *testing.T) {
	e := newExample(t, []layer{dense{3}}, Shape{1, 1, 4}, 3, 4, 1, 1)
	for _, clip := range []func(f, n, m []float32){clipOne, nil} {
		w := e.worker(t, 4, clip, kernels(t, "auto"))
		e.load(w, 0, 4)
		if err := w.Step(); err != nil {
			t.Fatal(err)
		}
		before := join(w.Sums())
		clear(w.Mask())
		if err := w.Step(); err != nil {
			t.Fatal(err)
		}
		sameBits(t, "sums", join(w.Sums()), before)
		for _, v := range [][]float32{w.Loss(), w.SqNorms(), w.Factors()} {
			sameBits(t, "figures of an empty batch", v, make([]float32, 4))
		}
		w.Clear()
		sameBits(t, "cleared sums", join(w.Sums()), make([]float32, len(before)))
	}
}

// Class weights scale loss and gradient of their class.
func TestClassWeights(t *testing.T) {
	e := newExample(t, []layer{dense{6}, tanh(), dense{3}}, Shape{1, 1, 5}, 3, 8, 2, 31)
	e.class = []float32{2, .5, 0}
	copy(e.target[:3], []float32{.2, .3, .5}) // soft
	ref := e.reference()
	sums, _, losses, _, f := e.run(t, 8, clipTo(.1), "auto")
	if d := distance(to64(sums), ref.sum(f)); d > 1e-5 {
		t.Errorf("sum is off by %g", d)
	}
	if d := distance(to64(losses), ref.loss); d > 1e-5 {
		t.Errorf("losses are off by %g", d)
	}
}

// A step allocates nothing at all.
func TestStepAllocatesNothing(t *testing.T) {
	single(t)
	for _, name := range []string{"cnn28-tanh", "fcn", "linear"} {
		n, err := Lookup(name, Shape{28, 28, 1}, 10)
		if err != nil {
			t.Fatal(err)
		}
		w, err := n.NewWorker(n.Init(1), Options{Units: 8, Slots: 1, Clip: clipOne, Kernels: kernels(t, "auto")})
		if err != nil {
			t.Fatal(err)
		}
		fill(w.Mask(), 1)
		if got := testing.AllocsPerRun(20, func() {
			if err := w.Step(); err != nil {
				t.Fatal(err)
			}
		}); got > 0 {
			t.Errorf("%s: a step of %d nodes makes %.1f allocations", name, w.Nodes(), got)
		}
	}
}

// A worker's memory is what Describe says.
func TestMemoryEstimate(t *testing.T) {
	single(t)
	for _, c := range benchNets {
		n, err := Lookup(c.name, c.in, c.classes)
		if err != nil {
			t.Fatal(err)
		}
		k := kernels(t, "auto")
		weights := n.Init(1)
		var want int64
		for _, l := range n.Describe(c.units, 1, k) {
			want += l.Bytes
		}
		var a, b runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&a)
		w, err := n.NewWorker(weights, Options{Units: c.units, Slots: 1, Clip: clipOne, Kernels: k})
		if err != nil {
			t.Fatal(err)
		}
		w.Mask()[0] = 1
		if err := w.Step(); err != nil {
			t.Fatal(err)
		}
		runtime.GC()
		runtime.ReadMemStats(&b)
		got := int64(b.HeapAlloc) - int64(a.HeapAlloc)
		runtime.KeepAlive(w)
		t.Logf("%s: %.2f MB, estimate %.2f", c.name, float64(got)/1e6, float64(want)/1e6)
		if math.Abs(float64(got-want)) > .15*float64(want)+2e5 {
			t.Errorf("%s: a worker takes %d bytes, estimate %d", c.name, got, want)
		}
	}
}
