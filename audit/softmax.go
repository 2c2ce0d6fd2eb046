package audit

import "math"

// unit is one record as attacks see it: its softmax p over K classes in float64, with full resolution where p is near
// 1, which is where members and non-members of an over-fitted model differ.
//
// With t the top class and R = log Σ_{j≠t} e^{z_j} (so R − z_t ≤ log(K−1)):
//
//	d = R − z_t,  log p_t = −log(1 + e^d),          log(1 − p_t) = d − log(1 + e^d)
//	              log p_j = z_j − z_t − log(1 + e^d),  log(1 − p_j) = log1p(−p_j), stable since p_j ≤ ½
//
// 1 − p_t is never computed by subtraction: a loss of 1e-30 is told from one of 1e-31.
type unit struct {
	label int
	top   int       // first largest logit: the predicted class
	z     []float64 // K logits, ±Inf replaced by ±MaxFloat32 so that differences stay finite
	d     float64   // R − z_t
	norm  float64   // log(1 + e^d)
}

// each calls score for every unit. The *unit is reused: score must not keep it.
func (o *Observed) each(score func(u *unit) float64) []float64 {
	k := o.Classes
	u := &unit{z: make([]float64, k)}
	out := make([]float64, o.Units())
	for i := range out {
		u.load(o.Logits[i*k:(i+1)*k], o.Labels[i])
		out[i] = score(u)
	}
	return out
}

func (u *unit) load(logits []float32, label int32) {
	u.label, u.top = int(label), 0
	for j, v := range logits {
		u.z[j] = math.Max(-math.MaxFloat32, math.Min(math.MaxFloat32, float64(v)))
		if u.z[j] > u.z[u.top] {
			u.top = j
		}
	}
	second := math.Inf(-1)
	for j, v := range u.z {
		if j != u.top {
			second = math.Max(second, v)
		}
	}
	sum := 0.0
	for j, v := range u.z {
		if j != u.top {
			sum += math.Exp(v - second)
		}
	}
	u.d = second + math.Log(sum) - u.z[u.top]
	u.norm = math.Log1p(math.Exp(u.d))
}

// logP returns log p_k.
func (u *unit) logP(k int) float64 {
	if k == u.top {
		return -u.norm
	}
	return u.z[k] - u.z[u.top] - u.norm
}

// logQ returns log(1 − p_k).
func (u *unit) logQ(k int) float64 {
	if k == u.top {
		return u.d - u.norm
	}
	return math.Log1p(-math.Exp(u.logP(k)))
}
