package main

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"text/tabwriter"

	"hush/accountant"
	"hush/audit"
)

// printAnswer writes the answer as a small table and one sentence that says what it means for an attacker.
func printAnswer(out io.Writer, asked string, q *question, g accountant.Guarantee, a budgetAnswer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) { fmt.Fprintf(w, name+"\t"+format+"\n", args...) }
	row("epsilon", "%s", upText(g.Epsilon))
	row("delta", "%s", upText(g.Delta))
	if q.scheduled {
		row("schedule", "%d stages", len(q.spent))
	} else {
		noise, rate := fmt.Sprintf("%.6g", q.noise), fmt.Sprintf("%.6g", q.rate)
		switch asked {
		case "noise":
			noise = upText(q.noise)
		case "rate":
			rate = downText(q.rate)
		}
		row("noise multiplier", "%s", noise)
		row("sample rate", "%s", rate)
	}
	row("steps", "%d", a.Steps)
	row("neighboring", "%s, %s", g.Relation, groupText(q.settings.GroupSize))
	row("accountant", "%s%s, %.1f ms", g.Accountant, orderText(g.Order), a.Milliseconds)
	if g.Warning != "" {
		row("warning", "%s", g.Warning)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out, "\n"+meaning(g, q.settings.GroupSize))
	return err
}

// meaning says what (ε, δ) does to an attacker's suspicion.
func meaning(g accountant.Guarantee, group int) string {
	whose := "a given unit's data were used"
	if group > 1 {
		whose = fmt.Sprintf("the data of a given group of %d units were used", group)
	}
	if g.Relation == accountant.ReplaceOne {
		whose = "a given unit's data were this and not that"
		if group > 1 {
			whose = fmt.Sprintf("the data of a given group of %d units were this and not that", group)
		}
	}
	claim := audit.Claim{Epsilon: g.Epsilon, Delta: g.Delta, Private: !math.IsInf(g.Epsilon, 1)}
	if !claim.Private || g.Delta >= 1 {
		return "There is no guarantee: an attacker may become certain."
	}
	return fmt.Sprintf("In words: whoever suspects that %s, and then sees everything that is released, can become at most %s sure if 1 %% sure before, and at most %s if 50 %% sure before; δ bounds the chance of worse.",
		whose, percentUp(claim.PosteriorCeiling(.01)), percentUp(claim.PosteriorCeiling(.5)))
}

func groupText(k int) string {
	if k == 1 {
		return "one unit"
	}
	return fmt.Sprintf("%d units together", k)
}

func orderText(order float64) string {
	switch {
	case order == 0:
		return ""
	case math.IsInf(order, 1):
		return ", order ∞"
	}
	return fmt.Sprintf(", order %.4g", order)
}

// upText prints v with six digits, rounded up: what is printed is on the safe side too.
func upText(v float64) string { return roundText(v, math.Inf(1)) }

// downText prints v with six digits, rounded down.
func downText(v float64) string { return roundText(v, math.Inf(-1)) }

func roundText(v, toward float64) string {
	if v == 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return strconv.FormatFloat(v, 'g', 6, 64)
	}
	unit := math.Pow(10, math.Floor(math.Log10(math.Abs(v)))-5)
	for _, w := range []float64{v, v + math.Copysign(unit, toward)} {
		text := strconv.FormatFloat(w, 'g', 6, 64)
		if r, err := strconv.ParseFloat(text, 64); err == nil && (r == v || r > v == (toward > 0)) {
			return text
		}
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// percentUp prints a share as a percentage rounded up: two digits after the point, more where it is next to 100.
func percentUp(p float64) string {
	for digits := 1; digits <= 6; digits++ {
		scale := math.Pow(10, float64(digits))
		if up := math.Ceil(p*100*scale) / scale; up < 100 {
			return fmt.Sprintf("%s %%", strconv.FormatFloat(up, 'f', -1, 64))
		}
	}
	return "100 %"
}
