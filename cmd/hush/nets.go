package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"hush/internal/simd"
	"hush/nets"
)

func netsCommand() *cli.Command {
	return &cli.Command{
		Name:      "nets",
		Usage:     "layers, shapes, parameters, clipping rule per layer, memory, FLOPs",
		UsageText: "hush nets list|show\n\nhush nets list\nhush nets show cnn28-tanh",
		Subcommands: []*cli.Command{
			{
				Name:      "list",
				Usage:     "the networks in the catalog",
				UsageText: "hush nets list",
				Action:    listNets,
			},
			{
				Name:      "show",
				Usage:     "one network, layer by layer",
				UsageText: "hush nets show NAME[:widths] [--input 28x28x1] [--classes 10]\n\nhush nets show cnn28-tanh\nhush nets show mlp:128,64 --input 600 --classes 100",
				Flags: []cli.Flag{
					&cli.StringFlag{Name: "input", Usage: "records as `HxWxC`, or a number of features; default: the shape that the net was made for"},
					&cli.IntFlag{Name: "classes", Value: 10, Usage: "number of classes"},
					&cli.IntFlag{Name: "batch", Value: 32, Usage: "physical batch for which memory is computed"},
				},
				Action: showNet,
			},
		},
	}
}

func listNets(c *cli.Context) error {
	if c.NArg() > 0 {
		return usage(fmt.Errorf("unexpected argument %q", c.Args().First()), "hush nets show NAME shows one net")
	}
	w := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	for _, e := range nets.Catalog() {
		fmt.Fprintf(w, "%s\t%s\n", e.Usage, e.Summary)
	}
	return w.Flush()
}

func showNet(c *cli.Context) error {
	if c.NArg() == 0 {
		return usage(errors.New("which net?"), "hush nets list shows the names; hush nets show cnn28-tanh")
	}
	if c.NArg() > 1 {
		return usage(fmt.Errorf("unexpected argument %q", c.Args().Get(1)), "hush nets show shows one net at a time")
	}
	if n := c.Int("batch"); n < 1 {
		return usage(fmt.Errorf("--batch is %d, must be at least 1", n), "")
	}
	name := c.Args().First()
	in, err := parseShape(c.String("input"), name)
	if err != nil {
		return usage(err, "for example --input 28x28x1 or --input 600")
	}
	net, err := nets.Lookup(name, in, c.Int("classes"))
	if err != nil {
		return netError(err)
	}
	k, err := simd.Select("auto")
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "layer\tkind\tin\tout\tparameters\tclipping rule\tkFLOP per unit\tkB per batch\t")
	var flops, bytes int64
	for _, l := range net.Describe(c.Int("batch"), 1, k) {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%s\t%.1f\t%.0f\t\n", l.Name, l.Kind, shapeText(l.In), shapeText(l.Out), l.Params, l.Rule, float64(l.FLOPs)/1e3, float64(l.Bytes)/1e3)
		flops += l.FLOPs
		bytes += l.Bytes
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(c.App.Writer, "\n%d parameters, %.2f MFLOP per unit and step, %.1f MB per worker at a physical batch of %d\n",
		net.NumParams(), float64(flops)/1e6, float64(bytes)/1e6, c.Int("batch"))
	return nil
}

func shapeText(s nets.Shape) string {
	if s.H == 1 && s.W == 1 {
		return strconv.Itoa(s.C)
	}
	return fmt.Sprintf("%d×%d×%d", s.H, s.W, s.C)
}

// parseShape reads "28x28x1" or "600"; empty text gives the shape that the named net was made for.
func parseShape(text, net string) (nets.Shape, error) {
	if text == "" {
		base, _, _ := strings.Cut(net, ":")
		for _, e := range nets.Catalog() {
			if e.Name == base && e.Input.Size() > 0 {
				return e.Input, nil
			}
		}
		return nets.Shape{H: 1, W: 1, C: 64}, nil
	}
	var n []int
	for _, p := range strings.Split(text, "x") {
		v, err := strconv.Atoi(p)
		if err != nil || v < 1 {
			return nets.Shape{}, fmt.Errorf("input shape %q: want HxWxC or a number of features", text)
		}
		n = append(n, v)
	}
	switch len(n) {
	case 1:
		return nets.Shape{H: 1, W: 1, C: n[0]}, nil
	case 3:
		return nets.Shape{H: n[0], W: n[1], C: n[2]}, nil
	}
	return nets.Shape{}, fmt.Errorf("input shape %q: want HxWxC or a number of features", text)
}

// netError gives an unknown net its nearest name as a hint.
func netError(err error) error {
	u := (*nets.UnknownError)(nil)
	if !errors.As(err, &u) {
		return usage(err, "hush nets list shows the nets and what they take")
	}
	var names []string
	for _, e := range nets.Catalog() {
		names = append(names, e.Name)
	}
	word, _, _ := strings.Cut(u.Name, ":")
	return usage(err, nearestOf("hush nets list shows all", word, names))
}
