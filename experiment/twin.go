package experiment

import (
	"context"
	"fmt"
	"time"

	"hush/audit"
	"hush/run"
	"hush/trainer"
)

// twinRun is the trained twin.
type twinRun struct {
	plan      *trainer.Plan
	weights   *trainer.Weights
	onlyNoise bool // it differs from the run in σ = 0 alone: it serves as the control
}

// twin trains the run's non-private twin: same data, coins and initial weights, without noise, and with what else the
// config's twin section says. It never leaves internal/, and its ledger is its own. nil: not run.
func (x *execution) twin(ctx context.Context) (*twinRun, error) {
	p := x.plan
	if p.NoiseMultiplier == 0 || p.Config.Twin.Run == "no" {
		return nil, nil
	}
	t, err := p.Twin()
	if err != nil {
		return nil, err
	}
	expected := x.result.Seconds.Train * float64(t.Steps) * t.Lot / (float64(p.Steps) * p.Lot)
	if p.Config.Twin.Run == "auto" && expected > quick.Seconds() {
		return nil, nil
	}
	x.stage("twin")
	began := time.Now()
	// Other lots than the run's: with the run's own, twin and run differed by the noise alone.
	job, err := t.Job(x.units, x.key.Derive("twin"), trainer.Discard{}, trainer.Position{})
	if err != nil {
		return nil, err
	}
	s, err := job.Train(ctx, trainer.State{Weights: t.Initial()})
	if err != nil {
		return nil, fmt.Errorf("experiment: twin: %w", err)
	}
	x.result.Seconds.Twin = time.Since(began).Seconds()
	return &twinRun{plan: t, weights: s.Weights, onlyNoise: p.OnlyNoise(t)}, nil
}

// judgeTwin attacks the twin as the run was attacked.
func (x *execution) judgeTwin(ctx context.Context, t *twinRun, in audit.Input) (*run.TwinResult, error) {
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
	if !t.onlyNoise {
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
