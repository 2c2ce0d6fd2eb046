package audit

import (
	"math"

	"hush/internal/check"
)

// Point is one operating point: everyone with score ≥ Threshold is called a member.
type Point struct{ Threshold, FPR, TPR float64 }

// ROC returns the operating points from (0, 0) at threshold +Inf to (1, 1), one for each distinct score.
func (r *Ranking) ROC() []Point {
	points := make([]Point, 1, len(r.ties)+1)
	points[0] = Point{Threshold: math.Inf(1)}
	tp, fp := 0, 0
	for _, t := range r.ties {
		tp, fp = tp+t.a, fp+t.b
		points = append(points, Point{t.score, float64(fp) / float64(r.n0), float64(tp) / float64(r.n1)})
	}
	return points
}

// Advantage returns max TPR − FPR over all thresholds, in [0, 1] (Yeom et al., arXiv 1709.01604). The maximum is taken
// on the data that it is measured on: under no association its mean is about .63·√(1/n1 + 1/n0), not 0 (√(2π)/4, the
// mean supremum of a Brownian bridge).
func (r *Ranking) Advantage() float64 {
	tp, fp := r.mostAdvantage()
	return float64(tp)/float64(r.n1) - float64(fp)/float64(r.n0)
}

// mostAdvantage returns the counts at the threshold of greatest advantage.
func (r *Ranking) mostAdvantage() (tp, fp int) {
	best, t, f := 0.0, 0, 0
	for _, g := range r.ties {
		t, f = t+g.a, f+g.b
		if a := float64(t)/float64(r.n1) - float64(f)/float64(r.n0); a > best {
			best, tp, fp = a, t, f
		}
	}
	return tp, fp
}

// ResolvableFalsePositives is the least expected number of false positives, n0·FPR, at which a TPR at that FPR is
// called resolvable: the realized FPR then lies within about ±60 % of the wanted one (95 %).
const ResolvableFalsePositives = 10

// TPRAt returns the highest TPR whose empirical FPR is at most fpr, with its Clopper–Pearson interval given that
// threshold. Where ties leave no such threshold nobody is accused and TPR is 0.
func (r *Ranking) TPRAt(fpr, level float64) (TPR, error) {
	tp, err := r.truePositives(fpr)
	if err != nil {
		return TPR{}, err
	}
	i, err := ClopperPearson(tp, r.n1, level)
	if err != nil {
		return TPR{}, err
	}
	return TPR{
		TPR: float64(tp) / float64(r.n1), Low: i.Low, High: i.High,
		Resolvable: float64(r.n0)*fpr >= ResolvableFalsePositives-rounding,
	}, nil
}

// rounding absorbs that n0·FPR is not exact in binary: 10000·.001 must count as 10.
const rounding = 1e-9

// truePositives counts members above the lowest threshold with at most n0·fpr non-members above it.
func (r *Ranking) truePositives(fpr float64) (int, error) {
	if err := check.Open("audit", "false-positive rate", fpr); err != nil {
		return 0, err
	}
	allowed, tp, fp := int(float64(r.n0)*fpr+rounding), 0, 0
	for _, t := range r.ties {
		if fp += t.b; fp > allowed {
			break
		}
		tp += t.a
	}
	return tp, nil
}

// PPV returns P[member | accused] for an attacker with the given prior who accuses at the threshold of TPRAt(fpr). The
// false-positive rate counts in full, not as the smaller one that happened, so PPV is never 1 by luck:
//
//	PPV = π·TPR / (π·TPR + (1−π)·fpr)
//
// An attack that accuses nobody gives the prior: accusing at random does as well.
func (r *Ranking) PPV(prior, fpr float64) (float64, error) {
	if err := check.Open("audit", "prior", prior); err != nil {
		return 0, err
	}
	tp, err := r.truePositives(fpr)
	if err != nil || tp == 0 {
		return prior, err
	}
	hit := prior * float64(tp) / float64(r.n1)
	return hit / (hit + (1-prior)*fpr), nil
}
