// Package stattest answers one question: could these draws come from that law?
//
// It never chooses a tolerance: a test states the false-alarm probability that it accepts, and gets a p-value, the
// probability under the law of something at least as far out. Its invariant: under the law, a p-value is below a with
// probability a or less, as exactly as each function's comment says. A test in this house also shows that it would
// have noticed: a planted deviation, passed to Reject.
package stattest

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mathext"
)

// Accept fails the test if p < alarm, where alarm is the probability of a false alarm that the test accepts.
func Accept(t testing.TB, what string, p, alarm float64) {
	t.Helper()
	if !(p >= alarm) {
		t.Errorf("%s: p = %.3g, below the false-alarm probability of %.3g", what, p, alarm)
	}
}

// Reject fails the test unless p < alarm: the negative control of a test that uses Accept with the same alarm.
func Reject(t testing.TB, what string, p, alarm float64) {
	t.Helper()
	if !(p < alarm) {
		t.Errorf("%s: p = %.3g, but a deviation was planted and should give less than %.3g", what, p, alarm)
	}
}

// Binomial is the two-sided p-value of k successes in n independent trials of probability p: twice the smaller tail,
// exact.
func Binomial(k, n int64, p float64) float64 {
	// P(X ≥ k) = I_p(k, n−k+1) for k ≥ 1,  P(X ≤ k) = I_{1−p}(n−k, k+1) for k < n
	high, low := 1.0, 1.0
	if k > 0 {
		high = mathext.RegIncBeta(float64(k), float64(n-k)+1, p)
	}
	if k < n {
		low = mathext.RegIncBeta(float64(n-k), float64(k)+1, 1-p)
	}
	return min(1, 2*min(high, low))
}

// minExpected is the least expected count of a cell of ChiSquare. The usual rule is 5; far tails ask for more.
const minExpected = 25

// ChiSquare is the p-value of Pearson's statistic for counts against expected counts that use nothing estimated from
// them and have the same total. Neighboring cells are joined until 25 are expected in each. Two-sided: counts that
// fit too well are as suspect. The χ² law is approximate, good to some ten per cent of p down to 1e-6.
func ChiSquare(observed []int64, expected []float64) float64 {
	var x, df float64
	var o, e float64
	var cells [][2]float64
	for i := range expected {
		o, e = o+float64(observed[i]), e+expected[i]
		if e >= minExpected {
			cells = append(cells, [2]float64{o, e})
			o, e = 0, 0
		}
	}
	if n := len(cells); n > 0 { // the rest joins the last cell
		cells[n-1][0] += o
		cells[n-1][1] += e
	}
	// X² = Σ (o−e)²/e, one degree of freedom lost to the total
	for _, c := range cells {
		x += (c[0] - c[1]) * (c[0] - c[1]) / c[1]
	}
	df = float64(len(cells) - 1)
	if df < 1 {
		return math.NaN() // nothing was tested: neither Accept nor Reject takes it
	}
	return twoSidedChi(x, df)
}

// Mean is the two-sided p-value of the mean of independent draws of known mean and standard deviation sd: exact for
// Gaussian draws, else by the central limit theorem.
func Mean[F float](x []F, mean, sd float64) float64 {
	var sum float64
	for _, v := range x {
		sum += float64(v) - mean
	}
	return Gauss(sum / (sd * math.Sqrt(float64(len(x)))))
}

// Variance is the two-sided p-value of the squared deviations of independent Gaussian draws from their known mean:
// Σ(x−mean)²/sd² is χ² with len(x) degrees of freedom, exact.
func Variance[F float](x []F, mean, sd float64) float64 {
	var sum float64
	for _, v := range x {
		d := (float64(v) - mean) / sd
		sum += d * d
	}
	return twoSidedChi(sum, float64(len(x)))
}

// Uncorrelated is the two-sided p-value of Σ x·y for y of independent N(0, 1) draws, whatever x is, if y does not
// depend on it: the sum is N(0, Σx²), exact.
func Uncorrelated[F float](x, y []F) float64 {
	var xy, xx float64
	for i, v := range x {
		xy += float64(v) * float64(y[i])
		xx += float64(v) * float64(v)
	}
	return Gauss(xy / math.Sqrt(xx))
}

// Gauss is P(|Z| ≥ |z|) for Z ~ N(0, 1).
func Gauss(z float64) float64 { return math.Erfc(math.Abs(z) / math.Sqrt2) }

// KS is the p-value of Kolmogorov and Smirnov's test of draws against a continuous cumulative distribution function:
// the asymptotic law of D with Stephens' correction (1970), within a few per cent for n ≥ 10.
func KS[F float](x []F, cdf func(float64) float64) float64 {
	sorted := slices.Clone(x)
	slices.Sort(sorted)
	n := float64(len(x))
	var d float64
	for i, v := range sorted {
		f := cdf(float64(v))
		d = max(d, f-float64(i)/n, float64(i+1)/n-f)
	}
	// P(D ≥ d) = 2·Σ_k (−1)^(k−1)·exp(−2k²y²),  y = d·(√n + 0.12 + 0.11/√n)
	y := d * (math.Sqrt(n) + 0.12 + 0.11/math.Sqrt(n))
	if y < 0.2 {
		return 1 // 1 − P is below 1e-12
	}
	var p float64
	for k, sign := 1.0, 1.0; k <= 100; k, sign = k+1, -sign {
		p += 2 * sign * math.Exp(-2*k*k*y*y)
	}
	return min(1, max(0, p))
}

// NormalCDF is P(Z ≤ z), accurate in both tails.
func NormalCDF(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }

type float interface{ ~float32 | ~float64 }

// twoSidedChi is twice the smaller tail of χ² with df degrees of freedom.
func twoSidedChi(x, df float64) float64 {
	return min(1, 2*min(mathext.GammaIncReg(df/2, x/2), mathext.GammaIncRegComp(df/2, x/2)))
}
