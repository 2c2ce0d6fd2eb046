package audit

import "strconv"

// SmallestGroup is the size under which a group's figures are suppressed.
const SmallestGroup = 10

// byClass slices the pool by true label. score is that of the best attack; names may be nil (then numbers).
func byClass(s *Signals, score []float64, names []string, level float64) ([]Group, error) {
	at := make([][]int, s.Classes)
	for i, y := range s.Labels {
		at[y] = append(at[y], i)
	}
	right := gap().Score(s.Observe())
	groups := make([]Group, 0, s.Classes)
	for c, units := range at {
		g := Group{By: "class", Name: strconv.Itoa(c), Size: len(units), Suppressed: len(units) < SmallestGroup}
		if c < len(names) {
			g.Name = names[c]
		}
		if !g.Suppressed {
			if err := g.fill(s, units, score, right, level); err != nil {
				return nil, err
			}
		}
		groups = append(groups, g)
	}
	adjust(groups)
	return groups, nil
}

// fill computes the figures of one group that is large enough.
func (g *Group) fill(s *Signals, units []int, score, right []float64, level float64) error {
	member, own := make([]bool, len(units)), make([]float64, len(units))
	var hits, n [2]float64
	for j, i := range units {
		member[j], own[j] = s.Member[i], score[i]
		side := 0
		if member[j] {
			side = 1
		}
		hits[side] += right[i]
		n[side]++
	}
	if n[0] > 0 {
		g.Accuracy = ref(hits[0] / n[0])
	}
	if n[1] > 0 {
		g.MemberAccuracy = ref(hits[1] / n[1])
	}
	if n[0] < 2 || n[1] < 2 {
		return nil
	}
	r, err := Rank(own, member)
	if err != nil {
		return err
	}
	i, err := r.AUCInterval(level)
	if err != nil {
		return err
	}
	g.AUC, g.AUCLow, g.AUCHigh, g.P = ref(r.AUC()), ref(i.Low), ref(i.High), ref(r.PValue())
	return nil
}

// adjust sets PHolm over the groups that have a p-value.
func adjust(groups []Group) {
	var p []float64
	for _, g := range groups {
		if g.P != nil {
			p = append(p, *g.P)
		}
	}
	p = Holm(p)
	for i := range groups {
		if groups[i].P != nil {
			groups[i].PHolm, p = ref(p[0]), p[1:]
		}
	}
}

func ref(x float64) *float64 { return &x }
