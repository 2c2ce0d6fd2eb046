package data

import (
	"fmt"
	"slices"
	"testing"
)

// repeat returns n times v.
func repeat(v, n int) []int { return slices.Repeat([]int{v}, n) }

// TestRealCounts holds every reader to the published number of records per class, on the real files.
func TestRealCounts(t *testing.T) {
	for _, c := range []struct {
		name             string
		train, val, test []int
	}{
		// Published counts of each set: mnist LeCun's site; fashion-mnist and cifar10 balanced by design.
		{"mnist", []int{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949}, nil,
			[]int{980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009}},
		{"fashion-mnist", repeat(6000, 10), nil, repeat(1000, 10)},
		{"cifar10", repeat(5000, 10), nil, repeat(1000, 10)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if testing.Short() && c.name == "cifar10" {
				t.Skip("180 MB")
			}
			s := open(t, c.name)
			wantCounts(t, s, TrainPart, c.train)
			if c.val != nil {
				wantCounts(t, s, ValidationPart, c.val)
			}
			if c.test != nil {
				wantCounts(t, s, TestPart, c.test)
			}
			if s.Rejected() != 0 {
				t.Errorf("%d records were rejected", s.Rejected())
			}
			if s.Len() != s.Card().Records() {
				t.Errorf("%d records, the card declares %d", s.Len(), s.Card().Records())
			}
		})
	}
}

// TestCIFARVariant: the rebuilt train files are told from the published ones, their inexact records are out of every
// split, and the rest has the published channel means .4914, .4822, .4465 to within what 77 images can move.
func TestCIFARVariant(t *testing.T) {
	if testing.Short() {
		t.Skip("180 MB")
	}
	s := open(t, "cifar10")
	if len(s.Excluded()) == 0 {
		t.Skip("these are the published files")
	}
	if len(s.Excluded()) != 77 || s.Excluded()[0] != 4298 || s.Excluded()[76] != 49857 {
		t.Fatalf("%d excluded: %v", len(s.Excluded()), s.Excluded())
	}
	p, err := MakeSplit(s, SplitConfig{Train: 100, AuditUnits: 1000})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(p.Pool) + len(p.Always); n != 49923 {
		t.Errorf("N is %d, want 49923", n)
	}
	if _, in := slices.BinarySearch(p.Always, 4298); in {
		t.Error("an excluded record is a training unit")
	}
	var sum [3]float64
	x := make([]float32, 3072)
	for i := range 50000 {
		s.Gather(x, []int{i})
		for j, v := range x {
			sum[j%3] += float64(v)
		}
	}
	got := fmt.Sprintf("%.3f %.3f %.3f", sum[0]/50000/1024, sum[1]/50000/1024, sum[2]/50000/1024)
	if got != "0.491 0.482 0.447" {
		t.Errorf("channel means %s", got)
	}
}
