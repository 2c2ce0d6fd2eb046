package audit

import (
	"cmp"
	"slices"
)

// modifiedEntropyPerClass scores −Mentr − τ_y, with one threshold τ per class (Song & Mittal, arXiv 2003.10595).
//
// Units are put in two folds, each class split evenly; τ of a fold is learned on the other fold's membership, so no
// unit meets its own coin. Still the score is a function of coins: AUC only, never a bound.
func modifiedEntropyPerClass() Attack {
	return Attack{
		Name:    "modified entropy per class",
		Summary: "the same with a threshold for each class, cross-fitted in two folds (Song & Mittal 2021)",
		Fit:     perClassScores,
	}
}

func perClassScores(o *Observed, member []bool, seed uint64) []float64 {
	score := o.each(negativeMentr)
	fold := folds(o, seed)
	var tau [2][]float64
	for f := range tau {
		tau[f] = classThresholds(o, score, member, fold, f)
	}
	out := make([]float64, len(score))
	for i, s := range score {
		out[i] = s - tau[1-fold[i]][o.Labels[i]]
	}
	return out
}

// folds gives each unit fold 0 or 1, alternating within its class in an order that depends on (seed, unit id) alone.
func folds(o *Observed, seed uint64) []int {
	at := shuffled(o.Index, seed)
	slices.SortStableFunc(at, func(a, b int) int { return cmp.Compare(o.Labels[a], o.Labels[b]) })
	fold := make([]int, len(at))
	for rank, i := range at {
		fold[i] = rank % 2
	}
	return fold
}

// classThresholds returns K thresholds learned on the units of one fold. A class with fewer than two members or two
// non-members there takes the threshold of all classes together.
func classThresholds(o *Observed, score []float64, member []bool, fold []int, use int) []float64 {
	all, perClass := []int(nil), make([][]int, o.Classes)
	for i, f := range fold {
		if f == use {
			all = append(all, i)
			perClass[o.Labels[i]] = append(perClass[o.Labels[i]], i)
		}
	}
	global := bestThreshold(all, score, member)
	tau := make([]float64, o.Classes)
	for c, at := range perClass {
		n1 := 0
		for _, i := range at {
			if member[i] {
				n1++
			}
		}
		if n1 < 2 || len(at)-n1 < 2 {
			tau[c] = global
			continue
		}
		tau[c] = bestThreshold(at, score, member)
	}
	return tau
}

// bestThreshold returns the cut with the largest TPR − FPR among the midpoints of neighboring distinct scores; with
// one distinct score, that score. Of equal cuts the highest wins.
func bestThreshold(at []int, score []float64, member []bool) float64 {
	at = slices.Clone(at)
	slices.SortFunc(at, func(a, b int) int { return cmp.Compare(score[b], score[a]) })
	n1 := 0
	for _, i := range at {
		if member[i] {
			n1++
		}
	}
	n0 := len(at) - n1
	if len(at) == 0 || n1 == 0 || n0 == 0 {
		return 0
	}
	best, tau := -2.0, score[at[0]]
	tp, fp := 0, 0
	for r := 0; r+1 < len(at); r++ {
		if member[at[r]] {
			tp++
		} else {
			fp++
		}
		hi, lo := score[at[r]], score[at[r+1]]
		if hi == lo {
			continue
		}
		if j := float64(tp)/float64(n1) - float64(fp)/float64(n0); j > best {
			best, tau = j, hi/2+lo/2
		}
	}
	return tau
}
