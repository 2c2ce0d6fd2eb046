package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"hush/accountant"
	"hush/internal/check"
)

// budgetFlags are the quantities of hush budget. A subcommand takes those that it needs; a missing one is an error.
func budgetFlags(names ...string) []cli.Flag {
	all := map[string]*cli.StringFlag{
		"epsilon":          {Name: "epsilon", Aliases: []string{"target-epsilon"}, Usage: "ε that must not be exceeded, `E` > 0"},
		"noise-multiplier": {Name: "noise-multiplier", Aliases: []string{"sigma"}, Usage: "standard deviation `S` of the noise, in clip norms"},
		"sample-rate":      {Name: "sample-rate", Usage: "probability `q` with which each unit enters a step, a number or a fraction such as 256/60000"},
		"steps":            {Name: "steps", Usage: "number `T` of noisy steps"},
		"delta":            {Name: "delta", Aliases: []string{"target-delta"}, Usage: "δ in (0, 1): `D`, far below 1/units"},
		"schedule":         {Name: "schedule", Usage: "stages in `FILE`, lines noise_multiplier,sample_rate,steps, in place of these three flags"},
	}
	var flags []cli.Flag
	for _, n := range names {
		flags = append(flags, all[n])
	}
	return append(flags,
		&cli.StringFlag{Name: "accountant", Value: string(accountant.RDP), Usage: "`NAME` of the accountant: rdp"},
		&cli.StringFlag{Name: "neighboring", Value: string(accountant.ZeroOut), Usage: "`RELATION` of the data sets that are hard to tell apart: zero-out or replace-one"},
		&cli.IntFlag{Name: "group-size", Value: 1, Usage: "`k` units that change together"},
		&cli.StringFlag{Name: "format", Value: "table", Usage: "table or json"},
	)
}

func budgetCommand() *cli.Command {
	const three = " --noise-multiplier 1.1 --sample-rate 256/60000 --steps 14062"
	verb := func(name, usage, example string, action cli.ActionFunc, flags ...string) *cli.Command {
		return &cli.Command{Name: name, Usage: usage, UsageText: "hush budget " + name + example, Flags: budgetFlags(flags...), Action: action}
	}
	return &cli.Command{
		Name:      "budget",
		Usage:     "the accountant without training",
		UsageText: "hush budget <question> [flags]\n\nhush budget epsilon" + three + " --delta 1e-5",
		Subcommands: []*cli.Command{
			verb("epsilon", "the ε that a training spends", three+" --delta 1e-5", budgetEpsilon, "noise-multiplier", "sample-rate", "steps", "schedule", "delta"),
			verb("delta", "the δ of a training at a given ε", three+" --epsilon 3", budgetDelta, "noise-multiplier", "sample-rate", "steps", "schedule", "epsilon"),
			verb("noise", "the smallest noise multiplier that keeps within (ε, δ), rounded up", " --epsilon 3 --sample-rate 256/60000 --steps 14062 --delta 1e-5", budgetNoise, "epsilon", "sample-rate", "steps", "delta"),
			verb("steps", "the largest number of steps that keeps within (ε, δ)", " --epsilon 3 --noise-multiplier 1.1 --sample-rate 256/60000 --delta 1e-5", budgetSteps, "epsilon", "noise-multiplier", "sample-rate", "delta"),
			verb("rate", "the largest sample rate that keeps within (ε, δ), rounded down", " --epsilon 3 --noise-multiplier 1.1 --steps 14062 --delta 1e-5", budgetRate, "epsilon", "noise-multiplier", "steps", "delta"),
		},
	}
}

// budgetAnswer is the JSON of every question; what a schedule leaves open is null.
type budgetAnswer struct {
	Epsilon         *float64 `json:"epsilon"` // null: infinite
	Lower           *float64 `json:"lower"`
	Upper           *float64 `json:"upper"`
	Delta           float64  `json:"delta"`
	Order           *float64 `json:"order"` // null: none, or infinite
	Accountant      string   `json:"accountant"`
	Neighboring     string   `json:"neighboring"`
	GroupSize       int      `json:"group_size"`
	NoiseMultiplier *float64 `json:"noise_multiplier"`
	SampleRate      *float64 `json:"sample_rate"`
	Steps           int64    `json:"steps"`
	Milliseconds    float64  `json:"milliseconds"`
	Warning         string   `json:"warning,omitempty"`
}

// question is what the flags of one call ask.
type question struct {
	settings                    accountant.Settings
	noise, rate, epsilon, delta float64
	count                       int64
	spent                       accountant.Spending // from the schedule, or of one stage once its parts are known
	scheduled                   bool
}

func budgetEpsilon(c *cli.Context) error {
	return budget(c, func(q *question) (accountant.Guarantee, error) { return q.settings.Epsilon(q.spent, q.delta) })
}

func budgetDelta(c *cli.Context) error {
	return budget(c, func(q *question) (accountant.Guarantee, error) { return q.settings.Delta(q.spent, q.epsilon) })
}

func budgetNoise(c *cli.Context) error {
	return budget(c, func(q *question) (accountant.Guarantee, error) {
		var err error
		if q.noise, err = q.settings.Noise(q.rate, q.count, q.target()); err != nil {
			return accountant.Guarantee{}, err
		}
		return q.settings.Epsilon(q.stage(), q.delta)
	})
}

func budgetSteps(c *cli.Context) error {
	return budget(c, func(q *question) (accountant.Guarantee, error) {
		var err error
		if q.count, err = q.settings.Steps(q.event(), q.target()); err != nil {
			return accountant.Guarantee{}, err
		}
		if q.count == 0 {
			one, err := q.settings.Epsilon(accountant.Spending{}.Add(q.event(), 1), q.delta)
			if err != nil {
				return one, err
			}
			return one, budgetExceeded(fmt.Errorf("a single step spends epsilon %s, more than %g", upText(one.Epsilon), q.epsilon),
				fmt.Sprintf("hush budget noise --epsilon %g --sample-rate %g --steps 1000 --delta %g shows how much noise leaves room", q.epsilon, q.rate, q.delta))
		}
		return q.settings.Epsilon(q.stage(), q.delta)
	})
}

func budgetRate(c *cli.Context) error {
	return budget(c, func(q *question) (accountant.Guarantee, error) {
		var err error
		if q.rate, err = q.settings.Rate(q.noise, q.count, q.target()); err != nil {
			return accountant.Guarantee{}, err
		}
		return q.settings.Epsilon(q.stage(), q.delta)
	})
}

// budget reads the flags, asks, and prints.
func budget(c *cli.Context, ask func(*question) (accountant.Guarantee, error)) error {
	q, err := readQuestion(c)
	if err != nil {
		return err
	}
	start := time.Now()
	g, err := ask(q)
	took := time.Since(start)
	if err != nil {
		if bad := (*check.Argument)(nil); errors.As(err, &bad) {
			return usage(err, "hush budget "+c.Command.Name+" --help shows an example")
		}
		return err
	}
	a := budgetAnswer{
		Epsilon: finite(g.Epsilon), Lower: finite(g.Lower), Upper: finite(g.Upper), Delta: g.Delta, Accountant: g.Accountant,
		Neighboring: string(g.Relation), GroupSize: q.settings.GroupSize, Steps: q.spent.Steps(),
		Milliseconds: float64(took.Microseconds()) / 1e3, Warning: g.Warning,
	}
	if g.Order > 0 {
		a.Order = finite(g.Order)
	}
	if !q.scheduled {
		a.NoiseMultiplier, a.SampleRate = &q.noise, &q.rate
	}
	if c.String("format") == "json" {
		w := json.NewEncoder(c.App.Writer)
		w.SetIndent("", "  ")
		return w.Encode(a)
	}
	return printAnswer(c.App.Writer, c.Command.Name, q, g, a)
}

func (q *question) target() accountant.Target {
	return accountant.Target{Epsilon: q.epsilon, Delta: q.delta}
}

func (q *question) event() accountant.Event {
	return accountant.SampledGaussian{SampleRate: q.rate, NoiseMultiplier: q.noise}
}

// stage is the spending of one stage, once all its parts are known.
func (q *question) stage() accountant.Spending {
	q.spent = accountant.Spending{}.Add(q.event(), q.count)
	return q.spent
}

func finite(v float64) *float64 {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return nil
	}
	return &v
}

// readQuestion reads what the subcommand's flags say. Every flag without a default must be there, unless a schedule
// stands for it; all that is missing is listed at once.
func readQuestion(c *cli.Context) (*question, error) {
	if c.NArg() > 0 {
		return nil, usage(fmt.Errorf("unexpected argument %q", c.Args().First()), "hush budget "+c.Command.Name+" takes flags only")
	}
	if f := c.String("format"); f != "table" && f != "json" {
		return nil, usage(fmt.Errorf("format is %q, must be table or json", f), "")
	}
	q := &question{settings: accountant.Settings{
		Method: accountant.Method(c.String("accountant")), Relation: accountant.Relation(c.String("neighboring")), GroupSize: c.Int("group-size"),
	}}
	if q.settings.GroupSize < 1 {
		return nil, usage(fmt.Errorf("group size is %d, must be at least 1", q.settings.GroupSize), "")
	}
	if q.scheduled = c.String("schedule") != ""; q.scheduled {
		if err := q.readSchedule(c); err != nil {
			return nil, err
		}
	}
	if missing := q.readFlags(c); len(missing.names) > 0 || missing.err != nil {
		return nil, missing.error(c)
	}
	if !q.scheduled && has(c, "noise-multiplier") && has(c, "sample-rate") && has(c, "steps") {
		q.stage()
	}
	return q, nil
}

// gaps is what is wrong with the flags: names that are missing, or the first value that cannot be read.
type gaps struct {
	names []string
	err   error
}

func (g gaps) error(c *cli.Context) error {
	_, example, _ := strings.Cut(c.Command.UsageText, "\n")
	if example == "" {
		example = c.Command.UsageText
	}
	if g.err != nil {
		return usage(g.err, example)
	}
	return usage(fmt.Errorf("missing %s", strings.Join(g.names, ", ")), example)
}

// readFlags reads the numbers of all flags that the subcommand has.
func (q *question) readFlags(c *cli.Context) gaps {
	var g gaps
	read := func(name string, parse func(string) error) {
		if !has(c, name) || q.scheduled && (name == "noise-multiplier" || name == "sample-rate" || name == "steps") {
			return
		}
		if c.String(name) == "" {
			g.names = append(g.names, "--"+name)
		} else if err := parse(c.String(name)); err != nil && g.err == nil {
			g.err = err
		}
	}
	number := func(name string, into *float64) {
		read(name, func(text string) (err error) {
			if *into, err = strconv.ParseFloat(text, 64); err != nil {
				return fmt.Errorf("%s is %q, must be a number", strings.ReplaceAll(name, "-", " "), text)
			}
			return nil
		})
	}
	number("epsilon", &q.epsilon)
	number("noise-multiplier", &q.noise)
	read("sample-rate", func(text string) (err error) { q.rate, err = accountant.ParseRate(text); return err })
	read("steps", func(text string) (err error) { q.count, err = accountant.ParseSteps(text); return err })
	number("delta", &q.delta)
	return g
}

// has says whether the subcommand has a flag of that name.
func has(c *cli.Context, name string) bool {
	for _, f := range c.Command.Flags {
		if f.Names()[0] == name {
			return true
		}
	}
	return false
}

func (q *question) readSchedule(c *cli.Context) error {
	for _, n := range []string{"noise-multiplier", "sample-rate", "steps"} {
		if c.IsSet(n) {
			return usage(fmt.Errorf("both --schedule and --%s", n), "the schedule gives noise multiplier, sample rate and steps of every stage")
		}
	}
	f, err := os.Open(c.String("schedule"))
	if err != nil {
		return usage(err, "a schedule has lines noise_multiplier,sample_rate,steps")
	}
	defer f.Close()
	if q.spent, err = accountant.ParseSchedule(f); err != nil {
		return usage(fmt.Errorf("%s: %w", c.String("schedule"), err), "a schedule has lines noise_multiplier,sample_rate,steps")
	}
	return nil
}
