package nets

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"hush/internal/simd"
)

// sample names one net of every entry, with an input and a number of parameters from its source.
var sample = map[string]struct {
	name    string
	in      Shape
	classes int
	params  int
}{
	"linear":        {"linear", Shape{1, 1, 3969}, 10, 39700},       // ScatterNet MNIST, Tramèr & Boneh 2021
	"mlp":           {"mlp:128,64", Shape{1, 1, 600}, 100, 91684},   // 601·128 + 129·64 + 65·100
	"fcn":           {"fcn", Shape{1, 1, 600}, 100, 1317348},        // 601·1024 + 1025·512 + 513·256 + 257·128 + 129·100
	"cnn28-tanh":    {"cnn28-tanh", Shape{28, 28, 1}, 10, 26010},    // as published
	"cnn32-tanh":    {"cnn32-tanh", Shape{32, 32, 3}, 10, 550570},   // "≈ .55 M"
	"opacus-mnist":  {"opacus-mnist", Shape{28, 28, 1}, 10, 26010},  // as published
	"dormann-mnist": {"dormann-mnist", Shape{28, 28, 1}, 10, 25386}, // 416 + 8,224 + 513·32 + 33·10
}

// The conformance suite: every net of the catalog builds, has the parameters of its source, learns one batch by plain
// gradient steps with clipping, predicts what its worker sees, and is described whole.
func TestCatalog(t *testing.T) {
	single(t)
	k := kernels(t, "auto")
	for _, e := range Catalog() {
		t.Run(e.Name, func(t *testing.T) {
			c, ok := sample[e.Name]
			if !ok {
				t.Fatal("no sample for this entry")
			}
			if e.Summary == "" || !strings.HasPrefix(e.Usage, e.Name) {
				t.Errorf("usage %q, summary %q", e.Usage, e.Summary)
			}
			n, err := Lookup(c.name, c.in, c.classes)
			if err != nil {
				t.Fatal(err)
			}
			if n.Name() != c.name || n.Input() != c.in || n.Classes() != c.classes || n.NumParams() != c.params {
				t.Errorf("%s, %v, %d classes, %d parameters; want %s, %v, %d, %d", n.Name(), n.Input(), n.Classes(), n.NumParams(), c.name, c.in, c.classes, c.params)
			}
			total := 0
			for _, l := range n.Describe(8, 2, k) {
				total += l.Params
				if l.Bytes <= 0 || l.FLOPs <= 0 || l.Rule == None || l.Kind == "" {
					t.Errorf("block %+v", l)
				}
			}
			if total != c.params {
				t.Errorf("blocks hold %d parameters", total)
			}
			learns(t, n, k)
		})
	}
}

// learns takes 20 steps on one batch of 8 records, each with its own class or nearly, and wants the loss to fall.
func learns(t *testing.T, n *Net, k *simd.Kernels) {
	const units = 8
	weights := n.Init(5)
	w, err := n.NewWorker(weights, Options{Units: units, Slots: 1, Clip: clipTo(1), Kernels: k})
	if err != nil {
		t.Fatal(err)
	}
	d := n.Input().Size()
	x := draw(units*d, func() float32 { return 0 })
	for i := range x {
		x[i] = float32(math.Sin(float64(i*i%977)) * 2)
	}
	var first, last float64
	for s := range 20 {
		copy(w.X(), x)
		fill(w.Mask(), 1)
		for r := range units {
			w.Target()[r*n.Classes()+r%n.Classes()] = 1
		}
		w.Clear()
		if err := w.Step(); err != nil {
			t.Fatal(err)
		}
		last = 0
		for _, l := range w.Loss() {
			last += float64(l)
		}
		if s == 0 {
			first = last
		}
		for i, g := range w.Sums() {
			k.Axpy(-.1, g, weights.Tensors[i])
		}
	}
	if !(last < .9*first) {
		t.Errorf("loss went from %v to %v", first, last)
	}
}

func TestLookupErrors(t *testing.T) {
	for _, c := range []struct {
		name    string
		in      Shape
		classes int
		want    string
	}{
		{"cnn29", Shape{28, 28, 1}, 10, `nets: unknown net "cnn29", must be one of linear, mlp:WIDTH[,WIDTH...], fcn`},
		{"mlp", Shape{1, 1, 8}, 10, `nets: net is "mlp", must be typed as mlp:WIDTH[,WIDTH...]`},
		{"linear:3", Shape{1, 1, 8}, 10, `nets: net is "linear:3", must be typed as linear`},
		{"mlp:8,x", Shape{1, 1, 8}, 10, `nets: widths of mlp is "8,x", must be numbers from 1 to 65536`},
		{"mlp:8,0", Shape{1, 1, 8}, 10, `nets: widths of mlp is "8,0", must be numbers`},
		{"cnn28-tanh", Shape{32, 32, 3}, 10, "nets: input of net cnn28-tanh is 32×32×3, must be 28×28×1"},
		{"fcn", Shape{1, 1, 0}, 10, "nets: input shape is 0, must have positive sides"},
		{"fcn", Shape{1, 1, 3}, 1, "nets: number of classes is 1, must be at least 2"},
	} {
		_, err := Lookup(c.name, c.in, c.classes)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
		if u := (*UnknownError)(nil); errors.As(err, &u) != strings.Contains(c.want, "unknown") {
			t.Errorf("%s: error is a %T", c.name, err)
		}
	}
}

func TestBadLayersAreRefused(t *testing.T) {
	img := Shape{6, 6, 2}
	for what, ls := range map[string][]layer{
		"dense on an image":   {dense{3}},
		"filter too large":    {conv2d{3, 7, 1, 0}, flatten{}, dense{3}},
		"no filters":          {conv2d{0, 3, 1, 0}, flatten{}, dense{3}},
		"stride zero":         {conv2d{2, 3, 0, 0}, flatten{}, dense{3}},
		"negative padding":    {conv2d{2, 3, 1, -1}, flatten{}, dense{3}},
		"window too large":    {conv2d{2, 3, 1, 0}, maxPool{window{5, 1}}, flatten{}, dense{3}},
		"window stride zero":  {conv2d{2, 3, 1, 0}, avgPool{window{2, 0}}, flatten{}, dense{3}},
		"pooling first":       {maxPool{window{2, 2}}, flatten{}, dense{3}},
		"wrong output":        {flatten{}, dense{4}},
		"width zero":          {flatten{}, dense{0}},
		"ends with an image":  {conv2d{3, 3, 1, 0}},
		"nothing but flatten": {flatten{}},
	} {
		if _, err := build("x", img, 3, ls); err == nil {
			t.Errorf("%s: accepted", what)
		}
	}
}

func TestBadOptionsAreRefused(t *testing.T) {
	n, err := Lookup("linear", Shape{1, 1, 4}, 3)
	if err != nil {
		t.Fatal(err)
	}
	k := kernels(t, "portable")
	good := Options{Units: 2, Slots: 1, Kernels: k}
	nan := float32(math.NaN())
	for what, c := range map[string]func() (*Weights, Options){
		"no units":         func() (*Weights, Options) { o := good; o.Units = 0; return n.Init(1), o },
		"no slots":         func() (*Weights, Options) { o := good; o.Slots = 0; return n.Init(1), o },
		"no kernels":       func() (*Weights, Options) { o := good; o.Kernels = nil; return n.Init(1), o },
		"class weights":    func() (*Weights, Options) { o := good; o.ClassWeights = []float32{1}; return n.Init(1), o },
		"NaN class weight": func() (*Weights, Options) { o := good; o.ClassWeights = []float32{1, nan, 1}; return n.Init(1), o },
		"no weights":       func() (*Weights, Options) { return nil, good },
		"other weights":    func() (*Weights, Options) { w := n.Init(1); w.Tensors[1] = w.Tensors[1][1:]; return w, good },
		"fewer weights":    func() (*Weights, Options) { w := n.Init(1); w.Tensors = w.Tensors[1:]; return w, good },
	} {
		w, o := c()
		if _, err := n.NewWorker(w, o); err == nil {
			t.Errorf("%s: accepted", what)
		}
	}
	w, err := n.NewWorker(n.Init(1), good)
	if err != nil {
		t.Fatal(err)
	}
	w.Mask()[1] = .5
	if w.Step() == nil {
		t.Error("a mask of .5 was accepted")
	}
}

// The initial law: uniform on ±1/√f. For n values the mean of squares is 1/(3f) with relative sd √(4/5)/√n; 5 sd raise
// a false alarm once in 1.7 million tensors. The largest of n must come near the bound.
func TestInitialLaw(t *testing.T) {
	single(t)
	n, err := Lookup("fcn", Shape{1, 1, 600}, 100)
	if err != nil {
		t.Fatal(err)
	}
	a, b, other := n.Init(1), n.Init(1), n.Init(2)
	for i, p := range n.Params() {
		sameBits(t, p.Name, a.Tensors[i], b.Tensors[i])
		if bits(a.Tensors[i], other.Tensors[i]) < 0 {
			t.Errorf("%s does not depend on the seed", p.Name)
		}
		bound := 1 / math.Sqrt(float64(p.FanIn))
		size := float64(p.Size())
		mean := squares(to64(a.Tensors[i])) / size
		if d := math.Abs(mean*3/bound/bound - 1); d > 5*math.Sqrt(.8/size) {
			t.Errorf("%s: mean square is off by %g", p.Name, d)
		}
		for _, v := range a.Tensors[i] {
			if math.Abs(float64(v)) > bound {
				t.Errorf("%s: %v is above %v", p.Name, v, bound)
				break
			}
		}
	}
}

// The rules that the design names for the reference nets.
func TestRules(t *testing.T) {
	for _, c := range []struct {
		name  string
		in    Shape
		slots int
		want  []Rule
	}{
		{"cnn28-tanh", Shape{28, 28, 1}, 1, []Rule{Instantiate, Instantiate, RankOne, RankOne}},
		{"cnn32-tanh", Shape{32, 32, 3}, 1, []Rule{Instantiate, Instantiate, Instantiate, Instantiate, Instantiate, Instantiate, RankOne, RankOne}},
		{"fcn", Shape{1, 1, 600}, 1, []Rule{RankOne, RankOne, RankOne, RankOne, RankOne}},
		{"fcn", Shape{1, 1, 600}, 4, []Rule{Ghost, Ghost, Ghost, Ghost, Instantiate}},
	} {
		n, err := Lookup(c.name, c.in, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, units := range []int{1, 64} { // the physical batch must not change it
			var got []Rule
			for _, l := range n.Describe(units, c.slots, nil) {
				got = append(got, l.Rule)
			}
			if fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("%s, %d slots: rules %v, want %v", c.name, c.slots, got, c.want)
			}
		}
	}
}
