package audit

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

func TestOneRunProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.IntRange(1, 2000).Draw(t, "m")
		r := rapid.IntRange(1, m).Draw(t, "r")
		v := rapid.IntRange(0, r).Draw(t, "v")
		delta := rapid.SampledFrom([]float64{0, 1e-6, 1e-5, 1e-3, .05}).Draw(t, "delta")
		a := OneRun{m, r, v}
		e := rapid.Float64Range(0, 6).Draw(t, "epsilon")
		p, err := a.PValue(e, delta)
		if err != nil || !(p >= 0 && p <= 1) {
			t.Fatalf("p is %v, %v", p, err)
		}
		if more, _ := a.PValue(e+.1, delta); more < p-1e-12 && p < .5 {
			t.Fatalf("p falls from %v to %v as ε grows", p, more)
		}
		if v < r {
			if better, _ := (OneRun{m, r, v + 1}).PValue(e, delta); better > p*(1+1e-9)+1e-15 && p < .5 {
				t.Fatalf("p rises from %v to %v with one more right guess", p, better)
			}
		}
		low, err := a.EpsilonLower(delta, .95)
		if err != nil {
			t.Fatal(err)
		}
		if low > 0 {
			at, _ := a.PValue(low, delta)
			above, _ := a.PValue(low+1e-6, delta)
			if at > .05 || above <= .05 {
				t.Fatalf("p is %v at ε_lower = %v and %v just above", at, low, above)
			}
		}
	})
}

// TestTailBelowUnderflow: with v far above the mean P[B = v−1] underflows, while the δ term is decided further down.
func TestTailBelowUnderflow(t *testing.T) {
	p, err := OneRun{20000, 20000, 20000}.PValue(0, 1e-5)
	if err != nil {
		t.Fatal(err)
	}
	// P[B ≥ v−i]/i is largest a little past the mean of B, 10000, at i about 10000: 2·20000·1e-5/10000 = 4e-5 at most
	if !(p > 3.8e-5 && p < 4e-5) {
		t.Errorf("p is %v", p)
	}
}

// TestBoundIsValidOnRandomizedResponse: scores that are the coin with probability e^ε/(1+e^ε), else its opposite, are
// exactly ε-DP and as telling as ε allows; every attack of the catalog is given that same score. 400 audits with all
// scores and rules: the share of ε_lower > ε is at most 5 %; 42 or more of 400 at 5 % has probability 1e-5.
func TestBoundIsValidOnRandomizedResponse(t *testing.T) {
	const audits, most = 400, 41
	for _, epsilon := range []float64{.2, 1} {
		rng := rand.New(rand.NewPCG(11, math.Float64bits(epsilon)))
		over, violations := 0, 0
		for range audits {
			s := &Signals{Classes: 2}
			var pool []scored
			for i := range 200 {
				s.Index, s.Member, s.Labels = append(s.Index, i), append(s.Member, rng.IntN(2) == 1), append(s.Labels, 0)
			}
			score := make([]float64, 200)
			for i, in := range s.Member {
				if in == (rng.Float64() < logistic(epsilon)) {
					score[i] = 1
				}
			}
			for _, a := range Catalog() {
				pool = append(pool, scored{a, score})
			}
			e, err := bound(pool, s, Claim{Epsilon: epsilon, Private: true}, .95, 0, 3)
			if err != nil {
				t.Fatal(err)
			}
			if e.EpsilonLower > epsilon {
				over++
			}
			if e.PValue < ViolationLevel {
				violations++
			}
		}
		if over > most || violations > 15 { // 16 or more of 400 at 1 %: 2e-5
			t.Errorf("ε = %v: %d of %d bounds above it, %d violations", epsilon, over, audits, violations)
		}
	}
}

// TestOneTestIsValidAndTight: the same mechanism, one score and one rule fixed beforehand. The right guesses are
// Bin(r, q) exactly, so ε_lower > ε happens in nearly 5 % of audits; 20,000 draws put the share above .0577 or below
// .03 with probability under 1e-6 (r = 500: the steps of the binomial cost at most .013).
func TestOneTestIsValidAndTight(t *testing.T) {
	const audits, r = 20000, 500
	for _, epsilon := range []float64{.1, 1, 3} {
		rng, over, rejects := rand.New(rand.NewPCG(12, math.Float64bits(epsilon))), 0, map[int]bool{}
		for range audits {
			v := 0
			for range r {
				if rng.Float64() < logistic(epsilon) {
					v++
				}
			}
			if _, known := rejects[v]; !known {
				low, err := OneRun{1000, r, v}.EpsilonLower(0, .95)
				if err != nil {
					t.Fatal(err)
				}
				rejects[v] = low > epsilon
			}
			if rejects[v] {
				over++
			}
		}
		if share := float64(over) / audits; share > .0577 || share < .03 {
			t.Errorf("ε = %v: ε_lower above it in a share of %.4f", epsilon, share)
		}
	}
}

// trap T40: thresholds and scores picked on the data they are tested on.
//
// Coins independent of the scores, ε = 0 claimed: the corrected p-value must be super-uniform. 400 audits; at each
// level the count has binomial probability under 1e-5 of exceeding its limit. Without the Bonferroni factor the
// smallest of 15 p-values is under .05 in about a quarter of them: the negative control below.
func TestNullIsSuperUniform(t *testing.T) {
	const audits = 400
	corrected, naive := make([]float64, audits), make([]float64, audits)
	for i := range corrected {
		s := synthetic(200, 4, 0, 5000+uint64(i))
		pool, err := scoreAll(t.Context(), Catalog(), s, 1)
		if err != nil {
			t.Fatal(err)
		}
		e, err := bound(pool, s, Claim{Private: true}, .95, 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		if corrected[i], naive[i] = e.PValue, e.PValue/float64(e.Tests); e.Tests != 15 {
			t.Fatalf("%d tests", e.Tests)
		}
		if (e.EpsilonLower > 0) != (e.PValue <= .05) && math.Abs(e.PValue-.05) > 1e-9 {
			t.Errorf("ε_lower is %v with p = %v at ε = 0", e.EpsilonLower, e.PValue)
		}
	}
	count := func(p []float64, level float64) (n int) {
		for _, v := range p {
			if v <= level {
				n++
			}
		}
		return n
	}
	for level, most := range map[float64]int{.01: 15, .05: 41, .2: 115} {
		if n := count(corrected, level); n > most {
			t.Errorf("p ≤ %v in %d of %d audits of nothing, at most %d", level, n, audits, most)
		}
	}
	if n := count(naive, .05); n <= 41 {
		t.Errorf("negative control: uncorrected, p ≤ .05 in %d of %d audits only; the test could not see the trap", n, audits)
	}
}

// TestListingMembersFirstTellsNothing: constant scores, members listed first. Ties broken by position would make every
// guess right.
func TestListingMembersFirstTellsNothing(t *testing.T) {
	index, member := indices(1000), make([]bool, 1000)
	for i := range 500 {
		member[i] = true
	}
	for _, rule := range Guessings() {
		in, out := rule.Guess(make([]float64, 1000), index, 5)
		a := judge(in, out, member)
		if p, _ := a.PValue(0, 0); p < 1e-4 {
			t.Errorf("%s: %d of %d right on constant scores, p = %.2g", rule.Name, a.Right, a.Guesses, p)
		}
	}
}

func TestGuessings(t *testing.T) {
	score := []float64{0, 9, 8, 7, 6, 5, 4, 3, 2, 1}
	for _, rule := range Guessings() {
		for _, m := range []int{4, 5, 10, 19, 20, 101, 10000} {
			if p, q := rule.Plus(m), rule.Minus(m); p < 0 || q < 1 || p+q > m {
				t.Errorf("%s: %d and %d of %d", rule.Name, p, q, m)
			}
		}
		in, out := rule.Guess(score, indices(10), 1)
		for _, i := range in {
			for _, j := range out {
				if score[i] <= score[j] {
					t.Errorf("%s: guesses %v in and %v out", rule.Name, score[i], score[j])
				}
			}
		}
		if len(in) > 0 && in[0] != 1 || out[len(out)-1] != 0 {
			t.Errorf("%s: in %v, out %v", rule.Name, in, out)
		}
	}
}

// TestFittedScoreNeverFeedsABound: an attack that reads the coins and claims a bound all the same gets none.
func TestFittedScoreNeverFeedsABound(t *testing.T) {
	cheat := Attack{Name: "cheat", Bound: true, Fit: leak}
	r, err := evaluate(t.Context(), Input{Signals: synthetic(400, 3, 0, 6), Claim: &Claim{Epsilon: 1, Delta: 1e-5, Private: true}, Seed: 2},
		append(Catalog(), cheat))
	if err != nil {
		t.Fatal(err)
	}
	if r.BestAttack.Name != "cheat" || r.Verdict == Violation || *r.Bounds.EpsilonLower > 0 || r.Bounds.Tests != 15 {
		t.Errorf("best %s, verdict %s, ε ≥ %v in %d tests", r.BestAttack.Name, r.Verdict, *r.Bounds.EpsilonLower, r.Bounds.Tests)
	}
}

// leak is the fit of an attacker that looks up the answer.
func leak(_ *Observed, member []bool, _ uint64) []float64 {
	score := make([]float64, len(member))
	for i, m := range member {
		if m {
			score[i] = 1
		}
	}
	return score
}
