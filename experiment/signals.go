package experiment

import (
	"context"
	"fmt"
	"math"

	"hush/audit"
	"hush/trainer"
)

// membership says which records an audit scores, and which of them were in training.
type membership struct {
	index   []int // records, none null
	member  []bool
	byCoins bool // false: not of one law, every figure is indicative
}

// indicativeUnits bounds each side of an audit without a pool; enough for a 95 % interval of ±.01.
const indicativeUnits = 10000

// membership returns the audit pool with its coins. Without a pool it returns training units against test records:
// evenly spaced ones where there are too many, so that the choice reads nothing.
func (x *execution) membership() membership {
	p := x.plan
	var m membership
	if len(p.InPool) > 0 {
		m.byCoins = true
		for i, u := range p.InPool {
			if r := p.Records[u]; !p.Set.IsNull(r) {
				m.index = append(m.index, r)
				m.member = append(m.member, x.coins[i])
			}
		}
		return m
	}
	for _, r := range spaced(p.Set.Present(p.Records), indicativeUnits) {
		m.index, m.member = append(m.index, r), append(m.member, true)
	}
	for _, r := range spaced(p.Set.Present(p.Split.Test), indicativeUnits) {
		m.index, m.member = append(m.index, r), append(m.member, false)
	}
	return m
}

// spaced returns at most n items of v at even distances.
func spaced(v []int, n int) []int {
	if len(v) <= n {
		return v
	}
	out := make([]int, n)
	for i := range out {
		out[i] = v[i*len(v)/n]
	}
	return out
}

// trained returns the records of the units that are in.
func (x *execution) trained() []int {
	var in []int
	for _, r := range x.units {
		if r != trainer.Null {
			in = append(in, r)
		}
	}
	return in
}

// score runs a net over records. Weights that diverged give outputs that are no numbers, which no audit can read.
func (x *execution) score(ctx context.Context, w *trainer.Weights, index []int) (scored, error) {
	p := x.plan
	s := scored{classes: p.Net.Classes(), labels: make([]int32, len(index))}
	for i, r := range index {
		s.labels[i] = p.Set.Labels()[r]
	}
	var err error
	s.logits, err = trainer.Logits(ctx, p.Net, w, p.Set, index, p.Kernels, p.Workers())
	if err != nil {
		return s, err
	}
	if bad := s.tame(); 2*bad > s.len() {
		return s, fmt.Errorf("%w: outputs for %d of %d records are no finite numbers", trainer.ErrDiverged, bad, s.len())
	}
	return s, nil
}

// tame makes outputs finite: an infinite one becomes the largest number of its sign, and a record with one that is no
// number gets zeros, which say nothing. It returns how many records it changed. One record with huge features must not
// end a run that is paid for.
func (s scored) tame() (changed int) {
	for i := range s.labels {
		z, nan, inf := s.row(i), false, false
		for k, v := range z {
			switch {
			case v != v:
				nan = true
			case v > math.MaxFloat32:
				z[k], inf = math.MaxFloat32, true
			case v < -math.MaxFloat32:
				z[k], inf = -math.MaxFloat32, true
			}
		}
		if nan {
			clear(z)
		}
		if nan || inf {
			changed++
		}
	}
	return changed
}

// signals are what the attacks read of one set of weights.
func (x *execution) signals(ctx context.Context, w *trainer.Weights, m membership) (*audit.Signals, error) {
	s, err := x.score(ctx, w, m.index)
	if err != nil {
		return nil, err
	}
	return audit.NewSignals(audit.Signals{Classes: s.classes, Logits: s.logits, Labels: s.labels, Index: m.index, Member: m.member})
}
