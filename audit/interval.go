package audit

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/gonum/mathext"

	"hush/internal/check"
)

// ClopperPearson returns the exact two-sided interval for a probability from k successes in n independent trials;
// each side errs with probability at most (1−level)/2. Clopper & Pearson 1934:
//
//	low = B⁻¹(α/2; k, n−k+1),   high = B⁻¹(1−α/2; k+1, n−k)
//
// Errors: n < 1, k outside [0, n], level outside (0, 1).
func ClopperPearson(k, n int, level float64) (Interval, error) {
	if err := check.AtLeast("audit", "number of trials", int64(n), 1); err != nil {
		return Interval{}, err
	}
	if k < 0 || k > n {
		return Interval{}, check.Fail("audit", "number of successes", k, "must be at least 0 and at most the trials, "+strconv.Itoa(n))
	}
	if err := check.Open("audit", "confidence level", level); err != nil {
		return Interval{}, err
	}
	half := (1 - level) / 2
	i := Interval{0, 1, level}
	if k > 0 {
		i.Low = betaQuantile(half, float64(k), float64(n-k+1))
	}
	if k < n {
		i.High = 1 - betaQuantile(half, float64(n-k), float64(k+1))
	}
	return i, nil
}

// betaQuantile returns x with I_x(a, b) = p. gonum's inverse is the start; bisection on gonum's I_x takes over where
// that start does not invert to 1e-10 relative.
func betaQuantile(p, a, b float64) float64 {
	x := mathext.InvRegIncBeta(a, b, p)
	if x > 0 && x < 1 && math.Abs(mathext.RegIncBeta(a, b, x)-p) <= 1e-10*p {
		return x
	}
	low, high := 0.0, 1.0
	for range 200 {
		mid := low/2 + high/2
		if mid == low || mid == high {
			break
		}
		if mathext.RegIncBeta(a, b, mid) < p {
			low = mid
		} else {
			high = mid
		}
	}
	return low/2 + high/2
}

// SimultaneousLevel returns 1 − (1−level)/k, the level at which each of k intervals must be made so that all of them
// hold together at level (Bonferroni). It pays for having picked one of the k on the same data.
func SimultaneousLevel(level float64, k int) float64 { return 1 - (1-level)/float64(max(1, k)) }

// Bonferroni returns min(1, k·p): the p-value of the smallest of k.
func Bonferroni(p float64, k int) float64 { return math.Min(1, p*float64(max(1, k))) }

// Holm returns the p-values adjusted by Holm's step-down rule (1979), in the order given: reject all that are at most
// α, and the probability of any false rejection is at most α, whatever the dependence.
func Holm(p []float64) []float64 {
	at := make([]int, len(p))
	for i := range at {
		at[i] = i
	}
	slices.SortFunc(at, func(i, j int) int { return cmp.Compare(p[i], p[j]) })
	out, largest := make([]float64, len(p)), 0.0
	for rank, i := range at {
		largest = math.Max(largest, Bonferroni(p[i], len(p)-rank))
		out[i] = largest
	}
	return out
}
