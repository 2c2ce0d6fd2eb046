package audit

import (
	"math/rand/v2"
	"testing"
)

// synthetic is a pool of n units with fair coins, whose model gives the true label a larger logit, by a margin that
// differs among units, and by boost more on members. boost = 0: scores are independent of the coins.
func synthetic(n, classes int, boost float64, seed uint64) *Signals {
	rng := rand.New(rand.NewPCG(seed, 1))
	s := Signals{Classes: classes}
	for i := range n {
		y := rng.IntN(classes)
		in := rng.IntN(2) == 1
		for k := range classes {
			z := rng.NormFloat64()
			if k == y {
				z += 2 + .3*float64(y)
				if in {
					z += boost
				}
			}
			s.Logits = append(s.Logits, float32(z))
		}
		s.Labels = append(s.Labels, int32(y))
		s.Index = append(s.Index, 1000+3*i)
		s.Member = append(s.Member, in)
	}
	return &s
}

func valid(t *testing.T, s *Signals) *Signals {
	t.Helper()
	v, err := NewSignals(*s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// permuted lists the same units in another order.
func permuted(s *Signals, seed uint64) *Signals {
	at := rand.New(rand.NewPCG(seed, 2)).Perm(s.Units())
	o := s.Observe().pick(at)
	p := &Signals{Classes: s.Classes, Logits: o.Logits, Labels: o.Labels, Index: o.Index}
	for _, i := range at {
		p.Member = append(p.Member, s.Member[i])
	}
	return p
}
