package experiment

import (
	"math"
	"slices"
	"testing"
)

// One record whose outputs overflow must not end a run: its outputs become finite, and those of others stay to the bit.
func TestTame(t *testing.T) {
	inf, nan, most := float32(math.Inf(1)), float32(math.NaN()), float32(math.MaxFloat32)
	s := scored{classes: 2, labels: []int32{0, 1, 0, 1}, logits: []float32{1, -2, inf, 3, nan, inf, -inf, most}}
	if n := s.tame(); n != 3 || !slices.Equal(s.logits, []float32{1, -2, most, 3, 0, 0, -most, most}) {
		t.Errorf("%d changed: %v", n, s.logits)
	}
	for name, v := range map[string]float64{"accuracy": s.accuracy(), "loss": s.loss(), "calibration": s.calibration(), "macro": s.macro()} {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			t.Errorf("%s is %v", name, v)
		}
	}
	if roc, pr, ok := s.ranking(); !ok || math.IsNaN(roc) || math.IsNaN(pr) {
		t.Errorf("ranking: %v, %v, %t", roc, pr, ok)
	}
}

// Utility on outputs whose figures are known.
func TestUtility(t *testing.T) {
	// Records: class 0 right, class 0 wrong, class 1 right, class 1 right; ties name the first class.
	s := scored{classes: 2, labels: []int32{0, 0, 1, 1}, logits: []float32{2, 0, 0, 1, 0, 3, -1, 1}}
	near := func(name string, got, want float64) {
		if math.Abs(got-want) > 1e-12 {
			t.Errorf("%s = %v, want %v", name, got, want)
		}
	}
	near("accuracy", s.accuracy(), .75)
	near("baseline", s.baseline(), .5)
	near("macro", s.macro(), .75)
	softplus := func(x float64) float64 { return math.Log1p(math.Exp(x)) }
	near("loss", s.loss(), (softplus(-2)+softplus(1)+softplus(-3)+softplus(-2))/4)
	if m := s.confusion(); m[0][0] != 1 || m[0][1] != 1 || m[1][0] != 0 || m[1][1] != 2 {
		t.Errorf("confusion %v", m)
	}
	// Scores z₁ − z₀: class 0 has −2 and 1, class 1 has 3 and 2: every pair in order.
	roc, pr, ok := s.ranking()
	if !ok {
		t.Error("no ranking")
	}
	near("AUROC", roc, 1)
	near("AUPRC", pr, 1)
	// All equal: one group, half a point for each pair, precision is the share of class 1.
	roc, pr, _ = scored{classes: 2, labels: []int32{0, 1, 1}, logits: make([]float32, 6)}.ranking()
	near("AUROC of ties", roc, .5)
	near("AUPRC of ties", pr, 2./3)
	if _, _, ok := (scored{classes: 2, labels: []int32{1}, logits: []float32{0, 1}}).ranking(); ok {
		t.Error("one class alone has a ranking")
	}
	// One bin per record but for confidences in the same fifteenth: here all differ but two near .88.
	want, c := 0., func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	for _, bin := range [][2]float64{{c(2) + c(2), 2}, {c(1), 0}, {c(3), 1}} {
		want += math.Abs(bin[1]-bin[0]) / 4
	}
	near("calibration", s.calibration(), want)
}
