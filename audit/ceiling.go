package audit

import (
	"math"

	"gonum.org/v1/gonum/mathext"

	"hush/internal/check"
)

// Claim is the guarantee under audit: one unit in, or replaced by a null unit (zero-out), changes the law of what is
// released by at most (ε, δ), in both directions.
type Claim struct {
	Epsilon float64 // ε ≥ 0, finite if Private
	Delta   float64 // δ in [0, 1)
	Private bool    // false: the ledger holds a NonPrivate event, ε is ∞
}

// Check refuses a claim that is none: ε negative, NaN or infinite although Private, δ outside [0, 1).
func (c Claim) Check() error {
	if !(c.Delta >= 0 && c.Delta < 1) {
		return check.Fail("audit", "claimed delta", c.Delta, "must be at least 0 and below 1")
	}
	if !c.Private {
		return nil
	}
	return check.NonNegative("audit", "claimed epsilon", c.Epsilon)
}

func (c Claim) epsilon() float64 {
	if !c.Private {
		return math.Inf(1)
	}
	return c.Epsilon
}

// The ceilings hold for every attack, with whatever knowledge. Each unit's (FPR, TPR) lies in the region of (ε, δ)
// (Kairouz, Oh & Viswanath, arXiv 1311.0776), which is convex, so the pooled ROC of coin-drawn units does too, in
// expectation over trainings; what is measured on n units scatters around that.

// TPRCeiling returns the most any attack can reach at fpr in [0, 1]:
//
//	TPR ≤ min(1, e^ε·FPR + δ, 1 − e^−ε·(1 − δ − FPR))
func (c Claim) TPRCeiling(fpr float64) float64 {
	e := c.epsilon()
	steep := c.Delta
	if fpr > 0 {
		steep += math.Exp(e + math.Log(fpr)) // not e^ε·fpr: ∞·0
	}
	flat := 1 - math.Exp(-e)*(1-c.Delta-fpr)
	return math.Min(1, math.Min(steep, flat))
}

// AUCCeiling returns the area under that curve. Its two lines meet on TPR + FPR = 1 at FPR = x = (1−δ)/(e^ε+1); what
// lies above them is twice the triangle (0, 1), (x, 1−x), (1−δ, 1), of area (1−δ)·x/2:
//
//	AUC ≤ 1 − (1−δ)²/(e^ε + 1)
func (c Claim) AUCCeiling() float64 {
	return 1 - (1-c.Delta)*(1-c.Delta)/(math.Exp(c.epsilon())+1)
}

// AdvantageCeiling returns the largest TPR − FPR, reached at the same corner: (e^ε − 1 + 2δ)/(e^ε + 1).
func (c Claim) AdvantageCeiling() float64 {
	return 1 - 2*(1-c.Delta)/(math.Exp(c.epsilon())+1)
}

// PosteriorCeiling returns what a suspicion of prior in (0, 1) can become at most:
//
//	π' ≤ e^ε·π / (e^ε·π + 1 − π)
//
// for an accusation whose TPR is large beside δ; one with TPR = t gets e^ε·t/(t−δ) in place of e^ε.
func (c Claim) PosteriorCeiling(prior float64) float64 {
	return 1 / (1 + math.Exp(-c.epsilon())*(1-prior)/prior)
}

// GDP is a Gaussian trade-off: membership is as hard to tell as N(0, 1) from N(Mu, 1) (Dong, Roth & Su,
// arXiv 1905.02383). Its figures are indicative unless the mechanism is known to be dominated by it: Poisson-sampled
// DP-SGD is not exactly.
type GDP struct{ Mu float64 } // μ ≥ 0

// TPR returns Φ(Φ⁻¹(FPR) + μ) for fpr in [0, 1].
func (g GDP) TPR(fpr float64) float64 {
	if fpr <= 0 || fpr >= 1 {
		return math.Max(0, math.Min(1, fpr))
	}
	return phi(mathext.NormalQuantile(fpr) + g.Mu)
}

// AUC returns Φ(μ/√2).
func (g GDP) AUC() float64 { return phi(g.Mu / math.Sqrt2) }

// Advantage returns 2Φ(μ/2) − 1.
func (g GDP) Advantage() float64 { return math.Erf(g.Mu / 2 / math.Sqrt2) }

// Delta returns δ(ε) = Φ(−ε/μ + μ/2) − e^ε·Φ(−ε/μ − μ/2), absolute accuracy about 1e-15.
func (g GDP) Delta(epsilon float64) float64 {
	if g.Mu == 0 {
		return 0
	}
	a := epsilon / g.Mu
	return math.Max(0, phi(g.Mu/2-a)-math.Exp(epsilon+math.Log(phi(-a-g.Mu/2))))
}

// Epsilon returns the ε ≥ 0 with δ(ε) = delta in (0, 1), by bisection on the decreasing δ(ε); the upper end of the
// last bracket, so δ(Epsilon) ≤ delta. Relative width 1e-12.
func (g GDP) Epsilon(delta float64) (float64, error) {
	if err := check.Open("audit", "delta", delta); err != nil {
		return 0, err
	}
	if g.Delta(0) <= delta {
		return 0, nil
	}
	high := 1.0
	for g.Delta(high) > delta {
		high *= 2
	}
	low := 0.0
	for high-low > 1e-12*high {
		if mid := (low + high) / 2; g.Delta(mid) > delta {
			low = mid
		} else {
			high = mid
		}
	}
	return high, nil
}

// GDPOf returns the μ at which a Gaussian trade-off spends exactly the claim: δ(ε; μ) = δ, for ε ≥ 0 and δ in (0, 1).
// Not a consequence of the claim: (ε, δ) alone allows more. It is what a Gaussian mechanism of that ε would allow.
func GDPOf(c Claim) (GDP, error) {
	if err := check.Open("audit", "claimed delta", c.Delta); err != nil {
		return GDP{}, err
	}
	if err := check.NonNegative("audit", "claimed epsilon", c.epsilon()); err != nil {
		return GDP{}, err
	}
	low, high := 0.0, 1.0
	for (GDP{high}).Delta(c.Epsilon) < c.Delta {
		low, high = high, 2*high
	}
	for high-low > 1e-12*high {
		if mid := (low + high) / 2; (GDP{mid}).Delta(c.Epsilon) < c.Delta {
			low = mid
		} else {
			high = mid
		}
	}
	return GDP{high}, nil
}

// phi is the standard normal distribution function, accurate in the lower tail.
func phi(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }
