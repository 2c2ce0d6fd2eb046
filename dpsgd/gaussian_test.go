package dpsgd

import (
	"fmt"
	"math"
	"testing"

	"hush/internal/simd"
	"hush/internal/stattest"
)

// noiseOf is B/(σC) times the release of zero sums: the noise as it meets the sum, in units of its standard deviation.
func noiseOf(t *testing.T, s Settings, sizes ...int) [][]float32 {
	t.Helper()
	m := build(t, s)
	sums := zeros(sizes...)
	release(t, m, s.Resume.Step, sums)
	unit := s.Lot / (s.NoiseMultiplier * s.ClipNorm)
	for _, v := range sums {
		for i := range v {
			v[i] = float32(float64(v[i]) * unit)
		}
	}
	return sums
}

func TestNoiseIsScaledForTheSum(t *testing.T) { // trap T7
	// With zero gradients B·release/(σC) is N(0, I_d), so its squared norm is χ²_d. False alarm 1e-6 a lot size; the
	// key is fixed. Noise meant for the mean is B times too large, and for a sum of sums B times too small.
	const d, alarm = 4096, 1e-6
	for _, lot := range []float64{1, 64, 4096} {
		t.Run(fmt.Sprint(lot), func(t *testing.T) {
			s := settings(t)
			s.Lot, s.NoiseMultiplier, s.ClipNorm = lot, 1.3, 0.7
			z := noiseOf(t, s, d)[0]
			stattest.Accept(t, "squared norm", stattest.Variance(z, 0, 1), alarm)
			stattest.Accept(t, "mean", stattest.Mean(z, 0, 1), alarm)
			stattest.Accept(t, "law", stattest.KS(z, stattest.NormalCDF), alarm)
			stattest.Reject(t, "noise 1.2 times too small", stattest.Variance(z, 0, 1.2), alarm)
			if lot > 1 {
				stattest.Reject(t, "noise for the mean", stattest.Variance(z, 0, lot), alarm)
				stattest.Reject(t, "noise divided twice", stattest.Variance(z, 0, 1/lot), alarm)
			}
		})
	}
}

func TestDividesByTheDeclaredLot(t *testing.T) { // trap T4
	// Two runs with one key but different rates draw lots of different sizes. The same sums then give the same bits.
	few, many := settings(t), settings(t)
	few.Sampler, many.Sampler = poisson(t, 0.01, 1000, few.Key), poisson(t, 0.5, 1000, few.Key)
	a, b := [][]float32{{1, -2, 3}}, [][]float32{{1, -2, 3}}
	ma, mb := build(t, few), build(t, many)
	na, nb := len(ma.Lot(0, nil)), len(mb.Lot(0, nil))
	if na == nb {
		t.Fatalf("both lots have %d units: nothing is tested", na)
	}
	if err := ma.Release(0, a); err != nil {
		t.Fatal(err)
	}
	if err := mb.Release(0, b); err != nil {
		t.Fatal(err)
	}
	same(t, "lots of different sizes", a, b)

	// Without noise the release is S/B to float32 rounding, B as declared.
	quiet := settings(t)
	quiet.NoiseMultiplier, quiet.Lot = 0, 50
	m, err := NewNonPrivate(quiet, "no noise")
	if err != nil {
		t.Fatal(err)
	}
	for step := range uint64(5) {
		v := [][]float32{{100, -1, 0}}
		release(t, m, step, v)
		for i, want := range []float64{2, -0.02, 0} {
			if math.Abs(float64(v[0][i])-want) > 2e-7*math.Abs(want) {
				t.Errorf("step %d: %v, want %v", step, v[0][i], want)
			}
		}
	}
}

func TestNoiseIsDrawnOncePerLot(t *testing.T) { // trap T8
	const many = 3 * fewestBlocks // enough for three goroutines
	sizes := []int{3, many * simd.NoiseBlock, 2*simd.NoiseBlock + 5, 0, 1}
	for _, workers := range []int{1, 2, 3, 16} {
		s := settings(t)
		s.Workers = workers
		m := build(t, s)
		for step := range uint64(7) {
			release(t, m, step, zeros(sizes...))
			if got, want := m.noise.drawn.Load(), int64(step+1)*int64(3+(many+2)*simd.NoiseBlock+5+1); got != want {
				t.Fatalf("%d workers: %d values of noise after %d steps, want %d", workers, got, step+1, want)
			}
		}
	}
}

func TestWorkersDoNotChangeTheRelease(t *testing.T) {
	sizes := []int{100, 5*fewestBlocks*simd.NoiseBlock + 17, simd.NoiseBlock, 1} // enough for five goroutines
	var want [][]float32
	for _, workers := range []int{1, 2, 3, 7} {
		s := settings(t)
		s.Workers = workers
		got := noiseOf(t, s, sizes...)
		if want == nil {
			want = got
		}
		same(t, fmt.Sprintf("%d workers", workers), got, want)
	}
}

func TestNoiseIsNeverReused(t *testing.T) { // trap T17
	// Noise of two tensors, of two steps, of two blocks of one tensor, of two runs: no value in common at its place, and
	// Σ x·y is N(0, Σx²). Ten pairs and the halves, at 1e-7 each: a false alarm in 1e6 keys (the keys are fixed).
	const d, alarm = simd.NoiseBlock, 1e-7
	first, later, other := settings(t), settings(t), settings(t)
	later.Resume = Resume{Step: 1, Charged: 1}
	other.Key = InsecureKey(77)
	other.Sampler = poisson(t, 0.1, 100, other.Key)
	a := noiseOf(t, first, 2*d, d)
	streams := map[string][]float32{
		"block 0":       a[0][:d],
		"block 1":       a[0][d:],
		"tensor 1":      a[1],
		"the next step": noiseOf(t, later, d)[0],
		"another run":   noiseOf(t, other, d)[0],
	}
	for what, x := range streams {
		for with, y := range streams {
			if what >= with {
				continue
			}
			stattest.Accept(t, what+" against "+with, stattest.Uncorrelated(x, y), alarm)
			equal := 0
			for i := range x {
				if x[i] == y[i] {
					equal++
				}
			}
			if equal > 2 { // two float32 normals agree with probability below 1e-6
				t.Errorf("%s and %s: %d values are equal", what, with, equal)
			}
		}
	}
	stattest.Reject(t, "noise against itself", stattest.Uncorrelated(a[1], a[1]), alarm)
}

func TestNoiseScaleIsRoundedUp(t *testing.T) {
	s := settings(t)
	for i := range 1000 {
		s.NoiseMultiplier, s.ClipNorm = 1+float64(i)*0.0137, 0.1
		if m := build(t, s); float64(m.noise.scale) < s.NoiseMultiplier*s.ClipNorm {
			t.Fatalf("σC = %v becomes %v", s.NoiseMultiplier*s.ClipNorm, m.noise.scale)
		}
	}
}
