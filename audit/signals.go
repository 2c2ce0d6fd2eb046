package audit

import (
	"fmt"
	"math"

	"hush/internal/check"
)

// Shape letters of this room: n units, K classes, m units of the pool, n1 members, n0 non-members (n1 + n0 = n).

// Signals is what attacks read of one model on n units, and which of them were members. Build it with NewSignals:
// every function of this package relies on what that checks.
type Signals struct {
	Classes int       // K ≥ 2
	Logits  []float32 // n×K, row-major; ±Inf is allowed, NaN is not
	Labels  []int32   // n, each in [0, K)
	Index   []int     // n distinct unit ids, fixed before the coins
	Member  []bool    // n: true if the unit was in training
}

// Observed is Signals without membership: all that a scorer which feeds a bound may see. It shares the slices; a
// scorer must not write to them.
type Observed struct {
	Classes int
	Logits  []float32
	Labels  []int32
	Index   []int
}

// NewSignals checks and returns s. Every error is a *check.Argument: fewer than 4 units, fewer than 2 members or 2
// non-members, lengths that disagree, K < 2, a label outside [0, K), a NaN logit, a unit that appears twice (for
// instance as member and as non-member).
func NewSignals(s Signals) (*Signals, error) {
	n := len(s.Labels)
	if err := check.AtLeast("audit", "number of classes", int64(s.Classes), 2); err != nil {
		return nil, err
	}
	if err := check.AtLeast("audit", "number of units", int64(n), 4); err != nil {
		return nil, err
	}
	for _, l := range []struct {
		name      string
		got, want int
	}{
		{"length of logits", len(s.Logits), n * s.Classes},
		{"length of index", len(s.Index), n},
		{"length of member", len(s.Member), n},
	} {
		if l.got != l.want {
			return nil, check.Fail("audit", l.name, l.got,
				fmt.Sprintf("must be %d (%d units, %d classes)", l.want, n, s.Classes))
		}
	}
	if err := checkSides(s.Member); err != nil {
		return nil, err
	}
	if err := s.checkUnits(); err != nil {
		return nil, err
	}
	return &s, nil
}

// checkUnits looks at every label, id and logit; lengths agree already.
func (s *Signals) checkUnits() error {
	seen := make(map[int]bool, len(s.Index))
	for i, y := range s.Labels {
		if y < 0 || int(y) >= s.Classes {
			return check.Fail("audit", "label", y, "must be at least 0 and below the number of classes")
		}
		if seen[s.Index[i]] {
			return check.Fail("audit", "unit", s.Index[i], "must appear once, not twice: a unit is a member or a non-member")
		}
		seen[s.Index[i]] = true
	}
	for i, z := range s.Logits {
		if math.IsNaN(float64(z)) {
			return check.Fail("audit", "logit", z, fmt.Sprintf("must be a number, ±Inf included (unit %d)", s.Index[i/s.Classes]))
		}
	}
	return nil
}

// Observe returns what a scorer may see: everything but membership.
func (s *Signals) Observe() *Observed {
	return &Observed{Classes: s.Classes, Logits: s.Logits, Labels: s.Labels, Index: s.Index}
}

// Units returns n.
func (s *Signals) Units() int { return len(s.Labels) }

// Units returns n.
func (o *Observed) Units() int { return len(o.Labels) }

// pick returns the units at the given positions, in that order.
func (o *Observed) pick(at []int) *Observed {
	k := o.Classes
	p := &Observed{
		Classes: k,
		Logits:  make([]float32, 0, len(at)*k),
		Labels:  make([]int32, 0, len(at)),
		Index:   make([]int, 0, len(at)),
	}
	for _, i := range at {
		p.Logits = append(p.Logits, o.Logits[i*k:(i+1)*k]...)
		p.Labels = append(p.Labels, o.Labels[i])
		p.Index = append(p.Index, o.Index[i])
	}
	return p
}

// checkSides wants two members and two non-members: below that no variance exists.
func checkSides(member []bool) error {
	n1, n0 := sides(member)
	if err := check.AtLeast("audit", "number of members", int64(n1), 2); err != nil {
		return err
	}
	return check.AtLeast("audit", "number of non-members", int64(n0), 2)
}

// sides counts members n1 and non-members n0.
func sides(member []bool) (n1, n0 int) {
	for _, m := range member {
		if m {
			n1++
		}
	}
	return n1, len(member) - n1
}
