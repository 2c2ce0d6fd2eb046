package audit

import (
	"math"

	"gonum.org/v1/gonum/mathext"

	"hush/internal/check"
)

// Counts is what one fixed threshold did: TP of N1 members and FP of N0 non-members lie above it.
type Counts struct{ TP, N1, FP, N0 int }

// rates returns TPR ≥ tpr and FPR ≤ fpr, both holding together at the given confidence: each errs with (1−confidence)/2.
func (c Counts) rates(confidence float64) (tpr, fpr float64, err error) {
	t, err := ClopperPearson(c.TP, c.N1, confidence)
	if err != nil {
		return 0, 0, err
	}
	f, err := ClopperPearson(c.FP, c.N0, confidence)
	return t.Low, f.High, err
}

// EpsilonLower returns a lower bound on ε at delta in [0, 1), from Clopper–Pearson limits (Jagielski, Ullman & Oprea
// 2020; Nasr et al., arXiv 2101.04535):
//
//	ε ≥ max(0, log((TPR−δ)/FPR), log((TNR−δ)/FNR))
//
// Both terms use the same two limits, so both hold at once. It is a bound if the N1 + N0 trials are independent runs
// and the threshold was fixed beforehand; pooled over the records of one run it is indicative.
func (c Counts) EpsilonLower(delta, confidence float64) (float64, error) {
	if err := (Claim{Delta: delta}).Check(); err != nil {
		return 0, err
	}
	tpr, fpr, err := c.rates(confidence)
	if err != nil {
		return 0, err
	}
	return math.Max(logRatio(tpr-delta, fpr), math.Max(0, logRatio(1-fpr-delta, 1-tpr))), nil
}

// logRatio is log(a/b), −Inf for a ≤ 0. b is an upper limit of a rate and positive.
func logRatio(a, b float64) float64 {
	if a <= 0 {
		return math.Inf(-1)
	}
	return math.Log(a / b)
}

// MuLower returns a lower bound on the μ of a Gaussian trade-off, μ ≥ max(0, Φ⁻¹(1−FPR) − Φ⁻¹(FNR)), from the same
// limits. Indicative: it assumes that the trade-off is Gaussian, and it may claim far more than EpsilonLower does.
func (c Counts) MuLower(confidence float64) (GDP, error) {
	tpr, fpr, err := c.rates(confidence)
	if err != nil {
		return GDP{}, err
	}
	if tpr <= 0 || fpr >= 1 {
		return GDP{}, nil
	}
	return GDP{math.Max(0, mathext.NormalQuantile(tpr)-mathext.NormalQuantile(fpr))}, nil
}

// LargestEpsilon returns the largest ε that n trials a side could show at that confidence, all of them right: what the
// audit cannot contradict is printed beside what it found.
func (c Counts) LargestEpsilon(delta, confidence float64) (float64, error) {
	if err := check.AtLeast("audit", "number of trials", int64(min(c.N1, c.N0)), 1); err != nil {
		return 0, err
	}
	return Counts{TP: c.N1, N1: c.N1, FP: 0, N0: c.N0}.EpsilonLower(delta, confidence)
}
