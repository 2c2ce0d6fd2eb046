package audit

// scored is one attack with its scores on the pool.
type scored struct {
	attack Attack
	score  []float64
}

// evidence is what the one-run bound made of every (score, guessing rule) that was tried.
type evidence struct {
	Tests        int     // tried, those of earlier audits of this run included
	EpsilonLower float64 // holds at the confidence asked for, all tests together
	Largest      float64 // EpsilonLower had every guess been right
	PValue       float64 // of the claim, times Tests; 1 if the claim is not private
	Score, Rule  string  // that gave EpsilonLower, or the smallest p-value where no test gives a bound
}

// bound runs the one-run audit for every score that feeds a bound and every guessing rule, at level
// 1 − (1−confidence)/tests each (Bonferroni): ε_lower is their maximum, p their minimum times the tests.
func bound(pool []scored, s *Signals, claim Claim, confidence float64, before int, seed uint64) (evidence, error) {
	rules := Guessings()
	e := evidence{Tests: before, PValue: 1}
	for _, c := range pool {
		if c.attack.Bound && !c.attack.Fitted() {
			e.Tests += len(rules)
		}
	}
	level, smallest := SimultaneousLevel(confidence, e.Tests), 2.0
	for _, c := range pool {
		if !c.attack.Bound || c.attack.Fitted() {
			continue
		}
		for _, rule := range rules {
			in, out := rule.Guess(c.score, s.Index, seed)
			t, err := one(judge(in, out, s.Member), claim, level)
			if err != nil {
				return e, err
			}
			e.Largest = max(e.Largest, t.Largest)
			if t.EpsilonLower > e.EpsilonLower || e.EpsilonLower == 0 && t.PValue < smallest {
				e.Score, e.Rule = c.attack.Name, rule.Name
			}
			e.EpsilonLower, smallest = max(e.EpsilonLower, t.EpsilonLower), min(smallest, t.PValue)
		}
	}
	if claim.Private {
		e.PValue = Bonferroni(min(1, smallest), e.Tests)
	}
	return e, nil
}

// one evaluates a single test. Without a claim its p-value is that of ε = 0: it only ranks the tests.
func one(a OneRun, claim Claim, level float64) (t evidence, err error) {
	if t.EpsilonLower, err = a.EpsilonLower(claim.Delta, level); err != nil {
		return t, err
	}
	perfect := OneRun{Pool: a.Pool, Guesses: a.Guesses, Right: a.Guesses}
	if t.Largest, err = perfect.EpsilonLower(claim.Delta, level); err != nil {
		return t, err
	}
	epsilon := 0.0
	if claim.Private {
		epsilon = claim.Epsilon
	}
	t.PValue, err = a.PValue(epsilon, claim.Delta)
	return t, err
}
