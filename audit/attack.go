package audit

import (
	"math"
	"strconv"

	"hush/internal/check"
)

// Attack is one way to tell members from non-members: it gives each unit a score, and a higher score means member,
// always. Exactly one of Score and Fit is set.
type Attack struct {
	Name    string // as in the report and on the command line
	Tier    int    // 0 seconds and no other model, 1 a few reference models, 2 a pool of shadow models
	Summary string // one line: what it looks at, and the source

	// Score sees no membership. n scores, none NaN; a unit's score does not depend on the order of the units.
	Score func(o *Observed) []float64

	// Fit learns from the membership of other units (cross-fitted: never from that of the unit it scores). Such a
	// score was fitted on the coins and yields an AUC, never a bound.
	Fit func(o *Observed, member []bool, seed uint64) []float64

	// Bound says that the one-run bound reads this score. Fixed here, before any coin; each such score costs a
	// Bonferroni share, so a score that orders units as another one does is left out.
	Bound bool
}

// Fitted reports whether the score is learned from membership.
func (a Attack) Fitted() bool { return a.Fit != nil }

// run scores every unit of o. member is handed on only to a fitted attack.
func (a Attack) run(o *Observed, member []bool, seed uint64) ([]float64, error) {
	var score []float64
	if a.Fitted() {
		score = a.Fit(o, member, seed)
	} else {
		score = a.Score(o)
	}
	for i, v := range score {
		if math.IsNaN(v) {
			return nil, check.Fail("audit", "score of attack "+a.Name+" on unit "+strconv.Itoa(o.Index[i]), v, "must be a number")
		}
	}
	return score, nil
}
