package data

import "fmt"

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

func (c Column) describe() string {
	if c.Categories != nil {
		return fmt.Sprintf("column %s: %d categories and other", c.Name, len(c.Categories))
	}
	return fmt.Sprintf("column %s: range %g to %g", c.Name, c.Low, c.High)
}
