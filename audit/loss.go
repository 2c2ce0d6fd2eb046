package audit

// loss scores log p_y, the negative cross-entropy (Yeom et al., arXiv 1709.01604).
func loss() Attack {
	return Attack{
		Name:    "loss",
		Summary: "cross-entropy of the true label (Yeom et al. 2018)",
		Score:   func(o *Observed) []float64 { return o.each(func(u *unit) float64 { return u.logP(u.label) }) },
		Bound:   true,
	}
}
