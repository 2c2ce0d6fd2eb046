package nets

import (
	"fmt"
	"strconv"
	"strings"

	"hush/internal/check"
)

// Entry is one line of the catalog.
type Entry struct {
	Name    string // before the colon, if it takes widths
	Usage   string // as typed, with its argument
	Summary string
	Input   Shape // the only shape that it takes; zero if it takes any

	layers func(arg string, in Shape, classes int) ([]layer, error)
	widths bool // wants an argument
}

// catalog lists every net, in the order in which it is shown. To add one: add a line; the conformance suite does the
// rest.
var catalog = []Entry{
	{Name: "linear", Usage: "linear", Summary: "one dense layer: multinomial logistic regression", layers: func(_ string, _ Shape, classes int) ([]layer, error) {
		return []layer{flatten{}, dense{classes}}, nil
	}},
	{Name: "mlp", Usage: "mlp:WIDTH[,WIDTH...]", Summary: "dense layers of the given widths with ReLU", widths: true, layers: func(arg string, _ Shape, classes int) ([]layer, error) {
		widths, err := parseWidths(arg)
		return denseNet(widths, relu(), classes), err
	}},
	{Name: "fcn", Usage: "fcn", Summary: "dense 1024-512-256-128 with tanh, the usual target of membership attacks on tabular data", layers: func(_ string, _ Shape, classes int) ([]layer, error) {
		return denseNet([]int{1024, 512, 256, 128}, tanh(), classes), nil
	}},
	// Tramèr & Boneh 2021, arXiv 2011.11660, table 10 and their code.
	{Name: "cnn28-tanh", Usage: "cnn28-tanh", Summary: "Tramèr & Boneh's MNIST net: conv16 8×8/2, conv32 4×4/2, fc32, tanh", Input: Shape{28, 28, 1}, layers: func(_ string, _ Shape, classes int) ([]layer, error) {
		return []layer{conv2d{16, 8, 2, 2}, tanh(), maxPool{window{2, 1}}, conv2d{32, 4, 2, 0}, tanh(), maxPool{window{2, 1}},
			flatten{}, dense{32}, tanh(), dense{classes}}, nil
	}},
	// The same paper, CIFAR-10.
	{Name: "cnn32-tanh", Usage: "cnn32-tanh", Summary: "Tramèr & Boneh's CIFAR-10 net: 3×3 convolutions 32-32-M-64-64-M-128-128-M, fc128, tanh", Input: Shape{32, 32, 3}, layers: func(_ string, _ Shape, classes int) ([]layer, error) {
		var ls []layer
		for _, filters := range []int{32, 64, 128} {
			ls = append(ls, conv2d{filters, 3, 1, 1}, tanh(), conv2d{filters, 3, 1, 1}, tanh(), maxPool{window{2, 2}})
		}
		return append(ls, flatten{}, dense{128}, tanh(), dense{classes}), nil
	}},
	// Opacus, examples/mnist.py, SampleConvNet.
	{Name: "opacus-mnist", Usage: "opacus-mnist", Summary: "Opacus's MNIST example: conv16 8×8/2, conv32 4×4/2, fc32, ReLU", Input: Shape{28, 28, 1}, layers: func(_ string, _ Shape, classes int) ([]layer, error) {
		return []layer{conv2d{16, 8, 2, 3}, relu(), maxPool{window{2, 1}}, conv2d{32, 4, 2, 0}, relu(), maxPool{window{2, 1}},
			flatten{}, dense{32}, relu(), dense{classes}}, nil
	}},
	// Dormann et al. 2021, arXiv 2110.06255.
	{Name: "dormann-mnist", Usage: "dormann-mnist", Summary: "Dormann et al.'s MNIST net: conv16 5×5, conv32 4×4, fc32, tanh", Input: Shape{28, 28, 1}, layers: func(_ string, _ Shape, classes int) ([]layer, error) {
		return []layer{conv2d{16, 5, 1, 0}, tanh(), maxPool{window{2, 2}}, conv2d{32, 4, 1, 0}, tanh(), maxPool{window{2, 2}},
			flatten{}, dense{32}, tanh(), dense{classes}}, nil
	}},
}

// denseNet is dense layers of the given widths, each with act, and the logits.
func denseNet(widths []int, act stage, classes int) []layer {
	ls := []layer{flatten{}}
	for _, w := range widths {
		ls = append(ls, dense{w}, act)
	}
	return append(ls, dense{classes})
}

func parseWidths(arg string) ([]int, error) {
	var widths []int
	for part := range strings.SplitSeq(arg, ",") {
		w, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || w < 1 || w > 1<<16 {
			return nil, check.Fail(room, "widths of mlp", `"`+arg+`"`, "must be numbers from 1 to 65536, such as mlp:128,64")
		}
		widths = append(widths, w)
	}
	return widths, nil
}

// Catalog lists the nets.
func Catalog() []Entry { return append([]Entry(nil), catalog...) }

// UnknownError is the error of a name that is not in the catalog.
type UnknownError struct {
	Name  string
	Known []string // as typed
}

func (e *UnknownError) Error() string {
	return fmt.Sprintf("nets: unknown net %q, must be one of %s", e.Name, strings.Join(e.Known, ", "))
}

// Lookup builds the net of a name, such as "fcn" or "mlp:128,64", for inputs of shape in and the given number of classes
// (≥ 2). The error is an *UnknownError, or says which rule a shape or width breaks.
func Lookup(name string, in Shape, classes int) (*Net, error) {
	kind, arg, colon := strings.Cut(name, ":")
	var known []string
	for _, e := range catalog {
		known = append(known, e.Usage)
		if e.Name != kind {
			continue
		}
		if colon != e.widths {
			return nil, check.Fail(room, "net", `"`+name+`"`, "must be typed as "+e.Usage)
		}
		if e.Input != (Shape{}) && in != e.Input {
			return nil, check.Fail(room, "input of net "+e.Name, in, "must be "+e.Input.String())
		}
		layers, err := e.layers(arg, in, classes)
		if err != nil {
			return nil, err
		}
		return build(name, in, classes, layers)
	}
	return nil, &UnknownError{Name: name, Known: known}
}
