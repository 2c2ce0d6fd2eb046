package accountant

import (
	"fmt"
	"math"

	"hush/internal/check"
)

// SampledGaussian is Gaussian on a Poisson sample: each unit enters by its own coin with probability SampleRate, the
// sum is divided by a public constant.
//
// Who took part must stay secret, and the rate must not depend on the data.
type SampledGaussian struct {
	SampleRate      float64 `json:"sample_rate"`      // q in (0, 1]
	NoiseMultiplier float64 `json:"noise_multiplier"` // σ > 0, in clip norms
}

var _ Event = SampledGaussian{}

// Kind returns "sampled-gaussian".
func (SampledGaussian) Kind() string { return "sampled-gaussian" }

func (e SampledGaussian) String() string {
	return fmt.Sprintf("SampledGaussian(q=%g, σ=%g)", e.SampleRate, e.NoiseMultiplier)
}

// Check refuses a sample rate outside [1e-15, 1] and a noise multiplier that Gaussian refuses.
func (e SampledGaussian) Check() error {
	if err := check.Rate("accountant", "sample rate", e.SampleRate); err != nil {
		return err
	}
	if e.SampleRate < minRate {
		return check.Fail("accountant", "sample rate", e.SampleRate, fmt.Sprintf("must be at least %g", minRate))
	}
	return checkNoise(e.NoiseMultiplier)
}

// minRate bounds the sample rate from below: q² then stays far from the end of float64.
const minRate = 1e-15

// RDP of the worst pair of one step, which is one-dimensional (in clip norms; k units, Binomial weights):
//
//	zero-out, remove   P = Σ_j B(j; k, q)·N(j, σ²),   Q = N(0, σ²)
//	zero-out, add      P = N(0, σ²),                  Q = Σ_j B(j; k, q)·N(j, σ²)
//	replace-one        P = Σ_j B(j; k, q)·N(−j, σ²),  Q = Σ_j B(j; k, q)·N(j, σ²)
//
// Sampling never adds to the divergence, and none exceeds the largest loss: both are held as bounds.
//
// Why these are worst, for every f-divergence at once: given who else is in the sample, P and Q are mixtures of
// Gaussians whose means are sums of vectors x_i, x'_i of the unit ball, and the divergence is jointly convex, so the
// others drop out. Divide by the density of N(0, σ²I): f(P, Q) becomes a function of correlated log-normal variables
// g_S = exp(⟨x_S, Z⟩/σ² − ‖x_S‖²/(2σ²)), and the derivative of its mean by the inner product of two means is their
// mixed second derivative, weighted positively (Plackett's identity). The perspective f of a convex function has
// f_PP ≥ 0, f_QQ ≥ 0, f_PQ ≤ 0. So it grows with every inner product within P and within Q, with every norm, and
// falls with those across: all x_i equal, all x'_i their negative, all of length 1.
func (e SampledGaussian) RDP(n Neighbors) (Curve, error) {
	if err := first(e.Check(), n.Check()); err != nil {
		return nil, err
	}
	if e.SampleRate == 1 {
		return Gaussian{e.NoiseMultiplier}.RDP(n)
	}
	unsampled, err := Gaussian{e.NoiseMultiplier}.RDP(n)
	if err != nil {
		return nil, err
	}
	r, largest := newRenyi(e.pair(n)), e.largestLoss(n)
	return func(alpha float64) float64 {
		bound := math.Min(unsampled(alpha), largest)
		if math.IsInf(alpha, 1) || r.steepest(alpha-1) > maxSteepness {
			return bound
		}
		return math.Min(bound, r.order(alpha))
	}, nil
}

// LogMoment of the pair that RDP takes.
func (e SampledGaussian) LogMoment(n Neighbors) (Moment, error) {
	if e.SampleRate == 1 {
		return Gaussian{e.NoiseMultiplier}.LogMoment(n)
	}
	return noMoment(e)
}

// maxSteepness bounds the exponents of the integrand: their rounding error, 1e-16 of them, must stay far below 1. Beyond
// (σ = .001 from order 3000 on, where no order of a use is best) the same step without sampling stands in.
const maxSteepness = 1e13

// largestLoss is log sup P/Q: the loss has no bound where P has a shifted Gaussian, else it tends to −k·log(1−q) far
// from all shifts.
func (e SampledGaussian) largestLoss(n Neighbors) float64 {
	if n.Relation == ZeroOut && n.Direction == Add {
		return -float64(n.GroupSize) * math.Log1p(-e.SampleRate)
	}
	return math.Inf(1)
}

// pair builds the two mixtures. Both directions of replace-one are the same by symmetry.
func (e SampledGaussian) pair(n Neighbors) pair {
	in := newMixture(e.SampleRate, n.GroupSize, e.NoiseMultiplier)
	p := pair{sigma: e.NoiseMultiplier, mix: in}
	switch {
	case n.Relation == ReplaceOne:
		p.signP, p.signQ = -1, 1
	case n.Direction == Remove:
		p.signP = 1
	default:
		p.signQ = 1
	}
	return p
}
