package accountant

import (
	"math"
	"strings"

	"hush/internal/check"
)

// NonPrivate is a release without any proof. Every accountant answers ε = ∞ for whatever contains one.
type NonPrivate struct {
	Reason string `json:"reason"` // why there is no proof, in words, not empty
}

var _ Event = NonPrivate{}

// Kind returns "non-private".
func (NonPrivate) Kind() string { return "non-private" }

func (e NonPrivate) String() string { return "NonPrivate(" + e.Reason + ")" }

// Check refuses a release without a reason.
func (e NonPrivate) Check() error {
	if strings.TrimSpace(e.Reason) == "" {
		return check.Fail("accountant", "reason of a non-private release", `""`, "must say why there is no guarantee")
	}
	return nil
}

// RDP is infinite at every order.
func (e NonPrivate) RDP(Neighbors) (Curve, error) {
	return func(float64) float64 { return math.Inf(1) }, e.Check()
}

// LogMoment is infinite on every line.
func (e NonPrivate) LogMoment(Neighbors) (Moment, error) { return endlessMoment{}, e.Check() }

// endlessMoment is the K of a loss that may be anything.
type endlessMoment struct{}

func (endlessMoment) Line(_, _, _ float64) (Line, error) { return endlessLine{}, nil }

type endlessLine struct{}

func (endlessLine) Values(_ float64, _, count int) []Value {
	out := make([]Value, count)
	for i := range out {
		out[i] = Value{complex(math.Inf(1), 0), math.Inf(1)}
	}
	return out
}

func (endlessLine) Spread() float64 { return math.Inf(1) }

func (endlessLine) Decay(float64) float64 { return 0 }
