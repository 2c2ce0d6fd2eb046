// Package experiment carries out one run from its plan to its result: train, collect signals, audit, write.
//
// It has no training loop of its own and computes no statistic about membership. Its invariants: what reaches public/
// depends on private records through the mechanism alone; claim and verdict read only the run's own ledger, never the
// twin's.
package experiment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hush/accountant"
	"hush/audit"
	"hush/run"
	"hush/trainer"
)

// Options are what a run needs beside its config.
type Options struct {
	Version string   // of the program, for the record
	Command []string // as typed, for the record
	Watch   Watch
}

// Watch sees a run happen; a nil function is not called. What it is told was computed from private records without
// noise and paid for in the ledger before: internal.
type Watch struct {
	Planned func(p *trainer.Plan, dir string, start uint64) // start: steps done before, when resumed
	Step    func(p trainer.Progress, epsilon float64)
	Stage   func(name string) // "audit", "twin", "control"
}

// quick is how long the twin and the control may take to be trained unasked.
const quick = 30 * time.Second

// execution is one run under way.
type execution struct {
	plan     *trainer.Plan
	o        Options
	folder   *run.Folder
	key      trainer.Key
	coins    []bool // of the pool, in the order of plan.InPool
	units    []int  // record of each training unit, Null for one that is out or was rejected
	ledger   *run.Ledger
	resume   *run.Checkpoint // nil: from the start
	position trainer.Position
	result   *run.Result
	binary   string   // see program
	alarms   []string // what went wrong beside the run
}

// Outcome is what a run left behind.
type Outcome struct {
	Config run.Config
	Result *run.Result // nil unless the run finished
	Dir    string      // "" if no folder was made
}

// Run carries the plan out in a new folder. When ctx ends during training it writes a checkpoint and returns an error
// that wraps trainer.ErrInterrupted; Resume continues from it.
func Run(ctx context.Context, p *trainer.Plan, o Options) (Outcome, error) {
	started := time.Now()
	key, err := p.NewKey()
	if err != nil {
		return Outcome{}, err
	}
	folder, err := run.CreateFor(p.Config, started)
	if err != nil {
		return Outcome{}, &FolderError{err}
	}
	x := &execution{plan: p, o: o, folder: folder, key: key, coins: p.Coins(key), result: run.NewResult(started)}
	if err := x.begin(); err != nil {
		return Outcome{}, errors.Join(err, x.unmake())
	}
	return x.outcome(x.carryOut(ctx))
}

// FolderError says that no run folder could be made where it was asked for.
type FolderError struct{ err error }

func (e *FolderError) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *FolderError) Unwrap() error { return e.err }

// Resume continues the interrupted run in dir: same coins, same lots and same noise, to the same bits.
func Resume(ctx context.Context, dir string, o Options) (Outcome, error) {
	folder, err := run.Resume(dir)
	if err != nil {
		return Outcome{}, err
	}
	x := &execution{o: o, folder: folder}
	if err := x.reopen(ctx); err != nil {
		return x.outcome(err)
	}
	return x.outcome(x.carryOut(ctx))
}

// outcome lets go of the folder, whatever happened.
func (x *execution) outcome(err error) (Outcome, error) {
	if closing := x.folder.Close(); err == nil {
		err = closing
	}
	out := Outcome{Dir: x.folder.Dir()}
	if x.plan != nil {
		out.Config = x.plan.Config
	}
	if err == nil {
		out.Result = x.result
	}
	return out, err
}

// carryOut trains, audits, writes and finishes.
func (x *execution) carryOut(ctx context.Context) error {
	x.enter()
	w, err := x.train(ctx)
	if err != nil {
		return err
	}
	if err := x.describe(); err != nil {
		return err
	}
	if err := x.publish(w); err != nil {
		return err
	}
	if err := x.audit(ctx, w); err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("%w: %w", trainer.ErrInterrupted, context.Cause(ctx))
		}
		return err
	}
	if err := x.folder.WriteResult(x.result); err != nil {
		return err
	}
	return x.folder.Finish(time.Now())
}

// enter lets the coins decide: a pool unit that is out, and a rejected row, become null units.
func (x *execution) enter() {
	p := x.plan
	x.units = p.Set.Units(p.Records)
	for i, u := range p.InPool {
		if !x.coins[i] {
			x.units[u] = trainer.Null
		}
	}
}

// train runs the plan's steps with the run's own ledger.
func (x *execution) train(ctx context.Context) (*trainer.Weights, error) {
	p := x.plan
	state := trainer.State{Weights: p.Initial()}
	var before time.Duration
	if c := x.resume; c != nil {
		state = trainer.State{Step: c.Step, Weights: &trainer.Weights{Tensors: c.Weights}, Optimizer: c.Optimizer}
		before = time.Duration(c.Seconds * float64(time.Second))
	}
	job, err := p.Job(x.units, x.key, x.ledger, x.position)
	if err != nil {
		return nil, err
	}
	if x.o.Watch.Planned != nil {
		x.o.Watch.Planned(p, x.folder.Dir(), state.Step)
	}
	began := time.Now()
	job.Every = x.every()
	job.Observe = func(t trainer.Progress) error {
		if err := x.ledger.Sync(); err != nil { // before anything derived from the weights is shown
			return err
		}
		// What the ledger holds, which may be ahead of the step after an interruption: overstated, never understated.
		g, err := accountant.Epsilon(x.ledger.Spending(), p.Delta(), accountant.ZeroOut)
		if err != nil {
			return err
		}
		e := g.Epsilon
		if x.o.Watch.Step != nil {
			x.o.Watch.Step(t, e)
		}
		return x.folder.AppendMetric(run.Metric{Step: t.Step, Epoch: float64(t.Step) * p.SampleRate, Epsilon: run.Finite(e), Loss: run.Finite(t.Loss),
			Accuracy: run.Finite(t.Accuracy), Clipped: run.Finite(t.Clipped), Seconds: (before + t.Elapsed).Seconds()})
	}
	job.Save = func(s trainer.State) error {
		return x.checkpoint(s, before+time.Since(began))
	}
	job.SaveEvery = time.Duration(p.Config.SaveEvery * float64(time.Second))
	state, err = job.Train(ctx, state)
	took := before + time.Since(began)
	if err == nil { // what is left, attacks and twin, can then be resumed by any program
		err = x.checkpoint(state, took)
	}
	x.result.Seconds.Train = took.Seconds()
	if took > 0 {
		x.result.Speed.SamplesPerSecond = float64(p.Steps) * p.Lot / took.Seconds()
	}
	return state.Weights, err
}

// every is the number of steps between two lines of progress: whole epochs, at most twenty lines.
func (x *execution) every() uint64 {
	epoch := x.plan.EpochSteps()
	epochs := (x.plan.Steps + epoch - 1) / epoch
	return epoch * max(1, (epochs+19)/20)
}

// checkpoint writes all that continues the run. The folder syncs the ledger first: it may count steps that the
// checkpoint lacks, never the other way round.
//
// Charged leaves out steps that an earlier interruption charged and this resumed run has not redone yet: they stay free.
func (x *execution) checkpoint(s trainer.State, took time.Duration) error {
	charged := x.ledger.Total()
	if p := x.position.Charged; p > s.Step {
		charged -= int64(p - s.Step)
	}
	return x.folder.SaveCheckpoint(&run.Checkpoint{
		ConfigHash: x.plan.Config.Hash(), Version: x.program(), Kernels: x.plan.Kernels.Name(), KeyID: run.KeyID(x.key), Records: x.records(),
		Step: s.Step, Charged: charged, Seconds: took.Seconds(), Weights: s.Weights.Tensors, Optimizer: s.Optimizer,
	})
}

// audit attacks the weights, trains the twin and the control where that is quick or asked for, and fills the result.
func (x *execution) audit(ctx context.Context, w *trainer.Weights) error {
	x.stage("audit")
	began := time.Now()
	m := x.membership()
	in := audit.Input{Claim: x.claim(), Indicative: !m.byCoins, ClassNames: x.plan.Set.Classes(), Seed: x.plan.Config.Seed}
	var err error
	if in.Signals, err = x.signals(ctx, w, m); err != nil {
		return err
	}
	if m.byCoins {
		if in.Initial, err = x.signals(ctx, x.plan.Initial(), m); err != nil {
			return err
		}
	}
	twin, control, err := x.beside(ctx, m.byCoins)
	if err != nil {
		return err
	}
	if control != nil {
		if in.Control, err = x.signals(ctx, control.weights, m); err != nil {
			return err
		}
	}
	report, err := audit.Evaluate(ctx, in)
	if err != nil {
		return err
	}
	x.result.Report = *report
	x.result.Alarms = append(x.result.Alarms, x.alarms...)
	if err := x.utility(ctx, w); err != nil {
		return err
	}
	if twin != nil {
		if x.result.Twin, err = x.judgeTwin(ctx, twin, in); err != nil {
			return err
		}
	}
	if err := x.writeSignals(in.Signals); err != nil {
		return err
	}
	x.result.Seconds.Audit = time.Since(began).Seconds() - x.result.Seconds.Twin
	return nil
}

func (x *execution) stage(name string) {
	if x.o.Watch.Stage != nil {
		x.o.Watch.Stage(name)
	}
}

// claim is what the audit may contradict: what the ledger holds.
func (x *execution) claim() *audit.Claim {
	p := x.result.Privacy
	c := audit.Claim{Delta: x.plan.Delta()}
	if p.Epsilon != nil {
		c.Epsilon, c.Private = *p.Epsilon, true
	}
	return &c
}
