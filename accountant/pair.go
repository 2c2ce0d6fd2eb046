package accountant

import (
	"math"
	"slices"
)

// pair is two laws P and Q on the line, each N(0, σ²) or the mixture, mirrored or not. D = log P/Q is the privacy loss.
type pair struct {
	sigma        float64
	mix          mixture
	signP, signQ float64 // +1: mixture, −1: mixture mirrored at 0, 0: N(0, σ²)
}

// at returns log P relative to N(0, σ²), and the loss D.
func (p *pair) at(x float64) (logP, loss float64) {
	logQ := 0.0
	if p.signP != 0 {
		logP = p.mix.log(p.signP * x)
	}
	if p.signQ != 0 {
		logQ = p.mix.log(p.signQ * x)
	}
	return logP, logP - logQ
}

// pull returns F(x) and V(x): the exponent −x²/(2σ²) + α·log P − a·log Q of the integrand has derivative
// (F(x) − x)/σ², and V bounds σ²·|F′|.
func (p *pair) pull(x, a float64) (f, v float64) {
	if p.signP != 0 {
		_, m, s := p.mix.at(p.signP * x)
		f, v = (1+a)*p.signP*m, (1+a)*s
	}
	if p.signQ != 0 {
		_, m, s := p.mix.at(p.signQ * x)
		f, v = f-a*p.signQ*m, v+a*s
	}
	return f, v
}

// rdp returns the Rényi divergence of order alpha in [1, ∞):
//
//	r = log A/(α−1),  A = E_P[e^{aD}],  a = α−1
//
// E_P[e^{−D}] = 1 allows to subtract the tangent, after which nothing cancels, however small q or a:
//
//	A − 1 = E_P[ψ(aD) + a·ψ(−D)],  ψ(t) = e^t − 1 − t ≥ 0
//
// For a → 0 this is a·KL(P‖Q), KL = E_P[ψ(−D)].
func (p *pair) rdp(alpha float64) float64 {
	a := alpha - 1
	logSum := p.integrate(a)
	if a == 0 {
		return math.Exp(logSum)
	}
	if logSum > 40 { // log1p(e^40) and 40 differ by 4e-18
		return logSum / a
	}
	return math.Log1p(math.Exp(logSum)) / a
}

// gain returns ψ(aD) + a·ψ(−D) as e^scale·value; for a = 0, ψ(−D).
func gain(a, loss float64) (scale, value float64) {
	t := a * loss
	switch {
	case a == 0 && loss > -500:
		return 0, psi(-loss)
	case a == 0:
		return -loss, 1
	case t > 500: // e^t dwarfs the rest: 1 + t < 1e-200·e^t, and ψ(−D) ≤ D
		return t, 1
	case loss < -500:
		return -loss, a
	}
	return 0, psi(t) + a*psi(-loss)
}

// psi is e^t − 1 − t with full relative precision. The series is cut where t^n/n! falls below 1e-17 of t²/2 at |t| = ½.
func psi(t float64) float64 {
	if math.Abs(t) > .5 {
		return math.Exp(t) - 1 - t
	}
	s := 1.0
	for n := 15.0; n >= 3; n-- {
		s = 1 + s*t/n
	}
	return s * t * t / 2
}

// height is the logarithm of the integrand, without the constant of the normal density.
func (p *pair) height(x, a float64) float64 {
	logP, loss := p.at(x)
	scale, value := gain(a, loss)
	return -x*x/(2*p.sigma*p.sigma) + logP + scale + math.Log(value)
}

// negligible: what lies this far, in logarithms, below the highest point is left out. e^−44 = 8e-20, and the tails
// fall like those of a Gaussian.
const negligible = 44

// integrate returns log E_P[ψ(aD) + a·ψ(−D)] by Gauss–Legendre panels.
//
// The integrand has up to two humps per shift: one near 0 and one where the tilted mass sits, about α away for remove;
// for small q and large a the second carries the result and the valley between them can be as deep as e^{−α²}. So
// panels are laid outward from every candidate of start until the integrand is negligible beside the highest one.
func (p *pair) integrate(a float64) float64 {
	starts := p.starts(a)
	top := math.Inf(-1)
	for _, x := range starts {
		top = math.Max(top, p.height(x, a))
	}
	s := summer{pair: p, a: a, shift: top, floor: top - negligible}
	edge := math.Inf(-1) // all left of it is done
	for _, x := range starts {
		if x <= edge || p.height(x, a) < s.floor {
			continue
		}
		for left := x; left > edge; {
			h := math.Min(p.width(left, -1, a), left-edge)
			high := s.panel(left-h, h)
			left -= h
			if high < s.floor {
				break
			}
		}
		for right := x; ; {
			h := p.width(right, 1, a)
			high := s.panel(right, h)
			right += h
			edge = right
			if high < s.floor {
				break
			}
		}
	}
	return s.shift + math.Log(s.sum/(p.sigma*math.Sqrt(2*math.Pi)))
}

// starts returns, ascending, points such that every hump that matters is within one σ of one of them, or reached from
// one without crossing a negligible stretch: the shifts, the bends, and the fixed points of F, each with neighbors out
// to 10σ.
func (p *pair) starts(a float64) []float64 {
	centers := []float64{0}
	k := max(1, len(p.mix.weight)-1)
	for _, sign := range []float64{p.signP, p.signQ} {
		if sign == 0 {
			continue
		}
		for j := 1; j <= k; j++ {
			centers = append(centers, sign*float64(j), 2*sign*float64(j)) // u² has its hump at twice the shift
		}
		centers = append(centers, sign*p.mix.bend())
	}
	far := (2*a + 1) * float64(k)
	for _, x := range []float64{0, far, -far, p.mix.bend(), -p.mix.bend()} {
		centers = append(centers, p.fixedPoint(x, a))
	}
	xs := make([]float64, 0, 21*len(centers))
	for _, c := range centers {
		for j := -10; j <= 10; j++ {
			xs = append(xs, c+float64(j)*p.sigma)
		}
	}
	slices.Sort(xs)
	return xs
}

// fixedPoint follows x ← F(x). Where F grows (remove) this is monotone and ends at the nearest fixed point on its way.
// Where it falls (add), steps are halved each time the direction turns.
func (p *pair) fixedPoint(x, a float64) float64 {
	damp, last := 1.0, 0.0
	for range 60 {
		f, _ := p.pull(x, a)
		step := f - x
		if step*last < 0 {
			damp /= 2
		}
		x, last = x+damp*step, step
		if math.Abs(step) < .1*p.sigma {
			break
		}
	}
	return x
}

// width of a panel that begins at x and runs in direction dir (±1), for 16 nodes and relative error below 1e-15:
//   - at most .9σ: the normal density;
//   - at most 1.2σ² or the distance to the bend: log M is singular πσ² beside it, and by Bernstein's ellipse a panel as
//     wide as its distance errs by 6^−32 (for k > 1 there is a bend at every shift: 1.2σ² everywhere);
//   - the exponent changes by at most 12 linearly (12^32/2^32/32! = 1e-11 of the panel's middle, e^6 below its end) and
//     24 quadratically.
func (p *pair) width(x, dir, a float64) float64 {
	h := p.limit(x, a)
	return math.Min(h, math.Max(p.limit(x+dir*h, a), h/16))
}

func (p *pair) limit(x, a float64) float64 {
	s2 := p.sigma * p.sigma
	smooth := 1.2 * s2
	if p.mix.weight == nil {
		near := math.Inf(1)
		for _, sign := range [2]float64{p.signP, p.signQ} {
			if sign != 0 {
				near = math.Min(near, math.Abs(x-sign*p.mix.bend()))
			}
		}
		smooth = math.Max(smooth, near)
	}
	f, v := p.pull(x, a)
	h := math.Min(.9*p.sigma, smooth)
	h = math.Min(h, 12*s2/math.Abs(f-x))
	return math.Min(h, s2*math.Sqrt(24/(v+s2/16)))
}

// summer adds up panels, scaled by e^−shift.
type summer struct {
	*pair
	a, shift, floor, sum float64
}

// panel adds the integral over [x, x+h] and returns the height of its highest node. A node above all starts raises
// shift and floor.
func (s *summer) panel(x, h float64) float64 {
	high := math.Inf(-1)
	for i, t := range gaussNodes {
		y := x + h/2*(1+t)
		logP, loss := s.at(y)
		scale, value := gain(s.a, loss)
		e := -y*y/(2*s.sigma*s.sigma) + logP + scale
		if e > s.shift+300 {
			s.sum *= math.Exp(s.shift - e)
			s.shift, s.floor = e, e-negligible
		}
		part := math.Exp(e-s.shift) * value
		s.sum += h / 2 * gaussWeights[i] * part
		high = math.Max(high, part)
	}
	return s.shift + math.Log(high)
}
