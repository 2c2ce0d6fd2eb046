package report

import (
	"bytes"
	"fmt"
	"strings"

	"hush/audit"
	"hush/run"
)

// attackGrid is the table of all attacks, in catalog order. Each interval holds alone, not for the best of them.
func attackGrid(r *run.Result) grid {
	g := grid{header: []string{"attack", "AUC\n[" + attackLevel(r) + "]", "advan-\ntage", "TPR at\nFPR 0.1 %", "TPR at\nFPR 1 %"}}
	for _, a := range r.Attacks {
		low, high := interval(a.AUCLow, a.AUCHigh)
		g.rows = append(g.rows, []string{
			attackName(a),
			rate(a.AUC) + "\n[" + low + ", " + high + "]",
			rate(a.Advantage),
			tprText(a, "0.001"),
			tprText(a, "0.01"),
		})
	}
	return g
}

// attackLevel is the confidence of each attack's own interval.
func attackLevel(r *run.Result) string {
	if len(r.Attacks) == 0 || r.Attacks[0].Level == 0 {
		return level(r)
	}
	l := r.Attacks[0].Level
	return significant(100*l, 4, fair) + " %"
}

// attackName marks the attacks whose score was fitted on membership.
func attackName(a audit.AttackResult) string {
	if a.Fitted {
		return a.Name + " †"
	}
	return a.Name
}

// tprText renders the true-positive rate at a false-positive rate, marked where too few non-members place it.
func tprText(a audit.AttackResult, fpr string) string {
	t, ok := a.TPRAtFPR[fpr]
	if !ok {
		return none
	}
	mark := ""
	if !t.Resolvable {
		mark = " *"
	}
	return fixed(100*t.TPR, 1, fair) + " %" + mark + "\n[" + fixed(100*t.Low, 1, down) + ", " + fixed(100*t.High, 1, up) + "]"
}

// attackList is the same for narrow terminals.
func attackList(r *run.Result, width int) []string {
	var lines []string
	for i, a := range r.Attacks {
		if i > 0 {
			lines = append(lines, "")
		}
		low, high := interval(a.AUCLow, a.AUCHigh)
		lines = append(append(lines, attackName(a)), pairs(width, [][2]string{
			{"AUC", rate(a.AUC) + " [" + low + ", " + high + "]"},
			{"advan.", rate(a.Advantage)},
			{"TPR .1%", tprText(a, "0.001")},
			{"TPR 1%", tprText(a, "0.01")},
		})...)
	}
	return lines
}

// attackNotes explains the marks of the attack table and says how the controls went.
func attackNotes(r *run.Result) []string {
	var list []string
	few, fitted := false, false
	for _, a := range r.Attacks {
		fitted = fitted || a.Fitted
		for _, t := range a.TPRAtFPR {
			few = few || !t.Resolvable
		}
	}
	if few {
		list = append(list, "* too few non-members to place the threshold: read the interval, not the figure")
	}
	if fitted {
		list = append(list, "† fitted on membership (cross-fitted): an AUC, never a bound on ε")
	}
	for _, c := range []struct {
		name string
		c    *audit.Control
	}{
		{"negative control (non-members against non-members)", r.Controls.Negative},
		{"same-law control (before training)", r.Controls.SameLaw},
		{"positive control (must be caught)", r.Controls.Positive},
	} {
		if c.c == nil {
			continue
		}
		state := "ok"
		if !c.c.OK {
			state = "FAILED"
		}
		low, high := interval(c.c.AUCLow, c.c.AUCHigh)
		list = append(list, fmt.Sprintf("%s: %s, %s has AUC %s [%s, %s]", c.name, state, c.c.Attack, rate(c.c.AUC), low, high))
	}
	return list
}

// drawAttacks writes the attack table with its notes.
func drawAttacks(b *bytes.Buffer, r *run.Result, width int) error {
	if len(r.Attacks) == 0 {
		return nil
	}
	b.WriteByte('\n')
	if err := draw(b, attackGrid(r), func() []string { return attackList(r, width) }, width); err != nil {
		return err
	}
	b.WriteByte('\n')
	for _, n := range attackNotes(r) {
		b.WriteString(strings.Join(wrap(n, width), "\n") + "\n")
	}
	return nil
}
