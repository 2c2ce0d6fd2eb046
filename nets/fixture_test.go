package nets

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// fixture is testdata/fixture.json, written by testdata/fixture.py with PyTorch.
type fixture struct {
	Torch        string
	Units, Slots int
	Mask         []float32
	Cases        []struct {
		Net     string
		Input   [3]int
		Classes int
		Clip    float64
		Logits  []float64
		Losses  []float64
		Norms   []float64
		Sums    []struct {
			Size, Step       int
			Norm, Projection float64
			Values           []float64
		}
	}
}

// formula is values() of fixture.py.
func formula(n, tensor int) []float64 {
	v := make([]float64, n)
	for i := range v {
		z := (uint64(i+1) + uint64(tensor)<<32) * 0x9E3779B97F4A7C15
		z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
		z = (z ^ z>>27) * 0x94D049BB133111EB
		v[i] = float64((z^z>>31)>>40)/(1<<23) - 1
	}
	return v
}

// Every net of the catalog against PyTorch: logits, losses, norms of units of two slots, and the clipped sum by norm,
// by projection on a fixed vector, and by some of its values.
func TestFixture(t *testing.T) {
	single(t)
	text, err := os.ReadFile("testdata/fixture.json")
	if err != nil {
		t.Fatal(err)
	}
	var f fixture
	if err := json.Unmarshal(text, &f); err != nil {
		t.Fatal(err)
	}
	if len(f.Cases) < len(catalog) {
		t.Fatalf("%d nets in the fixture, %d in the catalog", len(f.Cases), len(catalog))
	}
	for _, c := range f.Cases {
		t.Run(c.Net, func(t *testing.T) {
			n, err := Lookup(c.Net, Shape{c.Input[0], c.Input[1], c.Input[2]}, c.Classes)
			if err != nil {
				t.Fatal(err)
			}
			weights := n.Init(0)
			for i, p := range n.info {
				for j, v := range formula(p.Size(), i+1) {
					weights.Tensors[i][j] = float32(v * math.Sqrt(3/float64(p.FanIn)))
				}
			}
			clip := func(factors, _, _ []float32) { // by PyTorch's norms, so that sums can be compared closely
				for i, v := range c.Norms {
					factors[i] = float32(min(1, c.Clip/v))
				}
			}
			w, err := n.NewWorker(weights, Options{Units: f.Units, Slots: f.Slots, Clip: clip, Kernels: kernels(t, "auto")})
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range formula(len(w.X()), 1000) {
				w.X()[i] = float32(v)
			}
			for r := range w.Mask() {
				w.Mask()[r] = f.Mask[r]
				w.Target()[r*c.Classes+(3*r+1)%c.Classes] = 1
			}
			if err := w.Step(); err != nil {
				t.Fatal(err)
			}
			for r, m := range f.Mask {
				lo, hi := r*c.Classes, (r+1)*c.Classes
				if d := distance(to64(w.Logits()[lo:hi]), c.Logits[lo:hi]); m == 1 && d > 1e-5 {
					t.Errorf("logits of row %d are off by %g", r, d)
				}
			}
			if d := distance(to64(w.Loss()), c.Losses); d > 1e-5 {
				t.Errorf("losses are off by %g", d)
			}
			for i, want := range c.Norms {
				if got := math.Sqrt(float64(w.SqNorms()[i])); got < want*(1-1e-6) || got > want*(1+3e-3) { // κ of the ghost rule
					t.Errorf("unit %d: norm bound %v, PyTorch has %v", i, got, want)
				}
			}
			if len(w.Sums()) != len(c.Sums) {
				t.Fatalf("%d tensors, want %d", len(w.Sums()), len(c.Sums))
			}
			for i, s := range w.Sums() {
				want, got := c.Sums[i], to64(s)
				if len(got) != want.Size {
					t.Fatalf("tensor %d has %d values, want %d", i, len(got), want.Size)
				}
				tol := 2e-5 * want.Norm
				if d := math.Sqrt(squares(got)) - want.Norm; math.Abs(d) > tol {
					t.Errorf("tensor %d: norm is off by %g of %g", i, d, want.Norm)
				}
				dot := 0.0
				for j, v := range formula(len(got), 2000) {
					dot += v * got[j]
				}
				if d := dot - want.Projection; math.Abs(d) > tol {
					t.Errorf("tensor %d: projection is off by %g, norm %g", i, d, want.Norm)
				}
				for j, v := range want.Values {
					if d := got[j*want.Step] - v; math.Abs(d) > tol {
						t.Errorf("tensor %d, value %d: %g, want %g", i, j*want.Step, got[j*want.Step], v)
					}
				}
			}
		})
	}
}
