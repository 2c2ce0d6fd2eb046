package audit

import (
	"context"
	"fmt"
	"slices"

	"hush/internal/check"
)

// Input is one audit. Signals is required; what else is missing makes the statement that needs it "not evaluable".
type Input struct {
	Signals    *Signals // of the model under audit, on the audit pool (or, Indicative, on members and others)
	Initial    *Signals // same units and coins, outputs of the initial weights; nil: no same-law control
	Control    *Signals // same units and coins, the run that differs in σ = 0 alone; nil: no detectable ε
	Claim      *Claim   // nil: nobody claims an ε
	Indicative bool     // membership was not drawn by fair coins: no bound, every figure labeled
	ClassNames []string // K, or nil: classes go by number
	Seed       uint64   // folds, ties, control split; public, and unrelated to the coins
	Level      float64  // of intervals and ε_lower, in (0, 1); 0 means .95

	// Tests and attacks of earlier audits of the same run: they count in the corrections.
	TestsBefore, AttacksBefore int
}

// Evaluate attacks the pool with every attack of the catalog and says what follows. Errors: a *check.Argument for an
// input that breaks a rule, ctx's error when it ends. The report is a function of the input alone, and does not depend
// on the order in which the units are listed.
func Evaluate(ctx context.Context, in Input) (*Report, error) {
	return evaluate(ctx, in, Catalog())
}

func evaluate(ctx context.Context, in Input, attacks []Attack) (*Report, error) {
	if in.Level == 0 {
		in.Level = .95
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	r := &Report{Membership: Coins, Indicative: in.Indicative}
	if in.Indicative {
		r.Membership = Other
	}
	pool, err := scoreAll(ctx, attacks, in.Signals, in.Seed)
	if err != nil {
		return nil, err
	}
	best, err := r.attack(pool, in)
	if err != nil {
		return nil, err
	}
	facts, err := r.bounds(ctx, pool, attacks, in)
	if err != nil {
		return nil, err
	}
	r.Verdict, r.Reason = Decide(facts)
	if err := r.indicate(best, in); err != nil {
		return nil, err
	}
	if err := r.controls(ctx, attacks, in); err != nil {
		return nil, err
	}
	r.Groups, err = byClass(in.Signals, best.score, in.ClassNames, in.Level)
	return r, err
}

func (in Input) check() error {
	if in.Signals == nil {
		return check.Fail("audit", "signals", "nil", "must be given")
	}
	if err := check.Open("audit", "confidence level", in.Level); err != nil {
		return err
	}
	if in.Claim != nil {
		if err := in.Claim.Check(); err != nil {
			return err
		}
	}
	for _, n := range []int{in.TestsBefore, in.AttacksBefore} {
		if err := check.AtLeast("audit", "number of earlier tests", int64(n), 0); err != nil {
			return err
		}
	}
	all := []*Signals{in.Signals, in.Initial, in.Control}
	for i, s := range all {
		if s == nil {
			continue
		}
		if _, err := NewSignals(*s); err != nil {
			return err
		}
		if i > 0 && !(slices.Equal(s.Index, in.Signals.Index) && slices.Equal(s.Member, in.Signals.Member)) {
			return check.Fail("audit", "units and coins of "+[]string{"", "the initial model", "the control"}[i], "other",
				"must be those of the model under audit, in the same order")
		}
	}
	return nil
}

// scoreAll runs every attack on s.
func scoreAll(ctx context.Context, attacks []Attack, s *Signals, seed uint64) ([]scored, error) {
	pool := make([]scored, 0, len(attacks))
	for _, a := range attacks {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		score, err := a.run(s.Observe(), s.Member, seed)
		if err != nil {
			return nil, err
		}
		pool = append(pool, scored{a, score})
	}
	return pool, nil
}

// attack fills Attacks and BestAttack, and returns the scores of the best. The best is picked by AUC among k attacks
// on the same data, so its interval is one of k simultaneous ones.
func (r *Report) attack(pool []scored, in Input) (best scored, err error) {
	k := len(pool) + in.AttacksBefore
	top, under, wide := 0, -1, Interval{}
	for i, c := range pool {
		rank, err := Rank(c.score, in.Signals.Member)
		if err != nil {
			return best, err
		}
		a, err := summarize(c.attack, rank, in.Level)
		if err != nil {
			return best, err
		}
		r.Attacks = append(r.Attacks, a)
		w, err := rank.AUCInterval(SimultaneousLevel(in.Level, k))
		if err != nil {
			return best, err
		}
		if w.High < .5 && (under < 0 || a.AUC < r.Attacks[under].AUC) {
			under = i
		}
		if i == 0 || a.AUC > r.Attacks[top].AUC {
			top, wide = i, w
		}
	}
	if under >= 0 {
		r.Alarms = append(r.Alarms, belowHalf(r.Attacks[under], in.Indicative))
	}
	b := r.Attacks[top]
	b.AUCLow, b.AUCHigh, b.Level = wide.Low, wide.High, wide.Level
	b.Correction = fmt.Sprintf("Bonferroni: all %d attacks' intervals hold together at %g", k, in.Level)
	r.BestAttack = &b
	return pool[top], nil
}

// belowHalf is the alarm of an AUC whose interval lies under ½. With coins that is a mistake somewhere; without them the
// two sets may simply differ.
func belowHalf(a AttackResult, indicative bool) string {
	text := fmt.Sprintf("attack %s has AUC %.3f, clearly under ½: members look like non-members; is the sign of a score or of the membership wrong", a.Name, a.AUC)
	if indicative {
		return text + ", or are the non-members the easier records?"
	}
	return text + "?"
}

// keyed is a number and its JSON key.
type keyed struct {
	key   string
	value float64
}

// reportFPRs and reportPriors are the operating points and priors of the report.
func reportFPRs() []keyed   { return []keyed{{"0.001", .001}, {"0.01", .01}} }
func reportPriors() []keyed { return []keyed{{"0.01", .01}, {"0.1", .1}, {"0.5", .5}} }

// ppvFPR is the operating point of PPV.
const ppvFPR = .01

func summarize(a Attack, rank *Ranking, level float64) (AttackResult, error) {
	i, err := rank.AUCInterval(level)
	if err != nil {
		return AttackResult{}, err
	}
	s := AttackResult{
		Name: a.Name, Tier: a.Tier, Fitted: a.Fitted(), Members: rank.Members(), Nonmembers: rank.Nonmembers(),
		AUC: rank.AUC(), AUCLow: i.Low, AUCHigh: i.High, Level: level, Advantage: rank.Advantage(),
		TPRAtFPR: map[string]TPR{}, PPV: map[string]float64{},
	}
	for _, f := range reportFPRs() {
		if s.TPRAtFPR[f.key], err = rank.TPRAt(f.value, level); err != nil {
			return s, err
		}
	}
	for _, p := range reportPriors() {
		if s.PPV[p.key], err = rank.PPV(p.value, ppvFPR); err != nil {
			return s, err
		}
	}
	return s, nil
}

// bounds fills Bounds but for the indicative part, and returns what the verdict rests on.
func (r *Report) bounds(ctx context.Context, pool []scored, attacks []Attack, in Input) (Facts, error) {
	f := Facts{Coins: !in.Indicative, Claim: in.Claim}
	r.Bounds.Confidence = in.Level
	r.ceilings(in.Claim)
	if in.Indicative {
		return f, nil
	}
	claim := Claim{}
	if in.Claim != nil {
		claim = *in.Claim
	}
	e, err := bound(pool, in.Signals, claim, in.Level, in.TestsBefore, in.Seed)
	if err != nil {
		return f, err
	}
	r.Bounds.EpsilonLower, r.Bounds.LargestEpsilon, r.Bounds.Delta, r.Bounds.Tests = ref(e.EpsilonLower), ref(e.Largest), claim.Delta, e.Tests
	r.Bounds.Method = fmt.Sprintf("one-run (Steinke et al. 2023), score %s, guesses: %s", e.Score, e.Rule)
	f.PValue, f.Tests = e.PValue, e.Tests
	if claim.Private {
		r.Bounds.PValue = ref(e.PValue)
	}
	if in.Control == nil {
		return f, nil
	}
	without, err := scoreAll(ctx, attacks, in.Control, in.Seed)
	if err != nil {
		return f, err
	}
	c, err := bound(without, in.Control, claim, in.Level, in.TestsBefore, in.Seed)
	if err != nil {
		return f, err
	}
	r.Bounds.DetectableEpsilon = ref(c.EpsilonLower)
	f.Control = &ControlFacts{PValue: c.PValue, EpsilonLower: c.EpsilonLower}
	return f, nil
}

// ceilings fills what the claim allows.
func (r *Report) ceilings(c *Claim) {
	if c == nil {
		return
	}
	b := &r.Bounds
	b.Delta = c.Delta
	b.AUCCeiling, b.AdvantageCeiling, b.TPRCeiling = ref(c.AUCCeiling()), ref(c.AdvantageCeiling()), ref(c.TPRCeiling(.001))
	b.TPRCeilingAtFPR, b.Posterior = map[string]float64{}, map[string]float64{}
	for _, f := range reportFPRs() {
		b.TPRCeilingAtFPR[f.key] = c.TPRCeiling(f.value)
	}
	for _, p := range reportPriors() {
		b.Posterior[p.key] = c.PosteriorCeiling(p.value)
	}
}

// indicate fills the estimates without proof, for the best attack.
func (r *Report) indicate(best scored, in Input) error {
	rank, err := Rank(best.score, in.Signals.Member)
	if err != nil {
		return err
	}
	c := Counts{N1: rank.Members(), N0: rank.Nonmembers()}
	c.TP, c.FP = rank.mostAdvantage()
	i := &Indication{Attack: best.attack.Name}
	if i.ClopperPearsonEpsilon, err = c.EpsilonLower(r.Bounds.Delta, in.Level); err != nil {
		return err
	}
	g, err := c.MuLower(in.Level)
	if err != nil {
		return err
	}
	i.GDPMu = g.Mu
	if r.Bounds.Delta > 0 {
		if i.GDPEpsilon, err = g.Epsilon(r.Bounds.Delta); err != nil {
			return err
		}
	}
	r.Bounds.Indicative = i
	return nil
}

// controls runs the negative and the same-law control; a failure is an alarm.
func (r *Report) controls(ctx context.Context, attacks []Attack, in Input) (err error) {
	if r.Controls.Negative, err = negativeControl(ctx, attacks, in.Signals, in.Seed); err != nil {
		return err
	}
	if c := r.Controls.Negative; c != nil && !c.OK {
		r.Alarms = append(r.Alarms, fmt.Sprintf(
			"negative control failed: on non-members alone, split at random, an interval leaves ½ out (%s: %.3f to %.3f); do not rely on this audit",
			c.Attack, c.AUCLow, c.AUCHigh))
	}
	if in.Initial == nil {
		return nil
	}
	if r.Controls.SameLaw, err = sameLaw(ctx, attacks, in.Initial, in.Seed); err != nil {
		return err
	}
	if c := r.Controls.SameLaw; !c.OK {
		r.Alarms = append(r.Alarms, fmt.Sprintf(
			"same-law control failed: before training members and non-members differ already (%s: %.3f to %.3f); an AUC on them measures more than training",
			c.Attack, c.AUCLow, c.AUCHigh))
	}
	return nil
}
