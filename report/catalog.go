package report

import (
	"bytes"

	"hush/run"
)

// catalog lists every format. To add one: write a file with its function, add a line here; the conformance test does
// the rest.
var catalog = [...]struct {
	name  string
	write func(*bytes.Buffer, *run.Result, Options) error
}{
	{"table", writeTable},
	{"markdown", writeMarkdown},
	{"json", writeJSON},
	{"csv", writeCSV},
}
