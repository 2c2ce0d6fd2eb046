package audit

import (
	"math"
	"slices"
	"testing"
)

// TestCatalogConforms is the suite that every attack must pass.
func TestCatalogConforms(t *testing.T) {
	if len(Catalog()) == 0 {
		t.Fatal("the catalog is empty")
	}
	seen := map[string]bool{}
	for _, a := range Catalog() {
		t.Run(a.Name, func(t *testing.T) {
			if a.Name == "" || a.Summary == "" || seen[a.Name] {
				t.Error("an attack needs a name of its own and a summary")
			}
			seen[a.Name] = true
			if (a.Score == nil) == (a.Fit == nil) {
				t.Error("exactly one of Score and Fit must be set")
			}
			if a.Bound && a.Fitted() {
				t.Error("a score fitted on membership must not feed a bound")
			}
			conformsExtremes(t, a)
			conformsOrder(t, a)
			conformsDirection(t, a)
			conformsNull(t, a)
			conformsReadOnly(t, a)
		})
	}
}

// conformsExtremes: finite scores on ±1e4, ±Inf, ties, and all classes at −Inf.
func conformsExtremes(t *testing.T, a Attack) {
	inf := float32(math.Inf(1))
	rows := [][3]float32{
		{1e4, -1e4, -1e4}, {-1e4, 1e4, 1e4}, {1e4, 1e4, 1e4}, {0, 0, 0}, {inf, 0, 0}, {-inf, 0, 0}, {inf, inf, -inf}, {-inf, -inf, -inf},
		{math.MaxFloat32, -math.MaxFloat32, 0}, {1e-45, 0, 0}, {-inf, inf, 0}, {200, 100, 0},
	}
	s := &Signals{Classes: 3}
	for i := range 3 * len(rows) {
		s.Logits = append(s.Logits, rows[i/3][0], rows[i/3][1], rows[i/3][2])
		s.Labels = append(s.Labels, int32(i%3))
		s.Index = append(s.Index, i)
		s.Member = append(s.Member, i%2 == 0)
	}
	score, err := a.run(valid(t, s).Observe(), s.Member, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range score {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			t.Errorf("logits %v, label %d: score %v", rows[i/3], s.Labels[i], v)
		}
	}
	// Equal records score equally, and a score is at its best where the model is surest and right.
	if math.Abs(score[9]-score[10]) > 1e-12 && !a.Fitted() && a.Name != "gap" { // the gap attack predicts the first of equals
		t.Errorf("a flat softmax scores %v for one label and %v for another", score[9], score[10])
	}
	if !a.Fitted() && !(score[0] > score[10]) {
		t.Errorf("sure and right scores %v, not above %v of a flat softmax", score[0], score[10])
	}
}

// conformsOrder: listing the units in another order moves the scores along and changes none.
func conformsOrder(t *testing.T, a Attack) {
	s := synthetic(300, 4, 1, 3)
	p := permuted(s, 4)
	before, _ := a.run(s.Observe(), s.Member, 9)
	after, _ := a.run(p.Observe(), p.Member, 9)
	at := map[int]float64{}
	for i, id := range s.Index {
		at[id] = before[i]
	}
	for i, id := range p.Index {
		if after[i] != at[id] {
			t.Fatalf("unit %d scores %v, and %v when listed elsewhere", id, at[id], after[i])
		}
	}
}

// conformsDirection: members of an over-fitted model score higher. 4,000 units and a boost of 1.5 put every attack of
// this kind above .53; under no association P[AUC ≥ .53] is 5e-4 at this size.
func conformsDirection(t *testing.T, a Attack) {
	s := synthetic(4000, 4, 1.5, 5)
	score, err := a.run(s.Observe(), s.Member, 9)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Rank(score, s.Member)
	if err != nil {
		t.Fatal(err)
	}
	if auc := r.AUC(); auc < .53 {
		t.Errorf("AUC %.3f on an over-fitted model", auc)
	}
}

// conformsNull: on coins that tell nothing the mean AUC of 60 pools of 400 is ½ within z = 5 (false alarm 6e-7). A
// score that meets its own coin fails this by far: see TestFitWithoutFoldsIsCaught.
func conformsNull(t *testing.T, a Attack) {
	sum, sumVar := 0.0, 0.0
	for seed := range uint64(60) {
		s := synthetic(400, 4, 0, 100+seed)
		score, err := a.run(s.Observe(), s.Member, seed)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Rank(score, s.Member)
		if err != nil {
			t.Fatal(err)
		}
		auc, variance := r.deLong()
		sum, sumVar = sum+auc-.5, sumVar+variance
	}
	if z := sum / math.Sqrt(sumVar); math.Abs(z) > 5 {
		t.Errorf("mean AUC on coins that tell nothing is %.4f (z = %.1f)", .5+sum/60, z)
	}
}

// conformsReadOnly: a scorer writes to nothing that it was given.
func conformsReadOnly(t *testing.T, a Attack) {
	s, untouched := synthetic(50, 3, 1, 7), synthetic(50, 3, 1, 7)
	if _, err := a.run(s.Observe(), s.Member, 1); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(s.Logits, untouched.Logits) || !slices.Equal(s.Labels, untouched.Labels) ||
		!slices.Equal(s.Index, untouched.Index) || !slices.Equal(s.Member, untouched.Member) {
		t.Error("the attack changed its input")
	}
}

// TestResolutionNearCertainty: in float32, and in float64 by 1 − p, both losses would be 0.
func TestResolutionNearCertainty(t *testing.T) {
	s := &Observed{Classes: 2, Logits: []float32{100, 0, 101, 0}, Labels: []int32{0, 0}, Index: []int{0, 1}}
	for _, a := range Catalog() {
		if a.Fitted() || a.Name == "gap" {
			continue
		}
		if v := a.Score(s); !(v[1] > v[0]) {
			t.Errorf("%s: margins 100 and 101 score %v", a.Name, v)
		}
	}
}
