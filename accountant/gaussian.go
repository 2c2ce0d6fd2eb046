package accountant

import (
	"fmt"

	"hush/internal/check"
)

// Gaussian is a sum of contributions of L2 norm at most C, released with noise N(0, (σC)²I), no sampling.
type Gaussian struct {
	NoiseMultiplier float64 `json:"noise_multiplier"` // σ > 0, in clip norms
}

var _ Event = Gaussian{}

// Kind returns "gaussian".
func (Gaussian) Kind() string { return "gaussian" }

func (e Gaussian) String() string { return fmt.Sprintf("Gaussian(σ=%g)", e.NoiseMultiplier) }

// Check refuses a noise multiplier that is not in [1e-6, 1e9].
func (e Gaussian) Check() error { return checkNoise(e.NoiseMultiplier) }

// RDP of two Gaussians whose means are Δ apart, in clip norms (Mironov 2017, arXiv 1702.07476, Corollary 3):
//
//	r(α) = α·Δ²/(2σ²),  Δ = k for k units zeroed out, 2k for k units replaced
func (e Gaussian) RDP(n Neighbors) (Curve, error) {
	if err := first(e.Check(), n.Check()); err != nil {
		return nil, err
	}
	shift := e.shift(n)
	return func(alpha float64) float64 { return alpha * shift * shift / 2 }, nil
}

// shift is Δ/σ.
func (e Gaussian) shift(n Neighbors) float64 {
	shift := float64(n.GroupSize) / e.NoiseMultiplier
	if n.Relation == ReplaceOne {
		shift *= 2
	}
	return shift
}

// LogMoment of the loss, which is N(μ²/2, μ²) with μ = Δ/σ:
//
//	K(z) = z(z+1)·μ²/2
func (e Gaussian) LogMoment(n Neighbors) (Moment, error) {
	if err := first(e.Check(), n.Check()); err != nil {
		return nil, err
	}
	return normalMoment{e.shift(n)}, nil
}

// normalMoment is the K of a normal loss, by its μ.
type normalMoment struct{ mu float64 }

func (m normalMoment) Line(c, _, _ float64) (Line, error) { return normalLine{m.mu, c}, nil }

type normalLine struct{ mu, c float64 }

func (l normalLine) Values(step float64, from, count int) []Value {
	out := make([]Value, count)
	half := l.mu * l.mu / 2
	for k := range out {
		z := complex(l.c, step*float64(from+k))
		v := z * (z + 1) * complex(half, 0)
		out[k] = Value{v, 8 * unit * half * (real(z)*(real(z)+1) + imag(z)*(imag(z)+1))}
	}
	return out
}

func (l normalLine) Spread() float64 { return l.mu * (1 + 4*unit) }

// Decay of a normal law's characteristic function: e^{−μ²y²/2}.
func (l normalLine) Decay(y float64) float64 { return -l.mu * l.mu * y * y / 2 * (1 - 8*unit) }

// unit is the largest relative error of one rounding, 2⁻⁵³.
const unit = 0x1p-53

// Bounds of the noise multiplier. Outside of them a mechanism is no mechanism (σ = 1e-6: ε above 10¹¹ for one step)
// or no release (σ = 1e9), and intermediate values leave the range of float64.
const (
	minNoise = 1e-6
	maxNoise = 1e9
)

func checkNoise(sigma float64) error {
	if err := check.Positive("accountant", "noise multiplier", sigma); err != nil {
		return err
	}
	if sigma >= minNoise && sigma <= maxNoise {
		return nil
	}
	return check.Fail("accountant", "noise multiplier", sigma, fmt.Sprintf("must be between %g and %g", minNoise, maxNoise))
}
