package accountant

import (
	"fmt"
	"math"
	"math/big"
	"strconv"

	"hush/internal/check"
)

// Target is the guarantee that a calibration must not exceed.
type Target struct {
	Epsilon float64 // ε > 0, finite
	Delta   float64 // δ in (0, 1)
}

// Check refuses ε that is not positive and finite, and δ outside (0, 1).
func (t Target) Check() error {
	return first(check.Positive("accountant", "target epsilon", t.Epsilon), check.Open("accountant", "delta", t.Delta))
}

// Tightness is how close calibration comes: σ(1 − Tightness) and q(1 + Tightness) already exceed the target.
const Tightness = 1e-6

// CalibrateNoise is Settings{Relation: r}.Noise for one rate throughout.
func CalibrateNoise(rate float64, steps int64, t Target, r Relation) (float64, error) {
	return Settings{Relation: r}.Noise(rate, steps, t)
}

// CalibrateSteps is Settings{Relation: r}.Steps.
func CalibrateSteps(rate, noiseMultiplier float64, t Target, r Relation) (int64, error) {
	return Settings{Relation: r}.Steps(SampledGaussian{SampleRate: rate, NoiseMultiplier: noiseMultiplier}, t)
}

// CalibrateRate is Settings{Relation: r}.Rate.
func CalibrateRate(noiseMultiplier float64, steps int64, t Target, r Relation) (float64, error) {
	return Settings{Relation: r}.Rate(noiseMultiplier, steps, t)
}

// Noise returns the smallest noise multiplier, rounded up, with which steps ≥ 1 releases at a rate in (0, 1] keep
// within the target:
//
//	ε(σ) ≤ target < ε(σ·(1 − 1e-6))
func (c Settings) Noise(rate float64, steps int64, t Target) (float64, error) {
	if err := first(checkSteps(steps), t.Check(), SampledGaussian{rate, 1}.Check()); err != nil {
		return math.NaN(), err
	}
	s := &search{settings: c, target: t, charge: func(x float64) Charge {
		return Charge{SampledGaussian{rate, math.Exp(x)}, steps}
	}}
	good, bad := s.bracket(0, math.Ln2, math.Log(maxNoise)-1e-9, math.Log(minNoise)+1e-9)
	if s.err == nil && math.IsNaN(good) {
		s.err = check.Fail("accountant", "target epsilon", t.Epsilon, fmt.Sprintf("must be reachable: %d steps exceed it with noise multiplier %g", steps, maxNoise))
	}
	if s.err == nil && math.IsNaN(bad) {
		s.err = check.Fail("accountant", "target epsilon", t.Epsilon, fmt.Sprintf("must be smaller: noise multiplier %g already keeps within it", minNoise))
	}
	good, _ = s.narrow(good, bad, func(good, bad float64) bool { return good-bad < Tightness/2 })
	return math.Exp(good), s.err
}

// Rate returns the largest sample rate, rounded down, with which steps ≥ 1 releases keep within the target:
// ε(q) ≤ target < ε(q·(1 + 1e-6)), or 1 if that keeps within it.
func (c Settings) Rate(noiseMultiplier float64, steps int64, t Target) (float64, error) {
	if err := first(checkSteps(steps), t.Check(), checkNoise(noiseMultiplier)); err != nil {
		return math.NaN(), err
	}
	s := &search{settings: c, target: t, charge: func(x float64) Charge {
		return Charge{SampledGaussian{math.Min(1, math.Exp(x)), noiseMultiplier}, steps}
	}}
	if s.fits(0) {
		return 1, s.err
	}
	good, bad := s.bracket(0, 2*math.Ln2, math.Log(minRate)+1e-9, 0)
	if s.err == nil && math.IsNaN(good) {
		s.err = check.Fail("accountant", "target epsilon", t.Epsilon, fmt.Sprintf("must be reachable: %d steps exceed it at sample rate %g", steps, minRate))
	}
	good, _ = s.narrow(good, bad, func(good, bad float64) bool { return bad-good < Tightness/2 })
	return math.Exp(good), s.err
}

// Steps returns the largest number of releases of e within the target, an exact integer of at most 2⁵³; 0 if not even
// one fits: ε(T) ≤ target < ε(T+1).
func (c Settings) Steps(e Event, t Target) (int64, error) {
	if err := first(t.Check(), (Spending{{e, 1}}).Check()); err != nil {
		return 0, err
	}
	s := &search{settings: c, target: t, charge: func(x float64) Charge { return Charge{e, whole(x)} }}
	if !s.fits(0) {
		return 0, s.err
	}
	if s.fits(math.Log(maxCount)) {
		return maxCount, s.err
	}
	good, bad := s.bracket(0, 4*math.Ln2, 0, math.Log(maxCount))
	good, bad = s.narrow(good, bad, func(good, bad float64) bool { return whole(bad)-whole(good) <= 1 || bad-good < Tightness })
	low, high := whole(good), whole(bad)
	for s.err == nil && high-low > 1 {
		mid := low + (high-low)/2
		g, err := c.Epsilon(Spending{{e, mid}}, t.Delta)
		s.err = err
		if g.Epsilon <= t.Epsilon {
			low = mid
		} else {
			high = mid
		}
	}
	return low, s.err
}

// whole is e^x as a number of releases.
func whole(x float64) int64 { return int64(math.Min(maxCount, math.Max(1, math.Round(math.Exp(x))))) }

func checkSteps(n int64) error {
	return first(check.AtLeast("accountant", "steps", n, 1), checkCount(n))
}

// search looks along one logarithmic parameter x for where ε meets the target. Its ends are called good (within the
// target) and bad (beyond it); ε is monotone between them. After an error it evaluates no more.
type search struct {
	settings Settings
	target   Target
	charge   func(x float64) Charge
	err      error
}

func (s *search) epsilon(x float64) float64 {
	if s.err != nil || math.IsNaN(x) {
		return math.NaN()
	}
	g, err := s.settings.Epsilon(Spending{s.charge(x)}, s.target.Delta)
	s.err = err
	return g.Epsilon
}

func (s *search) fits(x float64) bool { return s.epsilon(x) <= s.target.Epsilon }

// bracket walks from x in doubling steps toward the good or the bad end until it has one point of each kind; NaN for a
// kind that does not occur up to its end.
func (s *search) bracket(x, step, goodEnd, badEnd float64) (good, bad float64) {
	end, was := goodEnd, s.fits(x)
	if was {
		end = badEnd
	}
	for s.err == nil {
		next := x + math.Copysign(math.Min(step, math.Abs(end-x)), end-x)
		switch is := s.fits(next); {
		case is && !was:
			return next, x
		case !is && was:
			return x, next
		case next == end && was:
			return x, math.NaN()
		case next == end:
			return math.NaN(), x
		}
		x, step = next, 2*step
	}
	return math.NaN(), math.NaN()
}

// narrow closes the bracket until done: by the line through both ends in (x, log ε), moved a little toward the farther
// end so that both close in, and by halves whenever three such steps did not halve it, or ε is 0 or ∞.
func (s *search) narrow(good, bad float64, done func(good, bad float64) bool) (float64, float64) {
	want := math.Log(s.target.Epsilon)
	yGood, yBad := math.Log(s.epsilon(good)), math.Log(s.epsilon(bad))
	width, tries := math.Abs(bad-good), 0
	for s.err == nil && !math.IsNaN(good) && !math.IsNaN(bad) && !done(good, bad) {
		share := (want - yGood) / (yBad - yGood)
		nudge := Tightness / 8 / math.Abs(bad-good)
		if share < .5 {
			share += nudge
		} else {
			share -= nudge
		}
		if tries++; tries > 3 || !(share > 0 && share < 1) || math.IsInf(yGood, 0) || math.IsInf(yBad, 0) {
			share = .5
		}
		x := good + share*(bad-good)
		if x == good || x == bad { // nothing lies between
			break
		}
		if y := s.epsilon(x); y <= s.target.Epsilon {
			good, yGood = x, math.Log(y)
		} else {
			bad, yBad = x, math.Log(y)
		}
		if math.Abs(bad-good) <= width/2 {
			width, tries = math.Abs(bad-good), 0
		}
	}
	return good, bad
}

// StepsForEpochs returns T = ⌈E·N/B⌉, the steps of E passes over N units in lots of B on average, in exact rational
// arithmetic: a float64 product can land on the wrong side of a whole number. epochs is decimal text such as "40" or
// "0.5"; lot counts as the shortest decimal that prints it, which is what was typed.
func StepsForEpochs(epochs string, units int64, lot float64) (int64, error) { // trap T6
	e, ok := decimal(epochs)
	if !ok {
		return 0, check.Fail("accountant", "epochs", fmt.Sprintf("%q", epochs), "must be a positive decimal number")
	}
	if err := first(check.AtLeast("accountant", "units", units, 1), check.Positive("accountant", "lot", lot)); err != nil {
		return 0, err
	}
	b, ok := decimal(strconv.FormatFloat(lot, 'g', -1, 64))
	if !ok {
		return 0, check.Fail("accountant", "lot", lot, "must be between 1e-18 and 1e18")
	}
	steps := e.Mul(e, new(big.Rat).SetInt64(units))
	steps.Quo(steps, b)
	whole, rest := new(big.Int).QuoRem(steps.Num(), steps.Denom(), new(big.Int))
	if rest.Sign() > 0 {
		whole.Add(whole, big.NewInt(1))
	}
	if !whole.IsInt64() || whole.Int64() > maxCount {
		return 0, check.Fail("accountant", "steps", whole, fmt.Sprintf("must be at most %d (2^53)", int64(maxCount)))
	}
	return whole.Int64(), nil
}

// decimal reads a positive decimal number between 1e-18 and 1e18 exactly. The bounds keep a typed exponent from
// filling the memory.
func decimal(text string) (*big.Rat, bool) {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !(v >= 1e-18 && v <= 1e18) || len(text) > 64 {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}
