package simd

import (
	"math"
	"math/rand/v2"
	"testing"

	"hush/internal/stattest"
)

// The law of a sample of every path, 2²⁰ values of 256 blocks (fewer on the portable path): moments, correlation
// within pairs, of neighbors and of blocks, Kolmogorov–Smirnov, χ². Ten tests a path at 1e-7: a false alarm in 3e5
// keys (the key is fixed).
func TestNormalLaw(t *testing.T) {
	for _, k := range noisePaths(t) {
		t.Run(k.Name(), func(t *testing.T) {
			blocks := 256
			if k.Name() == "portable" {
				blocks = 16
			}
			x := make([]float32, blocks*NoiseBlock)
			for b := range blocks {
				k.Normal(x[b*NoiseBlock:][:NoiseBlock], noiseKey(), uint64(b>>2), uint32(b&1), uint32(b>>1&1))
			}
			for what, p := range normalLaw(x) {
				stattest.Accept(t, what, p, 1e-7)
			}
		})
	}
}

// normalLaw gives the p-values of tests that a sample of whole blocks must pass.
func normalLaw(x []float32) map[string]float64 {
	n := float64(len(x))
	var third, fourth float64
	for _, v := range x {
		z := float64(v)
		third += z * z * z
		fourth += z * z * z * z
	}
	var first, second []float32 // of each pair
	for i := 0; i < len(x); i += 32 {
		first, second = append(first, x[i:i+16]...), append(second, x[i+16:i+32]...)
	}
	counts, expected := cells(x, 0.01)
	return map[string]float64{
		"mean":     stattest.Mean(x, 0, 1),
		"variance": stattest.Variance(x, 0, 1),
		// E z³ = 0, Var z³ = 15; E z⁴ = 3, Var z⁴ = 96
		"third moment":     stattest.Gauss(third / math.Sqrt(15*n)),
		"fourth moment":    stattest.Gauss((fourth - 3*n) / math.Sqrt(96*n)),
		"within pairs":     stattest.Uncorrelated(first, second),
		"squares in pairs": squares(first, second),
		"neighbors":        stattest.Uncorrelated(x[1:], x[:len(x)-1]),
		"blocks":           stattest.Uncorrelated(x[NoiseBlock:], x[:len(x)-NoiseBlock]),
		"law":              stattest.KS(x, stattest.NormalCDF),
		"cells":            stattest.ChiSquare(counts, expected),
	}
}

// squares tests E (x²−1)(y²−1) = 0: the radius and the angle of a pair are independent. Var = 4.
func squares(x, y []float32) float64 {
	var sum float64
	for i := range x {
		a, b := float64(x[i]), float64(y[i])
		sum += (a*a - 1) * (b*b - 1)
	}
	return stattest.Gauss(sum / (2 * math.Sqrt(float64(len(x)))))
}

// cells counts x in cells of a width, with the expected counts, over [−8, 8); what lies outside goes to the end cells.
func cells(x []float32, width float64) ([]int64, []float64) {
	half := int(8 / width)
	counts, expected := make([]int64, 2*half), make([]float64, 2*half)
	for _, v := range x {
		counts[max(0, min(2*half-1, int(math.Floor(float64(v)/width))+half))]++
	}
	for i := range half { // the lower half, from its tail, and the upper by symmetry
		low, high := float64(i-half)*width, float64(i+1-half)*width
		p := stattest.NormalCDF(high) - stattest.NormalCDF(low)
		if i == 0 {
			p = stattest.NormalCDF(high)
		}
		expected[i] = p * float64(len(x))
		expected[2*half-1-i] = expected[i]
	}
	return counts, expected
}

// Each statistic would notice the deviation it is there for.
func TestNormalLawNotices(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 9))
	const n = 64 * NoiseBlock
	for _, c := range []struct {
		what string
		bend func(x []float32)
		by   []string
	}{
		{"a shift of 0.05", func(x []float32) {
			for i := range x {
				x[i] += 0.05
			}
		}, []string{"mean", "law", "cells"}},
		{"a scale of 1.01", func(x []float32) {
			for i := range x {
				x[i] *= 1.01
			}
		}, []string{"variance"}},
		{"a cut at 2.5", func(x []float32) {
			for i := range x {
				x[i] = max(-2.5, min(2.5, x[i]))
			}
		}, []string{"fourth moment", "cells"}},
		{"a block twice", func(x []float32) { copy(x[NoiseBlock:2*NoiseBlock], x) }, []string{"blocks"}},
		{"magnitudes that agree in pairs", func(x []float32) {
			for i := 0; i < len(x); i += 32 {
				for j := i; j < i+16; j++ {
					x[j] = float32(math.Copysign(float64(x[j+16]), float64(x[j])))
				}
			}
		}, []string{"squares in pairs"}},
	} {
		t.Run(c.what, func(t *testing.T) {
			x := make([]float32, n)
			for i := range x {
				x[i] = float32(rng.NormFloat64())
			}
			c.bend(x)
			law := normalLaw(x)
			for _, what := range c.by {
				stattest.Reject(t, what, law[what], 1e-7)
			}
		})
	}
}

// The float32 arithmetic against float64 on the same words, the radius log-uniform towards both ends of u.
func TestNormalAccuracy(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var worst float64
	for i := range 300_000 {
		w0, w1 := rng.Uint32(), rng.Uint32()
		switch i % 3 {
		case 1:
			w0 >>= rng.Uint32N(33)
		case 2:
			w0 = ^(w0 >> rng.Uint32N(33))
		}
		w0 = max(w0, tailLimit)
		u := (float64(w0)*256 + float64(w1>>24) + 0.5) * 0x1p-40
		ln := math.Log(u)
		if u > 0.5 { // 1 − u, exactly
			ln = math.Log1p(-((float64(^w0)*256 + float64(^w1>>24) + 0.5) * 0x1p-40))
		}
		r := math.Sqrt(-2 * ln)
		s, c := math.Sincos((float64(int32(w1<<10))*0x1p-32 + 0x1p-23) * math.Pi / 2)
		if w1>>22&1 != 0 {
			s, c = -s, -c
		}
		if w1>>23&1 != 0 {
			s, c = c, s
		}
		z0, z1 := boxMuller(radius(w0, w1), w1)
		worst = max(worst, math.Abs(float64(z0)-r*c), math.Abs(float64(z1)-r*s))
	}
	if worst > 9.4e-7 {
		t.Errorf("largest error %.3g, stated 9.4e-7", worst)
	}
}

// fma32 against exact arithmetic at halfway cases, where rounding twice goes wrong.
func TestFMARoundsOnce(t *testing.T) {
	for _, c := range []struct{ a, b, c, want float32 }{
		// 1 + 2⁻²⁴ is halfway between floats; ±2⁻⁶⁰ decides
		{1 + 0x1p-23, 0x1p-24, 1, 1 + 0x1p-23},
		{0x1p-12, 0x1p-12, 1, 1},
		{0x1p-30, 0x1p-30, 1, 1},
		{-0x1p-12, 0x1p-12, 1 + 0x1p-23, 1},
		{3, 5, -15, 0},
	} {
		if got := fma32(c.a, c.b, c.c); got != c.want {
			t.Errorf("%v·%v + %v = %v, want %v", c.a, c.b, c.c, got, c.want)
		}
	}
	// 1·h + c with h + c halfway but for c's last bits: the double sum is rounded to a tie, which must not be seen as one.
	h, tiny := float32(1+0x1p-23), float32(0x1p-60)
	if got := fma32(h, h, tiny); got != 1+0x1p-22 {
		t.Errorf("got %x", got)
	}
	if got := fma32(1+0x1p-12, 1+0x1p-12, tiny); got != 1+0x1p-11+0x1p-23 { // 1 + 2⁻¹¹ + 2⁻²⁴ + 2⁻⁶⁰: up
		t.Errorf("got %x", got)
	}
	if got := fma32(1+0x1p-12, 1+0x1p-12, -tiny); got != 1+0x1p-11 { // just below halfway: down
		t.Errorf("got %x", got)
	}
}
