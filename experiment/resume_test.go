package experiment_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"hush/accountant"
	"hush/experiment"
	"hush/run"
	"hush/trainer"
)

// optimizers are the config changes under which a resumed run must reach the same bits.
func optimizers() map[string]map[string]string {
	return map[string]map[string]string{
		"sgd":  {"momentum": "0.9"},
		"adam": {"optimizer": "adam", "momentum": "0", "lr": "0.01", "lr_schedule.name": "cosine"},
	}
}

// sameEnd compares a resumed run with one that was never broken: weights, statement, ledger and what the attacks got.
func sameEnd(t *testing.T, name string, whole, broken experiment.Outcome) {
	t.Helper()
	for _, file := range []string{run.ModelFile, run.StatementFile, run.CardFile, "internal/signals/logits.npy", "internal/signals/member.npy"} {
		if !same(t, file, whole.Dir, broken.Dir) {
			t.Errorf("%s: %s is another one than an unbroken run's", name, file)
		}
	}
	if a, b := ledger(t, whole.Dir), ledger(t, broken.Dir); !slices.Equal(a, b) {
		t.Errorf("%s: the ledger holds %v, an unbroken run's %v", name, b, a)
	}
	a, b := whole.Result, broken.Result
	if *a.Privacy.Epsilon != *b.Privacy.Epsilon || a.Report.BestAttack.AUC != b.Report.BestAttack.AUC || *a.Utility.TestAccuracy != *b.Utility.TestAccuracy {
		t.Errorf("%s: ε, AUC or accuracy differ", name)
	}
	files := tree(t, broken.Dir)
	if files["DONE"] == "" || len(below(files, "secret/"))+len(below(files, "internal/checkpoints/")) > 0 {
		t.Errorf("%s: the folder is not finished", name)
	}
	if metrics := len(below(files, "internal/metrics")); metrics != 1 || !slices.Equal(steps(t, whole.Dir), steps(t, broken.Dir)) {
		t.Errorf("%s: the steps with metrics are %v, want %v", name, steps(t, broken.Dir), steps(t, whole.Dir))
	}
}

// steps lists the steps that metrics.jsonl has a line for.
func steps(t *testing.T, dir string) (list []uint64) {
	t.Helper()
	metrics, err := mustOpen(t, dir).ReadMetrics()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range metrics {
		list = append(list, m.Step)
	}
	return list
}

// Interrupted before any step, resumed, interrupted again and resumed: same bytes, and no step is charged twice.
func TestResumeAtEveryStep(t *testing.T) {
	for name, flags := range optimizers() {
		whole := finished(t, plan(t, config(t, flags)))
		for n := range 8 {
			dir := interrupted(t, config(t, flags), n)
			c := checkpoint(t, dir)
			if c.Step != uint64(n) || ledger(t, dir).Steps() != int64(n) || c.Charged != int64(n) {
				t.Errorf("%s: after %d steps the checkpoint says %d (%d charged), the ledger %d", name, n, c.Step, c.Charged, ledger(t, dir).Steps())
			}
			if n%3 == 1 { // a second time, two steps later
				ctx, w := after(2)
				if _, err := experiment.Resume(ctx, dir, experiment.Options{Version: "test", Watch: w}); !errors.Is(err, trainer.ErrInterrupted) {
					t.Fatalf("%s: the second interruption: %v", name, err)
				}
				if c := checkpoint(t, dir); c.Step != uint64(min(n+2, 8)) {
					t.Errorf("%s: the second checkpoint is of step %d", name, c.Step)
				}
			}
			sameEnd(t, fmt.Sprint(name, " at ", n), whole, resumed(t, dir))
		}
	}
}

// crashes carries a run of c out and returns what a crash would have left after each line of progress, by step: the
// checkpoint is that of step 0, the ledger is ahead of it.
func crashes(t *testing.T, c run.Config) (experiment.Outcome, map[uint64]string) {
	t.Helper()
	left := map[uint64]string{}
	out := finishedOn(t, plan(t, c), experiment.Watch{Step: func(p trainer.Progress, _ float64) {
		left[p.Step] = copied(t, c.Out)
	}})
	return out, left
}

// A crash loses steps that the ledger holds. They are redone to the same bits and stay paid for; the ledger never held
// less than what was shown. A second interruption, in the middle of the redo, changes nothing.
func TestResumeAfterCrash(t *testing.T) {
	for name, flags := range optimizers() {
		whole, left := crashes(t, config(t, flags))
		if len(left) < 2 {
			t.Fatalf("%d lines of progress, want at least 2", len(left))
		}
		for step, dir := range left {
			if c := checkpoint(t, dir); c.Step != 0 || ledger(t, dir).Steps() != int64(step) {
				t.Errorf("%s: after a crash at step %d: checkpoint of step %d, ledger of %d", name, step, c.Step, ledger(t, dir).Steps())
			}
			ctx, w := after(int(step) / 2)
			if _, err := experiment.Resume(ctx, dir, experiment.Options{Version: "test", Watch: w}); !errors.Is(err, trainer.ErrInterrupted) {
				t.Fatalf("%s: interrupted in the redo: %v", name, err)
			}
			if c := checkpoint(t, dir); c.Step != step/2 || c.Charged != int64(step/2) || ledger(t, dir).Steps() != int64(step) {
				t.Errorf("%s: interrupted in the redo: step %d, %d charged, ledger of %d", name, c.Step, c.Charged, ledger(t, dir).Steps())
			}
			sameEnd(t, fmt.Sprint(name, ", crash at ", step), whole, resumed(t, dir))
		}
	}
}

// A checkpoint after every step, read from disk as a crash would leave it: the ledger beside it has paid for all of it.
func TestLedgerCoversEveryCheckpoint(t *testing.T) {
	c := config(t, map[string]string{"save_every": "1e-9"})
	looks := 0
	ctx := &countdown{Context: context.Background(), left: 8, look: func() {
		at := checkpoint(t, c.Out)
		if paid := ledger(t, c.Out).Steps(); at.Step != uint64(looks) || paid < int64(at.Step) || paid < at.Charged {
			t.Errorf("before step %d: checkpoint of step %d (%d charged), ledger of %d", looks, at.Step, at.Charged, paid)
		}
		looks++
	}}
	w := experiment.Watch{Planned: func(*trainer.Plan, string, uint64) { ctx.begun = true }, Stage: func(string) { ctx.begun = false }}
	if _, err := experiment.Run(ctx, plan(t, c), experiment.Options{Version: "test", Watch: w}); err != nil {
		t.Fatal(err)
	}
	if looks != 8 {
		t.Errorf("%d looks, want one before each of 8 steps", looks)
	}
}

// What was shown of ε during a redo is what the ledger holds: more than the steps redone so far, never less.
func TestShownEpsilonCoversTheLedger(t *testing.T) {
	_, left := crashes(t, config(t, nil))
	for _, dir := range left {
		check := func(p trainer.Progress, epsilon float64) {
			g, err := accountant.Epsilon(ledger(t, dir), 1e-5, accountant.ZeroOut)
			if err != nil || epsilon != g.Epsilon || ledger(t, dir).Steps() < int64(p.Step) {
				t.Errorf("at step %d ε = %g is shown, the ledger says %g (%v)", p.Step, epsilon, g.Epsilon, err)
			}
		}
		if _, err := experiment.Resume(context.Background(), dir, experiment.Options{Version: "test", Watch: experiment.Watch{Step: check}}); err != nil {
			t.Fatal(err)
		}
	}
}

// otherwise are checkpoints that another program, kernel path or key made.
func otherwise() map[string]func(c *run.Checkpoint) {
	return map[string]func(c *run.Checkpoint){
		"another kernel path": func(c *run.Checkpoint) { c.Kernels = "abacus" },
		"another program":     func(c *run.Checkpoint) { c.Version = "test 0123456789abcdef" },
		"another key":         func(c *run.Checkpoint) { c.KeyID = run.KeyID([32]byte{1}) },
	}
}

// Trap T39: another program could not redo steps to the same bits, and the difference of the two releases would cancel the
// noise. Steps would have to be charged again, which passes the claim: refused, and nothing in the folder moves.
func TestResumeWithAnotherProgramIsRefusedWhereItCosts(t *testing.T) {
	_, left := crashes(t, config(t, nil))
	for name, change := range otherwise() {
		for _, dir := range left {
			dir := copied(t, dir)
			c := checkpoint(t, dir)
			change(c)
			rewrite(t, dir, c)
			before := tree(t, dir)
			_, err := experiment.Resume(context.Background(), dir, experiment.Options{Version: "test"})
			budget := (*trainer.BudgetError)(nil)
			if !errors.As(err, &budget) || !errors.Is(err, experiment.ErrOtherProgram) || budget.Epsilon <= budget.Wall {
				t.Errorf("%s: %v, want a budget error", name, err)
			}
			if !maps.Equal(before, tree(t, dir)) {
				t.Errorf("%s: the folder was changed", name)
			}
		}
	}
}

// With nothing to redo another program may go on. From its first step on the checkpoint must name it: were it still the
// old one's, the old one could later redo, free of charge, steps that this one made.
func TestResumeWithAnotherProgramGoesOnWhereNothingIsLost(t *testing.T) {
	whole := finished(t, plan(t, config(t, nil)))
	for name, change := range otherwise() {
		dir := interrupted(t, config(t, nil), 3)
		c := checkpoint(t, dir)
		now := [3]string{c.Version, c.Kernels, c.KeyID}
		change(c)
		rewrite(t, dir, c)
		key := read(t, dir, run.KeyFile)
		w := experiment.Watch{Planned: func(*trainer.Plan, string, uint64) {
			c := checkpoint(t, dir)
			id := run.KeyID([32]byte(read(t, dir, run.KeyFile)))
			if c.Version != now[0] || c.Kernels != now[1] || c.KeyID != id || c.Charged != 3 {
				t.Errorf("%s: the checkpoint names %s, %s, key %s, want %v and the key in force, %s", name, c.Version, c.Kernels, c.KeyID, now, id)
			}
			if fresh := !slices.Equal(key, read(t, dir, run.KeyFile)); fresh != (name == "another key") {
				t.Errorf("%s: the key is a fresh one: %t", name, fresh)
			}
		}}
		out, err := experiment.Resume(context.Background(), dir, experiment.Options{Version: "test", Watch: w})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !slices.Equal(ledger(t, dir), ledger(t, whole.Dir)) || *out.Result.Privacy.Epsilon != *whole.Result.Privacy.Epsilon {
			t.Errorf("%s: the ledger holds %v", name, ledger(t, dir))
		}
		if same(t, run.ModelFile, dir, whole.Dir) == (name == "another key") {
			t.Errorf("%s: whether the weights are those of an unbroken run should depend on the key alone", name)
		}
	}
}

// Without noise there is no claim to pass: the lost steps are made and charged again, and the ledger says so.
func TestResumeWithoutNoiseChargesAgain(t *testing.T) {
	_, left := crashes(t, config(t, map[string]string{"no_dp": "true"}))
	for step, dir := range left {
		c := checkpoint(t, dir)
		c.Kernels = "abacus"
		rewrite(t, dir, c)
		out := resumed(t, dir)
		if got := ledger(t, dir).Steps(); got != int64(step)+8 || out.Result.Privacy.Epsilon != nil {
			t.Errorf("crash at step %d: %d releases in the ledger, want %d", step, got, step+8)
		}
	}
}

// Training that is done is not done again: a run interrupted while it is attacked goes on there, by any program.
func TestResumeInTheAudit(t *testing.T) {
	flags := map[string]string{"twin.run": "yes"}
	whole := finished(t, plan(t, config(t, flags)))
	for _, stage := range []string{"audit", "twin"} {
		ctx, cancel := context.WithCancel(context.Background())
		c := config(t, flags)
		out, err := experiment.Run(ctx, plan(t, c), experiment.Options{Version: "test", Watch: experiment.Watch{Stage: func(s string) {
			if s == stage {
				cancel()
			}
		}}})
		cancel()
		if !errors.Is(err, trainer.ErrInterrupted) {
			t.Fatalf("interrupted in the %s: %v", stage, err)
		}
		at := checkpoint(t, out.Dir)
		if at.Step != 8 {
			t.Errorf("interrupted in the %s: checkpoint of step %d", stage, at.Step)
		}
		at.Kernels = "abacus"
		rewrite(t, out.Dir, at)
		got := resumed(t, out.Dir)
		sameEnd(t, "interrupted in the "+stage, whole, got)
		if a, b := whole.Result.Twin, got.Result.Twin; b == nil || *a.TestAccuracy != *b.TestAccuracy {
			t.Errorf("interrupted in the %s: another twin", stage)
		}
	}
}

// A folder that cannot be continued is refused, whatever is wrong with it, and never charged.
func TestResumeRefusesADamagedFolder(t *testing.T) {
	base := interrupted(t, config(t, nil), 3)
	for name, damage := range map[string]func(dir string) error{
		"no key":        func(dir string) error { return os.Remove(filepath.Join(dir, run.KeyFile)) },
		"no checkpoint": func(dir string) error { return os.Remove(filepath.Join(dir, run.CheckpointFile)) },
		"no ledger":     func(dir string) error { return os.Remove(filepath.Join(dir, run.LedgerFile)) },
		"no coins":      func(dir string) error { return os.Remove(filepath.Join(dir, "internal/coins.json")) },
		"coins of others": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "internal/coins.json"), []byte(`{"records":[1],"in":"1"}`), 0o600)
		},
		"another data set": func(dir string) error {
			c := checkpoint(t, dir)
			c.Records = "0123"
			rewrite(t, dir, c)
			return nil
		},
		"a ledger that lost steps": func(dir string) error {
			c := checkpoint(t, dir)
			c.Charged, c.Step = 5, 5
			rewrite(t, dir, c)
			return nil
		},
	} {
		dir := copied(t, base)
		if err := damage(dir); err != nil {
			t.Fatal(err)
		}
		before := tree(t, dir)
		if _, err := experiment.Resume(context.Background(), dir, experiment.Options{Version: "test"}); err == nil {
			t.Errorf("%s: resumed", name)
		}
		if !maps.Equal(before, tree(t, dir)) {
			t.Errorf("%s: the folder was changed", name)
		}
	}
	done := finished(t, plan(t, config(t, nil)))
	if _, err := experiment.Resume(context.Background(), done.Dir, experiment.Options{}); !errors.Is(err, run.ErrFinished) {
		t.Errorf("a finished run: %v", err)
	}
}
