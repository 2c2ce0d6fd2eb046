package data

import (
	"context"
	"math"
	"testing"
)

func TestDigits(t *testing.T) {
	s := open(t, "digits")
	if s.Len() != 1797 || s.TrainLen() != 1797 || s.TestLen() != 0 || s.Shape() != (Shape{8, 8, 1}) {
		t.Fatalf("len %d, train %d, test %d, shape %v", s.Len(), s.TrainLen(), s.TestLen(), s.Shape())
	}
	// Counts per class: scikit-learn, description of load_digits ("~180", exact values by numpy.bincount of its target).
	wantCounts(t, s, TrainPart, []int{178, 182, 177, 183, 181, 182, 181, 179, 174, 180})
	// First record of the file, row 1: 0 0 5 13 9 1 0 0, in sixteenths.
	x := make([]float32, 64)
	s.Gather(x, []int{0})
	for j, want := range []float32{0, 0, 5, 13, 9, 1, 0, 0} {
		if x[j] != want/16 {
			t.Errorf("pixel %d is %v, want %v/16", j, x[j], want)
		}
	}
}

func TestUnitNorm(t *testing.T) {
	s, err := open(t, "digits").With(Transform{UnitNorm: true})
	if err != nil {
		t.Fatal(err)
	}
	x := make([]float32, 64)
	for i := range s.Len() {
		s.Gather(x, []int{i})
		var n float64
		for _, v := range x {
			n += float64(v) * float64(v)
		}
		// Each entry is rounded once: relative error at most 2⁻²⁴ in the norm.
		if math.Abs(math.Sqrt(n)-1) > 0x1p-23 {
			t.Fatalf("record %d has norm %v", i, math.Sqrt(n))
		}
	}
	zero, err := New("zero", Shape{1, 1, 2}, []string{"a"}, []float32{0, 0}, []int32{0}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if zero, err = zero.With(Transform{UnitNorm: true}); err != nil {
		t.Fatal(err)
	}
	zero.Gather(x[:2], []int{0})
	if x[0] != 0 || x[1] != 0 {
		t.Errorf("a zero record became %v", x[:2])
	}
}

// open opens a set from the shared folder, or skips where that folder is not.
func open(t testing.TB, name string) *Set {
	t.Helper()
	dir := ""
	if name != "digits" {
		dir = testDir(t)
	}
	s, err := Open(context.Background(), name, Locator{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// wantCounts compares the records per class of one part.
func wantCounts(t *testing.T, s *Set, part Part, want []int) {
	t.Helper()
	got := make([]int, len(want))
	for i, y := range s.Labels() {
		if s.Part(i) == part && y >= 0 {
			got[y]++
		}
	}
	for k := range want {
		if got[k] != want[k] {
			t.Errorf("%s, %s part: class %s has %d records, want %d", s.Name(), part, s.Classes()[k], got[k], want[k])
		}
	}
}
