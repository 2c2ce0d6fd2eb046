// Package nets answers one question: given these weights and these records, what are the logits, what is each unit's
// gradient worth in norm, and what is the sum of the gradients after each has been scaled by its clip factor?
//
// It never knows a privacy parameter, a noise, an optimizer or a file. It does not decide how much of a gradient may
// pass: that is the injected Clip.
//
// Its invariant: what a unit adds to the sums, and its norm, loss and logits, depend on that unit's records and the
// weights alone, to the bit. They do not depend on its place in the physical batch, on the other units, on the size of
// the batch or on the worker. The norm handed to Clip is never below the norm of the vector that is then added.
//
// A worker is one gorgonia graph and its tape machine (book-keeping: Bu et al. 2022, arXiv 2210.00038): one forward and
// one backward pass give every layer's input a and the gradient δ of its output; norms, clip factors and the clipped
// sum Σ_i c_i·a_iᵀδ_i are further nodes of the same graph.
//
// Shape letters of this room: n units, K slots of a unit (records of one person, or copies of one record), T = K ×
// positions of a layer, d inputs and p outputs of a product. Rows of a batch are slots: unit i owns rows i·K to i·K+K−1.
// Images are H×W×C with the channel innermost.
package nets

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"

	"hush/internal/check"
)

const room = "nets"

// Shape is the shape of one record or feature map. Flat features are {1, 1, D}.
type Shape struct{ H, W, C int }

// Size is the number of values.
func (s Shape) Size() int { return s.H * s.W * s.C }

// String is "28×28×1", or the number of flat features.
func (s Shape) String() string {
	if s.H == 1 && s.W == 1 {
		return strconv.Itoa(s.C)
	}
	return fmt.Sprintf("%d×%d×%d", s.H, s.W, s.C)
}

// Net is the description of a network: layers and shapes, no weights. It is immutable and safe for concurrent use.
type Net struct {
	name    string
	in      Shape
	classes int
	blocks  []block
	info    []ParamInfo
}

// Name is the name under which Lookup knows the net, widths included.
func (n *Net) Name() string { return n.name }

// Input is the shape of one record.
func (n *Net) Input() Shape { return n.in }

// Classes is the number of logits.
func (n *Net) Classes() int { return n.classes }

// ParamInfo describes one tensor of weights.
type ParamInfo struct {
	Name  string // such as "conv1.weight"
	Shape []int  // dense [inputs, outputs]; conv [KH, KW, C, P]; bias [outputs]; row-major
	FanIn int    // number of inputs of one output, for the initial law
}

// Size is the number of values.
func (p ParamInfo) Size() int {
	n := 1
	for _, s := range p.Shape {
		n *= s
	}
	return n
}

// Params lists the weight tensors in the order of Weights.Tensors and Worker.Sums.
func (n *Net) Params() []ParamInfo {
	out := make([]ParamInfo, len(n.info))
	for i, p := range n.info {
		p.Shape = append([]int(nil), p.Shape...)
		out[i] = p
	}
	return out
}

// NumParams is the number of trained values.
func (n *Net) NumParams() int {
	total := 0
	for _, p := range n.info {
		total += p.Size()
	}
	return total
}

// Weights holds the trained values, one slice for each entry of Net.Params. Workers and predictors read the slices that
// they were made with; whoever changes them does so while no worker runs.
type Weights struct{ Tensors [][]float32 }

// Init draws initial weights. Every weight and bias is uniform on ±1/√f, where f is the number of inputs of one output
// (d of a dense layer, KH·KW·C of a convolution): the default law of torch.nn.Linear and torch.nn.Conv2d, which Opacus's
// examples use too. Tensor t is drawn from a generator of its own, PCG(seed, t), so that a seed means the same weights
// on every machine. The values carry no secret.
func (n *Net) Init(seed uint64) *Weights {
	w := &Weights{}
	for t, p := range n.info {
		rng := rand.New(rand.NewPCG(seed, uint64(t)))
		bound := 1 / math.Sqrt(float64(p.FanIn))
		v := make([]float32, p.Size())
		for i := range v {
			v[i] = float32((2*rng.Float64() - 1) * bound)
		}
		w.Tensors = append(w.Tensors, v)
	}
	return w
}

// Clone copies the weights.
func (w *Weights) Clone() *Weights {
	c := &Weights{}
	for _, t := range w.Tensors {
		c.Tensors = append(c.Tensors, append([]float32(nil), t...))
	}
	return c
}

// fits refuses weights of another net.
func (n *Net) fits(w *Weights) error {
	if w == nil || len(w.Tensors) != len(n.info) {
		got := 0
		if w != nil {
			got = len(w.Tensors)
		}
		return check.Fail(room, "number of weight tensors", got, "must be that of net "+n.name)
	}
	for t, p := range n.info {
		if len(w.Tensors[t]) != p.Size() {
			return check.Fail(room, "size of "+p.Name, len(w.Tensors[t]), "must be that of net "+n.name)
		}
	}
	return nil
}
