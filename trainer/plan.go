package trainer

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"

	"hush/accountant"
	"hush/data"
	"hush/dpsgd"
	"hush/internal/check"
	"hush/internal/simd"
	"hush/nets"
	"hush/run"
)

// Plan is a run with every number resolved. Making one reads public sizes and decodes the data set; no number of it
// depends on the content of a record.
type Plan struct {
	Config  run.Config
	Set     *data.Set
	Split   *data.Split
	Net     *nets.Net
	Kernels *simd.Kernels

	Records []int // record of each of the N training units, ascending: pool ∪ always in
	InPool  []int // positions in Records of the units that enter by coin

	SampleRate      float64 // q = B/N
	NoiseMultiplier float64 // σ in clip norms; 0 without DP
	ClipNorm        float64 // C; 0: no clipping
	Lot             float64 // B
	Steps           uint64  // T
	Claim           accountant.Guarantee

	loop loop
}

// loop is what a config says about optimizer and schedule.
type loop struct {
	optimizer Optimizer
	schedule  Schedule
}

// BudgetError says that a plan would spend more than a wall fixed beforehand.
type BudgetError struct{ Epsilon, Wall float64 }

func (e *BudgetError) Error() string {
	return fmt.Sprintf("trainer: the run would spend ε = %.4g, above the wall of %.4g", e.Epsilon, e.Wall)
}

// NewPlan opens the data set of c, splits it and resolves sizes, rate, steps and noise.
func NewPlan(ctx context.Context, c run.Config) (*Plan, error) {
	set, err := data.Open(ctx, c.Data, data.Locator{Dir: c.DataDir})
	if err != nil {
		return nil, err
	}
	return PlanFor(set, c)
}

// PlanFor is NewPlan on a set that is open already, such as one of data.New. An interrupted run is resumed with the
// set that its config names in the catalog, so one on any other set cannot be resumed.
func PlanFor(set *data.Set, c run.Config) (*Plan, error) {
	set, err := prepared(set, c)
	if err != nil {
		return nil, err
	}
	p := &Plan{Config: c, Set: set, ClipNorm: c.ClipNorm, Lot: c.Lot}
	if p.Kernels, err = simd.Select(c.Kernels); err != nil {
		return nil, err
	}
	if p.Net, err = nets.Lookup(c.Net, nets.Shape(set.Shape()), len(set.Classes())); err != nil {
		return nil, err
	}
	if len(c.ClassWeights) > 0 && len(c.ClassWeights) != len(set.Classes()) {
		return nil, check.Fail("trainer", "number of class weights", len(c.ClassWeights), fmt.Sprintf("must be the number of classes, %d", len(set.Classes())))
	}
	if err := p.split(); err != nil {
		return nil, err
	}
	if err := p.spend(); err != nil {
		return nil, err
	}
	if p.loop, err = loopSettings(c); err != nil {
		return nil, err
	}
	if p.NoiseMultiplier > 0 && c.Twin.Run != "no" { // what is wrong with the twin is said before the budget is spent
		if _, err := p.Twin(); err != nil {
			return nil, fmt.Errorf("twin: %w", err)
		}
	}
	return p, nil
}

// prepared is the set with the number of records and the transform that c declares.
func prepared(set *data.Set, c run.Config) (_ *data.Set, err error) {
	if c.PublicN > 0 {
		if set, err = set.WithPublicN(int(c.PublicN)); err != nil {
			return nil, err
		}
	}
	t := data.Transform{}
	switch c.Transform {
	case "unit-norm":
		t.UnitNorm = true
	case "standard":
		t.Standardize = true
	}
	return set.With(t)
}

// fewestAuditUnits: of m coins fewer than two show heads, or tails, with probability 2(m+1)/2ᵐ; 1.5e-8 at 32.
const fewestAuditUnits = 32

// split makes the index lists. N is the number of training units, the pool's out units counted.
func (p *Plan) split() (err error) {
	c := p.Config
	if c.SplitFile != "" {
		p.Split, err = data.ReadSplit(c.SplitFile, p.Set)
	} else {
		s := data.SplitConfig{Train: c.Split.Part("train"), Test: c.Split.Part("test"), Selection: c.Split.Part("selection"),
			Reference: c.Split.Part("reference"), Population: c.Split.Part("population"), AuditUnits: -1, Seed: c.Seed}
		if c.AuditUnits != nil {
			s.AuditUnits = *c.AuditUnits
		}
		p.Split, err = data.MakeSplit(p.Set, s)
	}
	if err != nil {
		return err
	}
	if m := len(p.Split.Pool); m > 0 && m < fewestAuditUnits {
		return check.Fail("trainer", "number of audit units", m, fmt.Sprintf("must be 0 or at least %d: with fewer, coins may leave one side without a unit", fewestAuditUnits))
	}
	p.Records = append(slices.Clone(p.Split.Pool), p.Split.Always...)
	slices.Sort(p.Records)
	for i, r := range p.Records {
		if _, in := slices.BinarySearch(p.Split.Pool, r); in {
			p.InPool = append(p.InPool, i)
		}
	}
	return nil
}

// spend resolves q, T and σ, and what they cost.
func (p *Plan) spend() (err error) {
	c, n := p.Config, len(p.Records)
	if p.SampleRate, err = c.SampleRate(n); err != nil {
		return err
	}
	steps, err := c.TotalSteps(n)
	if err != nil {
		return err
	}
	p.Steps = uint64(steps)
	if c.NoDP {
		p.Claim = accountant.Guarantee{Epsilon: math.Inf(1), Delta: c.Delta, Relation: accountant.ZeroOut}
		return nil
	}
	if c.Delta*float64(n) >= 1 {
		return check.Fail("trainer", "delta", c.Delta, fmt.Sprintf("must be below 1/N = %.3g: at 1/N, publishing one of the %d records at random would pass", 1/float64(n), n))
	}
	p.NoiseMultiplier = c.NoiseMultiplier
	if c.Epsilon > 0 {
		p.NoiseMultiplier, err = accountant.CalibrateNoise(p.SampleRate, steps, accountant.Target{Epsilon: c.Epsilon, Delta: c.Delta}, accountant.ZeroOut)
		if err != nil {
			return err
		}
	}
	if p.Claim, err = accountant.Epsilon(p.Spending(p.Steps), c.Delta, accountant.ZeroOut); err != nil {
		return err
	}
	if c.MaxEpsilon > 0 && p.Claim.Epsilon > c.MaxEpsilon {
		return &BudgetError{p.Claim.Epsilon, c.MaxEpsilon}
	}
	return nil
}

// Spending is what the first steps of the plan cost.
func (p *Plan) Spending(steps uint64) accountant.Spending {
	return accountant.Spending{}.Add(p.Event(), int64(steps))
}

// Event is what one step is charged.
func (p *Plan) Event() accountant.Event {
	if p.NoiseMultiplier == 0 {
		return accountant.NonPrivate{Reason: NoNoise}
	}
	return dpsgd.PoissonEvent(p.SampleRate, p.NoiseMultiplier)
}

// Delta is the config's δ; without DP none need be stated, and any serves.
func (p *Plan) Delta() float64 {
	if p.Config.Delta > 0 {
		return p.Config.Delta
	}
	return 1e-5
}

// EpsilonAfter is ε at the config's δ after some steps; +∞ without DP.
func (p *Plan) EpsilonAfter(steps uint64) (float64, error) {
	if p.NoiseMultiplier == 0 {
		return math.Inf(1), nil
	}
	g, err := accountant.Epsilon(p.Spending(steps), p.Config.Delta, accountant.ZeroOut)
	return g.Epsilon, err
}

// EpochSteps is how many steps touch N units in expectation: ⌈1/q⌉, at most T.
func (p *Plan) EpochSteps() uint64 {
	return min(uint64(math.Ceil(1/p.SampleRate)), p.Steps)
}

func loopSettings(c run.Config) (s loop, err error) {
	s.optimizer, err = NewOptimizer(OptimizerSettings{Name: c.Optimizer, Momentum: c.Momentum, WeightDecay: c.WeightDecay})
	if err != nil {
		return s, err
	}
	s.schedule, err = NewSchedule(Schedule{Name: c.LRSchedule.Name, Base: c.LR, Drop: c.LRSchedule.Drop, Drops: c.LRSchedule.Drops})
	return s, err
}

// Workers is the number of graphs at work.
func (p *Plan) Workers() int {
	if p.Config.Workers > 0 {
		return p.Config.Workers
	}
	return runtime.GOMAXPROCS(0)
}

// Key is the secret that the lots, the noise and the coins of a run follow from.
type Key = dpsgd.Key

// Position says where an interrupted run stands.
type Position = dpsgd.Resume

// Weights are a net's trained values.
type Weights = nets.Weights

// NewKey draws a key from the operating system, or makes the one that an insecure seed asks for.
func (p *Plan) NewKey() (Key, error) {
	if s := p.Config.InsecureSeed; s != nil {
		return dpsgd.InsecureKey(*s), nil
	}
	return FreshKey()
}

// FreshKey draws a key from the operating system.
func FreshKey() (Key, error) { return dpsgd.NewKey() }

// Coins flips one fair coin for each unit of InPool: true is in.
func (p *Plan) Coins(key Key) []bool { return dpsgd.Coins(key, len(p.InPool)) }

// Initial draws the initial weights, which need not be secret.
func (p *Plan) Initial() *Weights { return p.Net.Init(p.Config.Seed) }

// Tensors names weights for a file.
func (p *Plan) Tensors(w *Weights) (list []run.Tensor) {
	for i, info := range p.Net.Params() {
		list = append(list, run.Tensor{Name: info.Name, Shape: info.Shape, Data: w.Tensors[i]})
	}
	return list
}

// Job is the training of these units, one record or Null for each, with a key and a ledger, from a position on.
func (p *Plan) Job(units []int, key Key, ledger dpsgd.Ledger, at Position) (Job, error) {
	m, err := p.mechanism(key, ledger, at)
	if err != nil {
		return Job{}, err
	}
	var weights []float32
	for _, w := range p.Config.ClassWeights {
		weights = append(weights, float32(w))
	}
	return Job{Net: p.Net, Records: p.Set, Units: units, Mechanism: m, Steps: p.Steps, Optimizer: p.loop.optimizer,
		Schedule: p.loop.schedule, Lanes: p.Config.Lanes, ClassWeights: weights, Kernels: p.Kernels,
		Workers: p.Workers(), Batch: p.Config.PhysicalBatch}, nil
}

// mechanism is the door that this plan's records go through.
func (p *Plan) mechanism(key Key, ledger dpsgd.Ledger, at Position) (*dpsgd.Mechanism, error) {
	sampler, err := dpsgd.NewPoisson(p.SampleRate, len(p.Records), key)
	if err != nil {
		return nil, err
	}
	s := dpsgd.Settings{NoiseMultiplier: p.NoiseMultiplier, ClipNorm: p.ClipNorm, Lot: p.Lot, Sampler: sampler, Key: key,
		Kernels: p.Kernels, Ledger: ledger, Workers: p.Workers(), Resume: at}
	if p.NoiseMultiplier > 0 {
		return dpsgd.New(s)
	}
	return dpsgd.NewNonPrivate(s, NoNoise)
}

// NoNoise is why a run without noise has no guarantee.
const NoNoise = "trained without noise"

// Twin is the plan of the non-private twin: same records, coins and initial weights, σ = 0, and what else the twin
// section of the config says.
func (p *Plan) Twin() (*Plan, error) { return p.without(p.Config.TwinConfig()) }

// Control is the plan that differs from p in σ = 0 alone: what the same audit sees of it is what it could have seen.
func (p *Plan) Control() (*Plan, error) {
	c := p.Config
	c.Twin = run.Twin{}
	return p.without(c.TwinConfig())
}

// without is p without noise under a twin's config.
func (p *Plan) without(c run.Config) (*Plan, error) {
	t := *p
	t.Config, t.ClipNorm, t.Lot = c, c.ClipNorm, c.Lot
	if err := t.spend(); err != nil {
		return nil, err
	}
	t.NoiseMultiplier = 0
	var err error
	t.loop, err = loopSettings(c)
	return &t, err
}

// OnlyNoise tells whether t is p with σ = 0 and nothing else.
func (p *Plan) OnlyNoise(t *Plan) bool {
	a, b := p.Config, t.Config
	return p.ClipNorm == t.ClipNorm && p.Lot == t.Lot && p.Steps == t.Steps && a.Optimizer == b.Optimizer && a.LR == b.LR &&
		a.Momentum == b.Momentum && a.WeightDecay == b.WeightDecay && a.LRSchedule == b.LRSchedule
}
