package report

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"hush/run"
)

// grid is a table before it is drawn. A cell may hold several lines.
type grid struct {
	header []string
	rows   [][]string
}

// writeTable writes what a person reads in a terminal.
func writeTable(b *bytes.Buffer, r *run.Result, o Options) error {
	for _, line := range wrap(caption(r), o.Width) {
		fmt.Fprintln(b, line)
	}
	fmt.Fprintln(b)
	if err := draw(b, headline(r), func() []string { return headlineList(r, o.Width) }, o.Width); err != nil {
		return err
	}
	if o.All {
		if err := drawAttacks(b, r, o.Width); err != nil {
			return err
		}
	}
	for _, s := range sentences(r) {
		fmt.Fprintln(b)
		for _, line := range wrap(s, o.Width) {
			fmt.Fprintln(b, line)
		}
	}
	if n := notes(r); len(n) > 0 {
		fmt.Fprintln(b)
		for _, s := range n {
			for _, line := range wrap(s, o.Width) {
				fmt.Fprintln(b, line)
			}
		}
	}
	if o.Folder != "" {
		fmt.Fprintf(b, "\n%s\n", o.Folder) // alone in its line, whole: it is copied
	}
	return nil
}

// nameWidth is where an attack's name breaks in a table: the width of the interval below it.
const nameWidth = len("[0.000, 0.000]")

// headline is the table of two rows. Figures that belong together stand in one cell, so that 80 columns hold it.
func headline(r *run.Result) grid {
	auc := "AUC"
	if r.Indicative {
		auc = "indicative AUC"
	}
	g := grid{header: []string{"", "ε at δ", "accuracy", "best attack\n" + auc + "\n[" + level(r) + "]", "advan-\ntage", "AUC\nceiling", "verdict"}}
	for _, w := range rows(r) {
		epsilon, under := w.epsilonCell()
		name, value, between, advantage := w.attackCells()
		g.rows = append(g.rows, []string{
			w.model,
			stack(epsilon, strings.ReplaceAll(strings.TrimPrefix(under, "at "), " ", "\n")),
			stack("test  "+percent(w.test), "train "+percent(w.train), "guess "+percent(w.baseline)),
			stack(strings.Join(wrap(name, nameWidth), "\n"), value, between),
			advantage,
			w.ceilingCell(),
			strings.Join(wrap(w.verdictText(), len("inconclusive")), "\n"),
		})
	}
	return g
}

// headlineList is the same for terminals in which the table does not fit.
func headlineList(r *run.Result, width int) []string {
	var lines []string
	for i, w := range rows(r) {
		if i > 0 {
			lines = append(lines, "")
		}
		epsilon, under := w.epsilonCell()
		name, value, between, advantage := w.attackCells()
		lines = append(append(lines, w.model), pairs(width, [][2]string{
			{"ε", epsilon + " " + under},
			{"test", percent(w.test)},
			{"train", percent(w.train)},
			{"guess", percent(w.baseline)},
			{"attack", name},
			{"AUC", value + " " + between},
			{"advan.", advantage},
			{"ceiling", w.ceilingCell()},
			{"verdict", w.verdictText()},
		})...)
	}
	if r.Indicative {
		lines = append(lines, "", "AUC: indicative")
	}
	return lines
}

// pairs renders names and values under each other; a value that is too long goes on in the next line.
func pairs(width int, list [][2]string) []string {
	const indent = 11
	var lines []string
	for _, kv := range list {
		for i, part := range wrap(kv[1], width-indent) {
			if i > 0 {
				kv[0] = ""
			}
			lines = append(lines, fmt.Sprintf("  %-7s  %s", kv[0], part))
		}
	}
	return lines
}

func stack(lines ...string) string {
	var kept []string
	for _, l := range lines {
		if l != "" {
			kept = append(kept, l)
		}
	}
	return strings.Join(kept, "\n")
}

// draw renders g if it fits into width, else the lines of the list.
func draw(b *bytes.Buffer, g grid, list func() []string, width int) error {
	text, err := render(g)
	if err != nil {
		return err
	}
	widest := 0
	for _, line := range strings.Split(text, "\n") {
		widest = max(widest, utf8.RuneCountInString(line))
	}
	if widest > width {
		text = strings.Join(list(), "\n") + "\n"
	}
	b.WriteString(text)
	return nil
}

// render draws g as columns two blanks apart with a rule under the heading.
func render(g grid) (string, error) {
	var b bytes.Buffer
	gap := tw.Padding{Left: "", Right: "  ", Overwrite: true}
	t := tablewriter.NewTable(&b,
		tablewriter.WithRenderer(renderer.NewBlueprint()),
		tablewriter.WithRendition(tw.Rendition{
			Borders: tw.BorderNone,
			Symbols: tw.NewSymbols(tw.StyleLight),
			Settings: tw.Settings{
				Separators: tw.Separators{BetweenRows: tw.Off, BetweenColumns: tw.Off, ShowHeader: tw.On},
				Lines:      tw.Lines{ShowHeaderLine: tw.On},
			},
		}),
		tablewriter.WithHeaderAutoFormat(tw.Off), // or "TPR@0.1%FPR" becomes "TPR @ 0 . 1 % FPR"
		tablewriter.WithHeaderAutoWrap(tw.WrapNone),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithHeaderAlignment(tw.AlignLeft),
		tablewriter.WithRowAlignment(tw.AlignLeft),
		tablewriter.WithPadding(gap),
		tablewriter.WithTrimSpace(tw.Off),
		tablewriter.WithEastAsian(tw.Off), // the same bytes in every locale
	)
	t.Header(g.header)
	for _, row := range g.rows {
		if err := t.Append(row); err != nil {
			return "", fmt.Errorf("report: table: %w", err)
		}
	}
	if err := t.Render(); err != nil {
		return "", fmt.Errorf("report: table: %w", err)
	}
	lines := strings.Split(b.String(), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " ")
	}
	return strings.Join(lines, "\n"), nil
}
