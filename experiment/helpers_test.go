package experiment_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"hush/accountant"
	"hush/data"
	"hush/experiment"
	"hush/run"
	"hush/trainer"
)

// config is a short private run on digits, repeatable and without a twin, with what the flags change.
func config(t *testing.T, flags map[string]string) run.Config {
	t.Helper()
	all := map[string]string{"data": "digits", "steps": "8", "lot": "400", "insecure_seed": "1", "twin.run": "no",
		"save_every": "0", "out": filepath.Join(t.TempDir(), "run")}
	maps.Copy(all, flags)
	c, err := run.Resolve(run.Sources{Flags: all})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func plan(t *testing.T, c run.Config) *trainer.Plan {
	t.Helper()
	p, err := trainer.NewPlan(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// digits opens the set inside the program. Every call decodes it anew, so a test may change its labels.
func digits(t *testing.T) *data.Set {
	t.Helper()
	s, err := data.Open(context.Background(), "digits", data.Locator{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// finished carries a plan out.
func finished(t *testing.T, p *trainer.Plan) experiment.Outcome {
	t.Helper()
	return finishedOn(t, p, experiment.Watch{})
}

func finishedOn(t *testing.T, p *trainer.Plan, w experiment.Watch) experiment.Outcome {
	t.Helper()
	out, err := experiment.Run(context.Background(), p, experiment.Options{Version: "test", Watch: w})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func same(t *testing.T, name, a, b string) bool {
	t.Helper()
	return bytes.Equal(read(t, a, name), read(t, b, name))
}

// tree is every file below dir with its content, the lock left out.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "lock" {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		files[filepath.ToSlash(name)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// below lists the names in a map of tree that begin with prefix.
func below(files map[string]string, prefix string) (names []string) {
	for n := range files {
		if len(n) > len(prefix) && n[:len(prefix)] == prefix {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	return names
}

func ledger(t *testing.T, dir string) accountant.Spending {
	t.Helper()
	s, err := run.ReadLedger(filepath.Join(dir, run.LedgerFile))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func checkpoint(t *testing.T, dir string) *run.Checkpoint {
	t.Helper()
	c, err := run.ParseCheckpoint(read(t, dir, run.CheckpointFile))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func rewrite(t *testing.T, dir string, c *run.Checkpoint) {
	t.Helper()
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, run.CheckpointFile), b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// copied is what a crash at this moment would leave: the folder as it is on disk, with nobody in it.
func copied(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "run")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

// countdown is a context that ends when it has been asked for its state n times since the training began: the loop asks
// once before every step.
type countdown struct {
	context.Context
	begun bool
	left  int
	look  func() // before every step; may be nil
}

func (c *countdown) Err() error {
	if !c.begun {
		return nil
	}
	if c.look != nil {
		c.look()
	}
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// after returns a context and a watch that together interrupt a run when n more steps are done.
func after(n int) (context.Context, experiment.Watch) {
	c := &countdown{Context: context.Background(), left: n}
	return c, experiment.Watch{Planned: func(*trainer.Plan, string, uint64) { c.begun = true }}
}

// interrupted begins the run of c and ends it after n steps.
func interrupted(t *testing.T, c run.Config, n int) string {
	t.Helper()
	ctx, w := after(n)
	out, err := experiment.Run(ctx, plan(t, c), experiment.Options{Version: "test", Watch: w})
	if !errors.Is(err, trainer.ErrInterrupted) {
		t.Fatalf("interrupted after %d steps: %v", n, err)
	}
	return out.Dir
}

// resumed finishes the run in dir.
func resumed(t *testing.T, dir string) experiment.Outcome {
	t.Helper()
	out, err := experiment.Resume(context.Background(), dir, experiment.Options{Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
