// Package accountant answers what was spent: privacy events in, (ε, δ) out.
//
// It never sees a gradient, a tensor or a file, and never clamps or guesses a privacy parameter: what it cannot prove
// is an error, what has no proof at all is ε = ∞.
//
// Invariant: an answer is on the safe side. The ε it states is at least the true one for the events, the δ and the
// neighboring relation that it states beside it.
package accountant

import (
	"errors"
	"fmt"

	"hush/internal/check"
)

// Event is one release, as an immutable and comparable value (its fields are numbers and strings): what was done, not
// what it costs. An event implements what can be proved of it; an accountant asks for a proof and never for a type.
//
// To add one: a file with the type and its proofs, a line in catalog.go; the conformance suite does the rest.
type Event interface {
	// Kind names the type of event in files.
	Kind() string
	// String describes the event in a report.
	String() string
	// Check refuses parameters that describe no release.
	Check() error
	// RDP returns the Rényi divergence of one release for the pair of laws that n describes, or ErrNoProof where no
	// bound is known.
	RDP(n Neighbors) (Curve, error)
	// LogMoment returns the cumulant generating function of one release's privacy loss for the pair of laws that n
	// describes, or ErrNoProof where it is not known (see noMoment).
	LogMoment(n Neighbors) (Moment, error)
}

// Curve is a Rényi divergence D_α(P‖Q) in nats by its order α in [1, +Inf] (1: Kullback–Leibler, +Inf: the largest
// loss). It may keep what several orders share: one curve is for one goroutine.
type Curve func(alpha float64) float64

// ErrNoProof says that a bound asked for is not known for an event. It is wrapped with the event and the question.
var ErrNoProof = errors.New("no proof is known")

// Relation says which two data sets the guarantee cannot tell apart. It is part of every statement.
type Relation string

const (
	// ZeroOut replaces one unit by a null unit. The number of units is public (Kairouz et al. 2021, arXiv 2103.00039,
	// Definition 1.1). The formulas of add/remove hold for it.
	ZeroOut Relation = "zero-out"
	// ReplaceOne replaces one unit by any other. Clipped contributions then differ by up to twice the clip norm.
	ReplaceOne Relation = "replace-one"
)

// Check refuses a relation that is not one of the two.
func (r Relation) Check() error {
	if r == ZeroOut || r == ReplaceOne {
		return nil
	}
	return check.Fail("accountant", "neighboring relation", `"`+string(r)+`"`, `must be "zero-out" or "replace-one"`)
}

// Direction says which of two neighbors the attacker's likelihood ratio has on top. Both must hold; neither is worse
// for every event and order (Lebeda et al. 2024, arXiv 2405.20769), so both are computed and the maximum is stated.
type Direction int

const (
	Remove Direction = iota // P: the unit is in, Q: it is null
	Add                     // P: the unit is null, Q: it is in
)

// Neighbors is the question that a guarantee answers for one direction.
type Neighbors struct {
	Relation  Relation
	Direction Direction
	GroupSize int // units that change together, at least 1
}

// maxGroup bounds the units that change together: a sampled event's loss is a mixture of so many terms and one more.
const maxGroup = 100

// Check refuses an unknown relation or direction, and groups outside [1, 100].
func (n Neighbors) Check() error {
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

// first returns the first error there is.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
