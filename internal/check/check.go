// Package check gives every room one form of argument error: which room, which quantity, which value, which rule.
//
// It never decides what a rule is for, never prints and never corrects a value: a bad privacy parameter is an error,
// not something to clamp.
package check

import (
	"fmt"
	"math"
)

// Argument is the error of a value that breaks a rule. It prints as
// "dpsgd: noise multiplier is -1, must be positive and finite".
type Argument struct {
	Room  string // package that refuses
	Name  string // the quantity in words
	Value any    // as given
	Rule  string // begins with "must"
}

func (e *Argument) Error() string {
	return fmt.Sprintf("%s: %s is %v, %s", e.Room, e.Name, e.Value, e.Rule)
}

// Fail builds the error itself, for rules that have no helper below.
func Fail(room, name string, value any, rule string) error {
	return &Argument{Room: room, Name: name, Value: value, Rule: rule}
}

// Positive refuses all but finite v > 0.
func Positive(room, name string, v float64) error {
	if v > 0 && !math.IsInf(v, 1) {
		return nil
	}
	return Fail(room, name, v, "must be positive and finite")
}

// NonNegative refuses all but finite v ≥ 0.
func NonNegative(room, name string, v float64) error {
	if v >= 0 && !math.IsInf(v, 1) {
		return nil
	}
	return Fail(room, name, v, "must be zero or positive, and finite")
}

// Rate refuses all but v in (0, 1].
func Rate(room, name string, v float64) error {
	if v > 0 && v <= 1 {
		return nil
	}
	return Fail(room, name, v, "must be in (0, 1]")
}

// Open refuses all but v in (0, 1), both ends excluded.
func Open(room, name string, v float64) error {
	if v > 0 && v < 1 {
		return nil
	}
	return Fail(room, name, v, "must be above 0 and below 1")
}

// AtLeast refuses v < low.
func AtLeast(room, name string, v, low int64) error {
	if v >= low {
		return nil
	}
	return Fail(room, name, v, fmt.Sprintf("must be at least %d", low))
}
