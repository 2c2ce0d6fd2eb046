package audit

import "math"

// modifiedEntropy scores −Mentr (Song & Mittal, arXiv 2003.10595, eq. 8):
//
//	Mentr = −(1 − p_y)·log p_y − Σ_{k≠y} p_k·log(1 − p_k)
//
// 0 for a sure right prediction, large for a sure wrong one.
func modifiedEntropy() Attack {
	return Attack{
		Name:    "modified entropy",
		Summary: "entropy that knows the label, one threshold (Song & Mittal 2021)",
		Score:   func(o *Observed) []float64 { return o.each(negativeMentr) },
		Bound:   true,
	}
}

func negativeMentr(u *unit) float64 {
	m := math.Exp(u.logQ(u.label)) * u.logP(u.label)
	for k := range u.z {
		if k != u.label {
			m += math.Exp(u.logP(k)) * u.logQ(k)
		}
	}
	return m
}
