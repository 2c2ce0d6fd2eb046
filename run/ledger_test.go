package run

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"pgregory.net/rapid"

	"hush/accountant"
)

var testEvents = []accountant.Event{
	accountant.SampledGaussian{SampleRate: .004, NoiseMultiplier: 1.1},
	accountant.SampledGaussian{SampleRate: 1. / 3, NoiseMultiplier: 1.1},
	accountant.NonPrivate{Reason: "a \"quote\" and a\nnewline"},
}

func newLedger(t testing.TB) *Ledger {
	t.Helper()
	l, err := CreateLedger(filepath.Join(t.TempDir(), "ledger.jsonl"), "hash")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func TestLedgerRoundTrip(t *testing.T) {
	l := newLedger(t)
	for range 250 {
		if err := l.Append(testEvents[0], 1); err != nil {
			t.Fatal(err)
		}
	}
	if text, _ := os.ReadFile(l.path); bytes.Count(text, []byte("\n")) != 1 {
		t.Errorf("written before Sync: %s", text)
	}
	for _, e := range testEvents {
		if err := errors.Join(l.Append(e, 2), l.Sync()); err != nil {
			t.Fatal(err)
		}
	}
	want := l.Spending()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := l.Append(testEvents[0], 1); err == nil {
		t.Error("a closed ledger takes events")
	}
	got, err := ReadLedger(l.path)
	if err != nil || !slices.Equal(got, want) || got.Steps() != 256 {
		t.Errorf("wrote %v, read %v, %v", want, got, err)
	}
	if text, _ := os.ReadFile(l.path); bytes.Count(text, []byte("\n")) != 4 {
		t.Errorf("250 equal events take more than a line: %s", text)
	}
	if _, err := CreateLedger(l.path, "hash"); err == nil {
		t.Error("spending was erased")
	}
	if _, err := OpenLedger(l.path, "other"); !errors.Is(err, ErrFormat) {
		t.Errorf("another config's ledger: %v", err)
	}
}

func TestLedgerRefuses(t *testing.T) {
	l := newLedger(t)
	for _, err := range []error{
		l.Append(testEvents[0], 0), l.Append(testEvents[0], -1), l.Append(nil, 1),
		l.Append(accountant.SampledGaussian{SampleRate: 2, NoiseMultiplier: 1}, 1), l.Append(testEvents[0], maxSteps+1),
	} {
		if err == nil {
			t.Error("a bad charge passed")
		}
	}
	if l.Total() != 0 {
		t.Errorf("a refused charge counts: %d", l.Total())
	}
}

// TestLedgerNeverUnderstates runs a random history of Append and Sync and cuts the power at every byte of what was
// being written: what is read is at least all that was synced when anything could last have been derived from it, and
// at most all that was appended. Then it goes on from there. (trap T11: the ledger holds what was done)
func TestLedgerNeverUnderstates(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		path := filepath.Join(dir, "ledger.jsonl")
		os.Remove(path)
		l, err := CreateLedger(path, "hash")
		if err != nil {
			t.Fatal(err)
		}
		type moment struct {
			bytes int
			total int64
		}
		size := func() int { text, _ := os.ReadFile(path); return len(text) }
		synced := []moment{{size(), 0}}
		for range rapid.IntRange(1, 3).Draw(t, "syncs") {
			for range rapid.IntRange(0, 4).Draw(t, "appends") {
				if err := l.Append(rapid.SampledFrom(testEvents).Draw(t, "event"), rapid.Int64Range(1, 1000).Draw(t, "count")); err != nil {
					t.Fatal(err)
				}
			}
			if err := l.Sync(); err != nil {
				t.Fatal(err)
			}
			synced = append(synced, moment{size(), l.Total()})
		}
		l.Close()
		whole, _ := os.ReadFile(path)
		for k := 1; k < len(synced); k++ {
			before, after := synced[k-1], synced[k]
			real := rapid.IntRange(before.bytes, after.bytes).Draw(t, "cut opened for real")
			for cut := before.bytes; cut <= after.bytes; cut++ {
				text := whole[:cut]
				if rapid.Bool().Draw(t, "zeros") && cut < after.bytes { // some file systems leave zeros
					text = append(bytes.Clone(text), make([]byte, after.bytes-cut)...)
				}
				state, err := parseLedger(text)
				if err != nil {
					t.Fatalf("cut at byte %d of %d: %v", cut, len(whole), err)
				}
				total := state.total
				if total < before.total || total > after.total {
					t.Fatalf("cut at byte %d: %d releases, synced %d, appended %d", cut, total, before.total, after.total)
				}
				if cut != real { // opening for real waits for the disk: one cut is enough
					continue
				}
				os.WriteFile(path, text, fileMode)
				l, err := OpenLedger(path, "hash")
				if err != nil || l.Total() != total {
					t.Fatalf("cut at byte %d of %d: %v", cut, len(whole), err)
				}
				if err := errors.Join(l.Append(testEvents[1], 7), l.Close()); err != nil {
					t.Fatal(err)
				}
				if s, err := ReadLedger(path); err != nil || s.Steps() != total+7 {
					t.Fatalf("cut at byte %d, then 7 more: %v, %v", cut, s, err)
				}
			}
		}
	})
}

func TestLedgerDamageIsFound(t *testing.T) {
	l := newLedger(t)
	for _, e := range testEvents {
		if err := errors.Join(l.Append(e, 5), l.Sync()); err != nil {
			t.Fatal(err)
		}
	}
	whole, _ := os.ReadFile(l.path)
	lines := bytes.SplitAfter(whole, []byte("\n"))
	bad := func(what string, text []byte) {
		os.WriteFile(l.path, text, fileMode)
		if s, err := ReadLedger(l.path); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v, %v", what, s, err)
		}
	}
	last := len(whole) - len(lines[3])
	for i := range whole {
		for _, bit := range []byte{1, 2, 0x80} {
			text := bytes.Clone(whole)
			text[i] ^= bit
			bad("a flipped bit", text)
			// Opened to go on, all but the last line must still be right.
			if _, err := OpenLedger(l.path, "hash"); i < last && !errors.Is(err, ErrFormat) {
				t.Errorf("a flipped bit in byte %d goes on: %v", i, err)
			}
		}
	}
	bad("a line lost", slices.Concat(lines[0], lines[1], lines[3]))
	bad("a line twice", slices.Concat(lines[0], lines[1], lines[1], lines[2], lines[3]))
	bad("lines swapped", slices.Concat(lines[0], lines[2], lines[1], lines[3]))
	bad("nothing", nil)

	// A loss of whole lines at the end shows only beside the checkpoint.
	os.WriteFile(l.path, slices.Concat(lines[:3]...), fileMode)
	short, err := OpenLedger(l.path, "hash")
	if err != nil {
		t.Fatal(err)
	}
	defer short.Close()
	if _, err := short.Ahead(&Checkpoint{Charged: 15}); !errors.Is(err, ErrFormat) {
		t.Errorf("lost lines: %v", err)
	}
	if n, err := short.Ahead(&Checkpoint{Charged: 8}); err != nil || n != 2 {
		t.Errorf("ahead by %d, %v", n, err)
	}
}

func TestLedgerAfterAFault(t *testing.T) {
	l := newLedger(t)
	if err := errors.Join(l.Append(testEvents[0], 5), l.Sync()); err != nil {
		t.Fatal(err)
	}
	l.f = &faulty{File: l.f.(*os.File), room: 20}
	if err := l.Append(testEvents[0], 5); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := l.Sync(); !errors.Is(err, syscall.ENOSPC) || strings.Contains(err.Error(), "\n") {
			t.Errorf("disk full: %v", err)
		}
	}
	if err := l.Append(testEvents[0], 1); err == nil {
		t.Error("goes on after a fault")
	}
	again, err := OpenLedger(l.path, "hash")
	if err != nil || again.Total() != 5 {
		t.Fatalf("after the fault: %v", err)
	}
	again.Close()
}

// TestEveryWriteSyncsTheLedgerFirst: the file must hold the release before anything derived from it is written.
func TestEveryWriteSyncsTheLedgerFirst(t *testing.T) {
	f := create(t)
	l, err := f.StartLedger("hash")
	if err != nil {
		t.Fatal(err)
	}
	n := int64(0)
	for name, write := range map[string]func() error{
		"model":      func() error { return f.WriteModel(nil, "hash") },
		"checkpoint": func() error { return f.SaveCheckpoint(&Checkpoint{}) },
		"metric":     func() error { return f.AppendMetric(Metric{}) },
		"trim":       func() error { return f.TrimMetrics(0) },
		"result":     func() error { return f.WriteResult(&Result{}) },
		"json":       func() error { return f.WriteJSON(EnvFile, 1) },
	} {
		n++
		if err := errors.Join(l.Append(testEvents[0], 1), write()); err != nil {
			t.Fatal(err)
		}
		if s, err := f.ReadLedger(); err != nil || s.Steps() != n {
			t.Errorf("%s was written with %d of %d releases on record, %v", name, s.Steps(), n, err)
		}
	}
	l.f = &faulty{File: l.f.(*os.File), room: 0}
	l.Append(testEvents[0], 1)
	if err := f.WriteBytes("internal/x", nil); err == nil {
		t.Error("written although the ledger could not be")
	}
	if _, err := os.Stat(f.Path("internal/x")); err == nil {
		t.Error("half written")
	}
	f.lock.release()
}

func FuzzLedger(f *testing.F) {
	l := newLedger(f)
	for _, e := range testEvents {
		l.Append(e, 5)
		l.Sync()
	}
	whole, err := os.ReadFile(l.path)
	if err != nil || len(whole) == 0 {
		f.Fatal("no seed")
	}
	f.Add(whole)
	f.Add(whole[:len(whole)-9])
	f.Add([]byte(`{"format":"hush.ledger/1","config_hash":""}` + "\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := parseLedger(text)
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Fatal(err)
			}
			return
		}
		if s.size > int64(len(text)) || s.total != s.spent.Steps() || s.spent.Check() != nil {
			t.Fatalf("%+v", s)
		}
	})
}
