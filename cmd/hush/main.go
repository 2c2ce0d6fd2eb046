// Command hush trains neural networks under differential privacy and then attacks them. One command ends in one
// line: the ε spent, the accuracy bought, and what the best membership-inference attack got.
//
// One file per verb; a verb parses, assembles, calls and prints. Nothing here computes a result. This is the only
// place that handles signals.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"

	"hush/internal/nearest"
)

func main() {
	os.Exit(hush(os.Args, os.Stdout, os.Stderr))
}

// caught is the cause of a context that a signal ended.
type caught struct{ signal os.Signal }

func (c caught) Error() string { return "caught " + c.signal.String() }

// hush runs the program and returns its exit code.
func hush(args []string, stdout, stderr io.Writer) int {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	go func() {
		s, ok := <-signals
		if !ok {
			return
		}
		cancel(caught{s})
		if _, ok = <-signals; ok { // a second one means now
			os.Exit(codeInt)
		}
	}()
	a := app(stdout, stderr)
	err := a.RunContext(ctx, flagsFirst(a.Commands, args))
	if c := (caught{}); err != nil && errors.As(context.Cause(ctx), &c) {
		code := codeInt
		if c.signal == syscall.SIGTERM {
			code = codeTerm
		}
		if e := (*exitError)(nil); errors.As(err, &e) {
			err = &exitError{code, e.err, e.hint}
		} else {
			err = &exitError{code, err, ""}
		}
	}
	return exitCode(stderr, err)
}

func app(stdout, stderr io.Writer) *cli.App {
	a := &cli.App{
		Name:      "hush",
		Usage:     "train under differential privacy, then attack: ε, accuracy and attack AUC together",
		UsageText: "hush <verb> [flags]\n\nhush train                    # the main job, on a data set inside the program\nhush train --data mnist --recipe mnist-opacus\nhush budget epsilon --noise-multiplier 1.1 --sample-rate 0.004 --steps 15000 --delta 1e-5",
		Version:   version(),
		Writer:    stdout,
		ErrWriter: stderr,
		Suggest:   true,
		Commands: []*cli.Command{
			trainCommand(),
			budgetCommand(),
			dataCommand(),
			netsCommand(),
			reportCommand(),
			completionCommand(),
			versionCommand(),
		},
		HideVersion:          true,
		EnableBashCompletion: true,
		ExitErrHandler:       func(*cli.Context, error) {},
		OnUsageError:         usageError,
		Action: func(c *cli.Context) error {
			if c.NArg() == 0 {
				return cli.ShowAppHelp(c)
			}
			return unknownVerb(c, c.App.Commands)
		},
	}
	for _, c := range a.Commands {
		strict(c)
	}
	return a
}

// strict makes a command and its subcommands answer an unknown flag or verb with exit code 2 and a suggestion.
func strict(c *cli.Command) {
	c.OnUsageError = usageError
	for _, s := range c.Subcommands {
		strict(s)
	}
	if len(c.Subcommands) > 0 && c.Action == nil {
		c.Action = func(x *cli.Context) error {
			if x.NArg() == 0 {
				return cli.ShowSubcommandHelp(x)
			}
			return unknownVerb(x, x.Command.Subcommands)
		}
	}
}

func unknownVerb(c *cli.Context, known []*cli.Command) error {
	var names []string
	for _, k := range known {
		names = append(names, k.Name)
	}
	word := c.Args().First()
	hint := "known: " + strings.Join(names, ", ")
	if n := nearest.Name(word, names); n != "" {
		hint = fmt.Sprintf("did you mean %q? %s", n, hint)
	}
	return usage(fmt.Errorf("unknown verb %q", word), hint)
}

// usageError turns what the flag parser says into one line, with the nearest flag as a hint.
func usageError(c *cli.Context, err error, _ bool) error {
	hint := ""
	if word, ok := strings.CutPrefix(err.Error(), "flag provided but not defined: -"); ok {
		word = strings.TrimLeft(word, "-")
		err = fmt.Errorf("unknown flag --%s", word)
		var names []string
		if c.Command != nil {
			for _, f := range c.Command.Flags {
				names = append(names, f.Names()...)
			}
		}
		if n := nearest.Name(word, names); n != "" {
			hint = "did you mean --" + n + "?"
		} else if c.Command != nil && c.Command.Name != "" {
			hint = c.Command.HelpName + " --help lists the flags"
		}
	}
	return usage(err, hint)
}

// flagsFirst moves flags in front of the other arguments of their verb, so that "hush report RUN --all" means what it
// says: the flag parser stops at the first argument that is no flag. What follows "--" stays.
func flagsFirst(verbs []*cli.Command, args []string) []string {
	if len(args) == 0 {
		return args
	}
	out, rest := args[:1:1], args[1:]
	var verb *cli.Command
	for len(rest) > 0 {
		next := find(verbs, rest[0])
		if next == nil {
			break
		}
		verb, verbs = next, next.Subcommands
		out, rest = append(out, rest[0]), rest[1:]
	}
	if verb == nil || len(verb.Subcommands) > 0 {
		return args
	}
	var plain []string
	for i := 0; i < len(rest); i++ {
		word := rest[i]
		if word == "--" {
			plain = append(plain, rest[i:]...)
			break
		}
		if len(word) < 2 || word[0] != '-' {
			plain = append(plain, word)
			continue
		}
		if !takesValue(verb, strings.TrimLeft(word, "-")) {
			out = append(out, word)
			continue
		}
		if i++; i == len(rest) { // its value is missing: the parser says so, if it stays last
			return append(append(out, plain...), word)
		}
		out = append(out, word, rest[i])
	}
	return append(out, plain...)
}

func find(verbs []*cli.Command, name string) *cli.Command {
	for _, v := range verbs {
		if v.HasName(name) {
			return v
		}
	}
	return nil
}

// takesValue tells whether a flag, given without "=value", takes the next argument.
func takesValue(verb *cli.Command, name string) bool {
	for _, f := range verb.Flags {
		for _, n := range f.Names() {
			if n == name {
				d, ok := f.(cli.DocGenerationFlag)
				return ok && d.TakesValue()
			}
		}
	}
	return false
}
