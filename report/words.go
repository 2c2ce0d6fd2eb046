package report

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"hush/audit"
	"hush/run"
)

// sentences returns the paragraphs under the table: what holds, what it cost and whether the attacks agree, what all
// this does not show. Each is built from the values, so none can say more than they do.
func sentences(r *run.Result) []string {
	list := []string{statement(r)}
	if s := strings.TrimSpace(price(r) + " " + agreement(r)); s != "" {
		list = append(list, s)
	}
	return append(list, limits(r))
}

// caption says in one line what was trained on what.
func caption(r *run.Result) string {
	s := fmt.Sprintf("%s: %s, %s", r.Data.Name, r.Net.Name, counted(r.Net.Parameters, "parameter"))
	if r.Data.Train > 0 {
		s += fmt.Sprintf("; %s to train on", counted(r.Data.Train, unit(r)))
		if r.Data.AuditUnits > 0 {
			s += fmt.Sprintf(" (%s of them in or out by coin)", grouped(r.Data.AuditUnits))
		}
		s += fmt.Sprintf(", %s to test", grouped(r.Data.Test))
	}
	return s
}

// unit names what the guarantee protects.
func unit(r *run.Result) string {
	if r.Privacy.Unit == "" {
		return "record"
	}
	return r.Privacy.Unit
}

// statement says what the guarantee means for one unit, beside what the best attack got.
func statement(r *run.Result) string {
	p, who := r.Privacy, unit(r)
	switch {
	case p.Epsilon == nil:
		return fmt.Sprintf("This model has no privacy guarantee%s: its ε is infinite, and nothing bounds what can be found out about a %s it was trained on. %s",
			because(p.WhyNot), who, reached(r))
	case !p.Guarantee:
		return fmt.Sprintf("THE GUARANTEE DOES NOT HOLD%s. With secret randomness the same run would spend ε = %s%s per %s. %s",
			because(p.WhyNot), Epsilon(p.Epsilon), atDelta(p.Delta), who, reached(r))
	}
	claim := fmt.Sprintf("ε = %s%s, per %s", Epsilon(p.Epsilon), atDelta(p.Delta), who)
	if r.Verdict == audit.Violation {
		return violation(r, claim) + " " + reached(r)
	}
	var means []string
	if after, ok := r.Bounds.Posterior["0.01"]; ok {
		means = append(means, fmt.Sprintf("a suspicion of 1 %% that a %s was trained on can grow to %s %% at most%s", who, fixed(100*after, 1, up), butDelta(p.Delta)))
	}
	if c := r.Bounds.AUCCeiling; c != nil {
		means = append(means, fmt.Sprintf("no attack, known or not, can expect an AUC above %s", ceilingText(c)))
	}
	if len(means) > 0 {
		claim += ": " + strings.Join(means, ", and ")
	}
	return claim + ". " + reached(r)
}

// violation says that the audit contradicts the claim, and by how much.
func violation(r *run.Result, claim string) string {
	s := "VIOLATION: the audit contradicts the claim of " + claim
	if e := r.Bounds.EpsilonLower; e != nil {
		s += fmt.Sprintf("; it shows ε ≥ %s", lowerText(*e))
	}
	if p := r.Bounds.PValue; p != nil {
		s += fmt.Sprintf(" (p = %s)", significant(*p, 2, up))
	}
	return s + ". Do not release this model."
}

// butDelta names the exception that δ is.
func butDelta(delta *float64) string {
	if delta == nil || *delta == 0 {
		return ""
	}
	return " (but for a chance of δ)"
}

func because(why string) string {
	if why == "" {
		return ""
	}
	return " (" + why + ")"
}

func atDelta(delta *float64) string {
	if delta == nil {
		return ""
	}
	return " at δ = " + deltaText(*delta)
}

// reached says what the best attack got, and that it is indicative where it is.
func reached(r *run.Result) string {
	a := r.BestAttack
	if a == nil {
		return "No attack was run on it."
	}
	low, high := interval(a.AUCLow, a.AUCHigh)
	tried := "The attack"
	if n := len(r.Attacks); n > 1 {
		tried = fmt.Sprintf("The best of %d attacks", n)
	}
	s := fmt.Sprintf("%s tells members from others with AUC %s (%s interval %s to %s; 0.5 is guessing).", tried, rate(a.AUC), level(r), low, high)
	if r.Indicative {
		s += " This AUC is indicative only: who is a member was not decided by coins, so it also measures how the two sets differ."
	}
	return s
}

// price compares with the twin.
func price(r *run.Result) string {
	t := r.Twin
	if r.Utility.TestAccuracy == nil {
		return ""
	}
	if t == nil || t.TestAccuracy == nil {
		return fmt.Sprintf("It classifies %s of the test records right%s.", percent(r.Utility.TestAccuracy), guess(r))
	}
	with, without := *r.Utility.TestAccuracy, *t.TestAccuracy
	name := "the twin"
	if t.What != "" {
		name += " (" + t.What + ")"
	}
	var s string
	if r.Privacy.Epsilon == nil {
		s = fmt.Sprintf("It classifies %s of the test records right, %s %s", percent(&with), name, percent(&without))
	} else if points := fixed(100*(without-with), 1, fair); without > with && points != "0.0" {
		s = fmt.Sprintf("Privacy cost %s points of test accuracy: %s against %s of %s", points, percent(&with), percent(&without), name)
	} else {
		s = fmt.Sprintf("Privacy cost no test accuracy here: %s against %s of %s", percent(&with), percent(&without), name)
	}
	return s + guess(r) + "."
}

// guess names what no learning at all gives.
func guess(r *run.Result) string {
	if b := r.Utility.BaselineAccuracy; b != nil {
		return fmt.Sprintf("; always naming the largest class gives %s", percent(b))
	}
	return ""
}

// agreement says what the verdict means.
func agreement(r *run.Result) string {
	b := r.Bounds
	switch r.Verdict {
	case audit.Consistent:
		s := "The attacks do not contradict the claim"
		if b.DetectableEpsilon != nil {
			s += fmt.Sprintf("; without noise this audit shows ε ≥ %s, so it could have", lowerText(*b.DetectableEpsilon))
		}
		return s + "."
	case audit.Inconclusive:
		if b.DetectableEpsilon == nil {
			return "The attacks do not contradict the claim, but whether this audit could is not known: no control without noise was run."
		}
		return fmt.Sprintf("The attacks do not contradict the claim, but this audit is too small to: without any noise it shows no more than ε ≥ %s.", lowerText(*b.DetectableEpsilon))
	case audit.NotEvaluable:
		if r.Reason != "" {
			return "The claim was not tested: " + r.Reason + "."
		}
		return "The claim was not tested."
	}
	return "" // no guarantee, violation: the statement has said it
}

// lowerText renders a lower bound on ε: never larger than it is.
func lowerText(e float64) string { return fixed(max(e, 0), 2, down) }

// limits says what the figures do not show.
func limits(r *run.Result) string {
	who := unit(r)
	s := "Not shown: "
	if r.BestAttack != nil {
		s += "stronger attacks may get more, and an AUC is an average that hides the most exposed " + who + "s; "
	}
	switch {
	case r.Privacy.Epsilon == nil || !r.Privacy.Guarantee:
		s += "weak attacks do not make up for a missing guarantee."
	case who == "record":
		s += "a person with several records is protected less, and what many records share is learned by design."
	default:
		s += "what many " + who + "s share is learned by design."
	}
	if r.Privacy.Epsilon != nil && r.Privacy.Tuning == "not accounted" {
		s += " Trying settings on these data until one pleases is not paid for in ε."
	}
	return s
}

// notes are the lines under the sentences: alarms of the audit, the recipe's figure.
func notes(r *run.Result) []string {
	var list []string
	for _, a := range r.Alarms {
		list = append(list, "warning: "+a)
	}
	if r.Recipe != nil && r.Recipe.Figure != "" {
		list = append(list, fmt.Sprintf("compare: %s (%s)", r.Recipe.Figure, r.Recipe.Source))
	}
	return list
}

// wrap breaks text at spaces into lines of at most width runes; a longer word stays whole. A no-break space joins a
// number to its unit.
func wrap(text string, width int) []string {
	var lines []string
	line, n := "", 0
	for _, word := range strings.Fields(bind(text)) {
		word = strings.ReplaceAll(word, joint, " ")
		m := utf8.RuneCountInString(word)
		if n > 0 && n+1+m > width {
			lines = append(lines, line)
			line, n = "", 0
		}
		if n > 0 {
			line, n = line+" ", n+1
		}
		line, n = line+word, n+m
	}
	return append(lines, line)
}

// joint holds together what a line break must not part; bind puts it there.
const joint = "\x00"

func bind(text string) string {
	return strings.NewReplacer(" %", joint+"%", "ε = ", "ε"+joint+"="+joint, "ε ≥ ", "ε"+joint+"≥"+joint,
		"δ = ", "δ"+joint+"="+joint, "AUC 0", "AUC"+joint+"0", "p = ", "p"+joint+"="+joint).Replace(text)
}
