package audit

// confidence scores max_k log p_k: the label is not looked at (Salem et al., arXiv 1806.01246; Song & Mittal,
// arXiv 2003.10595). The logarithm keeps apart what rounds to p = 1; it changes no rank, and no statistic here.
func confidence() Attack {
	return Attack{
		Name:    "confidence",
		Summary: "largest probability, whatever the label (Salem et al. 2019)",
		Score:   func(o *Observed) []float64 { return o.each(func(u *unit) float64 { return u.logP(u.top) }) },
		Bound:   true,
	}
}
