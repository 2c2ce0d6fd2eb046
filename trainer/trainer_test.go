package trainer

import (
	"context"
	"errors"
	"math"
	"testing"

	"hush/accountant"
	"hush/dpsgd"
	"hush/internal/simd"
	"hush/nets"
)

// toy is a set of records that a linear net can separate: class k has its weight in feature k.
type toy struct {
	x      []float32
	labels []int32
	d      int
}

func newToy(n, d, classes int) *toy {
	s := &toy{x: make([]float32, n*d), labels: make([]int32, n), d: d}
	for i := range n {
		s.labels[i] = int32(i % classes)
		for f := range d {
			s.x[i*d+f] = float32(math.Sin(float64(i*d+f))) * .3
		}
		s.x[i*d+i%classes] += 1
	}
	return s
}

func (s *toy) Gather(dst []float32, index []int) {
	for j, i := range index {
		copy(dst[j*s.d:(j+1)*s.d], s.x[i*s.d:(i+1)*s.d])
	}
}
func (s *toy) Labels() []int32 { return s.labels }

// counting is a ledger in memory.
type counting struct{ spent accountant.Spending }

func (c *counting) Append(e accountant.Event, n int64) error {
	c.spent = c.spent.Add(e, n)
	return nil
}

const toyUnits, toyFeatures, toyClasses = 300, 12, 3

// job is a private training of net on the toy set, with every bit fixed by the seed.
func job(t *testing.T, net string, seed uint64) (Job, State, *counting) {
	t.Helper()
	return jobFrom(t, net, seed, dpsgd.Resume{})
}

func jobFrom(t *testing.T, net string, seed uint64, at dpsgd.Resume) (Job, State, *counting) {
	t.Helper()
	k, err := simd.Select("auto")
	if err != nil {
		t.Fatal(err)
	}
	n, err := nets.Lookup(net, nets.Shape{H: 1, W: 1, C: toyFeatures}, toyClasses)
	if err != nil {
		t.Fatal(err)
	}
	key := dpsgd.InsecureKey(seed)
	sampler, err := dpsgd.NewPoisson(.3, toyUnits, key)
	if err != nil {
		t.Fatal(err)
	}
	ledger := &counting{}
	m, err := dpsgd.New(dpsgd.Settings{NoiseMultiplier: .5, ClipNorm: 1, Lot: .3 * toyUnits, Sampler: sampler, Key: key, Kernels: k, Ledger: ledger, Resume: at})
	if err != nil {
		t.Fatal(err)
	}
	opt, err := NewOptimizer(OptimizerSettings{Name: "sgd", Momentum: .9})
	if err != nil {
		t.Fatal(err)
	}
	units := make([]int, toyUnits)
	for i := range units {
		units[i] = i
	}
	return Job{Net: n, Records: newToy(toyUnits, toyFeatures, toyClasses), Units: units, Mechanism: m, Steps: 20, Optimizer: opt,
		Schedule: Schedule{Name: "constant", Base: .5}, Kernels: k}, State{Weights: n.Init(1)}, ledger
}

func train(t *testing.T, j Job, s State) State {
	t.Helper()
	s, err := j.Train(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func same(a, b *nets.Weights) bool {
	for i := range a.Tensors {
		for e := range a.Tensors[i] {
			if math.Float32bits(a.Tensors[i][e]) != math.Float32bits(b.Tensors[i][e]) {
				return false
			}
		}
	}
	return true
}

// Traps T8 and T9: workers and physical batch change speed only, to the bit; a clipped mean of a microbatch or noise
// per physical batch would not survive this.
func TestSameBits(t *testing.T) {
	for _, net := range []string{"linear", "mlp:17,9"} {
		j, s, _ := job(t, net, 7)
		j.Workers, j.Batch = 1, 1
		want := train(t, j, s)
		for _, c := range []struct{ workers, batch int }{{1, 7}, {2, 7}, {3, 32}, {2, 300}, {4, 1}} {
			j, s, _ := job(t, net, 7)
			j.Workers, j.Batch = c.workers, c.batch
			if got := train(t, j, s); !same(want.Weights, got.Weights) {
				t.Errorf("%s: %d workers, physical batch %d: other bits than one worker with batch 1", net, c.workers, c.batch)
			}
		}
		j, s, _ = job(t, net, 8)
		if got := train(t, j, s); same(want.Weights, got.Weights) {
			t.Errorf("%s: another key gave the same weights: the comparison above compares nothing", net)
		}
	}
}

// Trap T11: the ledger holds exactly the steps that ran, each at the logical rate.
func TestStepsAreCharged(t *testing.T) {
	j, s, ledger := job(t, "linear", 1)
	j.Batch = 5
	train(t, j, s)
	if len(ledger.spent) != 1 || ledger.spent[0].Count != 20 {
		t.Fatalf("ledger holds %v, want one event 20 times", ledger.spent)
	}
	if e, ok := ledger.spent[0].Event.(accountant.SampledGaussian); !ok || e.SampleRate != .3 || e.NoiseMultiplier != .5 {
		t.Errorf("charged %v, want the sampled Gaussian at q = .3, σ = .5", ledger.spent[0].Event)
	}
}

// Trap T17 and the resume half of T39: interrupted after any step, a second job continues to the same bits.
func TestResumeSameBits(t *testing.T) {
	for _, optimizer := range []string{"sgd", "adam"} {
		opt, err := NewOptimizer(OptimizerSettings{Name: optimizer, Momentum: .9})
		if err != nil {
			t.Fatal(err)
		}
		j, s, _ := job(t, "mlp:9", 3)
		j.Optimizer = opt
		want := train(t, j, s)
		for _, stop := range []uint64{1, 7, 19} {
			j, s, _ := job(t, "mlp:9", 3)
			j.Optimizer = opt
			ctx, cancel := context.WithCancel(context.Background())
			var saved *State
			j.Every = 1
			j.Observe = func(p Progress) error {
				if p.Step == stop {
					cancel()
				}
				return nil
			}
			j.Save = func(s State) error {
				saved = &State{Step: s.Step, Weights: &nets.Weights{Tensors: clone(s.Weights.Tensors)}, Optimizer: clone(s.Optimizer)}
				return nil
			}
			if _, err := j.Train(ctx, s); !errors.Is(err, ErrInterrupted) {
				t.Fatalf("interrupted after step %d: %v, want ErrInterrupted", stop, err)
			}
			if saved == nil || saved.Step != stop {
				t.Fatalf("interrupted after step %d: saved %v", stop, saved)
			}
			again, _, _ := jobFrom(t, "mlp:9", 3, dpsgd.Resume{Step: stop, Charged: stop})
			again.Optimizer = opt
			if got := train(t, again, *saved); !same(want.Weights, got.Weights) {
				t.Errorf("%s resumed at step %d: other bits than an unbroken run", optimizer, stop)
			}
		}
	}
}

func clone(t [][]float32) (c [][]float32) {
	for _, v := range t {
		c = append(c, append([]float32(nil), v...))
	}
	return c
}

// A null unit takes part in sampling and leaves no trace: its record is never read (trap T5).
func TestNullUnitIsNotRead(t *testing.T) {
	j, s, _ := job(t, "linear", 5)
	j.Units[11] = Null
	want := train(t, j, s)
	j, s, _ = job(t, "linear", 5)
	j.Units[11] = Null
	for f := range toyFeatures {
		j.Records.(*toy).x[11*toyFeatures+f] = float32(math.NaN())
	}
	if got := train(t, j, s); !same(want.Weights, got.Weights) {
		t.Error("the record of a null unit changed the weights")
	}
	j, s, _ = job(t, "linear", 5)
	if got := train(t, j, s); same(want.Weights, got.Weights) {
		t.Error("taking unit 11 in changed nothing: the comparison above compares nothing")
	}
}

func TestItLearns(t *testing.T) {
	j, s, _ := job(t, "linear", 2)
	var last Progress
	j.Every, j.Observe = 5, func(p Progress) error { last = p; return nil }
	s = train(t, j, s)
	if last.Accuracy < .95 || last.Step != 20 || last.Steps != 20 {
		t.Errorf("last progress %+v, want accuracy above .95 at step 20 of 20", last)
	}
	index := []int{0, 1, 2, 3, 4, 5}
	z, err := Logits(context.Background(), j.Net, s.Weights, j.Records, index, j.Kernels, 2)
	if err != nil {
		t.Fatal(err)
	}
	for i := range index {
		if got := ArgMax(z[i*toyClasses : (i+1)*toyClasses]); got != i%toyClasses {
			t.Errorf("record %d: class %d, want %d", i, got, i%toyClasses)
		}
	}
}

func TestSchedules(t *testing.T) {
	for _, c := range []struct {
		s    Schedule
		t    uint64
		want float64
	}{
		{Schedule{Name: "constant", Base: .5}, 99, .5},
		{Schedule{Name: "cosine", Base: 2}, 0, 2},
		{Schedule{Name: "cosine", Base: 2}, 50, 1},
		{Schedule{Name: "step", Base: 1, Drop: .1, Drops: 1}, 49, 1},
		{Schedule{Name: "step", Base: 1, Drop: .1, Drops: 1}, 50, .1},
		{Schedule{Name: "step", Base: 1, Drop: .5, Drops: 3}, 99, .125},
	} {
		s, err := NewSchedule(c.s)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Rate(c.t, 100); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s at step %d of 100: %g, want %g", c.s.Name, c.t, got, c.want)
		}
	}
	for _, bad := range []Schedule{{Name: "constant"}, {Name: "constant", Base: math.Inf(1)}, {Name: "plateau", Base: 1}, {Name: "step", Base: 1}, {Name: "step", Base: 1, Drops: 1, Drop: 1}} {
		if _, err := NewSchedule(bad); err == nil {
			t.Errorf("%+v was accepted", bad)
		}
	}
}

// Two steps on w = (1, −2) with gradients (.5, −1), then (.25, 2), and η = .1, worked out by hand from the
// formulas above each optimizer.
func TestOptimizers(t *testing.T) {
	k, err := simd.Select("portable")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what string
		s    OptimizerSettings
		want [2]float64
	}{
		{"plain", OptimizerSettings{Name: "sgd"}, [2]float64{1 - .05 - .025, -2 + .1 - .2}},
		{"momentum", OptimizerSettings{Name: "sgd", Momentum: .9}, [2]float64{1 - .05 - .1*(.45+.25), -2 + .1 - .1*(-.9+2)}},
		{"decay", OptimizerSettings{Name: "sgd", WeightDecay: .1}, [2]float64{.94 - .1*(.25+.094), -1.88 - .1*(2-.188)}},
		// m₁ = .1g₁, v₁ = .001g₁²: the first step is η·sign(g). Second: m̂ = (.09g₁+.1g₂)/.19, v̂ = (.000999g₁²+.001g₂²)/.001999.
		{"adam", OptimizerSettings{Name: "adam"}, [2]float64{
			.9 - .1*((.09*.5+.1*.25)/.19)/math.Sqrt((.000999*.25+.001*.0625)/.001999),
			-1.9 - .1*((-.09+.2)/.19)/math.Sqrt((.000999+.004)/.001999)}},
	} {
		o, err := NewOptimizer(c.s)
		if err != nil {
			t.Fatal(err)
		}
		w := [][]float32{{1, -2}}
		state := newState(o, w, nil)
		u := newUpdate(w, 1)
		u.step(o, k, w, [][]float32{{.5, -1}}, state, 0, .1)
		u.step(o, k, w, [][]float32{{.25, 2}}, state, 1, .1)
		for e, want := range c.want {
			if math.Abs(float64(w[0][e])-want) > 1e-5 {
				t.Errorf("%s: w[%d] = %g, want %g", c.what, e, w[0][e], want)
			}
		}
	}
	for _, bad := range []OptimizerSettings{{Name: "lbfgs"}, {Name: "sgd", Momentum: 1}, {Name: "sgd", Momentum: math.NaN()}, {Name: "adam", WeightDecay: -1}} {
		if _, err := NewOptimizer(bad); err == nil {
			t.Errorf("%+v was accepted", bad)
		}
	}
}

// How the update is cut, and who does it, changes no bits: 3 workers on tensors of many blocks against one on whole ones.
func TestUpdateSameBits(t *testing.T) {
	k, err := simd.Select("auto")
	if err != nil {
		t.Fatal(err)
	}
	sizes := []int{70 * blockSize, 5, 40*blockSize + 17}
	values := func(seed float64) (v [][]float32) {
		for i, n := range sizes {
			v = append(v, make([]float32, n))
			for e := range v[i] {
				v[i][e] = float32(math.Sin(seed + float64(e)))
			}
		}
		return v
	}
	for _, name := range []string{"sgd", "adam"} {
		o, err := NewOptimizer(OptimizerSettings{Name: name, Momentum: .9, WeightDecay: .01})
		if err != nil {
			t.Fatal(err)
		}
		run := func(workers int, whole bool) [][]float32 {
			w := values(1)
			u := newUpdate(w, workers)
			if whole {
				u.blocks = nil
				for i, n := range sizes {
					u.blocks = append(u.blocks, block{i, 0, n})
				}
			}
			state := newState(o, w, nil)
			for step := range uint64(2) {
				lanes := [][][]float32{values(2 + float64(step)), values(3), values(4)}
				u.sum(k, lanes)
				u.step(o, k, w, lanes[0], state, step, .1)
			}
			return append(w, state...)
		}
		want, got := run(1, true), run(3, false)
		for i := range want {
			for e := range want[i] {
				if math.Float32bits(want[i][e]) != math.Float32bits(got[i][e]) {
					t.Fatalf("%s: value %d of tensor %d is %v, on whole tensors %v", name, e, i, got[i][e], want[i][e])
				}
			}
		}
	}
}
