package accountant

import "math"

// mixture is the density of Σ_j w_j·N(j, σ²), j = 0…k, w = Binomial(k, q), relative to that of N(0, σ²):
//
//	M(x) = Σ_j w_j·exp((2jx − j²)/(2σ²)) = 1 + u(x),  E_{N(0,σ²)}[u] = 0
type mixture struct {
	q, logQ, log1Q float64   // q, log q, log(1−q)
	s2             float64   // σ²
	weight, logW   []float64 // w_j and log w_j, for k > 1 only
}

func newMixture(q float64, k int, sigma float64) mixture {
	m := mixture{q: q, logQ: math.Log(q), log1Q: math.Log1p(-q), s2: sigma * sigma}
	if k == 1 {
		return m
	}
	m.weight, m.logW = make([]float64, k+1), make([]float64, k+1)
	all, _ := math.Lgamma(float64(k + 1))
	for j := range m.weight {
		a, _ := math.Lgamma(float64(j + 1))
		b, _ := math.Lgamma(float64(k - j + 1))
		m.logW[j] = all - a - b + float64(j)*m.logQ + float64(k-j)*m.log1Q
		m.weight[j] = math.Exp(m.logW[j])
	}
	return m
}

// at returns log M(x), with full relative precision also where M is close to 1, and mean and variance of the shift j
// given x: σ² times the first and, with one σ² more, the second derivative of log M.
func (m *mixture) at(x float64) (logM, mean, variance float64) {
	if m.weight != nil {
		return m.many(x)
	}
	logM = m.log(x)
	mean = math.Exp(m.logQ + (2*x-1)/(2*m.s2) - logM)
	return logM, mean, mean * (1 - mean)
}

// log returns log M(x) alone.
//
// Three forms, since each loses digits elsewhere: log1p(u) is exact where M ≈ 1, the plain sum where q ≈ 1 makes u ≈ −1,
// and the factored one where e^w overflows.
func (m *mixture) log(x float64) float64 {
	if m.weight != nil {
		v, _, _ := m.many(x)
		return v
	}
	w := (2*x - 1) / (2 * m.s2)
	if w > 600 {
		return m.logQ + w + math.Log1p(math.Exp(m.log1Q-m.logQ-w))
	}
	if u := m.q * math.Expm1(w); u > -.5 {
		return math.Log1p(u)
	}
	return math.Log((1 - m.q) + m.q*math.Exp(w))
}

// density returns log Σ_j w_j·exp(−(x−j)²/(2σ²)): log M(x) − x²/(2σ²) without the cancellation of the two.
func (m *mixture) density(x float64) float64 {
	if m.weight == nil {
		a, b := m.log1Q-x*x/(2*m.s2), m.logQ-(x-1)*(x-1)/(2*m.s2)
		return math.Max(a, b) + math.Log1p(math.Exp(-math.Abs(a-b)))
	}
	top, sum := math.Inf(-1), 0.0
	for j, w := range m.logW {
		d := x - float64(j)
		t := w - d*d/(2*m.s2)
		if t > top {
			sum *= math.Exp(top - t)
			top = t
		}
		sum += math.Exp(t - top)
	}
	return top + math.Log(sum)
}

// many is at for k > 1.
func (m *mixture) many(x float64) (logM, mean, variance float64) {
	top := math.Inf(-1)
	for j := range m.logW {
		top = math.Max(top, m.term(j, x))
	}
	var u, sum, first, second float64
	for j, w := range m.weight {
		f := float64(j)
		t := math.Exp(m.term(j, x) - top)
		sum, first, second = sum+t, first+f*t, second+f*f*t
		u += w * math.Expm1(math.Min(f*(2*x-f)/(2*m.s2), 700))
	}
	mean = first / sum
	variance = math.Max(0, second/sum-mean*mean)
	if u > -.5 && u < 1 {
		return math.Log1p(u), mean, variance
	}
	return top + math.Log(sum), mean, variance
}

func (m *mixture) term(j int, x float64) float64 {
	f := float64(j)
	return m.logW[j] + f*(2*x-f)/(2*m.s2)
}

// bends are where the next shifted part overtakes the one before, w_{j−1}·e^{…} = w_j·e^{…}. There, and nowhere else,
// log M turns, within about σ²:
//
//	x_j = j − ½ + σ²·log(w_{j−1}/w_j),  j = 1…k
func (m *mixture) bends() []float64 {
	if m.weight == nil {
		return []float64{.5 + m.s2*(m.log1Q-m.logQ)}
	}
	xs := make([]float64, len(m.logW)-1)
	for j := range xs {
		xs[j] = float64(j) + .5 + m.s2*(m.logW[j]-m.logW[j+1])
	}
	return xs
}
