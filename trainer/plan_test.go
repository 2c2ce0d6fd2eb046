package trainer

import (
	"context"
	"errors"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"hush/accountant"
	"hush/data"
	"hush/internal/check"
	"hush/run"
)

// planOf resolves a short run on digits with what the flags change.
func planOf(flags map[string]string) (*Plan, error) {
	all := map[string]string{"data": "digits", "steps": "8", "lot": "400"}
	maps.Copy(all, flags)
	c, err := run.Resolve(run.Sources{Flags: all})
	if err != nil {
		return nil, err
	}
	return NewPlan(context.Background(), c)
}

func mustPlan(t *testing.T, flags map[string]string) *Plan {
	t.Helper()
	p, err := planOf(flags)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPlanResolvesEveryNumber(t *testing.T) {
	p := mustPlan(t, nil)
	if n := len(p.Records); n != 1438 || len(p.InPool) != 479 || len(p.Split.Test) != 359 {
		t.Errorf("N = %d, pool %d, test %d", n, len(p.InPool), len(p.Split.Test))
	}
	if p.SampleRate != 400./1438 || p.Lot != 400 || p.Steps != 8 || p.ClipNorm != .1 {
		t.Errorf("q = %v, B = %v, T = %d, C = %v", p.SampleRate, p.Lot, p.Steps, p.ClipNorm)
	}
	if !slices.IsSorted(p.Records) || p.EpochSteps() != 4 {
		t.Errorf("records sorted: %t; steps of an epoch: %d, want ⌈1438/400⌉ = 4", slices.IsSorted(p.Records), p.EpochSteps())
	}
	for _, u := range p.InPool {
		if _, in := slices.BinarySearch(p.Split.Pool, p.Records[u]); !in {
			t.Errorf("unit %d is in the pool, its record %d is not", u, p.Records[u])
		}
	}
	for _, c := range []struct {
		flags map[string]string
		steps uint64
	}{
		{map[string]string{"steps": "null", "epochs": "1"}, 4}, {map[string]string{"steps": "null", "epochs": "0.1"}, 1},
		{map[string]string{"steps": "null", "epochs": "3", "lot": "1438"}, 3}, {map[string]string{"steps": "null", "epochs": "40", "lot": "719"}, 80},
	} {
		if p := mustPlan(t, c.flags); p.Steps != c.steps {
			t.Errorf("%v: T = %d, want %d", c.flags, p.Steps, c.steps)
		}
	}
}

// Traps T6, T11 and T23: what the plan claims is what its T events cost at q = B/N, and that is at most the ε asked for;
// a little less noise would exceed it.
func TestPlanMeetsEpsilonFromBelow(t *testing.T) {
	for _, flags := range []map[string]string{{}, {"lot": "1438"}, {"lot": "5", "steps": "3000"}, {"epsilon": "0.1"}, {"epsilon": "8", "steps": "1"}} {
		p := mustPlan(t, flags)
		spent := p.Spending(p.Steps)
		if len(spent) != 1 || spent[0].Count != int64(p.Steps) {
			t.Errorf("%v: the plan spends %v", flags, spent)
		}
		g, err := accountant.Epsilon(spent, p.Config.Delta, accountant.ZeroOut)
		if err != nil || g.Epsilon != p.Claim.Epsilon || g.Epsilon > p.Config.Epsilon {
			t.Errorf("%v: ε = %g is claimed, the steps cost %g, %g was asked for (%v)", flags, p.Claim.Epsilon, g.Epsilon, p.Config.Epsilon, err)
		}
		less := *p
		less.NoiseMultiplier *= 1 - 1e-3
		if g, err := accountant.Epsilon(less.Spending(p.Steps), p.Config.Delta, accountant.ZeroOut); err != nil || g.Epsilon <= p.Config.Epsilon {
			t.Errorf("%v: with 0.1 %% less noise ε is %g still (%v)", flags, g.Epsilon, err)
		}
		job, err := p.Job(p.Records, Key{1}, Discard{}, Position{})
		if err != nil {
			t.Fatal(err)
		}
		if job.Mechanism.Event() != p.Event() || job.Mechanism.ExpectedLot() != p.Lot || job.Steps != p.Steps {
			t.Errorf("%v: the mechanism charges %v, the plan %v", flags, job.Mechanism.Event(), p.Event())
		}
	}
}

func TestPlanRefuses(t *testing.T) {
	for _, flags := range []map[string]string{
		{"lot": "1439"}, {"lot": "1e9"}, {"audit_units": "1439"}, {"audit_units": "5"}, {"split": "0/100"}, {"split": "100/0"},
		{"delta": "0.001"}, {"net": "cnn28-tanh"}, {"class_weights": "1,2"}, {"public_n": "1000"}, {"transform": "standard"},
		{"twin.lot": "5000"}, {"split_file": filepath.Join(t.TempDir(), "missing.json")},
	} {
		p, err := planOf(flags)
		a, d := (*check.Argument)(nil), (*data.Error)(nil)
		if p != nil || !errors.As(err, &a) && !errors.As(err, &d) {
			t.Errorf("%v: %v, want an argument error or one of the data set", flags, err)
		}
	}
	_, err := planOf(map[string]string{"max_epsilon": "2.9"})
	if b := (*BudgetError)(nil); !errors.As(err, &b) || b.Wall != 2.9 || b.Epsilon <= 2.9 || b.Epsilon > 3 {
		t.Errorf("a wall below the request: %v", err)
	}
	mustPlan(t, map[string]string{"max_epsilon": "3"})
}

// Trap T5: rows that are missing or rejected change neither N nor anything that follows from it.
func TestPlanDoesNotSeeRejectedRows(t *testing.T) {
	c, err := run.Resolve(run.Sources{Flags: map[string]string{"data": "digits"}})
	if err != nil {
		t.Fatal(err)
	}
	resolve := func(rejected int) *Plan {
		set, err := data.Open(context.Background(), "digits", data.Locator{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range rejected {
			set.Labels()[i] = data.Null
		}
		p, err := PlanFor(set, c)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	want := resolve(0)
	for _, rejected := range []int{1, 900} {
		p := resolve(rejected)
		if p.SampleRate != want.SampleRate || p.Steps != want.Steps || p.Lot != want.Lot || p.NoiseMultiplier != want.NoiseMultiplier ||
			p.Claim != want.Claim || !slices.Equal(p.Records, want.Records) || !slices.Equal(p.InPool, want.InPool) {
			t.Errorf("with %d rejected rows: N = %d, q = %v, σ = %v, want %d, %v, %v", rejected, len(p.Records), p.SampleRate, p.NoiseMultiplier,
				len(want.Records), want.SampleRate, want.NoiseMultiplier)
		}
	}
}

// The twin is the same training without noise: same records, coins and initial weights, and by default nothing else
// differs.
func TestTwinDiffersInNoise(t *testing.T) {
	p := mustPlan(t, nil)
	twin, err := p.Twin()
	if err != nil {
		t.Fatal(err)
	}
	if twin.NoiseMultiplier != 0 || !p.OnlyNoise(twin) || twin.Event().Kind() != (accountant.NonPrivate{}).Kind() {
		t.Errorf("twin: σ = %v, only noise %t, event %v", twin.NoiseMultiplier, p.OnlyNoise(twin), twin.Event())
	}
	if !slices.Equal(twin.Records, p.Records) || !slices.Equal(twin.InPool, p.InPool) || !same(twin.Initial(), p.Initial()) {
		t.Error("twin: other records or other initial weights")
	}
	if e, err := twin.EpsilonAfter(1); err != nil || !math.IsInf(e, 1) {
		t.Errorf("twin: ε = %v, %v", e, err)
	}
	if p.NoiseMultiplier == 0 || math.IsInf(p.Claim.Epsilon, 1) {
		t.Error("making the twin changed the plan")
	}
	// A twin with settings of its own is no control: what it shows may come from them.
	for key, value := range map[string]string{"twin.lr": "1", "twin.lot": "100", "twin.steps": "9", "twin.no_dp": "true", "twin.clip_norm": "2",
		"twin.optimizer": "adam", "twin.momentum": "0.1", "twin.weight_decay": "0.1", "twin.lr_schedule.name": "cosine"} {
		flags := map[string]string{key: value}
		if key == "twin.no_dp" {
			flags["twin.noise_multiplier"] = "null"
		}
		p := mustPlan(t, flags)
		twin, err := p.Twin()
		if err != nil {
			t.Fatal(err)
		}
		if p.OnlyNoise(twin) {
			t.Errorf("%s=%s: passes for a control that differs in noise alone", key, value)
		}
	}
}

// Keys come from the system unless a seed is asked for; coins are fair and follow from the key.
func TestKeysAndCoins(t *testing.T) {
	key := func(p *Plan) Key {
		k, err := p.NewKey()
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	secret, seeded := mustPlan(t, map[string]string{"seed": "1"}), mustPlan(t, map[string]string{"insecure_seed": "1"})
	if first, second := key(secret), key(secret); first == second {
		t.Error("--seed fixed the key")
	}
	if first, second := key(seeded), key(seeded); first != second {
		t.Error("--insecure-seed did not fix the key")
	}
	k := key(secret)
	coins := secret.Coins(k)
	in := 0
	for _, c := range coins {
		if c {
			in++
		}
	}
	if n := float64(len(coins)); math.Abs(float64(in)-n/2) > 6*math.Sqrt(n)/2 || !slices.Equal(coins, secret.Coins(k)) {
		t.Errorf("%d of %d coins are heads, or a second look shows others", in, len(coins))
	}
}

// Trap T24: standardizing uses the card's mean and deviation, x' = (x − mean)/std, whatever the records are.
func TestStandardUsesTheCardAlone(t *testing.T) {
	dir := os.Getenv("HUSH_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "data")
	}
	set, err := data.Open(context.Background(), "mnist", data.Locator{Dir: dir})
	if e := (*data.Error)(nil); errors.As(err, &e) && e.Kind == data.NotFound {
		t.Skip("mnist is not here: set HUSH_DATA")
	}
	if err != nil {
		t.Fatal(err)
	}
	resolve := func(transform string) *Plan {
		c, err := run.Resolve(run.Sources{Recipe: "mnist-opacus", Flags: map[string]string{"transform": transform, "twin.run": "no"}})
		if err != nil {
			t.Fatal(err)
		}
		p, err := PlanFor(set, c)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	raw, standard := resolve("none"), resolve("standard")
	mean, std := set.Card().Constant("mean"), set.Card().Constant("std")
	if mean == nil || std == nil || mean.Source == "" || mean.DeclaredBy == "" || std.Source == "" || std.DeclaredBy == "" {
		t.Fatalf("mean %+v and deviation %+v must be declared, with source and author", mean, std)
	}
	index := []int{0, 1, 777, 59999, 60000}
	x, y := make([]float32, len(index)*784), make([]float32, len(index)*784)
	raw.Set.Gather(x, index)
	look := func(what string) {
		standard.Set.Gather(y, index)
		for i := range x {
			if want := (float64(x[i]) - mean.Values[0]) / std.Values[0]; math.Abs(float64(y[i])-want) > 1e-6*(1+math.Abs(want)) {
				t.Fatalf("%s: value %d is %v, want %v", what, i, y[i], want)
			}
		}
	}
	look("all records there")
	for i := range set.Labels() { // all others are gone: a fitted mean would move
		if !slices.Contains(index, i) {
			set.Labels()[i] = data.Null
		}
	}
	standard = resolve("standard")
	look("five records there")
}

// A dry run promises what the run does.
func TestEstimate(t *testing.T) {
	p := mustPlan(t, nil)
	e, err := p.Estimate(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if e.Units != 1438 || e.AuditUnits != 479 || e.Test != 359 || e.Steps != 8 || e.SampleRate != p.SampleRate || e.NoiseMultiplier != p.NoiseMultiplier ||
		e.Epsilon == nil || *e.Epsilon != p.Claim.Epsilon || e.Parameters != 650 {
		t.Errorf("estimate %+v", e)
	}
	if last := e.EpsilonByEpoch[len(e.EpsilonByEpoch)-1]; last.Step != 8 || last.Epsilon != p.Claim.Epsilon || len(e.EpsilonByEpoch) != 2 {
		t.Errorf("ε by epoch %v", e.EpsilonByEpoch)
	}
	if !slices.IsSortedFunc(e.EpsilonByEpoch, func(a, b EpsilonAfter) int { return int(math.Copysign(1, a.Epsilon-b.Epsilon)) }) {
		t.Errorf("ε does not rise: %v", e.EpsilonByEpoch)
	}
	if !(e.Seconds > 0) || !(e.UnitsPerSecond > 0) || e.PeakMemoryBytes < 1<<20 {
		t.Errorf("%g s at %g units/s, %d bytes", e.Seconds, e.UnitsPerSecond, e.PeakMemoryBytes)
	}
	none := mustPlan(t, map[string]string{"no_dp": "true"})
	if e, err := none.Estimate(context.Background()); err != nil || e.Epsilon != nil || len(e.EpsilonByEpoch) != 0 {
		t.Errorf("without noise: ε %v, by epoch %v, %v", e.Epsilon, e.EpsilonByEpoch, err)
	}
}
