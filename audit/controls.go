package audit

import (
	"context"
	"math"
)

// ControlLevel is the level of the interval that must cover ½: a sound audit fails a control once in 1,000 runs.
const ControlLevel = .999

// negativeControl attacks a membership that means nothing: the non-members are split at random in two halves, one of
// them is called "member", and every attack is run anew, the fitted ones fitted anew. An interval without ½ means that
// the audit itself is wrong (a fit that meets its own labels, an interval too narrow).
func negativeControl(ctx context.Context, attacks []Attack, s *Signals, seed uint64) (*Control, error) {
	var out []int
	for i, m := range s.Member {
		if !m {
			out = append(out, i)
		}
	}
	if len(out) < 4 {
		return nil, nil
	}
	o := s.Observe().pick(out)
	fake := make([]bool, len(out))
	for rank, i := range shuffled(o.Index, mix(seed)) { // another order than that of folds and ties
		fake[i] = rank < len(out)/2
	}
	return control(ctx, attacks, o, fake, seed)
}

// sameLaw attacks members against non-members with the outputs of a model that never saw either, the one with the
// initial weights. An interval without ½ means that the two are not of one law, and that an AUC on them measures this.
func sameLaw(ctx context.Context, attacks []Attack, initial *Signals, seed uint64) (*Control, error) {
	return control(ctx, attacks, initial.Observe(), initial.Member, seed)
}

// control runs every attack and returns the one whose AUC is farthest from ½ in units of its interval. The intervals
// are simultaneous over the attacks.
func control(ctx context.Context, attacks []Attack, o *Observed, member []bool, seed uint64) (*Control, error) {
	level := SimultaneousLevel(ControlLevel, len(attacks))
	worst, most := &Control{Level: ControlLevel, OK: true}, -1.0
	for _, a := range attacks {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		score, err := a.run(o, member, seed)
		if err != nil {
			return nil, err
		}
		r, err := Rank(score, member)
		if err != nil {
			return nil, err
		}
		i, err := r.AUCInterval(level)
		if err != nil {
			return nil, err
		}
		// Above 1 exactly if the interval leaves ½ out.
		auc := r.AUC()
		off := (auc - .5) / (auc - i.Low)
		if auc < .5 {
			off = (.5 - auc) / (i.High - auc)
		}
		worst.OK = worst.OK && i.Covers(.5)
		if math.IsNaN(off) {
			off = 0
		}
		if off > most {
			most = off
			worst.Attack, worst.AUC, worst.AUCLow, worst.AUCHigh = a.Name, auc, i.Low, i.High
		}
	}
	return worst, nil
}
