package experiment

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"hush/data"
	"hush/run"
	"hush/trainer"
)

// config is a quick private run on the embedded digits, all bits fixed by a seed.
func config(t *testing.T, dir string, more map[string]string) run.Config {
	t.Helper()
	flags := map[string]string{"data": "digits", "steps": "40", "insecure_seed": "1", "out": dir, "twin.run": "no"}
	for k, v := range more {
		flags[k] = v
	}
	c, err := run.Resolve(run.Sources{Flags: flags})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// start carries a run out and interrupts it at the first report at or after step stop; 0 lets it finish. It returns the
// checkpoint file as it was before the first step.
func start(t *testing.T, c run.Config, stop uint64) (first []byte) {
	t.Helper()
	p, err := trainer.NewPlan(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	_, err = Run(ctx, p, Options{Watch: Watch{
		Planned: func(_ *trainer.Plan, dir string, _ uint64) {
			if first, err = os.ReadFile(filepath.Join(dir, run.CheckpointFile)); err != nil {
				t.Error(err)
			}
		},
		Step: func(s trainer.Progress, _ float64) {
			if stop > 0 && s.Step >= stop {
				cancel()
			}
		}}})
	if stop == 0 && err != nil {
		t.Fatal(err)
	}
	if stop > 0 && !errors.Is(err, trainer.ErrInterrupted) {
		t.Fatalf("got %v, want an interruption", err)
	}
	return first
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// put writes a checkpoint, changed by edit, into an interrupted run. With the one from before the first step this is
// what a crash leaves: the ledger is ahead of the checkpoint.
func put(t *testing.T, dir string, checkpoint []byte, edit func(*run.Checkpoint)) {
	t.Helper()
	c, err := run.ParseCheckpoint(checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	edit(c)
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, run.CheckpointFile), b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

func untouched(*run.Checkpoint) {}

func releases(t *testing.T, dir string) int64 {
	t.Helper()
	s, err := run.ReadLedger(filepath.Join(dir, run.LedgerFile))
	if err != nil {
		t.Fatal(err)
	}
	return s.Steps()
}

// DESIGN §3: another program or kernel path, or another key, makes other bits. A redo is then a second release of the
// step, and has to be charged: below a ceiling fixed beforehand it goes on, else it stops before the first step.
func TestRedoByAnotherProgramIsCharged(t *testing.T) {
	for what, edit := range map[string]func(*run.Checkpoint){
		"program": func(c *run.Checkpoint) { c.Version = "another" },
		"kernels": func(c *run.Checkpoint) { c.Kernels = "another" },
		"key":     func(c *run.Checkpoint) { c.KeyID = "another" },
	} {
		t.Run(what, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "run")
			put(t, dir, start(t, config(t, dir, nil), 9), edit)
			spent := releases(t, dir)
			budget := (*trainer.BudgetError)(nil)
			if _, err := Resume(context.Background(), dir, Options{}); !errors.As(err, &budget) {
				t.Fatalf("got %v, want a *BudgetError", err)
			}
			if got := releases(t, dir); got != spent {
				t.Errorf("a refused resume changed the ledger from %d to %d releases", spent, got)
			}

			dir = filepath.Join(t.TempDir(), "run")
			put(t, dir, start(t, config(t, dir, map[string]string{"max_epsilon": "4"}), 9), edit)
			spent = releases(t, dir)
			out, err := Resume(context.Background(), dir, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := releases(t, dir); got != spent+40 {
				t.Errorf("the ledger holds %d releases, want the %d before and 40 again", got, spent)
			}
			if e := *out.Result.Privacy.Epsilon; !(e > 3 && e <= 4) {
				t.Errorf("ε = %v, want above the request of 3, and within the ceiling of 4", e)
			}
		})
	}
}

// Whoever takes a run over signs for the steps that follow, also where nothing is to be redone: else the first program
// could come back and redo them for free.
func TestTakingOverIsRecorded(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	start(t, config(t, dir, nil), 9)
	put(t, dir, read(t, dir, run.CheckpointFile), func(c *run.Checkpoint) { c.Version = "another" })
	ctx, cancel := context.WithCancel(context.Background())
	var taken *run.Checkpoint
	_, err := Resume(ctx, dir, Options{Watch: Watch{Planned: func(*trainer.Plan, string, uint64) {
		var err error
		if taken, err = run.ParseCheckpoint(read(t, dir, run.CheckpointFile)); err != nil {
			t.Error(err)
		}
		cancel()
	}}})
	if !errors.Is(err, trainer.ErrInterrupted) {
		t.Fatalf("got %v, want an interruption", err)
	}
	if taken == nil || taken.Version == "another" {
		t.Error("before the first step the checkpoint still names the program before")
	}
}

// A redo with other records and the same noise would show their difference bare.
func TestResumeWantsTheSameRecords(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	file := filepath.Join(t.TempDir(), "split.json")
	set, err := data.Open(context.Background(), "digits", data.Locator{})
	if err != nil {
		t.Fatal(err)
	}
	split, err := data.MakeSplit(set, data.SplitConfig{Train: 80, Test: 20, AuditUnits: 100})
	if err != nil {
		t.Fatal(err)
	}
	write := func() {
		var b bytes.Buffer
		if err := split.Encode(&b); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write()
	put(t, dir, start(t, config(t, dir, map[string]string{"split_file": file}), 9), untouched)
	last := len(split.Always) - 1
	split.Always[last], split.Test[len(split.Test)-1] = split.Test[len(split.Test)-1], split.Always[last]
	write()
	if _, err := Resume(context.Background(), dir, Options{}); !errors.Is(err, run.ErrFormat) {
		t.Errorf("one record was exchanged: got %v, want a refusal", err)
	}
}

// What would fail after the budget is spent is refused before a folder is made.
func TestRefusedBeforeTraining(t *testing.T) {
	for what, more := range map[string]map[string]string{
		"a twin whose lot is larger than N": {"twin.lot": "5000"},
		"too few coins for both sides":      {"audit_units": "10"},
		"δ of 1/N and more":                 {"delta": "0.01"},
		"more units than declared":          {"public_n": "100"},
	} {
		if more["twin.lot"] != "" {
			more["twin.run"] = "yes"
		}
		dir := filepath.Join(t.TempDir(), "run")
		if _, err := trainer.NewPlan(context.Background(), config(t, dir, more)); err == nil {
			t.Errorf("%s was accepted", what)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%s: a folder was made", what)
		}
	}
}
