package audit

import (
	"math"
	"strconv"

	"gonum.org/v1/gonum/mathext"

	"hush/internal/check"
)

// OneRun is the outcome of the one-run audit of Steinke, Nasr & Jagielski (arXiv 2305.08846): Pool units entered one
// training by independent fair coins, Guesses of them were guessed in or out, Right of those guesses were right.
//
// It is a valid test if the guesser saw no coin but through the released model, and if how many are guessed was fixed
// beforehand; nothing is assumed of how the scores depend on each other.
type OneRun struct {
	Pool    int // m ≥ 1
	Guesses int // r in [1, m]
	Right   int // v in [0, r]
}

// Check refuses counts that cannot be.
func (a OneRun) Check() error {
	if err := check.AtLeast("audit", "number of guesses", int64(a.Guesses), 1); err != nil {
		return err
	}
	if a.Guesses > a.Pool {
		return check.Fail("audit", "number of guesses", a.Guesses, "must be at most the pool, "+strconv.Itoa(a.Pool))
	}
	if a.Right < 0 || a.Right > a.Guesses {
		return check.Fail("audit", "number of right guesses", a.Right, "must be at least 0 and at most the guesses, "+strconv.Itoa(a.Guesses))
	}
	return nil
}

// PValue returns the p-value of "the training is (ε, δ)-DP" (Theorem 5.2 there). With q = 1/(1+e^−ε), B ~ Bin(r, q):
//
//	p = min(1, β + 2mδα),   β = P[B ≥ v],   α = max_{1≤i≤v} P[v > B ≥ v−i]/i
//
// Errors: impossible counts, ε negative, NaN or infinite, δ outside [0, 1).
func (a OneRun) PValue(epsilon, delta float64) (float64, error) {
	if err := a.Check(); err != nil {
		return 0, err
	}
	if err := (Claim{Epsilon: epsilon, Delta: delta, Private: true}).Check(); err != nil {
		return 0, err
	}
	return a.pValue(epsilon, delta), nil
}

func (a OneRun) pValue(epsilon, delta float64) float64 {
	if a.Right == 0 {
		return 1 // β = P[B ≥ 0]
	}
	q := logistic(epsilon)
	beta := mathext.RegIncBeta(float64(a.Right), float64(a.Guesses-a.Right+1), q)
	if delta == 0 {
		return math.Min(1, beta)
	}
	return math.Min(1, beta+2*float64(a.Pool)*delta*a.alpha(epsilon))
}

// alpha returns max_{1≤i≤v} P[v > B ≥ v−i]/i, summing the probabilities P[B = j] from j = v−1 down. They are kept as
// logarithms: just below v they may underflow while the mass further down, which decides, does not.
//
//	log P[B = j−1] = log P[B = j] + log(j/(r−j+1)) − ε,   since q/(1−q) = e^ε
func (a OneRun) alpha(epsilon float64) float64 {
	r, v := float64(a.Guesses), float64(a.Right)
	logQ, logNotQ := -math.Log1p(math.Exp(-epsilon)), -epsilon-math.Log1p(math.Exp(-epsilon))
	j := v - 1
	logP := logChoose(r, j) + j*logQ + (r-j)*logNotQ
	sum, best := 0.0, 0.0
	for i := 1.0; i <= v && 1/i > best; i++ { // P/i ≤ 1/i: later i cannot win
		sum += math.Exp(logP)
		best = math.Max(best, sum/i)
		logP += math.Log(j/(r-j+1)) - epsilon
		j--
	}
	return best
}

func logChoose(n, k float64) float64 {
	a, _ := math.Lgamma(n + 1)
	b, _ := math.Lgamma(k + 1)
	c, _ := math.Lgamma(n - k + 1)
	return a - b - c
}

// EpsilonLower returns the largest ε that the outcome rejects at delta with the given confidence, 0 if none: a lower
// bound on the true ε. Bisection to 1e-9, lower end.
//
// One crossing exists: β grows with q, and so does β + 2mδ·P[v > B ≥ v−i]/i wherever β ≤ ½, for
// d/dq = r·(b(v−1)·(1 − 2mδ/i) + (2mδ/i)·b(v−i−1)) with b the law of Bin(r−1, q).
func (a OneRun) EpsilonLower(delta, confidence float64) (float64, error) {
	if err := check.Open("audit", "confidence", confidence); err != nil {
		return 0, err
	}
	if _, err := a.PValue(0, delta); err != nil {
		return 0, err
	}
	reject := func(epsilon float64) bool { return a.pValue(epsilon, delta) <= 1-confidence }
	if !reject(0) {
		return 0, nil
	}
	low, high := 0.0, 1.0
	for reject(high) {
		low, high = high, 2*high
	}
	for high-low > 1e-9 {
		if mid := (low + high) / 2; reject(mid) {
			low = mid
		} else {
			high = mid
		}
	}
	return low, nil
}
