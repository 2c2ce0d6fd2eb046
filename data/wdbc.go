package data

import (
	"io"
	"slices"
	"strconv"
	"strings"
)

// wdbc is scikit-learn's copy of UCI's "Breast Cancer Wisconsin (Diagnostic)": 30 measures of cell nuclei.
func wdbc() *Card {
	const sk = "scikit-learn, description of load_breast_cancer"
	c := &Card{
		Name: "wdbc", Title: "breast tumors, 30 measures", Shape: Shape{1, 1, 30},
		Classes: []string{"malignant", "benign"}, Order: Provenance{"the order of the target names", sk},
		Train: 569, Counts: Provenance{"569 instances", sk},
		Split:   SplitConfig{Train: 70, Test: 30},
		Folders: []string{"wdbc", "medical-tabular"},
		Files: []File{{
			Name: "wdbc_breast_cancer.csv", Size: 119913,
			URLs:     []string{"https://raw.githubusercontent.com/scikit-learn/scikit-learn/1.5.2/sklearn/datasets/data/breast_cancer.csv"},
			Variants: []Variant{{Hashes: []Hash{{ContentSHA256, "fed3eb72d0575ef6192293f5093c6e801b1476b577d0386bf4455504522172ed"}}}},
		}},
		License:  "CC BY 4.0 (UCI), via scikit-learn (BSD 3-Clause)",
		Citation: "W. Wolberg, O. Mangasarian, N. Street, W. Street, Breast Cancer Wisconsin (Diagnostic), UCI Machine Learning Repository, 1995, doi:10.24432/C5DW2B",
		read: func(in *input) (*decoded, error) {
			out := new(decoded)
			err := in.walk(func(_ string, r io.Reader) (err error) {
				out[0], err = readWDBC(r, in.card.Columns, in.card.Classes, in.card.Train)
				return err
			})
			return out, err
		},
	}
	// Ends of the range of mean, standard error and worst value, rounded outwards from the published summary.
	for _, kind := range []string{"mean", "error", "worst"} {
		for _, m := range []struct {
			name                               string
			mean0, mean1, err1, worst0, worst1 float64
		}{
			{"radius", 6, 30, 3, 7, 40}, {"texture", 9, 40, 5, 12, 50}, {"perimeter", 40, 190, 22, 50, 260},
			{"area", 140, 2600, 550, 180, 4300}, {"smoothness", .05, .17, .04, .07, .23}, {"compactness", 0, .35, .14, 0, 1.1},
			{"concavity", 0, .43, .4, 0, 1.3}, {"concave points", 0, .21, .06, 0, .3}, {"symmetry", .1, .31, .08, .15, .67},
			{"fractal dimension", .04, .1, .03, .05, .21},
		} {
			low, high := m.mean0, m.mean1
			switch kind {
			case "error":
				low, high = 0, m.err1
			case "worst":
				low, high = m.worst0, m.worst1
			}
			c.Columns = append(c.Columns, Column{Name: m.name + " (" + kind + ")", Low: low, High: high,
				Provenance: Provenance{"published summary statistics, rounded outwards", sk}})
		}
	}
	return c
}

// readWDBC reads a first line "records,columns,class 0,class 1,…" and then one line per record, the class as a number
// in its last field.
func readWDBC(r io.Reader, columns []Column, classes []string, limit int) (block, error) {
	t := newTable(columns)
	l := newLines(r, 1<<16)
	if !l.next() {
		if err := l.err(); err != nil {
			return block{}, err
		}
		return block{}, corrupt("is empty")
	}
	head := splitFields(l.text)
	if len(head) != 2+len(classes) || head[1] != strconv.Itoa(len(columns)) || !slices.Equal(head[2:], classes) {
		return block{}, l.errorf("is no header for %d columns and the classes %s", len(columns), strings.Join(classes, ", "))
	}
	for l.next() {
		if len(t.labels) == limit {
			return block{}, &Error{Kind: Excess, Message: "has more records than the card declares"}
		}
		fields := splitFields(l.text)
		if len(fields) != len(columns)+1 {
			return block{}, l.errorf("has %d fields, want %d", len(fields), len(columns)+1)
		}
		class, err := strconv.Atoi(fields[len(columns)])
		if err != nil || class < 0 || class >= len(classes) {
			return block{}, l.errorf("class is %q, must be in 0..%d", clip([]byte(fields[len(columns)])), len(classes)-1)
		}
		if err := t.add(fields, class); err != nil {
			return block{}, l.errorf("%s", message(err))
		}
	}
	if err := l.err(); err != nil {
		return block{}, err
	}
	if head[0] != strconv.Itoa(len(t.labels)) {
		return block{}, corrupt("holds %d records, its header promises %q", len(t.labels), clip([]byte(head[0])))
	}
	return t.block(), nil
}
