// Package trainer is the training loop as a paper would write it: sample a lot, sum clipped gradients over lanes,
// release, step the optimizer.
//
// It never reads a flag, never prints, never attacks and never decides what is private: lots and releases come from
// a dpsgd.Mechanism, which alone charges the ledger. Its invariant: the weights after step t are a function of the
// initial weights, the mechanism's key, the records and the settings that change bits; never of the number of
// workers or of the physical batch.
package trainer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"hush/dpsgd"
	"hush/internal/check"
	"hush/internal/simd"
	"hush/nets"
)

// ErrInterrupted is returned when the context ends before the last step. The state has been saved; the same job
// continues from it.
var ErrInterrupted = errors.New("trainer: interrupted, state saved")

// ErrDiverged says that weights or gradients grew until they were no numbers any more.
var ErrDiverged = errors.New("trainer: training diverged")

// Records is what a trainer may ask of a data set.
type Records interface {
	Gather(dst []float32, index []int) // rows of features, one per index; −1 gives a row of zeros
	Labels() []int32                   // class of every record
}

// Job is one training. Everything in it is fixed before the first record is read.
type Job struct {
	Net       *nets.Net
	Records   Records
	Units     []int // record of each of the N training units; Null for a unit that is out
	Mechanism *dpsgd.Mechanism
	Steps     uint64 // T ≥ 1
	Optimizer Optimizer
	Schedule  Schedule

	Lanes        int // fixed cut of a lot by position; changes bits; 0 = 4
	ClassWeights []float32
	Kernels      *simd.Kernels

	Workers int // graphs at work; speed only; 0 = one per core
	Batch   int // physical batch; speed only; 0 = chosen from the net and the lot

	Every   uint64               // steps between two calls of Observe; 0 = never
	Observe func(Progress) error // sees private figures: internal, and only after the ledger is synced
	Save    func(State) error    // writes a checkpoint; called on interruption and every SaveEvery
	// SaveEvery bounds the work that a crash can lose; 0 = only on interruption.
	SaveEvery time.Duration
}

// Null marks a unit that takes part in sampling and contributes nothing (zero-out relation).
const Null = -1

// State is all that the next step depends on besides the job. Weights and optimizer tensors are live: copy them to keep them.
type State struct {
	Step      uint64 // steps done
	Weights   *nets.Weights
	Optimizer [][]float32
}

// Progress describes the steps since the last report. Computed from private records without noise: internal.
type Progress struct {
	Step, Steps uint64
	Loss        float64 // mean over the units seen
	Accuracy    float64 // share of the units seen that the net classified right before the step
	Clipped     float64 // share of the units seen whose gradient was scaled down
	Units       int64   // units seen
	Elapsed     time.Duration
}

func (j *Job) check() error {
	if j.Steps < 1 {
		return check.Fail("trainer", "number of steps", j.Steps, "must be at least 1")
	}
	if len(j.Units) == 0 {
		return check.Fail("trainer", "number of training units", 0, "must be at least 1")
	}
	if j.Lanes < 0 || j.Workers < 0 || j.Batch < 0 {
		return check.Fail("trainer", "number of lanes, workers or units in a batch", min(j.Lanes, j.Workers, j.Batch), "must not be negative")
	}
	return nil
}

// Train runs the steps from s.Step to Steps and returns the state reached. It updates s.Weights in place.
func (j Job) Train(ctx context.Context, s State) (State, error) {
	if err := j.check(); err != nil {
		return s, err
	}
	crew, err := j.hire(s.Weights)
	if err != nil {
		return s, err
	}
	s.Optimizer = newState(j.Optimizer, s.Weights.Tensors, s.Optimizer)
	var lot []int
	var seen tally
	began, saved := time.Now(), time.Now()
	for s.Step < j.Steps {
		if ctx.Err() != nil {
			if j.Save != nil {
				if err := j.Save(s); err != nil {
					return s, err
				}
			}
			return s, fmt.Errorf("%w: %w", ErrInterrupted, context.Cause(ctx))
		}
		lot = j.Mechanism.Lot(s.Step, lot[:0])
		sums, lotTally, err := crew.sum(lot)
		if err != nil {
			return s, err
		}
		if err := j.Mechanism.Release(s.Step, sums); err != nil {
			return s, crew.explain(lot, err)
		}
		crew.update.step(j.Optimizer, j.Kernels, s.Weights.Tensors, sums, s.Optimizer, s.Step, j.Schedule.Rate(s.Step, j.Steps))
		s.Step++
		seen.add(lotTally)
		if j.Observe != nil && j.Every > 0 && (s.Step%j.Every == 0 || s.Step == j.Steps) {
			if err := j.Observe(seen.progress(s.Step, j.Steps, time.Since(began))); err != nil {
				return s, err
			}
			seen = tally{}
		}
		if j.Save != nil && j.SaveEvery > 0 && time.Since(saved) > j.SaveEvery && s.Step < j.Steps {
			if err := j.Save(s); err != nil {
				return s, err
			}
			saved = time.Now()
		}
	}
	return s, nil
}

// explain tells whether a release failed because the sums of a training without clipping are no numbers any more.
func (c *crew) explain(lot []int, err error) error {
	if c.job.Mechanism.Clip() != nil {
		return err
	}
	sums, _, again := c.sum(lot) // a failed release clears them
	if again != nil {
		return err
	}
	for _, s := range sums {
		if n := float64(c.job.Kernels.SumSquares(s)); math.IsNaN(n) || math.IsInf(n, 0) {
			return fmt.Errorf("%w: %w", ErrDiverged, err)
		}
	}
	return err
}

// crew is one graph per worker and one running sum per lane.
type crew struct {
	job     *Job
	workers []*nets.Worker
	batch   int
	lanes   []*nets.Sums
	sums    [][][]float32 // the same, [lane][tensor]
	tallies []tally
	update  *update
	index   [][]int // per worker: record of each slot of a physical batch
}

func (j *Job) hire(w *nets.Weights) (*crew, error) {
	lanes := j.Lanes
	if lanes == 0 {
		lanes = DefaultLanes
	}
	workers := j.Workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	workers = min(workers, lanes)
	batch := j.Batch
	if batch == 0 {
		batch = DefaultBatch(j.Net, j.Mechanism.ExpectedLot(), lanes)
	}
	c := &crew{job: j, batch: batch, tallies: make([]tally, lanes)}
	o := nets.Options{Units: batch, Slots: 1, Clip: j.Mechanism.Clip(), Kernels: j.Kernels, ClassWeights: j.ClassWeights}
	for range workers {
		worker, err := j.Net.NewWorker(w, o)
		if err != nil {
			return nil, err
		}
		c.workers = append(c.workers, worker)
		c.index = append(c.index, make([]int, batch))
	}
	for range lanes {
		s := j.Net.NewSums()
		c.lanes, c.sums = append(c.lanes, s), append(c.sums, s.Tensors())
	}
	c.update = newUpdate(w.Tensors, workers)
	return c, nil
}

// DefaultLanes is the number of lanes when a config does not say: enough for four workers.
const DefaultLanes = 4

// sum returns Σ_i c_i·g_i over the lot, cut by position into lanes: lane l holds positions [l·n/L, (l+1)·n/L).
// Lanes are summed in lane order, so the bits do not depend on which worker took which lane.
func (c *crew) sum(lot []int) ([][]float32, tally, error) {
	n, lanes := len(lot), len(c.lanes)
	var next atomic.Int64
	errs := make([]error, len(c.workers))
	work := func(w int) {
		for {
			l := int(next.Add(1)) - 1
			if l >= lanes {
				return
			}
			if err := c.lane(w, l, lot[l*n/lanes:(l+1)*n/lanes]); err != nil {
				errs[w] = err
				return
			}
		}
	}
	var wg sync.WaitGroup
	for w := 1; w < len(c.workers); w++ {
		wg.Go(func() { work(w) })
	}
	work(0)
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, tally{}, err
	}
	var t tally
	for _, of := range c.tallies {
		t.add(of)
	}
	c.update.sum(c.job.Kernels, c.sums)
	return c.sums[0], t, nil
}

// lane sums one lane's units on worker w, a physical batch at a time.
func (c *crew) lane(w, l int, lot []int) error {
	worker, index, t := c.workers[w], c.index[w], &c.tallies[l]
	*t = tally{}
	worker.AddTo(c.lanes[l])
	worker.Clear()
	filled := 0
	for _, u := range lot {
		if r := c.job.Units[u]; r != Null {
			index[filled] = r
			filled++
		}
		if filled == c.batch {
			if err := c.step(worker, index, t); err != nil {
				return err
			}
			filled = 0
		}
	}
	if filled > 0 {
		if err := c.step(worker, index[:filled], t); err != nil {
			return err
		}
	}
	return nil
}

// step fills one physical batch with the records of index, masks the rest, runs the graph and counts.
func (c *crew) step(worker *nets.Worker, index []int, t *tally) error {
	d, k := c.job.Net.Input().Size(), c.job.Net.Classes()
	x, target, mask := worker.X(), worker.Target(), worker.Mask()
	c.job.Records.Gather(x[:len(index)*d], index)
	labels := c.job.Records.Labels()
	clear(target)
	clear(mask)
	for s, r := range index {
		target[s*k+int(labels[r])] = 1
		mask[s] = 1
	}
	if err := worker.Step(); err != nil {
		return fmt.Errorf("trainer: step: %w", err)
	}
	loss, logits, factors := worker.Loss(), worker.Logits(), worker.Factors()
	for s, r := range index {
		t.units++
		t.loss += float64(loss[s])
		if ArgMax(logits[s*k:(s+1)*k]) == int(labels[r]) {
			t.right++
		}
		if factors[s] < 1 {
			t.clipped++
		}
	}
	return nil
}

// tally counts what Progress reports.
type tally struct {
	units, right, clipped int64
	loss                  float64
}

func (t *tally) add(o tally) {
	t.units += o.units
	t.right += o.right
	t.clipped += o.clipped
	t.loss += o.loss
}

func (t tally) progress(step, steps uint64, elapsed time.Duration) Progress {
	p := Progress{Step: step, Steps: steps, Units: t.units, Elapsed: elapsed}
	if n := float64(t.units); n > 0 {
		p.Loss, p.Accuracy, p.Clipped = t.loss/n, float64(t.right)/n, float64(t.clipped)/n
	}
	return p
}

// ArgMax returns the first index of the largest value; NaN never wins, and all NaN gives −1.
func ArgMax(v []float32) int {
	best := -1
	for i, x := range v {
		if x == x && (best < 0 || x > v[best]) {
			best = i
		}
	}
	return best
}
