package audit

import "math"

// hinge scores z_y − max_{k≠y} z_k, which outlives losses that flatten the posterior (Carlini et al., arXiv
// 2112.03570; Aerni et al., arXiv 2404.17399).
func hinge() Attack {
	return Attack{
		Name:    "hinge",
		Summary: "logit of the true label minus the best other (Carlini et al. 2022)",
		Score: func(o *Observed) []float64 {
			return o.each(func(u *unit) float64 {
				other := math.Inf(-1)
				for k, z := range u.z {
					if k != u.label {
						other = math.Max(other, z)
					}
				}
				return u.z[u.label] - other
			})
		},
		Bound: true,
	}
}
