package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"hush/report"
	"hush/run"
)

func reportCommand() *cli.Command {
	return &cli.Command{
		Name:      "report",
		Usage:     "write a finished run again as table, markdown, json or csv",
		UsageText: "hush report RUN [--format table|markdown|json|csv] [--all] [--output FILE]\n\nhush train --out first && hush report first --all",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "format", Value: "table", Usage: "table, markdown, json or csv"},
			&cli.BoolFlag{Name: "all", Usage: "every attack and the controls, not the best attack alone"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write to `FILE` instead of standard output"},
		},
		Action: writeReport,
	}
}

func writeReport(c *cli.Context) error {
	if c.NArg() != 1 {
		return usage(fmt.Errorf("want one run folder, got %d", c.NArg()), "hush report runs/NAME, the path that hush train printed last")
	}
	folder, err := run.Open(c.Args().First())
	if errors.Is(err, run.ErrUnfinished) {
		return dataError(err, "hush train --resume "+c.Args().First()+" finishes it")
	}
	if err != nil {
		return runError(err)
	}
	r, err := folder.ReadResult()
	if err != nil {
		return runError(err)
	}
	o := report.Options{Width: width(c.App.Writer), All: c.Bool("all"), Folder: folder.Dir()}
	path := c.String("output")
	if path == "" {
		return runError(report.Write(c.App.Writer, c.String("format"), r, o))
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return usage(fmt.Errorf("cannot write %s: %w", path, errors.Unwrap(err)), "")
	}
	return runError(errors.Join(report.Write(f, c.String("format"), r, o), f.Close()))
}
