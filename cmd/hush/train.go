package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"hush/accountant"
	"hush/data"
	"hush/experiment"
	"hush/report"
	"hush/run"
	"hush/trainer"
)

// opacusWords are flags that users of Opacus type, with the flag of ours that means the same.
func opacusWords() map[string]string {
	return map[string]string{
		"epsilon":          "target-epsilon",
		"noise-multiplier": "sigma",
		"no-dp":            "disable-dp",
		"clip-norm":        "max-grad-norm",
		"lot":              "batch-size",
		"data-dir":         "data-root",
	}
}

func trainCommand() *cli.Command {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "config", Usage: "strict YAML `FILE`; below it lie the data set's recipe and --recipe, above it HUSH_<KEY> and flags"},
		&cli.StringFlag{Name: "recipe", Usage: "a config that ships with the program; --recipe list shows the `NAME`s and the figure each answers to"},
		&cli.StringSliceFlag{Name: "set", Usage: "`key=value` for any key of the config, for instance twin.lr=0.1"},
		&cli.StringFlag{Name: "resume", Usage: "continue the interrupted run in `DIR`, to the same bits"},
		&cli.BoolFlag{Name: "dry-run", Usage: "resolve and print steps, rate, noise, ε per epoch, memory and expected time; train nothing"},
		&cli.BoolFlag{Name: "print-config", Usage: "print the resolved config with the layer that set each key, and stop"},
		&cli.BoolFlag{Name: "twin", Usage: "train the non-private twin whatever it takes"},
		&cli.BoolFlag{Name: "no-twin", Usage: "do not train the non-private twin"},
		&cli.BoolFlag{Name: "secure-rng", Usage: "accepted for users of Opacus: hush always draws sampling, coins and noise from a 256-bit key of the OS"},
	}
	for _, k := range run.Keys() {
		if k.Name == "recipe" || strings.Contains(k.Name, ".") {
			continue
		}
		name := strings.ReplaceAll(k.Name, "_", "-")
		var aliases []string
		if a, ok := opacusWords()[name]; ok {
			aliases = []string{a}
		}
		switch {
		case k.Switch:
			flags = append(flags, &cli.BoolFlag{Name: name, Aliases: aliases, Usage: k.Doc})
		case k.Name == "fail_if":
			flags = append(flags, &cli.StringSliceFlag{Name: name, Usage: k.Doc + "; for instance 'auc_high > 0.6'"})
		default:
			flags = append(flags, &cli.StringFlag{Name: name, Aliases: aliases, Usage: k.Doc})
		}
	}
	flags = append(flags, &cli.StringFlag{Name: "lr-schedule", Usage: "constant, cosine or step:drop=.1,drops=2"})
	return &cli.Command{
		Name:  "train",
		Usage: "train, then audit, then report: one run folder, one headline",
		UsageText: `hush train [flags]

hush train                                            # digits, inside the program: ε = 3
hush train --data mnist --recipe mnist-opacus         # Opacus's own MNIST setting
hush train --data mnist --net cnn28-tanh --epsilon 3 --delta 1e-5 --clip-norm 0.1 --lot 512 --epochs 40 --lr 0.5 --momentum 0.9
hush train --dry-run --data mnist --recipe mnist-dormann`,
		Flags:  flags,
		Action: train,
	}
}

func train(c *cli.Context) error {
	if c.NArg() > 0 {
		return usage(fmt.Errorf("unexpected argument %q", c.Args().First()), "hush train takes flags only; hush train --help lists them")
	}
	if c.String("recipe") == "list" {
		return listRecipes(c)
	}
	if dir := c.String("resume"); dir != "" {
		return resume(c, dir)
	}
	cfg, err := resolve(c)
	if err != nil {
		return runError(err)
	}
	if c.Bool("print-config") {
		return cfg.Print(c.App.Writer, true)
	}
	if _, err := parseConditions(cfg.FailIf); err != nil {
		return err
	}
	plan, err := trainer.NewPlan(c.Context, cfg)
	if err != nil {
		return runError(err)
	}
	if c.Bool("dry-run") {
		return dryRun(c, plan)
	}
	log := newLog(c.App.ErrWriter, cfg)
	out, err := experiment.Run(c.Context, plan, options(log))
	return finish(c, log, out, err)
}

// resume continues an interrupted run. Nothing about it can be set anew: its config is in its folder.
func resume(c *cli.Context, dir string) error {
	for _, name := range c.LocalFlagNames() {
		if name != "resume" {
			return usage(fmt.Errorf("--%s was given with --resume", name), "a resumed run keeps the config of its folder: hush train --resume "+dir)
		}
	}
	log := newLog(c.App.ErrWriter, run.Config{})
	out, err := experiment.Resume(c.Context, dir, options(log))
	return finish(c, log, out, err)
}

func options(log *progress) experiment.Options {
	return experiment.Options{Version: version(), Command: os.Args, Watch: log.watch()}
}

// finish reports a run that ended, however it ended.
func finish(c *cli.Context, log *progress, out experiment.Outcome, err error) error {
	log.close()
	if errors.Is(err, trainer.ErrInterrupted) {
		return &exitError{codeFailed, errors.New("interrupted; a checkpoint was written"), "hush train --resume " + out.Dir}
	}
	if err != nil && errors.Is(err, syscall.ENOSPC) && out.Dir != "" {
		return &exitError{codeFailed, err, "make room; hush train --resume " + out.Dir + " goes on from the last checkpoint"}
	}
	if err != nil {
		return runError(err)
	}
	if err := report.Write(c.App.Writer, out.Config.Format, out.Result, report.Options{Width: width(c.App.Writer), Folder: out.Dir}); err != nil {
		return err
	}
	conditions, err := parseConditions(out.Config.FailIf)
	if err != nil {
		return err
	}
	return gate(conditions, out.Result)
}

// resolve merges the layers of the configuration.
func resolve(c *cli.Context) (run.Config, error) {
	env, err := run.EnvLayer(os.Environ())
	if err != nil {
		return run.Config{}, err
	}
	flags := map[string]string{}
	for _, k := range run.Keys() {
		name := strings.ReplaceAll(k.Name, "_", "-")
		if k.Name == "recipe" || strings.Contains(k.Name, ".") || !c.IsSet(name) {
			continue
		}
		switch {
		case k.Switch:
			flags[k.Name] = fmt.Sprint(c.Bool(name))
		case k.Name == "fail_if":
			flags[k.Name] = strings.Join(c.StringSlice(name), "\n")
		default:
			flags[k.Name] = c.String(name)
		}
	}
	if c.IsSet("lr-schedule") {
		flags["lr_schedule"] = c.String("lr-schedule")
	}
	switch {
	case c.Bool("twin") && c.Bool("no-twin"):
		return run.Config{}, usage(errors.New("--twin and --no-twin were both given"), "keep one of them")
	case c.Bool("twin"):
		flags["twin.run"] = "yes"
	case c.Bool("no-twin"):
		flags["twin.run"] = "no"
	}
	cfg, err := run.Resolve(run.Sources{Recipe: c.String("recipe"), File: c.String("config"), Env: env, Flags: flags, Set: c.StringSlice("set")})
	if missing := (*run.Missing)(nil); errors.As(err, &missing) && flags["data"] != "" {
		if _, unknown := data.Lookup(flags["data"]); unknown != nil { // a mistyped name brings no recipe: say that first
			return cfg, unknown
		}
	}
	return cfg, err
}

func listRecipes(c *cli.Context) error {
	w := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "recipe\twhat it is\tthe figure it answers to")
	for _, r := range run.Recipes() {
		fmt.Fprintf(w, "%s\t%s\t%s\n", r.Name, r.Summary, r.Answers.Figure)
	}
	return w.Flush()
}

// dryRun prints what the run would do and spend.
func dryRun(c *cli.Context, p *trainer.Plan) error {
	e, err := p.Estimate(c.Context)
	if err != nil {
		return err
	}
	if p.Config.Format == "json" {
		enc := json.NewEncoder(c.App.Writer)
		enc.SetIndent("", "  ")
		return enc.Encode(e)
	}
	w := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) { fmt.Fprintf(w, "%s\t%s\n", name, fmt.Sprintf(format, args...)) }
	row("data", "%s: %d training units (%d enter by coin), %d test records", p.Set.Name(), e.Units, e.AuditUnits, e.Test)
	row("net", "%s, %d parameters", p.Config.Net, e.Parameters)
	row("steps", "%d of %g expected units: sample rate q = %.6g", e.Steps, e.Lot, e.SampleRate)
	if e.NoiseMultiplier > 0 {
		row("noise", "σ = %.6g clip norms of %g", e.NoiseMultiplier, p.ClipNorm)
		row("guarantee", "ε = %s at δ = %s (%s, %s)", report.Epsilon(e.Epsilon), deltaText(p.Config.Delta), p.Claim.Accountant, accountant.ZeroOut)
	} else {
		row("guarantee", "none: no noise, ε = ∞")
	}
	row("memory", "about %.0f MB at the peak", float64(e.PeakMemoryBytes)/1e6)
	row("time", "about %.3g s for training (%.0f units/s, measured on random inputs)", e.Seconds, e.UnitsPerSecond)
	if err := w.Flush(); err != nil {
		return err
	}
	if e.NoiseMultiplier > 0 {
		fmt.Fprintln(c.App.Writer, "\nε so far, by epoch:")
		for _, x := range e.EpsilonByEpoch {
			fmt.Fprintf(c.App.Writer, "  step %6d   ε = %s\n", x.Step, report.Epsilon(&x.Epsilon))
		}
	}
	return nil
}

func parseConditions(texts []string) (list []run.FailIf, err error) {
	for _, t := range texts {
		f, err := run.ParseFailIf(t)
		if err != nil {
			return nil, usage(err, "for example --fail-if 'epsilon > 3 || auc_high > 0.6'")
		}
		list = append(list, f)
	}
	return list, nil
}

// gate fails with exit code 5 when a condition holds or cannot be evaluated.
func gate(conditions []run.FailIf, r *run.Result) error {
	for _, f := range conditions {
		o := f.Evaluate(r)
		switch {
		case o.Failed:
			return gateFailed(fmt.Errorf("gate failed: %s", f), "")
		case !o.Passed():
			return gateFailed(fmt.Errorf("gate not evaluable: %s: no value for %s", f, strings.Join(o.NotEvaluable, ", ")), "the paths are those of internal/result.json")
		}
	}
	return nil
}
