package report

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"hush/run"
)

// writeMarkdown writes the same as the table, for a pull request or a page: one line per model and no wrapping.
func writeMarkdown(b *bytes.Buffer, r *run.Result, o Options) error {
	fmt.Fprintf(b, "%s\n\n", escape(caption(r)))
	auc := "AUC"
	if r.Indicative {
		auc = "indicative AUC"
	}
	g := grid{header: []string{"model", "ε at δ", "test accuracy (largest class)", "train accuracy", "best attack", auc + " [" + level(r) + "]", "advantage", "AUC ceiling", "verdict"}}
	for _, w := range rows(r) {
		epsilon, under := w.epsilonCell()
		name, value, between, advantage := w.attackCells()
		g.rows = append(g.rows, []string{
			w.model,
			strings.TrimSpace(epsilon + " " + under),
			percent(w.test) + " (" + percent(w.baseline) + ")",
			percent(w.train),
			name,
			strings.TrimSpace(value + " " + between),
			advantage,
			w.ceilingCell(),
			w.verdictText(),
		})
	}
	if err := markdownGrid(b, g); err != nil {
		return err
	}
	if o.All && len(r.Attacks) > 0 {
		b.WriteByte('\n')
		if err := markdownGrid(b, attackGrid(r)); err != nil {
			return err
		}
		for _, n := range attackNotes(r) {
			fmt.Fprintf(b, "\n%s\n", escape(n))
		}
	}
	for _, s := range append(sentences(r), notes(r)...) {
		fmt.Fprintf(b, "\n%s\n", escape(s))
	}
	if o.Folder != "" {
		fmt.Fprintf(b, "\n`%s`\n", o.Folder)
	}
	return nil
}

// markdownGrid writes g as a GitHub table. A cell is one line there.
func markdownGrid(b *bytes.Buffer, g grid) error {
	flat := func(cells []string) []string {
		out := make([]string, len(cells))
		for i, c := range cells {
			out[i] = escape(strings.ReplaceAll(strings.ReplaceAll(c, "-\n", ""), "\n", " "))
		}
		return out
	}
	t := tablewriter.NewTable(b,
		tablewriter.WithRenderer(renderer.NewMarkdown()),
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAutoWrap(tw.WrapNone),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithHeaderAlignment(tw.AlignLeft),
		tablewriter.WithRowAlignment(tw.AlignLeft),
		tablewriter.WithEastAsian(tw.Off),
	)
	t.Header(flat(g.header))
	for _, row := range g.rows {
		if err := t.Append(flat(row)); err != nil {
			return fmt.Errorf("report: markdown: %w", err)
		}
	}
	if err := t.Render(); err != nil {
		return fmt.Errorf("report: markdown: %w", err)
	}
	return nil
}

// escape keeps names that users chose from turning into markup.
func escape(s string) string {
	return strings.NewReplacer("|", `\|`, "*", `\*`, "_", `\_`, "`", "\\`", "<", "&lt;", "[", `\[`, "\n", " ").Replace(s)
}
