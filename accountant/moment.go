package accountant

import "fmt"

// Moment is K(z) = log E_P[e^{zD}] of a privacy loss D = log P/Q, on vertical lines Re z = c > 0. On the real axis it is
// the Rényi divergence: K(c) = c·D_{1+c}(P‖Q).
type Moment interface {
	// Line prepares K at c + iy for |y| ≤ reach. Where the values are quadratures, their error is at most tolerance·e^K(c)
	// in e^K. An infinite K(c) says that there is no guarantee.
	Line(c, reach, tolerance float64) (Line, error)
}

// Line is K on one vertical line.
type Line interface {
	// Values returns K at c + i·k·step, k = from … from+count−1.
	Values(step float64, from, count int) []Value
	// Spread bounds, from above, the standard deviation of D under the law P·e^{cD}/e^K(c).
	Spread() float64
	// Decay bounds Re K(c+iy′) − K(c), from above, for all |y′| ≥ y > 0 at once.
	Decay(y float64) float64
}

// Value is a computed K(z) with a bound on its error.
type Value struct {
	K     complex128
	Error float64 // of |e^K| and of K alike: the true value is K + e, |e| ≤ Error; may be +Inf
}

// noMoment is the answer of an event whose loss has no known cumulant generating function.
func noMoment(e Event) (Moment, error) {
	return nil, fmt.Errorf("accountant: log-moments of %s: %w", e, ErrNoProof)
}
