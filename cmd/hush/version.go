package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/urfave/cli/v2"

	"hush/internal/simd"
)

// build is what a bug report needs to know about the program.
type build struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Modified bool   `json:"modified"` // built from a tree with changes that no commit holds
	Go       string `json:"go"`
	System   string `json:"system"`
	Kernels  string `json:"kernels"` // the path that --kernels auto takes on this machine
}

func versionCommand() *cli.Command {
	return &cli.Command{
		Name:      "version",
		Usage:     "version, commit, Go, kernels of this machine",
		UsageText: "hush version [--format text|json]",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "format", Value: "text", Usage: "`text` or json"},
		},
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return usage(fmt.Errorf("version takes no argument, got %q", c.Args().First()), "hush version")
			}
			b := readBuild()
			switch c.String("format") {
			case "text":
				_, err := fmt.Fprintf(c.App.Writer, "hush %s\n%s %s, kernels %s\n", b.line(), b.Go, b.System, b.Kernels)
				return err
			case "json":
				e := json.NewEncoder(c.App.Writer)
				e.SetIndent("", "  ")
				return e.Encode(b)
			}
			return usage(fmt.Errorf("format %q: want text or json", c.String("format")), "hush version --format json")
		},
	}
}

// version is the program's version in one line, as results record it.
func version() string { return readBuild().line() }

// line is the version, with the commit where the build knows one: "devel 1f2e3d4c5b6a+changes".
func (b build) line() string {
	if b.Commit == "" || strings.Contains(b.Version, b.Commit) {
		return b.Version
	}
	line := b.Version + " " + b.Commit
	if b.Modified {
		line += "+changes"
	}
	return line
}

// readBuild asks the binary for what the Go tool wrote into it. "go run" and test binaries know no version: "devel".
func readBuild() build {
	b := build{Version: "devel", Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH, Kernels: "none"}
	if k, err := simd.Select("auto"); err == nil {
		b.Kernels = k.Name()
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		b.Version = v
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value[:min(len(s.Value), 12)]
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}
