package data

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// Column is one attribute of a table: categories or a numeric range, declared, never read from the records.
type Column struct {
	Name       string
	Categories []string // one-hot, with one more feature for everything else; nil for a numeric column
	Low, High  float64  // numeric: clipped to [Low, High], scaled to [0, 1]
	Log        bool     // numeric: scaled as log(1+v−Low)/log(1+High−Low)
	Missing    Missing
	Provenance
}

// Action is what happens to a missing value.
type Action string

const (
	AsConstant  Action = "constant"  // the value Missing.Value stands in
	AsIndicator Action = "indicator" // zero, and one more feature that is 1; in a column of categories: "other"
	Reject      Action = "reject"    // the row becomes a null record
)

// Missing declares how absence is written and what becomes of it. Without tokens nothing is missing.
type Missing struct {
	Tokens []string
	Action Action
	Value  float64 // for AsConstant, in the units of the column
}

// Width is the number of features that the column becomes.
func (c Column) Width() int {
	switch {
	case c.Categories != nil:
		return len(c.Categories) + 1
	case c.Missing.Action == AsIndicator:
		return 2
	}
	return 1
}

func (c Column) describe() string {
	if c.Categories != nil {
		return fmt.Sprintf("column %s: %d categories and other", c.Name, len(c.Categories))
	}
	return fmt.Sprintf("column %s: range %g to %g", c.Name, c.Low, c.High)
}

// encode writes the features of one field into x, which has Width values, all zero. keep is false if the row is to be
// rejected. It looks at nothing but the field and the declaration.
func (c Column) encode(x []float32, field string) (keep bool, err error) {
	missing := slices.Contains(c.Missing.Tokens, field)
	if missing && c.Missing.Action == Reject {
		return false, nil
	}
	if c.Categories != nil {
		k := slices.Index(c.Categories, field)
		if k < 0 {
			k = len(c.Categories)
		}
		x[k] = 1
		return true, nil
	}
	if missing && c.Missing.Action == AsIndicator {
		x[1] = 1
		return true, nil
	}
	v := c.Missing.Value
	if !missing {
		v, err = strconv.ParseFloat(field, 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return false, corrupt("column %s is %q, must be a finite number", c.Name, clip([]byte(field)))
		}
	}
	x[0] = float32(c.scaled(v))
	return true, nil
}

// scaled maps v to [0, 1]: (v' − low)/(high − low) with v' = v clipped to [low, high], or the same on a log scale.
func (c Column) scaled(v float64) float64 {
	v = min(max(v, c.Low), c.High)
	if c.Log {
		return math.Log1p(v-c.Low) / math.Log1p(c.High-c.Low)
	}
	return (v - c.Low) / (c.High - c.Low)
}

// table collects the rows of a table as features.
type table struct {
	columns []Column
	width   int
	labels  []int32
	x       []float32
}

func newTable(columns []Column) *table {
	t := &table{columns: columns}
	for _, c := range columns {
		t.width += c.Width()
	}
	return t
}

// add encodes one row: its fields, as many as columns, and its class. A row that a column rejects becomes a null record.
func (t *table) add(fields []string, class int) error {
	start := len(t.x)
	t.x = slices.Grow(t.x, t.width)[:start+t.width]
	clear(t.x[start:])
	row := t.x[start:]
	for i, c := range t.columns {
		w := c.Width()
		keep, err := c.encode(row[:w], fields[i])
		if err != nil {
			return err
		}
		if !keep {
			clear(t.x[start:])
			class = Null
			break
		}
		row = row[w:]
	}
	t.labels = append(t.labels, int32(class))
	return nil
}

func (t *table) block() block { return block{t.labels, &floats{t.width, t.x}} }
