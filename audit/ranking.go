package audit

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/gonum/mathext"

	"hush/internal/check"
)

// Ranking is scores against membership, sorted once; the statistics are its methods. It sees only order and ties, so
// no strictly increasing map of the scores changes anything but the thresholds.
type Ranking struct {
	n1, n0 int
	ties   []tie // by descending score
}

// tie is all units of one score: a members, b non-members.
type tie struct {
	score float64
	a, b  int
}

// Interval is a confidence interval at Level.
type Interval struct{ Low, High, Level float64 }

// Covers reports Low ≤ x ≤ High.
func (i Interval) Covers(x float64) bool { return i.Low <= x && x <= i.High }

// Rank sorts n scores against membership. Errors (*check.Argument): lengths differ, a NaN score, fewer than 2 members
// or 2 non-members. ±Inf is a score like any other.
func Rank(score []float64, member []bool) (*Ranking, error) {
	if len(score) != len(member) {
		return nil, check.Fail("audit", "number of scores", len(score), "must be that of the units, "+strconv.Itoa(len(member)))
	}
	if err := checkSides(member); err != nil {
		return nil, err
	}
	at := make([]int, len(score))
	for i, s := range score {
		if math.IsNaN(s) {
			return nil, check.Fail("audit", "score", s, "must be a number (position "+strconv.Itoa(i)+")")
		}
		at[i] = i
	}
	slices.SortFunc(at, func(i, j int) int { return cmp.Compare(score[j], score[i]) })
	r := &Ranking{}
	r.n1, r.n0 = sides(member)
	for _, i := range at {
		if k := len(r.ties); k == 0 || r.ties[k-1].score != score[i] {
			r.ties = append(r.ties, tie{score: score[i]})
		}
		t := &r.ties[len(r.ties)-1]
		if member[i] {
			t.a++
		} else {
			t.b++
		}
	}
	return r, nil
}

// Members returns n1.
func (r *Ranking) Members() int { return r.n1 }

// Nonmembers returns n0.
func (r *Ranking) Nonmembers() int { return r.n0 }

// AUC returns P[member scores above non-member] + ½·P[tie] over all n1·n0 pairs.
func (r *Ranking) AUC() float64 {
	auc, _ := r.deLong()
	return auc
}

// deLong returns the AUC and the variance of DeLong, DeLong & Clarke-Pearson (1988):
//
//	V10(x) = (#{y < x} + ½#{y = x}) / n0   per member x,   V01(y) = (#{x > y} + ½#{x = y}) / n1   per non-member y
//	A = mean V10 = mean V01,   Var A = Σ(V10 − A)²/(n1(n1−1)) + Σ(V01 − A)²/(n0(n0−1))
func (r *Ranking) deLong() (auc, variance float64) {
	n1, n0 := float64(r.n1), float64(r.n0)
	below, above := n0, 0.0
	for _, t := range r.ties {
		below -= float64(t.b)
		auc += float64(t.a) * (below + float64(t.b)/2)
	}
	auc /= n1 * n0
	var s10, s01 float64
	below = n0
	for _, t := range r.ties {
		a, b := float64(t.a), float64(t.b)
		below -= b
		d10, d01 := (below+b/2)/n0-auc, (above+a/2)/n1-auc
		s10, s01 = s10+a*d10*d10, s01+b*d01*d01
		above += a
	}
	return auc, s10/(n1*(n1-1)) + s01/(n0*(n0-1))
}

// AUCInterval returns the DeLong interval on the logit scale, logit A ± z·s/(A(1−A)), which stays in (0, 1) and
// covers better than A ± z·s when A is near its ends (Qin & Hotilovac 2008). Where DeLong's variance is 0 it would
// claim certainty, so:
//
//   - A = 1 or 0: min(n1, n0) disjoint pairs are independent trials that all came out one way; Clopper–Pearson on them.
//   - else (all scores tied): the variance that A has under no association and no ties, (n1+n0+1)/(12·n1·n0).
func (r *Ranking) AUCInterval(level float64) (Interval, error) {
	if err := check.Open("audit", "confidence level", level); err != nil {
		return Interval{}, err
	}
	auc, variance := r.deLong()
	pairs := min(r.n1, r.n0)
	switch {
	case auc == 1:
		return ClopperPearson(pairs, pairs, level)
	case auc == 0:
		return ClopperPearson(0, pairs, level)
	case variance == 0:
		variance = float64(r.n1+r.n0+1) / (12 * float64(r.n1) * float64(r.n0))
	}
	z := mathext.NormalQuantile((1 + level) / 2)
	center := math.Log(auc / (1 - auc))
	half := z * math.Sqrt(variance) / (auc * (1 - auc))
	return Interval{logistic(center - half), logistic(center + half), level}, nil
}

// PValue returns the two-sided p-value of "no association" (Mann–Whitney, normal approximation with tie and
// continuity correction; good from about 8 units a side):
//
//	z = (|U − n1n0/2| − ½)/s,   s² = n1n0/12·((n+1) − Σ(t³−t)/(n(n−1)))
func (r *Ranking) PValue() float64 {
	n1, n0 := float64(r.n1), float64(r.n0)
	n, ties := n1+n0, 0.0
	for _, g := range r.ties {
		t := float64(g.a + g.b)
		ties += t*t*t - t
	}
	s := math.Sqrt(n1 * n0 / 12 * (n + 1 - ties/(n*(n-1))))
	if s == 0 {
		return 1
	}
	z := (math.Abs(r.AUC()-.5)*n1*n0 - .5) / s
	return math.Min(1, math.Erfc(z/math.Sqrt2))
}

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
