package audit

// scaledLogit scores φ = log p_y − log(1 − p_y), LiRA's statistic without calibration (Carlini et al.,
// arXiv 2112.03570). It orders units as the loss does, so it does not pay a share of the bound again.
func scaledLogit() Attack {
	return Attack{
		Name:    "scaled logit",
		Summary: "log-odds of the true label (Carlini et al. 2022)",
		Score: func(o *Observed) []float64 {
			return o.each(func(u *unit) float64 { return u.logP(u.label) - u.logQ(u.label) })
		},
	}
}
