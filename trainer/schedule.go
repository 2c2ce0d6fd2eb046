package trainer

import (
	"math"

	"hush/internal/check"
)

// Schedule is the learning rate as a function of the step index alone. A schedule that reads losses or accuracies
// would read private records; the type gives it nothing to read (trap T28).
type Schedule struct {
	Name  string  // "constant", "cosine" or "step"
	Base  float64 // η > 0
	Drop  float64 // step: factor at each drop, in (0, 1)
	Drops int     // step: number of drops, evenly spaced
}

// NewSchedule checks s.
func NewSchedule(s Schedule) (Schedule, error) {
	if err := check.Positive("trainer", "learning rate", s.Base); err != nil {
		return s, err
	}
	switch s.Name {
	case "constant", "cosine":
		return s, nil
	case "step":
		if s.Drops < 1 {
			return s, check.Fail("trainer", "number of drops", s.Drops, "must be at least 1")
		}
		return s, check.Open("trainer", "drop factor", s.Drop)
	}
	return s, check.Fail("trainer", "learning-rate schedule", s.Name, "must be one of constant, cosine, step")
}

// Rate returns η at step t of T, t = 0 … T−1:
//
//	constant: η     cosine: η·½(1 + cos(πt/T))     step: η·dropᵏ, k = ⌊t·(drops+1)/T⌋
func (s Schedule) Rate(t, steps uint64) float64 {
	part := float64(t) / float64(steps)
	switch s.Name {
	case "cosine":
		return s.Base * .5 * (1 + math.Cos(math.Pi*part))
	case "step":
		return s.Base * math.Pow(s.Drop, math.Floor(part*float64(s.Drops+1)))
	}
	return s.Base
}
