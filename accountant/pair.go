package accountant

import "math"

// pair is two laws P and Q on the line, each N(0, σ²) or the mixture, mirrored or not. D = log P/Q is the privacy loss.
type pair struct {
	sigma        float64
	mix          mixture
	signP, signQ float64 // +1: mixture, −1: mixture mirrored at 0, 0: N(0, σ²)
}

// at returns the logarithm of the density of P at x, without the normal constant, and the loss D.
func (p *pair) at(x float64) (height, loss float64) {
	height = -x * x / (2 * p.mix.s2)
	if p.signP != 0 {
		loss = p.mix.log(p.signP * x)
		height = p.mix.density(p.signP * x)
	}
	if p.signQ != 0 {
		loss -= p.mix.log(p.signQ * x)
	}
	return height, loss
}

// steepest is the size of the exponents at the far end of the tilted mass.
func (p *pair) steepest(a float64) float64 {
	far := (2*a + 2) * float64(max(1, len(p.mix.weight)-1))
	return far * far / (2 * p.mix.s2)
}

// bends returns where the logarithm of either density turns.
func (p *pair) bends() []float64 {
	var xs []float64
	for _, sign := range [2]float64{p.signP, p.signQ} {
		if sign == 0 {
			continue
		}
		for _, b := range p.mix.bends() {
			xs = append(xs, sign*b)
		}
	}
	return xs
}

// gain returns ψ(aD) + a·ψ(−D) as e^scale·value, ψ(t) = e^t − 1 − t, given D and ψ(−D); for a = 0, ψ(−D) alone.
func gain(a, loss, psiBack float64) (scale, value float64) {
	switch t := a * loss; {
	case loss < -500: // ψ(−D) = e^−D, and ψ(aD) < a·|D|: both beyond float64 or beside it. Times P's density it is Q's
		if a == 0 {
			return -loss, 1
		}
		return -loss, a
	case a == 0:
		return 0, psiBack
	case t > 500: // e^t dwarfs the rest: 1 + t < 1e-200·e^t, and ψ(−D) < D
		return t, 1
	default:
		return 0, psi(t) + a*psiBack
	}
}

// psi is e^t − 1 − t. Near 0 by its series, which ends where the next term is below 1e-17 of the first; from |t| = .1
// on the difference loses less than a digit.
func psi(t float64) float64 {
	if math.Abs(t) > .1 {
		return math.Expm1(t) - t
	}
	return t * t * (1./2 + t*(1./6+t*(1./24+t*(1./120+t*(1./720+t*(1./5040+t*(1./40320+t*(1./362880+t/3628800))))))))
}
