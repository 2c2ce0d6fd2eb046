package audit

import "math"

// entropy scores Σ_k p_k·log p_k, the negative entropy in nats: sure predictions, right or wrong
// (Song & Mittal, arXiv 2003.10595).
func entropy() Attack {
	return Attack{
		Name:    "entropy",
		Summary: "entropy of the probabilities, whatever the label (Song & Mittal 2021)",
		Score: func(o *Observed) []float64 {
			return o.each(func(u *unit) float64 {
				h := 0.0
				for k := range u.z {
					l := u.logP(k)
					h += math.Exp(l) * l // e^l·l → 0 for l → −∞; l is finite, so never 0·∞
				}
				return h
			})
		},
		Bound: true,
	}
}
