package accountant

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// TestGoldenSigma: 22 settings. C14 alone may be lower: its best order (128) lies beside a cliff that the reference's
// search stepped over; TestOrderAgreesWithTheSum holds the divergence there.
func TestGoldenSigma(t *testing.T) { // trap T23
	n := 0
	for _, r := range goldenRows(t, "sigma.csv") {
		if r.method != "smallest sigma by RDP, continuous order, improved conversion" {
			continue
		}
		n++
		sigma, err := CalibrateNoise(r.q, r.steps, Target{r.target, r.delta}, ZeroOut)
		if err != nil {
			t.Fatal(err)
		}
		if rel := sigma/r.value - 1; !(math.Abs(rel) < 1e-5) && !(r.setting == "C14" && rel < 0 && rel > -.01) {
			t.Errorf("%s: σ %.9g, want %.9g", r.setting, sigma, r.value)
		}
		safe(t, SampledGaussian{r.q, sigma}, SampledGaussian{r.q, sigma * (1 - Tightness)}, r.steps, Target{r.target, r.delta})
	}
	if n != 22 {
		t.Errorf("%d settings, want 22", n)
	}
}

type fataler interface {
	Helper()
	Errorf(string, ...any)
	Fatal(...any)
}

// safe fails unless n steps of in keep within the target and n steps of out do not.
func safe(t fataler, in, out Event, n int64, target Target) {
	t.Helper()
	a, err := Epsilon(Spending{{in, n}}, target.Delta, ZeroOut)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Epsilon(Spending{{out, n}}, target.Delta, ZeroOut)
	if err != nil {
		t.Fatal(err)
	}
	if a.Epsilon > target.Epsilon {
		t.Errorf("%v × %d: ε %.12g is above the target %g", in, n, a.Epsilon, target.Epsilon)
	}
	if b.Epsilon <= target.Epsilon {
		t.Errorf("%v × %d: ε %.12g is still within the target %g: the calibration is loose", out, n, b.Epsilon, target.Epsilon)
	}
}

func TestCalibrationIsSafeAndTight(t *testing.T) { // trap T23
	rapid.Check(t, func(t *rapid.T) {
		target := Target{
			math.Exp(rapid.Float64Range(math.Log(.05), math.Log(50)).Draw(t, "log epsilon")),
			math.Exp(rapid.Float64Range(math.Log(1e-12), math.Log(1e-3)).Draw(t, "log delta")),
		}
		q := math.Exp(rapid.Float64Range(math.Log(1e-4), 0).Draw(t, "log q"))
		n := int64(math.Exp(rapid.Float64Range(0, math.Log(1e5)).Draw(t, "log n")))
		switch rapid.IntRange(0, 2).Draw(t, "of") {
		case 0:
			sigma, err := CalibrateNoise(q, n, target, ZeroOut)
			if err != nil {
				t.Fatal(err)
			}
			safe(t, SampledGaussian{q, sigma}, SampledGaussian{q, sigma * (1 - Tightness)}, n, target)
		case 1:
			sigma := 1 + 4*q
			rate, err := CalibrateRate(sigma, n, target, ZeroOut)
			if err != nil {
				t.Fatal(err)
			}
			if rate == 1 {
				return
			}
			safe(t, SampledGaussian{rate, sigma}, SampledGaussian{math.Min(1, rate*(1+Tightness)), sigma}, n, target)
		case 2:
			e := SampledGaussian{q, 1 + 4*q}
			steps, err := Settings{Relation: ZeroOut}.Steps(e, target)
			if err != nil {
				t.Fatal(err)
			}
			in, err := Epsilon(Spending{{e, steps}}, target.Delta, ZeroOut)
			if err != nil {
				t.Fatal(err)
			}
			out, err := Epsilon(Spending{{e, steps + 1}}, target.Delta, ZeroOut)
			if err != nil {
				t.Fatal(err)
			}
			if in.Epsilon > target.Epsilon || out.Epsilon <= target.Epsilon && steps < maxCount {
				t.Errorf("%d steps: ε %g, one more %g, target %g", steps, in.Epsilon, out.Epsilon, target.Epsilon)
			}
		}
	})
}

// TestStepsAreExact: n epochs of one lot's worth of data per step are n steps, whatever binary fractions do.
func TestStepsAreExact(t *testing.T) { // trap T6
	for n := int64(1); n <= 20000; n++ {
		if got, err := StepsForEpochs("1", n*3, 3); err != nil || got != n {
			t.Fatalf("%d lots: %d steps, %v", n, got, err)
		}
	}
	for _, c := range []struct {
		epochs string
		units  int64
		lot    float64
		want   int64
	}{
		{"90", 50000, 2000, 2250}, // 90/.04 and 90//.04 differ by one in floating point
		{"60", 60000, 256, 14063}, // 14062.5: rounded up
		{"0.1", 30, 3, 1},         // .1·30/3 is 1.0000000000000002 in some orders
		{"0.3", 10, 3, 1},
		{"1.1", 100, 1.1, 100},
		{"0.7", 10, 0.1, 70},
		{"1e-3", 1000, 1, 1},
		{"0.5", 1, 1000, 1},
		{"1e3", 100, 1, 100000},
	} {
		if got, err := StepsForEpochs(c.epochs, c.units, c.lot); err != nil || got != c.want {
			t.Errorf("%s epochs of %d units in lots of %g: %d steps, %v, want %d", c.epochs, c.units, c.lot, got, err, c.want)
		}
	}
	for _, c := range []struct {
		epochs string
		units  int64
		lot    float64
	}{
		{"0", 10, 1}, {"-1", 10, 1}, {"NaN", 10, 1}, {"Inf", 10, 1}, {"", 10, 1}, {"1/3", 10, 1}, {"1e1000000000", 10, 1}, {"1e-1000000000", 10, 1},
		{"1", 0, 1}, {"1", 10, 0}, {"1", 10, math.NaN()}, {"1", 10, math.Inf(1)}, {"1e18", 1 << 60, 1e-18},
	} {
		if got, err := StepsForEpochs(c.epochs, c.units, c.lot); err == nil {
			t.Errorf("%s epochs of %d units in lots of %g: %d steps without an error", c.epochs, c.units, c.lot, got)
		}
	}
}
