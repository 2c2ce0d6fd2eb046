package experiment

import (
	"math"
	"sort"

	"hush/trainer"
)

// scored is a net's outputs on some records: what utility is computed from.
type scored struct {
	classes int
	logits  []float32 // n × classes
	labels  []int32   // n
}

func (s scored) len() int            { return len(s.labels) }
func (s scored) row(i int) []float32 { return s.logits[i*s.classes : (i+1)*s.classes] }

// accuracy is the share of records whose largest logit is the label's; 0 for none.
func (s scored) accuracy() float64 {
	right := 0
	for i, y := range s.labels {
		if trainer.ArgMax(s.row(i)) == int(y) {
			right++
		}
	}
	return float64(right) / math.Max(1, float64(s.len()))
}

// baseline is the share of the largest class: what a constant answer reaches.
func (s scored) baseline() float64 {
	best := 0
	for _, n := range s.perClass() {
		best = max(best, n)
	}
	return float64(best) / math.Max(1, float64(s.len()))
}

func (s scored) perClass() []int {
	n := make([]int, s.classes)
	for _, y := range s.labels {
		n[y]++
	}
	return n
}

// confusion counts records by true class (row) and answer (column). An answer of all NaN is left out of its row.
func (s scored) confusion() [][]int {
	m := make([][]int, s.classes)
	for c := range m {
		m[c] = make([]int, s.classes)
	}
	for i, y := range s.labels {
		if a := trainer.ArgMax(s.row(i)); a >= 0 {
			m[y][a]++
		}
	}
	return m
}

// macro is the mean over the classes present of each class's accuracy.
func (s scored) macro() float64 {
	m, sum, present := s.confusion(), 0., 0
	for c, n := range s.perClass() {
		if n > 0 {
			sum += float64(m[c][c]) / float64(n)
			present++
		}
	}
	return sum / math.Max(1, float64(present))
}

// probabilities writes softmax(z) into p, in float64.
func probabilities(z []float32, p []float64) {
	top, sum := math.Inf(-1), 0.
	for _, v := range z {
		top = math.Max(top, float64(v))
	}
	for k, v := range z {
		p[k] = math.Exp(float64(v) - top)
		sum += p[k]
	}
	for k := range p {
		p[k] /= sum
	}
}

// loss is the mean cross-entropy −log p_y.
func (s scored) loss() float64 {
	sum := 0.
	for i, y := range s.labels {
		z, top := s.row(i), math.Inf(-1)
		for _, v := range z {
			top = math.Max(top, float64(v))
		}
		e := 0.
		for _, v := range z {
			e += math.Exp(float64(v) - top)
		}
		sum += math.Log(e) + top - float64(z[y])
	}
	return sum / math.Max(1, float64(s.len()))
}

// calibrationBins is the number of equal-width confidence bins (Guo et al. 2017, arXiv 1706.04599, use 15).
const calibrationBins = 15

// calibration is the expected calibration error: Σ_b (n_b/n)·|accuracy_b − confidence_b| over bins of the largest
// probability.
func (s scored) calibration() float64 {
	var n, right, sure [calibrationBins]float64
	p := make([]float64, s.classes)
	for i, y := range s.labels {
		a := trainer.ArgMax(s.row(i))
		if a < 0 {
			continue
		}
		probabilities(s.row(i), p)
		b := min(int(p[a]*calibrationBins), calibrationBins-1)
		n[b]++
		sure[b] += p[a]
		if a == int(y) {
			right[b]++
		}
	}
	e := 0.
	for b := range n {
		e += math.Abs(right[b]-sure[b]) / math.Max(1, float64(s.len()))
	}
	return e
}

// ranking returns the area under the ROC curve and the average precision of class 1 in a two-class problem, ties
// counted ½ in the first and grouped in the second; ok is false for other numbers of classes or one class only.
//
//	AUROC = P(score⁺ > score⁻) + ½P(score⁺ = score⁻)     AUPRC = Σ_g (recall_g − recall_{g−1})·precision_g
func (s scored) ranking() (auroc, auprc float64, ok bool) {
	if s.classes != 2 {
		return 0, 0, false
	}
	order := make([]int, s.len())
	for i := range order {
		order[i] = i
	}
	score := func(i int) float32 { z := s.row(i); return z[1] - z[0] }
	sort.Slice(order, func(a, b int) bool { return score(order[a]) > score(order[b]) })
	count := s.perClass()
	pos, neg := float64(count[1]), float64(count[0])
	if pos == 0 || neg == 0 {
		return 0, 0, false
	}
	tp, fp := 0., 0.
	for i := 0; i < len(order); {
		tp0, fp0 := tp, fp
		for v := score(order[i]); i < len(order) && score(order[i]) == v; i++ {
			if s.labels[order[i]] == 1 {
				tp++
			} else {
				fp++
			}
		}
		if tp == tp0 && fp == fp0 { // NaN: equal to nothing
			return 0, 0, false
		}
		auroc += (fp - fp0) * (tp0 + tp) / 2
		auprc += (tp - tp0) / pos * tp / (tp + fp)
	}
	return auroc / (pos * neg), auprc, true
}
