package data

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// toy is a set of n train and m test records with one feature, the index, and labels of two classes.
func toy(t testing.TB, n, m int) *Set {
	t.Helper()
	x, y := make([]float32, n+m), make([]int32, n+m)
	for i := range x {
		x[i], y[i] = float32(i), int32(i%2)
	}
	s, err := New("toy", Shape{1, 1, 1}, []string{"even", "odd"}, x, y, n)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestMakeSplitSizes(t *testing.T) {
	for _, c := range []struct {
		what        string
		train, test int
		cfg         SplitConfig
		want        string // test pool always selection reference population
	}{
		{"no test part", 100, 0, SplitConfig{Train: 60, Test: 20, Selection: 20, AuditUnits: 30}, "20 30 30 20 0 0"},
		{"canonical test part", 100, 50, SplitConfig{Train: 100, AuditUnits: 10}, "50 10 90 0 0 0"},
		{"canonical, shares scaled", 100, 50, SplitConfig{Train: 60, Test: 20, Selection: 20}, "50 0 75 25 0 0"},
		{"all parts", 1000, 0, SplitConfig{Train: 40, Test: 10, Selection: 10, Reference: 20, Population: 20, AuditUnits: 400}, "100 400 0 100 200 200"},
		{"default pool", 100, 1, SplitConfig{Train: 100, AuditUnits: -1}, "1 33 67 0 0 0"},
		{"nothing said", 100, 1, SplitConfig{}, "1 0 100 0 0 0"},
	} {
		t.Run(c.what, func(t *testing.T) {
			s := toy(t, c.train, c.test)
			p, err := MakeSplit(s, c.cfg)
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(len(p.Test), len(p.Pool), len(p.Always), len(p.Selection), len(p.Reference), len(p.Population)); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestMakeSplitRefuses(t *testing.T) {
	for _, c := range []struct {
		what        string
		train, test int
		cfg         SplitConfig
		want        string
	}{
		{"sum", 10, 0, SplitConfig{Train: 50, Test: 40}, "data: sum of split shares is 90, must be 100"},
		{"negative", 10, 0, SplitConfig{Train: 120, Test: -20}, "data: test share is -20, must be zero or positive, and finite"},
		{"too few for a test part", 10, 0, SplitConfig{Train: 99, Test: 1}, "data: toy: the test split is empty: 1 % of 10 records"},
		{"no test part at all", 10, 0, SplitConfig{Train: 100}, "data: toy: the test split is empty"},
		{"no training", 10, 0, SplitConfig{Test: 100}, "data: toy: the train split is empty"},
		{"no training, canonical", 10, 5, SplitConfig{Test: 100}, "data: the train split is empty"},
		{"pool too large", 10, 1, SplitConfig{Train: 100, AuditUnits: 11}, "data: number of audit units is 11, must be at most the 10 training units"},
	} {
		t.Run(c.what, func(t *testing.T) {
			if _, err := MakeSplit(toy(t, c.train, c.test), c.cfg); err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestMakeSplitProperties(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.IntRange(20, 400).Draw(r, "train")
		s := toy(t, n, rapid.IntRange(1, 40).Draw(r, "test"))
		s.excluded = slices.Sorted(slices.Values(rapid.SliceOfNDistinct(rapid.IntRange(0, n-1), 0, 5, rapid.ID).Draw(r, "excluded")))
		cfg := SplitConfig{Train: 60, Selection: 20, Reference: 20, AuditUnits: -1, Seed: rapid.Uint64().Draw(r, "seed")}
		a, err := MakeSplit(s, cfg)
		if err != nil {
			r.Fatal(err)
		}
		total := 0
		for _, l := range a.lists() {
			total += len(*l.index)
		}
		if total != s.Len()-len(s.excluded) {
			r.Errorf("%d records dealt out of %d, %d excluded", total, s.Len(), len(s.excluded))
		}
		if b, _ := MakeSplit(s, cfg); !reflect.DeepEqual(a, b) {
			r.Error("the same seed gave two splits")
		}
	})
}

// TestSplitIsStable pins the split of a seed: a run folder from an older version must mean the same records.
func TestSplitIsStable(t *testing.T) {
	p, err := MakeSplit(toy(t, 10, 1), SplitConfig{Train: 80, Selection: 20, AuditUnits: 4, Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	const want = "[1 3 5 7] [2 4 6 9] [0 8]"
	if got := fmt.Sprint(p.Pool, p.Always, p.Selection); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestSplitIgnoresRecords: what is rejected moves no other record, and N stays. trap T5
func TestSplitIgnoresRecords(t *testing.T) {
	cfg := SplitConfig{Train: 80, Selection: 20, AuditUnits: 20, Seed: 3}
	whole := toy(t, 100, 10)
	want, err := MakeSplit(whole, cfg)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		holed := toy(t, 100, 10)
		holed.labels[i] = Null
		got, err := MakeSplit(holed, cfg)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("rejecting record %d changed the split", i)
		}
		units := holed.Units(append(slices.Clone(got.Pool), got.Always...))
		if len(units) != 80 {
			t.Fatalf("N is %d after rejecting record %d, want 80", len(units), i)
		}
		if slices.Contains(units, i) {
			t.Fatalf("rejected record %d is a training unit", i)
		}
	}
}

func TestSplitFile(t *testing.T) {
	s := toy(t, 50, 10)
	want, err := MakeSplit(s, SplitConfig{Train: 70, Population: 30, AuditUnits: 10, Seed: 9})
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := want.Encode(&file); err != nil {
		t.Fatal(err)
	}
	got, err := DecodeSplit(bytes.NewReader(file.Bytes()), s)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for _, c := range []struct{ what, json, want string }{
		{"out of range", `{"schema":"hush.split/1","set":"toy","test":[60],"always":[1]}`, "index 60 in test is outside 0..59"},
		{"negative", `{"schema":"hush.split/1","set":"toy","test":[-1],"always":[1]}`, "index -1 in test is outside 0..59"},
		{"twice", `{"schema":"hush.split/1","set":"toy","test":[1],"pool":[2,1]}`, "index 1 is in test and in pool"},
		{"twice in one", `{"schema":"hush.split/1","set":"toy","test":[1],"pool":[2,2]}`, "index 2 is in pool and in pool"},
		{"no test", `{"schema":"hush.split/1","set":"toy","test":[],"pool":[2]}`, "the test split is empty"},
		{"no train", `{"schema":"hush.split/1","set":"toy","test":[1]}`, "the train split is empty"},
		{"other set", `{"schema":"hush.split/1","set":"mnist","test":[1],"always":[2]}`, `the split is of "mnist"`},
		{"unknown key", `{"schema":"hush.split/1","set":"toy","tset":[1]}`, `unknown field "tset"`},
		{"schema", `{"set":"toy","test":[1],"always":[2]}`, `schema "", want "hush.split/1"`},
		{"no JSON", `test: [1]`, "cannot be read"},
		{"null", `null`, "schema"},
	} {
		t.Run(c.what, func(t *testing.T) {
			_, err := DecodeSplit(strings.NewReader(c.json), s)
			if e := (*Error)(nil); !errors.As(err, &e) || e.Kind != BadSplit || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want a bad split with %q", err, c.want)
			}
		})
	}
	if _, err := ReadSplit(filepath.Join(t.TempDir(), "none.json"), s); err == nil || !strings.Contains(err.Error(), "none.json") {
		t.Errorf("a missing split file: %v", err)
	}
}
