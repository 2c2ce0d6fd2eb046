package run

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"hush/audit"
)

// FailIf is a condition on a result under which a run or a gate fails:
//
//	condition  = conjunction { "||" conjunction }
//	conjunction = comparison { "&&" comparison }
//	comparison = operand ( "<" | "<=" | ">" | ">=" | "==" | "!=" ) operand | "(" condition ")"
//	operand    = number | inf | true | false | 'text' | "text" | a verdict of one word | result path
type FailIf struct {
	text string
	root *failNode
}

// failNode is a comparison (op "<" …, with operands) or a junction (op "&&" or "||", with two children).
type failNode struct {
	op          string
	a, b        operand
	left, right *failNode
}

// operand is a constant, or a path when value is nil.
type operand struct {
	value any
	path  string
}

// Outcome of a condition on one result.
type Outcome struct {
	Failed       bool     // the condition is met
	NotEvaluable []string // operands that are missing or null, and comparisons that make no sense; a gate fails on any
}

// Passed is true when the condition could be evaluated and is not met.
func (o Outcome) Passed() bool { return !o.Failed && len(o.NotEvaluable) == 0 }

// Limits of the text: deeper or longer is no condition a person wrote.
const (
	maxCondition = 4096
	maxDepth     = 64
)

// verdicts are the values that verdict can be compared with.
var verdicts = [...]audit.Verdict{audit.Consistent, audit.Violation, audit.Inconclusive, audit.NoGuarantee, audit.NotEvaluable}

// ParseFailIf reads a condition.
func ParseFailIf(text string) (FailIf, error) {
	if len(text) > maxCondition {
		return FailIf{}, fmt.Errorf("run: condition has %d bytes, must have at most %d", len(text), maxCondition)
	}
	words, err := splitCondition(text)
	if err != nil {
		return FailIf{}, err
	}
	p := &failParser{words: words, text: text}
	root, err := p.condition(0)
	if err != nil {
		return FailIf{}, err
	}
	if len(p.words) > 0 {
		return FailIf{}, p.unexpected("&& or || or the end")
	}
	return FailIf{text: text, root: root}, nil
}

// String is the text that was parsed.
func (f FailIf) String() string { return f.text }

// splitCondition cuts text into operators, quoted texts (with their quotes) and words.
func splitCondition(text string) (words []string, err error) {
	for s := strings.TrimSpace(text); s != ""; s = strings.TrimSpace(s) {
		n := 0
		switch c := s[0]; {
		case strings.HasPrefix(s, "&&"), strings.HasPrefix(s, "||"), strings.HasPrefix(s, "<="),
			strings.HasPrefix(s, ">="), strings.HasPrefix(s, "=="), strings.HasPrefix(s, "!="):
			n = 2
		case strings.IndexByte("<>()", c) >= 0:
			n = 1
		case c == '"' || c == '\'':
			end := strings.IndexByte(s[1:], c)
			if end < 0 {
				return nil, fmt.Errorf("run: condition %q: a quote is not closed", text)
			}
			n = end + 2
		default:
			n = strings.IndexFunc(s, func(r rune) bool { return !wordRune(r) })
			if n < 0 {
				n = len(s)
			}
			if n == 0 {
				return nil, fmt.Errorf("run: condition %q: %q is not understood; write a comparison such as auc_high > 0.6", text, firstRune(s))
			}
		}
		words, s = append(words, s[:n]), s[n:]
	}
	return words, nil
}

func wordRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_.+-", r)
}

func firstRune(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}

type failParser struct {
	words []string
	text  string
}

func (p *failParser) peek() string {
	if len(p.words) == 0 {
		return ""
	}
	return p.words[0]
}

func (p *failParser) next() string {
	w := p.peek()
	if w != "" {
		p.words = p.words[1:]
	}
	return w
}

func (p *failParser) unexpected(want string) error {
	have := "the end"
	if w := p.peek(); w != "" {
		have = strconv.Quote(w)
	}
	return fmt.Errorf("run: condition %q: found %s, want %s", p.text, have, want)
}

func (p *failParser) condition(depth int) (*failNode, error) {
	return p.junction("||", depth, func() (*failNode, error) {
		return p.junction("&&", depth, func() (*failNode, error) { return p.comparison(depth) })
	})
}

// junction parses part { op part }, joined from the left.
func (p *failParser) junction(op string, _ int, part func() (*failNode, error)) (*failNode, error) {
	left, err := part()
	for err == nil && p.peek() == op {
		p.next()
		var right *failNode
		right, err = part()
		left = &failNode{op: op, left: left, right: right}
	}
	return left, err
}

func (p *failParser) comparison(depth int) (*failNode, error) {
	if p.peek() == "(" {
		if depth >= maxDepth {
			return nil, fmt.Errorf("run: condition is nested more than %d deep", maxDepth)
		}
		p.next()
		n, err := p.condition(depth + 1)
		if err == nil && p.next() != ")" {
			err = fmt.Errorf("run: condition %q: a parenthesis is not closed", p.text)
		}
		return n, err
	}
	a, err := p.operand()
	if err != nil {
		return nil, err
	}
	if !slices.Contains([]string{"<", "<=", ">", ">=", "==", "!="}, p.peek()) {
		return nil, p.unexpected("one of < <= > >= == !=")
	}
	op := p.next()
	b, err := p.operand()
	if err != nil {
		return nil, err
	}
	if a.path == "" && b.path == "" {
		return nil, fmt.Errorf("run: condition %q: compares two constants", p.text)
	}
	for _, x := range [][2]operand{{a, b}, {b, a}} {
		if s, ok := x[1].value.(string); ok && x[0].path == "verdict" && !slices.Contains(verdicts[:], audit.Verdict(s)) {
			return nil, fmt.Errorf("run: condition %q: there is no verdict %q", p.text, s)
		}
	}
	return &failNode{op: op, a: a, b: b}, nil
}

func (p *failParser) operand() (operand, error) {
	w := p.peek()
	if w == "" || strings.ContainsAny(w[:1], "&|<>=!()") {
		return operand{}, p.unexpected("a value or a result path")
	}
	p.next()
	switch {
	case w[0] == '"' || w[0] == '\'':
		return operand{value: w[1 : len(w)-1]}, nil
	case w == "true" || w == "false":
		return operand{value: w == "true"}, nil
	case w == "inf":
		return operand{value: math.Inf(1)}, nil
	case slices.Contains(verdicts[:], audit.Verdict(w)):
		return operand{value: w}, nil
	}
	if w[0] >= '0' && w[0] <= '9' || strings.ContainsAny(w[:1], ".+-") {
		x, err := strconv.ParseFloat(w, 64)
		if err != nil || math.IsNaN(x) || math.IsInf(x, 0) || strings.ContainsAny(w, "xX_") {
			return operand{}, fmt.Errorf("run: condition %q: %q is not a finite number", p.text, w)
		}
		return operand{value: x}, nil
	}
	return operand{path: w}, nil
}

// Evaluate judges one result. An operand that is missing or null makes the condition not evaluable, whatever the
// other comparisons say; it is Failed all the same when those decide it.
func (f FailIf) Evaluate(r *Result) Outcome {
	var o Outcome
	if f.root == nil {
		return o
	}
	met, _ := f.root.evaluate(r, &o)
	o.Failed = met
	return o
}

// evaluate returns Kleene's three values: (met, known); met is false when it is not known. Both sides of a junction
// are always looked at, so that every operand that is missing is named.
func (n *failNode) evaluate(r *Result, o *Outcome) (met, known bool) {
	if n.left == nil {
		return n.compare(r, o)
	}
	a, aKnown := n.left.evaluate(r, o)
	b, bKnown := n.right.evaluate(r, o)
	if n.op == "||" {
		met = a || b
		return met, met || aKnown && bKnown
	}
	met = a && b
	return met, aKnown && bKnown || aKnown && !a || bKnown && !b
}

func (n *failNode) compare(r *Result, o *Outcome) (met, known bool) {
	a, aOK := n.a.in(r, o)
	b, bOK := n.b.in(r, o)
	if !aOK || !bOK {
		return false, false
	}
	order, comparable := 0, true
	switch x := a.(type) {
	case float64:
		y, ok := b.(float64)
		order, comparable = cmp.Compare(x, y), ok
	case string:
		y, ok := b.(string)
		order, comparable = strings.Compare(x, y), ok && (n.op == "==" || n.op == "!=")
	case bool:
		y, ok := b.(bool)
		if x != y {
			order = 1
		}
		comparable = ok && (n.op == "==" || n.op == "!=")
	}
	if !comparable {
		o.add(fmt.Sprintf("%v %s %v", n.a, n.op, n.b))
		return false, false
	}
	switch n.op {
	case "<":
		return order < 0, true
	case "<=":
		return order <= 0, true
	case ">":
		return order > 0, true
	case ">=":
		return order >= 0, true
	case "==":
		return order == 0, true
	}
	return order != 0, true
}

func (x operand) in(r *Result, o *Outcome) (any, bool) {
	if x.path == "" {
		return x.value, true
	}
	v, ok := r.Lookup(x.path)
	if !ok {
		o.add(x.path)
	}
	return v, ok
}

func (x operand) String() string {
	if x.path != "" {
		return x.path
	}
	return fmt.Sprint(x.value)
}

func (o *Outcome) add(what string) {
	if !slices.Contains(o.NotEvaluable, what) {
		o.NotEvaluable = append(o.NotEvaluable, what)
	}
}
