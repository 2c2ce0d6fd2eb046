package report

import (
	"math"

	"hush/audit"
	"hush/run"
)

// row is one model: the figures of the table and of the CSV.
type row struct {
	model     string
	epsilon   *float64 // nil: infinite
	delta     *float64
	held      bool // the guarantee holds
	test      *float64
	baseline  *float64 // share of the largest class
	train     *float64
	attack    *audit.AttackResult // nil: none was run
	ceiling   *float64            // AUC
	advantage *float64            // ceiling of the advantage
	verdict   audit.Verdict       // "": no audit
}

// rows returns the run's model and, if it was trained, its twin.
func rows(r *run.Result) []row {
	list := []row{{
		model:     "private",
		epsilon:   r.Privacy.Epsilon,
		delta:     r.Privacy.Delta,
		held:      r.Privacy.Guarantee,
		test:      r.Utility.TestAccuracy,
		baseline:  r.Utility.BaselineAccuracy,
		train:     r.Utility.TrainAccuracy,
		attack:    r.BestAttack,
		ceiling:   r.Bounds.AUCCeiling,
		advantage: r.Bounds.AdvantageCeiling,
		verdict:   r.Verdict,
	}}
	if r.Privacy.Epsilon == nil {
		list[0].model = "model"
	}
	if t := r.Twin; t != nil {
		one := 1.0 // without a guarantee nothing but certainty bounds an attack
		list = append(list, row{
			model:     "twin",
			test:      t.TestAccuracy,
			baseline:  r.Utility.BaselineAccuracy,
			train:     t.TrainAccuracy,
			attack:    t.BestAttack,
			ceiling:   &one,
			advantage: &one,
			verdict:   audit.NoGuarantee,
		})
	}
	return list
}

// epsilonCell returns ε and what belongs under it.
func (w row) epsilonCell() (epsilon, under string) {
	switch {
	case w.epsilon == nil:
		return "∞", ""
	case !w.held:
		return Epsilon(w.epsilon), "not held"
	case w.delta == nil:
		return Epsilon(w.epsilon), ""
	}
	return Epsilon(w.epsilon), "at " + deltaText(*w.delta)
}

// attackCells returns the best attack's name, AUC, interval and advantage.
func (w row) attackCells() (name, auc, between, advantage string) {
	a := w.attack
	if a == nil {
		return none, none, "", none
	}
	low, high := interval(a.AUCLow, a.AUCHigh)
	return a.Name, rate(a.AUC), "[" + low + ", " + high + "]", rate(a.Advantage)
}

// ceilingCell is the most that any attack can reach. Where ε is finite but the guarantee does not hold, nothing is.
func (w row) ceilingCell() string {
	if w.epsilon != nil && !w.held {
		return none
	}
	return ceilingText(w.ceiling)
}

func (w row) verdictText() string {
	if w.verdict == "" {
		return none
	}
	return string(w.verdict)
}

// level returns the confidence of the best attacks' intervals in percent, as a heading names it: "95 %".
func level(r *run.Result) string {
	l := r.Bounds.Confidence
	if l == 0 && r.BestAttack != nil {
		l = r.BestAttack.Level
	}
	if l == 0 {
		l = .95
	}
	return significant(math.Round(1e6*l)/1e4, 4, fair) + " %"
}
