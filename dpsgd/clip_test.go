package dpsgd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

func TestFlatClipEdges(t *testing.T) { // trap T15
	inf := float32(math.Inf(1))
	nan := float32(math.NaN())
	low := float32(1 - 0x1p-20) // C as FlatClip takes it, for C = 1
	for _, c := range []struct {
		what         string
		sqNorm, mask float32
		want         float32
	}{
		{"masked", 4, 0, 0},
		{"masked and broken", nan, 0, 0},
		{"zero", 0, 1, 1},
		{"below", 0.25, 1, 1},
		{"just below", 0.99999, 1, 1},
		{"at C", 1, 1, low},
		{"twice", 4, 1, low / 2},
		{"denormal", math.SmallestNonzeroFloat32, 1, 1},
		{"largest", math.MaxFloat32, 1, roundDown(float64(low) / math.Sqrt(math.MaxFloat32))},
		{"infinite", inf, 1, 0},
		{"NaN", nan, 1, 0},
		{"negative", -1, 1, 0},
		{"minus infinite", -inf, 1, 0},
	} {
		t.Run(c.what, func(t *testing.T) {
			clip, err := FlatClip(1)
			if err != nil {
				t.Fatal(err)
			}
			f := []float32{-5}
			clip(f, []float32{c.sqNorm}, []float32{c.mask})
			if f[0] != c.want {
				t.Errorf("got %v, want %v", f[0], c.want)
			}
		})
	}
	for _, bad := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		if _, err := FlatClip(bad); err == nil {
			t.Errorf("clip norm %v is accepted", bad)
		}
	}
	clip, _ := FlatClip(1e300) // beyond float32: nothing is ever clipped
	f := []float32{0}
	clip(f, []float32{math.MaxFloat32}, []float32{1})
	if f[0] != 1 {
		t.Errorf("a huge clip norm gives factor %v", f[0])
	}
}

func TestClippedNormNeverExceedsC(t *testing.T) { // trap T16
	// A million vectors whose coordinates run from denormals to 1e38, with squared norms as float32 code sums them.
	rng := rand.New(rand.NewPCG(16, 1))
	norms := []float64{1, 1e-30, 1e-6, 0.1, 3, 1.1e5, 1e30, math.Pi}
	const batch = 64
	var g [batch][8]float32
	factors, sq, mask := make([]float32, batch), make([]float32, batch), make([]float32, batch)
	clipped, zeroed := 0, 0
	for range 1_000_000 / batch {
		C := norms[rng.IntN(len(norms))]
		clip, err := FlatClip(C)
		if err != nil {
			t.Fatal(err)
		}
		for i := range g {
			sq[i], mask[i] = 0, 1
			fill(rng, &g[i], C)
			for _, v := range g[i] {
				sq[i] += float32(v * v)
			}
		}
		clip(factors, sq, mask)
		for i := range g {
			var exact, scaled float64 // ‖g‖² and ‖fl(c·g)‖², in float64
			for _, v := range g[i] {
				exact += float64(v) * float64(v)
				w := float64(float32(factors[i] * v))
				scaled += w * w
			}
			c, norm := float64(factors[i]), math.Sqrt(exact)
			if !(c*norm <= C) || !(math.Sqrt(scaled) <= C) {
				t.Fatalf("C = %v, g = %v: c = %v, c·‖g‖ = %v, ‖c·g‖ = %v", C, g[i], c, c*norm, math.Sqrt(scaled))
			}
			switch {
			case c == 0:
				zeroed++
			case c < 1:
				clipped++
				if sq[i] > 1e-30 && c > 1e-30 && c*norm < C*(1-0x1p-18) {
					t.Fatalf("C = %v, ‖g‖ = %v: c·‖g‖ = %v is needlessly small", C, norm, c*norm)
				}
			}
		}
	}
	if clipped < 100_000 || zeroed < 1000 {
		t.Errorf("%d vectors clipped, %d zeroed: too few to tell", clipped, zeroed)
	}
}

// fill draws a vector of one of several kinds: of any magnitude, near norm C, denormal, or huge.
func fill(rng *rand.Rand, g *[8]float32, C float64) {
	kind := rng.IntN(4)
	size := math.Exp2(rng.Float64()*270 - 145)
	for j := range g {
		v := rng.NormFloat64()
		switch kind {
		case 0:
			v *= size
		case 1:
			v *= C / math.Sqrt(8) * (1 + 1e-6*rng.NormFloat64())
		case 2:
			v *= 0x1p-140
		case 3:
			v *= math.Exp2(float64(rng.IntN(270)-145)) / 8
		}
		g[j] = float32(max(-1e38, min(1e38, v)))
	}
}

func TestClipAllocatesNothing(t *testing.T) {
	clip, _ := FlatClip(1)
	f := make([]float32, 8)
	if n := testing.AllocsPerRun(10, func() { clip(f, f, f) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func ExampleFlatClip() {
	clip, err := FlatClip(1.5)
	if err != nil {
		fmt.Println(err)
		return
	}
	factors := make([]float32, 4)
	clip(factors, []float32{1, 9, 0, float32(math.NaN())}, []float32{1, 1, 1, 1}) // ‖g‖ = 1, 3, 0, broken
	fmt.Printf("%.3f\n", factors)
	// Output: [1.000 0.500 1.000 0.000]
}
