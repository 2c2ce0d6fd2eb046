package audit

// gap scores 1 if the prediction is right, else 0. Its advantage is train accuracy − test accuracy: the floor that no
// masking of outputs goes under while it leaves predictions alone (Yeom et al., arXiv 1709.01604).
func gap() Attack {
	return Attack{
		Name:    "gap",
		Summary: "is the prediction right (Yeom et al. 2018)",
		Score: func(o *Observed) []float64 {
			return o.each(func(u *unit) float64 {
				if u.top == u.label {
					return 1
				}
				return 0
			})
		},
	}
}
