package audit

import (
	"errors"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hush/internal/check"
)

// drawRanking draws 2 to 20 scores a side, from a few values so that ties are common.
func drawRanking(t *rapid.T) (score []float64, member []bool) {
	n1, n0 := rapid.IntRange(2, 20).Draw(t, "members"), rapid.IntRange(2, 20).Draw(t, "non-members")
	for i := range n1 + n0 {
		score = append(score, float64(rapid.IntRange(-6, 6).Draw(t, "score")))
		member = append(member, i < n1)
	}
	return score, member
}

func rank(t interface{ Fatal(...any) }, score []float64, member []bool) *Ranking {
	r, err := Rank(score, member)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRankingProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		score, member := drawRanking(t)
		r := rank(t, score, member)

		pairs := 0.0 // AUC by its definition
		for i, x := range score {
			for j, y := range score {
				if member[i] && !member[j] {
					pairs += map[bool]float64{true: 1}[x > y] + map[bool]float64{true: .5}[x == y]
				}
			}
		}
		if want := pairs / float64(r.n1*r.n0); math.Abs(r.AUC()-want) > 1e-12 {
			t.Fatalf("AUC %v, by pairs %v", r.AUC(), want)
		}

		mapped, negated, swapped := make([]float64, len(score)), make([]float64, len(score)), make([]bool, len(score))
		for i, s := range score {
			mapped[i], negated[i], swapped[i] = math.Exp(s)-7, -s, !member[i]
		}
		m := rank(t, mapped, member)
		if m.AUC() != r.AUC() || m.Advantage() != r.Advantage() || m.PValue() != r.PValue() {
			t.Fatal("a strictly increasing map changed a statistic")
		}
		if s := rank(t, score, swapped).AUC(); math.Abs(s+r.AUC()-1) > 1e-12 {
			t.Fatalf("swapping the sides: %v and %v do not add up to 1", r.AUC(), s)
		}
		if s := rank(t, negated, member).AUC(); math.Abs(s+r.AUC()-1) > 1e-12 {
			t.Fatalf("negating the scores: %v and %v do not add up to 1", r.AUC(), s)
		}

		perm := rapid.Permutation(indices(len(score))).Draw(t, "order")
		ps, pm := make([]float64, len(score)), make([]bool, len(score))
		for i, j := range perm {
			ps[i], pm[i] = score[j], member[j]
		}
		if p := rank(t, ps, pm); p.AUC() != r.AUC() || p.PValue() != r.PValue() {
			t.Fatal("the order of listing changed a statistic")
		}

		area, last := 0.0, Point{} // AUC is the area under the ROC by trapezoids
		for _, p := range r.ROC()[1:] {
			if p.FPR < last.FPR || p.TPR < last.TPR {
				t.Fatal("the ROC goes back")
			}
			area += (p.FPR - last.FPR) * (p.TPR + last.TPR) / 2
			last = p
		}
		if math.Abs(area-r.AUC()) > 1e-12 || last.FPR != 1 || last.TPR != 1 {
			t.Fatalf("area under the ROC is %v, AUC %v, last point %v", area, r.AUC(), last)
		}

		narrow, wide := interval(t, r, .9), interval(t, r, .999)
		if !(0 <= wide.Low && wide.Low <= narrow.Low && narrow.Low <= narrow.High && narrow.High <= wide.High && wide.High <= 1) {
			t.Fatalf("intervals are not nested in [0, 1]: %v %v", narrow, wide)
		}
		if narrow.Low == narrow.High || !narrow.Covers(r.AUC()) {
			t.Fatalf("interval %v claims certainty or misses its AUC %v", narrow, r.AUC())
		}
	})
}

func interval(t interface{ Fatal(...any) }, r *Ranking, level float64) Interval {
	i, err := r.AUCInterval(level)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func indices(n int) []int {
	at := make([]int, n)
	for i := range at {
		at[i] = i
	}
	return at
}

func TestAUCAtItsEnds(t *testing.T) {
	member := []bool{true, true, true, true, false, false, false, false, false}
	apart := rank(t, []float64{9, 8, 7, 6, 5, 4, 3, 2, math.Inf(-1)}, member)
	// Clopper–Pearson on 4 of 4 pairs: .025^(1/4)
	near(t, "AUC 1, low", interval(t, apart, .95).Low, math.Pow(.025, .25), 1e-12)
	near(t, "AUC 1, high", interval(t, apart, .95).High, 1, 0)
	reversed := rank(t, []float64{1, 2, 3, 4, 5, 6, 7, 8, math.Inf(1)}, member)
	near(t, "AUC 0, low", interval(t, reversed, .95).Low, 0, 0)
	near(t, "AUC 0, high", interval(t, reversed, .95).High, 1-math.Pow(.025, .25), 1e-12)
	flat := rank(t, make([]float64, 9), member)
	if i := interval(t, flat, .95); flat.AUC() != .5 || !(i.Low < .2 && i.High > .8) || flat.PValue() != 1 || flat.Advantage() != 0 {
		t.Errorf("constant scores: AUC %v in %v, p %v", flat.AUC(), i, flat.PValue())
	}
}

func TestTPRMarksWhatCannotBeResolved(t *testing.T) {
	score, member := make([]float64, 20000), make([]bool, 20000)
	for i := range score {
		score[i], member[i] = float64(i), i%2 == 0
	}
	for _, c := range []struct {
		what string
		n    int
		fpr  float64
		want bool
	}{{"10000 at .001", 20000, .001, true}, {"9999 at .001", 19998, .001, false}, {"1000 at .01", 2000, .01, true}, {"500 at .01", 1000, .01, false}} {
		got, err := rank(t, score[:c.n], member[:c.n]).TPRAt(c.fpr, .95)
		if err != nil {
			t.Fatal(err)
		}
		if got.Resolvable != c.want {
			t.Errorf("%s: resolvable is %v", c.what, got.Resolvable)
		}
	}
	// Three non-members of four tie with every member on top: no threshold has FPR ≤ .01.
	tied := rank(t, []float64{1, 1, 1, 1, 1, 0}, []bool{true, true, false, false, false, false})
	if got, _ := tied.TPRAt(.01, .95); got.TPR != 0 {
		t.Errorf("TPR %v through a tie", got.TPR)
	}
	if ppv, _ := tied.PPV(.1, .01); ppv != .1 {
		t.Errorf("PPV %v of an attack that accuses nobody, want the prior", ppv)
	}
	// All four members above all non-members: .01·1/(.01·1 + .99·.01) = 1/1.99
	apart := rank(t, []float64{5, 4, 1, 0}, []bool{true, true, false, false})
	ppv, _ := apart.PPV(.01, .01)
	near(t, "PPV", ppv, 1/1.99, 1e-12)
}

func TestHolm(t *testing.T) {
	// By hand, from Holm (1979): 3·.01, 2·.02, then max(.04, 1·.03)
	got := Holm([]float64{.03, .01, .02})
	for i, want := range []float64{.04, .03, .04} {
		near(t, "Holm", got[i], want, 1e-15)
	}
	if got := Holm([]float64{.6, .7}); got[0] != 1 || got[1] != 1 {
		t.Errorf("above 1: %v", got)
	}
	near(t, "simultaneous level", SimultaneousLevel(.95, 10), .995, 1e-15)
}

func TestBadInput(t *testing.T) {
	good := func() *Signals { return synthetic(8, 3, 1, 8) }
	for _, c := range []struct {
		what, want string
		break_     func(s *Signals)
	}{
		{"three records", "number of units is 3, must be at least 4", func(s *Signals) { s.Labels = s.Labels[:3] }},
		{"members only", "number of non-members is 0, must be at least 2", func(s *Signals) {
			for i := range s.Member {
				s.Member[i] = true
			}
		}},
		{"non-members only", "number of members is 0, must be at least 2", func(s *Signals) { clear(s.Member) }},
		{"NaN", "logit is NaN, must be a number, ±Inf included (unit 1003)", func(s *Signals) { s.Logits[5] = float32(math.NaN()) }},
		{"one class", "number of classes is 1, must be at least 2", func(s *Signals) { s.Classes = 1 }},
		{"label", "label is 3, must be at least 0 and below the number of classes", func(s *Signals) { s.Labels[2] = 3 }},
		{"overlap", "unit is 1000, must appear once", func(s *Signals) { s.Index[7] = s.Index[0] }},
		{"short logits", "length of logits is 23, must be 24 (8 units, 3 classes)", func(s *Signals) { s.Logits = s.Logits[1:] }},
		{"short coins", "length of member is 7, must be 8", func(s *Signals) { s.Member = s.Member[1:] }},
		{"short ids", "length of index is 9, must be 8", func(s *Signals) { s.Index = append(s.Index, 1) }},
	} {
		t.Run(c.what, func(t *testing.T) {
			s := good()
			c.break_(s)
			_, err := NewSignals(*s)
			refused(t, err, c.want)
		})
	}
	_, err := Rank([]float64{1, 2, 3, math.NaN()}, []bool{true, false, true, false})
	refused(t, err, "score is NaN, must be a number (position 3)")
	_, err = Rank([]float64{1, 2, 3}, []bool{true, false, true, false})
	refused(t, err, "number of scores is 3, must be that of the units, 4")
	r := rank(t, []float64{1, 2, 3, 4}, []bool{true, false, true, false})
	_, err = r.AUCInterval(1)
	refused(t, err, "confidence level is 1, must be above 0 and below 1")
	_, err = r.TPRAt(0, .95)
	refused(t, err, "false-positive rate is 0, must be above 0 and below 1")
	_, err = r.PPV(1, .01)
	refused(t, err, "prior is 1, must be above 0 and below 1")
	_, err = ClopperPearson(3, 2, .95)
	refused(t, err, "number of successes is 3, must be at least 0 and at most the trials, 2")
	_, err = OneRun{10, 11, 5}.PValue(1, 0)
	refused(t, err, "number of guesses is 11, must be at most the pool, 10")
	_, err = OneRun{10, 5, 6}.EpsilonLower(0, .95)
	refused(t, err, "number of right guesses is 6, must be at least 0 and at most the guesses, 5")
	_, err = OneRun{10, 5, 5}.PValue(math.Inf(1), 0)
	refused(t, err, "claimed epsilon is +Inf, must be zero or positive, and finite")
	_, err = OneRun{10, 5, 5}.PValue(1, 1)
	refused(t, err, "claimed delta is 1, must be at least 0 and below 1")
	_, err = GDP{1}.Epsilon(0)
	refused(t, err, "delta is 0, must be above 0 and below 1")
}

func refused(t *testing.T, err error, want string) {
	t.Helper()
	if a := (*check.Argument)(nil); !errors.As(err, &a) || a.Room != "audit" || !strings.Contains(err.Error(), want) {
		t.Errorf("error is %v, want a *check.Argument with %q", err, want)
	}
}
