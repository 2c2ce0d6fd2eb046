package dpsgd

import (
	"fmt"
	"math"
	"math/bits"

	"hush/accountant"
	"hush/internal/check"
)

// Poisson includes each of N units in each step independently with probability q. The lot has no fixed size, there
// are no epochs, and after 1/q steps about 63 % of the units were seen: that is the sampling for which amplification
// is proved (Abadi et al. 2016; Mironov, Talwar & Zhang 2019, arXiv 1908.10530). Shuffled or fixed-size batches are
// another mechanism and would need another event (Chua et al. 2024, arXiv 2403.17673).
//
// A lot is drawn by its gaps, in time proportional to the lot: the number of units skipped before the next one in is
// geometric, P(gap ≥ j) = (1−q)ʲ, hence ⌊E/λ⌋ with E exponential of mean 1 and λ = −ln(1−q).
//
// Exactness. In floating point that law holds up to rounding, and rounding must not raise anyone's probability above
// the q that is charged. Let u = 2⁻⁵³. E has full relative precision (see exponential), so E, λ and their quotient
// carry a relative error of at most 7u together, and the computed law is P(gap ≥ j) = (1−q)ʲ(1 + η), |η| ≤ (7jλ + 3)u.
// A gap of exactly j then has probability q(1−q)ʲ(1 + ε), |ε| ≤ 2η/q. Given who else is in, unit i splits one gap in
// two, and its odds are a quotient of three such terms: its probability is within 6η = 6(7jλ + 3)u of q, below 2⁻⁴⁰
// for any gap up to 190/q; a longer one occurs with probability e⁻¹⁹⁰. So the sampler aims at q − 2⁻⁴⁰, and every
// unit's probability given all others is at most q. Since a lot never depends on the data, the releases with and
// without unit i are mixtures over the same lots of the others, with weights ≤ q: joint convexity gives the bound of
// the exact sampler, whose divergence grows with q.
type Poisson struct {
	rate   float64 // q as declared and charged
	lambda float64 // −ln(1 − q + 2⁻⁴⁰)
	units  int
	key    *Key // derived for sampling
}

const (
	roundingMargin = 0x1p-40
	minRate        = 0x1p-30 // below it the margin would be more than a thousandth of q
)

// NewPoisson returns the sampler with rate q in (0, 1], not below 2⁻³⁰, of N ≥ 1 units. key is the run's key; the
// sampler derives its own.
func NewPoisson(rate float64, units int, key Key) (*Poisson, error) {
	if err := check.Rate(room, "sample rate", rate); err != nil {
		return nil, err
	}
	if rate < minRate {
		return nil, check.Fail(room, "sample rate", rate, "must be at least 2^-30")
	}
	if err := check.AtLeast(room, "number of units", int64(units), 1); err != nil {
		return nil, err
	}
	if err := key.check(); err != nil {
		return nil, err
	}
	derived := key.Derive(forSampling)
	return &Poisson{rate: rate, lambda: -math.Log1p(-(rate - roundingMargin)), units: units, key: &derived}, nil
}

// Lot appends the units of a step to dst, ascending. It is a function of (key, rate, step), and of the number of units
// only in where it ends; asked again after an interruption, it gives the same lot. q = 1 gives all units.
func (p *Poisson) Lot(step uint64, dst []int) []int {
	if p.rate == 1 {
		for i := range p.units {
			dst = append(dst, i)
		}
		return dst
	}
	s := stream{key: *p.key, number: step}
	for at := 0; ; at++ {
		gap := s.exponential() / p.lambda
		if gap >= float64(p.units-at) {
			return dst
		}
		at += int(gap)
		dst = append(dst, at)
	}
}

// Event is the sampled Gaussian mechanism at the declared rate; with q = 1 nothing is left to chance but the noise.
func (p *Poisson) Event(noiseMultiplier float64) accountant.Event {
	return PoissonEvent(p.rate, noiseMultiplier)
}

// PoissonEvent is the Event of every Poisson sampler of a rate: what can be known of a run before it has a key.
func PoissonEvent(rate, noiseMultiplier float64) accountant.Event {
	if rate == 1 {
		return accountant.Gaussian{NoiseMultiplier: noiseMultiplier}
	}
	return accountant.SampledGaussian{SampleRate: rate, NoiseMultiplier: noiseMultiplier}
}

// Units is N.
func (p *Poisson) Units() int { return p.units }

// Rate is q.
func (p *Poisson) Rate() float64 { return p.rate }

// Format prints the public constants, under every verb.
func (p *Poisson) Format(f fmt.State, verb rune) {
	fmt.Fprintf(f, "dpsgd.Poisson(q=%v, N=%d)", p.rate, p.units)
}

// exponential returns −ln U, U uniform on (0, 1]. U is a random binary exponent, P(e) = 2⁻⁽ᵉ⁺¹⁾, and 53 random bits
// below it, so that small U are as finely resolved as large ones.
func (s *stream) exponential() float64 {
	e := 0
	w := s.next()
	for ; w == 0; w = s.next() {
		e += 64
	}
	e += bits.LeadingZeros64(w)
	k := float64(s.next() >> 11)
	// U = 2⁻ᵉ·(1 − k/2⁵⁴) with k uniform below 2⁵³; both terms of −ln U are ≥ 0, so their relative errors do not grow
	return float64(e)*math.Ln2 - math.Log1p(-k*0x1p-54)
}
