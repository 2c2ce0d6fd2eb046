package data

import (
	"fmt"
	"strings"
)

// Kind says what is wrong with a data set, so that a program can choose its exit code and its hint.
type Kind string

const (
	NotFound Kind = "not found" // no such file in any folder that was searched
	Corrupt  Kind = "corrupt"   // the bytes do not follow the format: truncated, not a number, label out of range
	Checksum Kind = "checksum"  // the bytes are not those of any accepted variant
	Excess   Kind = "excess"    // more records than the card declares
	Network  Kind = "network"   // no mirror delivered the file
	Offline  Kind = "offline"   // the network is needed and was forbidden
	BadSplit Kind = "bad split" // index lists that overlap, leave the set or are empty
)

// Error is the error of a data set that cannot be used. It prints on one line.
type Error struct {
	Kind    Kind
	Set     string // name in the catalog; may be empty
	Path    string // file; may be empty
	Message string // what is wrong, in words
	Err     error  // cause; may be nil
}

func (e *Error) Error() string {
	parts := []string{"data"}
	for _, p := range []string{e.Set, e.Path, e.Message} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	if e.Err != nil {
		parts = append(parts, e.Err.Error())
	}
	return strings.ReplaceAll(strings.Join(parts, ": "), "\n", " ")
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// corrupt builds the error of bytes that do not follow their format. Set and path are filled in where they are known.
func corrupt(format string, args ...any) *Error {
	return &Error{Kind: Corrupt, Message: fmt.Sprintf(format, args...)}
}

// UnknownError is the error of a name that is not in the catalog.
type UnknownError struct {
	Name  string
	Known []string
}

func (e *UnknownError) Error() string { return fmt.Sprintf("data: no data set is named %q", e.Name) }
