package simd

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// netProducts are the products of the reference nets and the usual squares. For the transposes: forward is plain, the
// weight gradient has transA, the input gradient transB.
var netProducts = []struct {
	name     string
	ta, tb   bool
	m, n, kk int
}{
	{"square/64", false, false, 64, 64, 64},
	{"square/512", false, false, 512, 512, 512},
	{"square/512 transA", true, false, 512, 512, 512},
	{"square/512 transB", false, true, 512, 512, 512},
	{"square/1024", false, false, 1024, 1024, 1024},
	{"fcn/forward 1", false, false, 256, 1024, 600},
	{"fcn/weights 1", true, false, 600, 1024, 256},
	{"fcn/forward 2", false, false, 256, 512, 1024},
	{"fcn/inputs 2", false, true, 256, 1024, 512},
	{"fcn/weights 2", true, false, 1024, 512, 256},
	{"fcn/forward 2 of 32", false, false, 32, 512, 1024},
	{"fcn/weights 2 of 32", true, false, 1024, 512, 32},
	{"fcn/last", false, false, 256, 100, 128},
	{"linear/forward", false, false, 256, 10, 3969},
	{"linear/weights", true, false, 3969, 10, 256},
	{"tramer/dense forward of 32", false, false, 32, 32, 512},
	{"tramer/dense inputs of 32", false, true, 32, 512, 32},
	{"tramer/dense weights of 32", true, false, 512, 32, 32},
	{"tramer/last forward of 32", false, false, 32, 10, 32},
	{"skinny/256x32x256", false, false, 256, 32, 256},
}

// measure reports the mean speed and the best over stretches of about 100 µs, as a share of the peak: on a machine that
// others use too, only the best says what the kernel can do.
func measure(b *testing.B, flops, peak float64, f func()) {
	f()
	best, stretch := 0.0, max(1, int(100e-6*60e9/flops))
	n := 0
	for b.Loop() {
		start := time.Now()
		for range stretch {
			f()
		}
		n += stretch
		best = max(best, flops*float64(stretch)/time.Since(start).Seconds()/1e9)
	}
	b.ReportMetric(flops*float64(n)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
	if peak > 0 {
		b.ReportMetric(100*best/peak, "best%peak")
	}
}

func random(r *rand.Rand, n int) []float32 {
	x := Aligned(n)
	for i := range x {
		x[i] = r.Float32()
	}
	return x
}

// BenchmarkGemm has gonum's single-precision product beside ours.
func BenchmarkGemm(b *testing.B) {
	r := source(1)
	for _, c := range netProducts {
		p := product{ta: c.ta, tb: c.tb, m: c.m, n: c.n, kk: c.kk, lda: c.kk, ldb: c.n, ldc: c.n}
		if c.ta {
			p.lda = c.m
		}
		if c.tb {
			p.ldb = c.kk
		}
		p.a.v, p.b.v, p.c.v = random(r, c.m*c.kk), random(r, c.kk*c.n), Aligned(c.m*c.n)
		flops := 2 * float64(c.m) * float64(c.n) * float64(c.kk)
		for l := detect(); l > levelPortable; l-- {
			k := &Kernels{level: l}
			b.Run(fmt.Sprintf("%s/%s", c.name, k.Name()), func(b *testing.B) {
				ws, peak := NewWorkspace(), k.Peak()
				measure(b, flops, peak, func() { p.run(k, false, ws) })
			})
		}
		b.Run(c.name+"/gonum", func(b *testing.B) {
			t := map[bool]blas.Transpose{false: blas.NoTrans, true: blas.Trans}
			measure(b, flops, 0, func() {
				gonum.Implementation{}.Sgemm(t[c.ta], t[c.tb], c.m, c.n, c.kk, 1, p.a.v, p.lda, p.b.v, p.ldb, 0, p.c.v, p.ldc)
			})
		})
	}
}

func BenchmarkConv(b *testing.B) {
	for _, c := range []struct {
		name string
		d    Conv
	}{
		{"tramer 1", convs[0]},
		{"tramer 2", convs[1]},
		{"opacus 1", Conv{H: 34, W: 34, C: 1, KH: 8, KW: 8, Stride: 2, P: 16}},
		{"opacus 2", Conv{H: 13, W: 13, C: 16, KH: 4, KW: 4, Stride: 2, P: 32}},
		{"cifar 3-32", Conv{H: 34, W: 34, C: 3, KH: 3, KW: 3, Stride: 1, P: 32}},
		{"cifar 32-32", Conv{H: 34, W: 34, C: 32, KH: 3, KW: 3, Stride: 1, P: 32}},
		{"cifar 64-64", Conv{H: 18, W: 18, C: 64, KH: 3, KW: 3, Stride: 1, P: 64}},
		{"cifar 128-128", Conv{H: 10, W: 10, C: 128, KH: 3, KW: 3, Stride: 1, P: 128}},
	} {
		r := source(1)
		d := c.d
		x, w, bias, z := random(r, d.inputs()), random(r, d.weights()), random(r, d.P), random(r, d.outputs())
		g, wt, dx := random(r, d.weights()), random(r, d.weights()), random(r, d.inputs())
		flops := 2 * float64(d.OutH()*d.OutW()) * float64(d.weights())
		for l := detect(); l > levelPortable; l-- {
			k, ws := &Kernels{level: l}, NewWorkspace()
			for _, f := range []struct {
				name string
				run  func()
			}{
				{"forward", func() { k.ConvForward(d, x, w, bias, z, ws) }},
				{"weights", func() { k.ConvWeightGrad(d, x, z, g, false, ws) }},
				{"inputs", func() { k.ConvInputGradT(d, z, wt, dx, ws) }},
			} {
				b.Run(c.name+"/"+f.name+"/"+k.Name(), func(b *testing.B) {
					measure(b, flops, k.Peak(), f.run)
				})
			}
		}
	}
}

// BenchmarkElements reports nanoseconds per value.
func BenchmarkElements(b *testing.B) {
	const n = 4096
	r := source(1)
	x, y, f := Aligned(n), Aligned(n), Aligned(n)
	for i := range x {
		x[i], f[i] = float32(r.NormFloat64()), r.Float32()
	}
	d := Pool{H: 16, W: 16, C: 16, KH: 2, KW: 2, Stride: 1}
	py, arg := make([]float32, d.outputs()), make([]uint8, d.outputs())
	target, loss := make([]float32, n), make([]float32, n/10)
	for l := levelPortable; l <= detect(); l++ {
		k := &Kernels{level: l}
		for _, c := range []struct {
			name string
			per  int
			run  func()
		}{
			{"tanh", n, func() { k.Tanh(y, x) }},
			{"tanh gradient", n, func() { k.TanhGrad(y, x, f) }},
			{"relu", n, func() { k.ReLU(y, x) }},
			{"axpy", n, func() { k.Axpy(.5, x, y) }},
			{"sum of squares", n, func() { k.SumSquares(x) }},
			{"weighted row sum 16x256", n, func() { k.WeightedRowSum(y[:256], x, 16, 256, f) }},
			{"max pool 2x2", len(py), func() { k.MaxPool(d, x, py, arg) }},
			{"max pool gradient 2x2", len(py), func() { k.MaxPoolGrad(d, py, arg, x) }},
			{"softmax of 10", n / 10 * 10, func() { k.SoftmaxCrossEntropy(f, n/10, 10, target, loss, y) }},
		} {
			b.Run(c.name+"/"+k.Name(), func(b *testing.B) {
				for b.Loop() {
					c.run()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(c.per), "ns/value")
			})
		}
	}
}
