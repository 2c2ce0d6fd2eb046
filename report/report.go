// Package report answers one question: how does a person, or another program, read a finished run? It writes a
// run.Result as a table, Markdown, JSON or CSV, with plain sentences that say what ε, accuracy and attack mean
// together, for whom, and what they do not show.
//
// It never computes a result: every figure is in the run.Result already, or is the difference of two that are.
//
// Invariant: rounding never flatters. A printed ε or ceiling is never smaller than the value, a printed lower bound
// never larger, and an interval never narrower; where the guarantee does not hold, the first sentence says so.
package report

import (
	"bytes"
	"io"
	"strings"

	"hush/internal/check"
	"hush/run"
)

// Options says how to write, not what.
type Options struct {
	Width  int    // columns of the terminal; 0 means 80. Tables that do not fit become lists
	All    bool   // add the table of all attacks, and the controls
	Folder string // path of the run folder, printed in the last line; "" leaves it out
}

// DefaultWidth is the width of a terminal that does not tell.
const DefaultWidth = 80

// smallestWidth is what text is wrapped to at least.
const smallestWidth = 20

// Formats returns the names that Write knows, the default first.
func Formats() []string {
	var names []string
	for _, f := range catalog {
		names = append(names, f.name)
	}
	return names
}

// Write writes r to w in the named format. Errors: an unknown format is a *check.Argument, written before anything
// else happens; a result that JSON cannot hold; w's own.
func Write(w io.Writer, format string, r *run.Result, o Options) error {
	if o.Width == 0 {
		o.Width = DefaultWidth
	}
	o.Width = max(o.Width, smallestWidth)
	for _, f := range catalog {
		if f.name != format {
			continue
		}
		var b bytes.Buffer // all or nothing
		if err := f.write(&b, r, o); err != nil {
			return err
		}
		_, err := w.Write(b.Bytes())
		return err
	}
	return check.Fail("report", "format", `"`+format+`"`, "must be one of "+strings.Join(Formats(), ", "))
}

// writeJSON writes the result itself: the form that internal/result.json has.
func writeJSON(b *bytes.Buffer, r *run.Result, _ Options) error {
	text, err := run.MarshalResult(r)
	b.Write(text)
	return err
}
