package report

import (
	"hush/audit"
	"hush/run"
)

func ref[T any](x T) *T { return &x }

// sample is a run as the digits recipe makes it. The figures are invented, but consistent with each other.
func sample() *run.Result {
	attack := func(name string, auc, low, high, advantage float64) audit.AttackResult {
		return audit.AttackResult{
			Name: name, Members: 219, Nonmembers: 230, AUC: auc, AUCLow: low, AUCHigh: high, Level: .95,
			Advantage: advantage,
			TPRAtFPR: map[string]audit.TPR{
				"0.001": {TPR: .0046, Low: .0001, High: .0252, Resolvable: false},
				"0.01":  {TPR: .0137, Low: .0028, High: .0395, Resolvable: true},
			},
			PPV: map[string]float64{"0.01": .013, "0.1": .13, "0.5": .58},
		}
	}
	perClass := attack("modified entropy per class", .5302, .4766, .5831, .0871)
	perClass.Fitted = true
	best := attack("modified entropy per class", .5302, .4571, .6019, .0871)
	best.Level, best.Correction = .99375, "Bonferroni: all 8 attacks' intervals hold together at 0.95"
	twin := attack("loss", .5623, .4907, .6313, .1288)
	return &run.Result{
		Schema: run.ResultSchema, Run: "20260101T120000Z-digits-linear-1f2e3d4c", Started: "2026-01-01T12:00:00Z",
		Version: "devel", ConfigHash: "1f2e3d4c",
		Recipe: &run.Answer{Figure: "93 % test accuracy at epsilon 3", Source: "own measurement"},
		Data: run.Data{
			Name: "digits", Card: "digits/1", Train: 1348, Test: 449, AuditUnits: 449, Units: 1797,
			Classes: []string{"0", "1"},
		},
		Net: run.Net{Name: "linear", Parameters: 650},
		Privacy: run.Privacy{
			Guarantee: true, Unit: "record", Epsilon: ref(2.99951), EpsilonRDP: ref(2.99951), Delta: ref(1e-4),
			NoiseMultiplier: 7.1, ClipNorm: ref(.1), SampleRate: 1000. / 1348, Lot: 1000, Steps: 100,
			Accountant: "rdp", Neighboring: "zero-out", Sampler: "poisson", Order: ref(6.2),
			DeclaredPublic: []string{}, Tuning: "not accounted",
		},
		Utility: run.Utility{
			TrainAccuracy: ref(.9343), TestAccuracy: ref(.9287), BaselineAccuracy: ref(.1024),
			Confusion: [][]int{},
		},
		Report: audit.Report{
			Membership: audit.Coins,
			Attacks:    []audit.AttackResult{attack("loss", .5211, .4675, .5742, .0712), perClass},
			BestAttack: &best,
			Bounds: audit.Bounds{
				EpsilonLower: ref(0.), Confidence: .95, Delta: 1e-4, DetectableEpsilon: ref(.319), PValue: ref(1.),
				Tests: 16, AUCCeiling: ref(.95257), AdvantageCeiling: ref(.90513), TPRCeiling: ref(.02),
				Posterior: map[string]float64{"0.01": .16859, "0.5": .9525},
			},
			Controls: audit.Controls{
				Negative: &audit.Control{Attack: "gap", AUC: .51, AUCLow: .38, AUCHigh: .63, Level: .999, OK: true},
				SameLaw:  &audit.Control{Attack: "hinge", AUC: .49, AUCLow: .37, AUCHigh: .61, Level: .999, OK: true},
			},
			Verdict: audit.Inconclusive,
			Reason:  "no contradiction found",
			Groups:  []audit.Group{},
		},
		Twin: &run.TwinResult{
			What: "same clipping, no noise", TrainAccuracy: ref(.9812), TestAccuracy: ref(.9555), BestAttack: &twin,
		},
		Speed: run.SpeedResult{SamplesPerSecond: 410000, PeakMemoryBytes: 70 << 20},
	}
}

// overfit is a run without DP that the audit catches: no guarantee.
func overfit() *run.Result {
	r := sample()
	r.Data.Name, r.Net = "location30", run.Net{Name: "fcn", Parameters: 1184158}
	r.Recipe, r.Twin = nil, nil
	r.Privacy = run.Privacy{WhyNot: "trained without noise", Unit: "record", Tuning: "not accounted"}
	r.Utility.TrainAccuracy, r.Utility.TestAccuracy = ref(1.), ref(.5714)
	r.BestAttack.AUC, r.BestAttack.AUCLow, r.BestAttack.AUCHigh, r.BestAttack.Advantage = .8711, .8414, .8963, .6423
	r.Bounds.AUCCeiling, r.Bounds.Posterior, r.Bounds.PValue = ref(1.), map[string]float64{"0.01": 1}, nil
	r.Verdict = audit.NoGuarantee
	return r
}

// insecure is sample with a fixed seed: the mechanism's ε, but no guarantee.
func insecure() *run.Result {
	r := sample()
	r.Privacy.Guarantee, r.Privacy.WhyNot = false, "--insecure-seed fixed sampling, coins and noise"
	return r
}

// indicative is a run without an audit pool: training set against test set.
func indicative() *run.Result {
	r := sample()
	r.Data.AuditUnits = 0
	r.Indicative, r.Membership = true, audit.Other
	r.Verdict, r.Reason = audit.NotEvaluable, "membership was not drawn by coins"
	r.Twin = nil
	return r
}

// caught is a run whose claim the audit rejects.
func caught() *run.Result {
	r := sample()
	r.Bounds.EpsilonLower, r.Bounds.PValue, r.Verdict = ref(4.2199), ref(.00032), audit.Violation
	r.Alarms = []string{"negative control failed: do not rely on this audit"}
	return r
}

// bare is what remains when nothing but training ran.
func bare() *run.Result {
	r := sample()
	r.BestAttack, r.Attacks, r.Twin, r.Recipe = nil, nil, nil, nil
	r.Report = audit.Report{}
	return r
}

// samples are all of them by name: what each test runs over.
func samples() map[string]*run.Result {
	consistent := sample()
	consistent.Verdict, consistent.Bounds.DetectableEpsilon = audit.Consistent, ref(3.517)
	return map[string]*run.Result{
		"inconclusive": sample(), "consistent": consistent, "overfit": overfit(), "insecure": insecure(),
		"indicative": indicative(), "violation": caught(), "bare": bare(),
	}
}
