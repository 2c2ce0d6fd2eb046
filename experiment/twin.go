package experiment

import (
	"context"
	"fmt"
	"time"

	"hush/audit"
	"hush/run"
	"hush/trainer"
)

// aside is a net trained beside the run, without noise, on the same data, coins and initial weights. It never leaves
// internal/, and charges nothing to the run's ledger.
type aside struct {
	plan    *trainer.Plan
	weights *trainer.Weights
}

// aside trains the plan t, for one purpose: "twin" or "control". nil: not run, because it would take long and nobody
// asked, or because its weights diverged, which is said.
func (x *execution) aside(ctx context.Context, t *trainer.Plan, purpose string) (*aside, error) {
	p := x.plan
	expected := x.result.Seconds.Train * float64(t.Steps) * t.Lot / (float64(p.Steps) * p.Lot)
	if p.Config.Twin.Run == "auto" && expected > quick.Seconds() {
		return nil, nil
	}
	x.stage(purpose)
	began := time.Now()
	// Other lots than the run's: with the run's own, the two would differ by the noise alone.
	job, err := t.Job(x.units, x.key.Derive(purpose), trainer.Discard{}, trainer.Position{})
	if err != nil {
		return nil, err
	}
	s, err := job.Train(ctx, trainer.State{Weights: t.Initial()})
	if err != nil {
		return nil, fmt.Errorf("experiment: %s: %w", purpose, err)
	}
	x.result.Seconds.Twin += time.Since(began).Seconds()
	if !finite(s.Weights) {
		x.alarms = append(x.alarms, "training the "+purpose+" without noise diverged: it is left out")
		return nil, nil
	}
	return &aside{t, s.Weights}, nil
}

func finite(w *trainer.Weights) bool {
	for _, t := range w.Tensors {
		for _, v := range t {
			if v-v != 0 {
				return false
			}
		}
	}
	return true
}

// beside trains the twin, and the control where the twin is none. Neither where the run itself has no noise, or where
// the config says no.
func (x *execution) beside(ctx context.Context, coins bool) (twin, control *aside, err error) {
	p := x.plan
	if p.NoiseMultiplier == 0 || p.Config.Twin.Run == "no" {
		return nil, nil, nil
	}
	t, err := p.Twin()
	if err != nil {
		return nil, nil, err
	}
	if twin, err = x.aside(ctx, t, "twin"); err != nil || !coins {
		return twin, nil, err
	}
	if p.OnlyNoise(t) {
		return twin, twin, nil
	}
	c, err := p.Control()
	if err != nil {
		return nil, nil, err
	}
	control, err = x.aside(ctx, c, "control")
	return twin, control, err
}

// judgeTwin attacks the twin as the run was attacked.
func (x *execution) judgeTwin(ctx context.Context, t *aside, in audit.Input) (*run.TwinResult, error) {
	m := x.membership()
	s, err := x.signals(ctx, t.weights, m)
	if err != nil {
		return nil, err
	}
	report, err := audit.Evaluate(ctx, audit.Input{Signals: s, Claim: &audit.Claim{Delta: in.Claim.Delta}, Indicative: in.Indicative, Seed: in.Seed})
	if err != nil {
		return nil, err
	}
	train, err := x.score(ctx, t.weights, spaced(x.trained(), utilityUnits))
	if err != nil {
		return nil, err
	}
	test, err := x.score(ctx, t.weights, x.plan.Set.Present(x.plan.Split.Test))
	if err != nil {
		return nil, err
	}
	what := "the same training with σ = 0"
	if !x.plan.OnlyNoise(t.plan) {
		what = "trained without DP, with its own settings (twin section of the config)"
	}
	return &run.TwinResult{What: what, ConfigHash: t.plan.Config.Hash(), TrainAccuracy: rate(train), TestAccuracy: rate(test), BestAttack: report.BestAttack}, nil
}

func rate(s scored) *float64 {
	if s.len() == 0 {
		return nil
	}
	return run.Finite(s.accuracy())
}
