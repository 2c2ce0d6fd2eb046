package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// Exit codes are a contract with scripts (docs/cli.md).
const (
	codeFailed = 1 // the run failed
	codeUsage  = 2 // flags, config, a name not in a catalog, or a file named on the command line
	codeBudget = 3 // the privacy budget would be exceeded
	codeData   = 4 // data set missing or corrupt, run folder incomplete
	codeGate   = 5 // a gate failed or was not evaluable
	codeInt    = 130
	codeTerm   = 143
)

// exitError is an error that knows the exit code it deserves and, where a command would help, a hint that names it.
type exitError struct {
	code int
	err  error
	hint string
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

func usage(err error, hint string) error          { return &exitError{codeUsage, err, hint} }
func budgetExceeded(err error, hint string) error { return &exitError{codeBudget, err, hint} }
func dataError(err error, hint string) error      { return &exitError{codeData, err, hint} }
func gateFailed(err error, hint string) error     { return &exitError{codeGate, err, hint} }

// exitCode prints err as one line "error: …" and, if it has one, a line "hint: …", and returns the code to exit with.
func exitCode(w io.Writer, err error) int {
	if err == nil {
		return 0
	}
	code, hint := codeFailed, ""
	if e := (*exitError)(nil); errors.As(err, &e) {
		code, hint = e.code, e.hint
	}
	fmt.Fprintln(w, "error:", strings.ReplaceAll(err.Error(), "\n", "; ")) // joined errors have a line each
	if hint != "" {
		fmt.Fprintln(w, "hint:", hint)
	}
	return code
}
