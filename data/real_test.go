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
		// adult.names; scikit-learn's and Weka's descriptions; MedMNIST's info.py.
		{"adult", []int{32561 - 7841, 7841}, nil, []int{16281 - 3846, 3846}},
		{"wdbc", []int{212, 357}, nil, nil},
		{"pima", []int{500, 268}, nil, nil},
		{"pneumoniamnist", []int{1214, 3494}, []int{135, 389}, []int{234, 390}},
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

// TestLocation30: 5,010 records, 97 to 308 per class, 12.0 % ones (counted once with awk on the published file).
func TestLocation30(t *testing.T) {
	s := open(t, "location30")
	perClass := make([]int, 30)
	ones, x := 0.0, make([]float32, 446)
	for i, y := range s.Labels() {
		perClass[y]++
		s.Gather(x, []int{i})
		for _, v := range x {
			ones += float64(v)
		}
	}
	if s.Len() != 5010 || slices.Min(perClass) != 97 || slices.Max(perClass) != 308 {
		t.Errorf("%d records, %d to %d per class", s.Len(), slices.Min(perClass), slices.Max(perClass))
	}
	if mean := fmt.Sprintf("%.3f", ones/5010/446); mean != "0.120" {
		t.Errorf("mean %s", mean)
	}
	if s.Labels()[0] != 12 { // the file begins with "13"
		t.Errorf("first label %d", s.Labels()[0])
	}
}

// TestRangesHold: the declared categories fit the published tables: nothing falls to "other" but what is missing. How
// many values lie at the end of a range is logged; nearly all are ages at the lowest admitted.
func TestRangesHold(t *testing.T) {
	for _, name := range []string{"adult", "wdbc", "pima"} {
		t.Run(name, func(t *testing.T) {
			s := open(t, name)
			d := s.Shape().Size()
			x := make([]float32, d)
			ends, other := 0, 0
			for i := range s.Len() {
				s.Gather(x, []int{i})
				row := x
				for _, c := range s.Card().Columns {
					if c.Categories != nil {
						other += int(row[len(c.Categories)])
					} else if c.Low > 0 && (row[0] == 0 || row[0] == 1) {
						ends++
					}
					row = row[c.Width():]
				}
			}
			t.Logf("%d values at an end of a range, %d other", ends, other)
			want := map[string]int{"adult": 1836 + 963 + 1843 + 966 + 583 + 274}[name] // "?" in workclass, occupation, native-country: adult.names, by grep
			if other != want {
				t.Errorf("%d values are other, want %d", other, want)
			}
		})
	}
}
