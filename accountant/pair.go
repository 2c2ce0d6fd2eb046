package accountant

import "math"

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

// gain returns ψ(aD) + a·ψ(−D) as e^scale·value, ψ(t) = e^t − 1 − t, given D and ψ(−D); for a = 0, ψ(−D) alone.
func gain(a, loss, psiBack float64) (scale, value float64) {
	t := a * loss
	switch {
	case a == 0:
		return 0, psiBack
	case t > 500: // e^t dwarfs the rest: 1 + t < 1e-200·e^t, and ψ(−D) < D
		return t, 1
	}
	return 0, psi(t) + a*psiBack
}

// psi is e^t − 1 − t. Near 0 by its series, which ends where the next term is below 1e-17 of the first; from |t| = .1
// on the difference loses less than a digit.
func psi(t float64) float64 {
	if math.Abs(t) > .1 {
		return math.Expm1(t) - t
	}
	return t * t * (1./2 + t*(1./6+t*(1./24+t*(1./120+t*(1./720+t*(1./5040+t*(1./40320+t*(1./362880+t/3628800))))))))
}

// psiBack is ψ(−D), for a loss that may be very negative: the mass of P there is about e^D, and the product with it
// stays finite.
func psiBack(loss float64) float64 { return psi(math.Min(-loss, 700)) }
