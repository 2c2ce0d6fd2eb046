package trainer

import (
	"context"
	"runtime"
	"time"

	"hush/accountant"
	"hush/dpsgd"
	"hush/run"
)

// Estimate is what --dry-run prints: what a run would do, cost and take.
type Estimate struct {
	Units           int            `json:"units"`
	AuditUnits      int            `json:"audit_units"`
	Test            int            `json:"test"`
	Parameters      int            `json:"parameters"`
	Steps           uint64         `json:"steps"`
	Lot             float64        `json:"lot"`
	SampleRate      float64        `json:"sample_rate"`
	NoiseMultiplier float64        `json:"noise_multiplier"`
	Epsilon         *float64       `json:"epsilon"` // null: infinite
	EpsilonByEpoch  []EpsilonAfter `json:"epsilon_by_epoch"`
	PeakMemoryBytes int64          `json:"peak_memory_bytes"`
	UnitsPerSecond  float64        `json:"units_per_second"`
	Seconds         float64        `json:"seconds"`
}

// EpsilonAfter is ε after some steps.
type EpsilonAfter struct {
	Step    uint64  `json:"step"`
	Epsilon float64 `json:"epsilon"`
}

// measureFor is how long the speed is measured.
const measureFor = 300 * time.Millisecond

// Estimate resolves what Run would do. It measures the speed on made-up records and releases nothing.
func (p *Plan) Estimate(ctx context.Context) (Estimate, error) {
	e := Estimate{Units: len(p.Records), AuditUnits: len(p.InPool), Test: len(p.Split.Test), Parameters: p.Net.NumParams(), Steps: p.Steps,
		Lot: p.Lot, SampleRate: p.SampleRate, NoiseMultiplier: p.NoiseMultiplier, Epsilon: run.Finite(p.Claim.Epsilon), EpsilonByEpoch: []EpsilonAfter{}}
	if p.NoiseMultiplier > 0 {
		epoch := p.EpochSteps()
		epochs := (p.Steps + epoch - 1) / epoch
		every := epoch * max(1, (epochs+9)/10)
		for t := every; ; t += every {
			t = min(t, p.Steps)
			eps, err := p.EpsilonAfter(t)
			if err != nil {
				return e, err
			}
			e.EpsilonByEpoch = append(e.EpsilonByEpoch, EpsilonAfter{t, eps})
			if t == p.Steps {
				break
			}
		}
	}
	key, err := dpsgd.NewKey() // of a mechanism that never releases
	if err != nil {
		return e, err
	}
	job, err := p.Job(p.Records, key, Discard{}, Position{})
	if err != nil {
		return e, err
	}
	e.PeakMemoryBytes = p.memory(job)
	if e.UnitsPerSecond, err = job.Rate(ctx, p.Initial(), measureFor); err != nil {
		return e, err
	}
	e.Seconds = float64(p.Steps) * p.Lot / e.UnitsPerSecond
	return e, nil
}

// memory adds up what a run holds: the process with its data set as it is now, each worker's graph and sums, the
// lanes' sums, their total, weights, optimizer state and a checkpoint's copy.
func (p *Plan) memory(j Job) int64 {
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	lanes := max(1, p.Config.Lanes)
	workers := min(p.Workers(), lanes)
	batch := j.Batch
	if batch == 0 {
		batch = DefaultBatch(p.Net, p.Lot, lanes)
	}
	var graph int64
	for _, l := range p.Net.Describe(batch, 1, p.Kernels) {
		graph += l.Bytes
	}
	tensors := int64(lanes + 5)
	return int64(now.Sys) + int64(workers)*graph + tensors*4*int64(p.Net.NumParams())
}

// Discard is the ledger of trainings that are never released: twins, controls, measurements.
type Discard struct{}

// Append forgets the event.
func (Discard) Append(accountant.Event, int64) error { return nil }
