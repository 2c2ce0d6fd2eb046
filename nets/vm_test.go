package nets

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The walker computes what gorgonia's own tape machine computes from the same program, bit for bit: every net, with and
// without clipping, a full batch and a partial one.
func TestWalkerIsTheTapeMachine(t *testing.T) {
	for _, e := range Catalog() {
		in := e.Input
		if in.Size() == 0 {
			in = Shape{1, 1, 20}
		}
		name := e.Name
		if name == "mlp" {
			name = "mlp:16,8"
		}
		n, err := Lookup(name, in, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, clip := range []func(factors, sqNorms, mask []float32){nil, clipTo(.1)} {
			weights := n.Init(3)
			run := func(tape bool) (out [][]float32) {
				w, err := n.NewWorker(weights, Options{Units: 5, Slots: 1, Clip: clip, Kernels: kernels(t, "auto")})
				if err != nil {
					t.Fatal(err)
				}
				if tape {
					w.vm = w.tape()
				}
				rng := rand.New(rand.NewPCG(1, 2))
				for _, filled := range []int{5, 3} {
					for i := range w.X() {
						w.X()[i] = rng.Float32()
					}
					clear(w.Mask())
					for i := range filled {
						w.Mask()[i] = 1
						clear(w.Target()[i*10 : (i+1)*10])
						w.Target()[i*10+rng.IntN(10)] = 1
					}
					if err := w.Step(); err != nil {
						t.Fatal(err)
					}
				}
				return append(append(out, w.Sums()...), w.Loss(), w.SqNorms(), w.Factors())
			}
			want, got := run(true), run(false)
			for k := range want {
				for i := range want[k] {
					if math.Float32bits(want[k][i]) != math.Float32bits(got[k][i]) {
						t.Fatalf("%s, clipping %v: value %d of result %d is %v, by the tape machine %v", name, clip != nil, i, k, got[k][i], want[k][i])
					}
				}
			}
		}
	}
}
