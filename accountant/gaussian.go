package accountant

import (
	"fmt"
	"math"

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
func (e Gaussian) RDP(n Neighbors, alpha float64) (float64, error) {
	if err := errors3(e.Check(), n.check(), checkOrder(alpha)); err != nil {
		return math.NaN(), err
	}
	shift := float64(n.GroupSize) / e.NoiseMultiplier
	if n.Relation == ReplaceOne {
		shift *= 2
	}
	return alpha * shift * shift / 2, nil
}

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

// check refuses an unknown relation or direction, and groups below one unit.
func (n Neighbors) check() error {
	if err := n.Relation.Check(); err != nil {
		return err
	}
	if n.Direction != Remove && n.Direction != Add {
		return check.Fail("accountant", "direction", int(n.Direction), "must be Remove or Add")
	}
	if n.GroupSize >= 1 && n.GroupSize <= maxGroup {
		return nil
	}
	return check.Fail("accountant", "group size", n.GroupSize, fmt.Sprintf("must be between 1 and %d", maxGroup))
}

// maxGroup bounds the units that change together: a sampled event's loss is a mixture of so many terms.
const maxGroup = 100

// checkOrder refuses all but α in [1, +Inf].
func checkOrder(alpha float64) error {
	if alpha >= 1 {
		return nil
	}
	return check.Fail("accountant", "order", alpha, "must be at least 1")
}

// errors3 returns the first error.
func errors3(a, b, c error) error {
	if a != nil {
		return a
	}
	if b != nil {
		return b
	}
	return c
}
