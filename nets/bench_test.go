package nets

import (
	"testing"
	"time"

	"hush/internal/simd"
)

// benchNets are the nets that the program's speed is judged by, with the physical batch that suits each.
var benchNets = []struct {
	name    string
	in      Shape
	classes int
	units   int
}{
	{"fcn", Shape{1, 1, 600}, 100, 256},
	{"linear", Shape{1, 1, 3969}, 10, 256},
	{"cnn28-tanh", Shape{28, 28, 1}, 10, 32},
	{"opacus-mnist", Shape{28, 28, 1}, 10, 32},
	{"dormann-mnist", Shape{28, 28, 1}, 10, 16},
	{"cnn32-tanh", Shape{32, 32, 3}, 10, 4},
}

// BenchmarkStep reports samples/s of one worker, on average and in its fastest step (which a busy machine disturbs
// less). Compare dp with plain in one run.
func BenchmarkStep(b *testing.B) {
	k, err := simd.Select("auto")
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range benchNets {
		for _, mode := range []string{"plain", "dp"} {
			b.Run(c.name+"/"+mode, func(b *testing.B) {
				n, err := Lookup(c.name, c.in, c.classes)
				if err != nil {
					b.Fatal(err)
				}
				o := Options{Units: c.units, Slots: 1, Kernels: k}
				if mode == "dp" {
					o.Clip = clipTo(1)
				}
				w, err := n.NewWorker(n.Init(1), o)
				if err != nil {
					b.Fatal(err)
				}
				for i := range w.X() {
					w.X()[i] = float32(i%7) / 7
				}
				for i := range w.Mask() {
					w.Mask()[i] = 1
					w.Target()[i*c.classes+i%c.classes] = 1
				}
				b.ReportAllocs()
				best := time.Hour
				for b.Loop() {
					start := time.Now()
					if err := w.Step(); err != nil {
						b.Fatal(err)
					}
					best = min(best, time.Since(start))
				}
				b.ReportMetric(float64(c.units)/best.Seconds(), "best-samples/s")
				b.ReportMetric(float64(c.units)*float64(b.N)/b.Elapsed().Seconds(), "samples/s")
			})
		}
	}
}
