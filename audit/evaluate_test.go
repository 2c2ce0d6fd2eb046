package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestDecide(t *testing.T) {
	claim, none := &Claim{Epsilon: 3, Delta: 1e-5, Private: true}, &Claim{}
	sees, blind := &ControlFacts{PValue: 1e-4, EpsilonLower: 3.5}, &ControlFacts{PValue: .5, EpsilonLower: .1}
	for _, c := range []struct {
		what   string
		facts  Facts
		want   Verdict
		reason string
	}{
		{"no DP", Facts{Coins: true, Claim: none, PValue: 1}, NoGuarantee, "not differentially private"},
		{"no DP, no coins", Facts{Claim: none}, NoGuarantee, "not differentially private"},
		{"no claim", Facts{Coins: true}, NotEvaluable, "no (ε, δ) was claimed"},
		{"no coins", Facts{Claim: claim, PValue: 1e-9, Control: sees}, NotEvaluable, "indicative"},
		{"rejected", Facts{Coins: true, Claim: claim, PValue: .0099, Tests: 15, Control: sees}, Violation, "p = 0.0099 < 0.01, corrected for 15 tests"},
		{"rejected, no control", Facts{Coins: true, Claim: claim, PValue: 1e-3}, Violation, "(ε = 3, δ = 1e-05)"},
		{"at the level", Facts{Coins: true, Claim: claim, PValue: .01, Control: sees}, Consistent, "without noise this audit shows ε ≥ 3.50"},
		{"seen nothing, could not have", Facts{Coins: true, Claim: claim, PValue: 1, Control: blind}, Inconclusive, "finds none either (it shows ε ≥ 0.10)"},
		{"control at the level", Facts{Coins: true, Claim: claim, PValue: 1, Control: &ControlFacts{PValue: .01}}, Inconclusive, "none either"},
		{"no control", Facts{Coins: true, Claim: claim, PValue: 1}, Inconclusive, "no control without noise was run"},
	} {
		t.Run(c.what, func(t *testing.T) {
			got, reason := Decide(c.facts)
			if got != c.want || !strings.Contains(reason, c.reason) {
				t.Errorf("%q: %s; want %q with %q", got, reason, c.want, c.reason)
			}
		})
	}
}

// private is an audit of a model whose scores tell nothing, beside a control that over-fits.
func private() Input {
	quiet, loud := synthetic(600, 3, 0, 21), synthetic(600, 3, 8, 21)
	return Input{
		Signals: quiet, Initial: synthetic(600, 3, 0, 21), Control: loud, Seed: 7,
		Claim: &Claim{Epsilon: .5, Delta: 1e-5, Private: true}, ClassNames: []string{"ant", "bee", "cat"},
	}
}

func mustEvaluate(t *testing.T, in Input) *Report {
	t.Helper()
	r, err := Evaluate(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestEvaluate(t *testing.T) {
	in := private()
	r := mustEvaluate(t, in)
	if r.Verdict != Consistent || *r.Bounds.DetectableEpsilon <= .5 || *r.Bounds.EpsilonLower > .5 {
		t.Errorf("quiet model: %s (%s)", r.Verdict, r.Reason)
	}
	if len(r.Alarms) > 0 || !r.Controls.Negative.OK || !r.Controls.SameLaw.OK {
		t.Errorf("controls: %+v", r.Alarms)
	}

	in.Signals = in.Control
	if r = mustEvaluate(t, in); r.Verdict != Violation || *r.Bounds.EpsilonLower <= .5 || *r.Bounds.PValue >= .01 {
		t.Errorf("over-fitted model that claims ε = .5: %s (%s)", r.Verdict, r.Reason)
	}
	in.Control = nil
	in.Claim = &Claim{}
	if r = mustEvaluate(t, in); r.Verdict != NoGuarantee || *r.Bounds.AUCCeiling != 1 || r.Bounds.PValue != nil || *r.Bounds.EpsilonLower <= .5 {
		t.Errorf("over-fitted model without claim of privacy: %s", r.Verdict)
	}

	in = private()
	in.Control = nil
	if r = mustEvaluate(t, in); r.Verdict != Inconclusive || r.Bounds.DetectableEpsilon != nil {
		t.Errorf("without control: %s", r.Verdict)
	}
	in.Control = synthetic(600, 3, 0, 21)
	if r = mustEvaluate(t, in); r.Verdict != Inconclusive {
		t.Errorf("control that is as quiet: %s", r.Verdict)
	}
	in.Claim = nil
	if r = mustEvaluate(t, in); r.Verdict != NotEvaluable || r.Bounds.AUCCeiling != nil || r.Bounds.EpsilonLower == nil {
		t.Errorf("nobody claims: %s", r.Verdict)
	}
}

func TestOtherMembershipIsIndicative(t *testing.T) {
	in := private()
	in.Signals, in.Indicative = in.Control, true
	r := mustEvaluate(t, in)
	b := r.Bounds
	if r.Verdict != NotEvaluable || !r.Indicative || r.Membership != Other || b.EpsilonLower != nil || b.PValue != nil || b.DetectableEpsilon != nil ||
		b.LargestEpsilon != nil || b.Tests != 0 {
		t.Errorf("verdict %s, bounds %+v", r.Verdict, b)
	}
	if b.Indicative == nil || b.Indicative.ClopperPearsonEpsilon <= 0 || r.BestAttack.AUC < .9 {
		t.Errorf("figures are missing: %+v", b.Indicative)
	}
}

func TestBestAttackPaysForTheChoice(t *testing.T) {
	in := private()
	r := mustEvaluate(t, in)
	best := r.BestAttack
	for _, a := range r.Attacks {
		if a.AUC > best.AUC {
			t.Errorf("%s has AUC %v, best_attack %v", a.Name, a.AUC, best.AUC)
		}
		if a.Name == best.Name && !(best.AUCLow < a.AUCLow && best.AUCHigh > a.AUCHigh) {
			t.Errorf("chosen interval %v–%v, alone %v–%v", best.AUCLow, best.AUCHigh, a.AUCLow, a.AUCHigh)
		}
	}
	near(t, "level", best.Level, 1-.05/8, 1e-15)
	if best.Correction != "Bonferroni: all 8 attacks' intervals hold together at 0.95" {
		t.Errorf("correction: %s", best.Correction)
	}
	again := in
	again.AttacksBefore, again.TestsBefore = 8, 15
	s := mustEvaluate(t, again)
	if !(s.BestAttack.AUCLow < best.AUCLow) || s.Bounds.Tests != 30 || *s.Bounds.LargestEpsilon >= *r.Bounds.LargestEpsilon {
		t.Error("an earlier audit of the same run did not count")
	}
}

func TestReportDoesNotDependOnTheListing(t *testing.T) {
	in, other := private(), private()
	other.Signals, other.Initial, other.Control = permuted(in.Signals, 3), permuted(in.Initial, 3), permuted(in.Control, 3)
	a, _ := json.Marshal(mustEvaluate(t, in))
	b, _ := json.Marshal(mustEvaluate(t, other))
	if !bytes.Equal(a, b) {
		t.Errorf("another listing, another report:\n%s\n%s", a, b)
	}
}

// TestContractNames holds the JSON names that CONTRACT.md §4 promises.
func TestContractNames(t *testing.T) {
	raw, err := json.Marshal(mustEvaluate(t, private()))
	if err != nil {
		t.Fatal(err)
	}
	var r map[string]json.RawMessage
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	names := func(raw json.RawMessage) map[string]json.RawMessage {
		var m map[string]json.RawMessage
		if err := json.Unmarshal(raw, &m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	first := func(raw json.RawMessage) json.RawMessage {
		var l []json.RawMessage
		if err := json.Unmarshal(raw, &l); err != nil || len(l) == 0 {
			t.Fatal("empty list", err)
		}
		return l[0]
	}
	attack := []string{"name", "tier", "members", "nonmembers", "auc", "auc_low", "auc_high", "advantage", "tpr_at_fpr", "ppv"}
	for what, c := range map[string]struct {
		in   json.RawMessage
		want []string
	}{
		"report":     {raw, []string{"attacks", "best_attack", "bounds", "controls", "verdict", "groups"}},
		"attacks":    {first(r["attacks"]), attack},
		"best":       {r["best_attack"], append(attack, "correction")},
		"tpr_at_fpr": {names(r["best_attack"])["tpr_at_fpr"], []string{"0.001", "0.01"}},
		"tpr":        {names(names(r["best_attack"])["tpr_at_fpr"])["0.01"], []string{"tpr", "low", "high", "resolvable"}},
		"ppv":        {names(r["best_attack"])["ppv"], []string{"0.01", "0.1", "0.5"}},
		"bounds": {r["bounds"], []string{"epsilon_lower", "confidence", "detectable_epsilon", "auc_ceiling", "advantage_ceiling",
			"tpr_ceiling", "posterior"}},
		"posterior": {names(r["bounds"])["posterior"], []string{"0.01", "0.5"}},
		"controls":  {r["controls"], []string{"negative", "same_law"}},
		"negative":  {names(r["controls"])["negative"], []string{"auc_low", "auc_high", "ok"}},
		"groups":    {first(r["groups"]), []string{"size", "suppressed", "accuracy", "auc", "auc_low", "auc_high", "p"}},
	} {
		got := names(c.in)
		for _, n := range c.want {
			if _, ok := got[n]; !ok {
				t.Errorf("%s has no %q", what, n)
			}
		}
	}
	var back Report
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatal(err)
	}
	if twice, _ := json.Marshal(back); !bytes.Equal(twice, raw) {
		t.Error("the report does not survive a round trip")
	}
}

func TestGroups(t *testing.T) {
	s := synthetic(600, 4, 2, 31)
	for i := range s.Labels { // nine units of class 3; class 2 has no members
		if s.Labels[i] == 3 && i > 0 {
			s.Labels[i] = 0
		}
		if s.Labels[i] == 2 {
			s.Member[i] = false
		}
	}
	for i := range 9 {
		s.Labels[10+i] = 3
	}
	three := 0
	for i, y := range s.Labels {
		if y == 3 {
			if three++; three > 9 {
				s.Labels[i] = 0
			}
		}
	}
	r := mustEvaluate(t, Input{Signals: valid(t, s), ClassNames: []string{"ant", "bee", "cat", "dog"}})
	if len(r.Groups) != 4 || r.Groups[1].Name != "bee" || r.Groups[1].By != "class" {
		t.Fatalf("groups: %+v", r.Groups)
	}
	for i, g := range r.Groups {
		whole := g.AUC != nil && g.AUCLow != nil && g.AUCHigh != nil && g.P != nil && g.PHolm != nil && g.MemberAccuracy != nil
		switch {
		case i < 2 && (!whole || g.Accuracy == nil || g.Suppressed || *g.PHolm < *g.P || *g.AUCLow >= *g.AUC):
			t.Errorf("%s: %+v", g.Name, g)
		case i == 2 && (g.AUC != nil || g.P != nil || g.MemberAccuracy != nil || g.Accuracy == nil):
			t.Errorf("no member, and yet %+v", g)
		case i == 3 && (g.Size != 9 || !g.Suppressed || g.AUC != nil || g.Accuracy != nil || g.MemberAccuracy != nil || g.P != nil):
			t.Errorf("9 units are too few to tell %+v", g)
		}
	}
}

// TestNegativeControl: sound on the catalog; fails on an attack whose fit meets its own labels.
func TestNegativeControl(t *testing.T) {
	failures := 0
	for seed := range uint64(30) {
		c, err := negativeControl(t.Context(), Catalog(), synthetic(300, 3, 3, 40+seed), seed)
		if err != nil {
			t.Fatal(err)
		}
		if !c.OK {
			failures++
		}
	}
	if failures > 1 { // expected .03 of 30 at .1 %; two or more: 4e-4
		t.Errorf("negative control fails in %d of 30 sound audits", failures)
	}
	in := private()
	r, err := evaluate(t.Context(), in, append(Catalog(), Attack{Name: "leak", Fit: leak}))
	if err != nil {
		t.Fatal(err)
	}
	if r.Controls.Negative.OK || r.Controls.Negative.Attack != "leak" || !hasAlarm(r, "negative control failed") {
		t.Errorf("a fit that meets its own labels passes: %+v", r.Controls.Negative)
	}
}

// TestFitWithoutFoldsIsCaught: thresholds learned on the very units that they score, in many small classes. The suite
// of the catalog and the negative control both see it.
func TestFitWithoutFoldsIsCaught(t *testing.T) {
	naive := Attack{Name: "no folds", Fit: func(o *Observed, member []bool, _ uint64) []float64 {
		score := o.each(negativeMentr)
		tau := classThresholds(o, score, member, make([]int, o.Units()), 0)
		for i := range score {
			score[i] -= tau[o.Labels[i]]
		}
		return score
	}}
	c, err := negativeControl(t.Context(), []Attack{naive}, synthetic(1600, 40, 0, 3), 1)
	if err != nil {
		t.Fatal(err)
	}
	if c.OK {
		t.Errorf("passes with AUC %.3f in %.3f–%.3f", c.AUC, c.AUCLow, c.AUCHigh)
	}
	if c, err = negativeControl(t.Context(), []Attack{modifiedEntropyPerClass()}, synthetic(1600, 40, 0, 3), 1); err != nil || !c.OK {
		t.Errorf("with folds: %+v, %v", c, err)
	}
}

func TestSameLawFailsOnAShift(t *testing.T) {
	in := private()
	in.Initial = in.Control // as if members had been told from non-members before the first step
	if r := mustEvaluate(t, in); r.Controls.SameLaw.OK || !hasAlarm(r, "same-law control failed") {
		t.Errorf("passes: %+v", r.Controls.SameLaw)
	}
}

func TestAlarmOnReversedSign(t *testing.T) {
	in := private()
	in.Signals = synthetic(600, 3, 8, 21)
	for i := range in.Signals.Member {
		in.Signals.Member[i] = !in.Signals.Member[i]
	}
	in.Initial, in.Control = nil, nil
	if r := mustEvaluate(t, in); !hasAlarm(r, "clearly under ½") {
		t.Errorf("no alarm: %v", r.Alarms)
	}
}

func hasAlarm(r *Report, words string) bool {
	return slices.ContainsFunc(r.Alarms, func(a string) bool { return strings.Contains(a, words) })
}

func TestEvaluateRefuses(t *testing.T) {
	for _, c := range []struct {
		what, want string
		break_     func(in *Input)
	}{
		{"no signals", "signals is nil, must be given", func(in *Input) { in.Signals = nil }},
		{"level", "confidence level is 1.5, must be above 0 and below 1", func(in *Input) { in.Level = 1.5 }},
		{"delta", "claimed delta is 1, must be at least 0 and below 1", func(in *Input) { in.Claim.Delta = 1 }},
		{"epsilon", "claimed epsilon is -1, must be zero or positive, and finite", func(in *Input) { in.Claim.Epsilon = -1 }},
		{"other coins", "units and coins of the control is other, must be those of the model under audit", func(in *Input) { in.Control = synthetic(600, 3, 1, 22) }},
		{"earlier tests", "number of earlier tests is -1, must be at least 0", func(in *Input) { in.TestsBefore = -1 }},
		{"unchecked signals", "number of classes is 0", func(in *Input) { in.Initial.Classes = 0 }},
	} {
		t.Run(c.what, func(t *testing.T) {
			in := private()
			c.break_(&in)
			_, err := Evaluate(t.Context(), in)
			refused(t, err, c.want)
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Evaluate(ctx, private()); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}
