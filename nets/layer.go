package nets

import (
	"fmt"

	"hush/internal/check"
)

// layer is one line of a net's description. Each kind has a file of its own.
type layer interface {
	kind() string
	out(in Shape) (Shape, error) // shape behind the layer, or why it does not fit
}

// linear is a layer with weights: z = a·W + b at each of its positions.
type linear interface {
	layer
	size(in Shape) (d, p, positions int)
	weightShape(in Shape) []int
	lower(s *site) product // its arithmetic at one place of one graph
}

// product is the arithmetic of a linear layer on the buffers of one worker. Rows are slots. lo and hi bound the rows or
// units that a call works on.
type product interface {
	forward(lo, hi int)                 // z (and what follows in the block) from x
	inputGrad(dx []float32, lo, hi int) // dx from δ, rows lo to hi
	gradient(g []float32, unit int)     // g[d·p+p] = the gradient of one unit, weights then bias
	ghost(unit int) float64             // upper bound of its squared norm by Gram matrices
	rank1(unit int) float64             // the same where T = 1
	addSum(sum []float32, lo, hi int)   // sum[d·p+p] += Σ over rows of aᵀδ, in ascending order
	erase(unit int)                     // overwrite the unit's a and δ with zeros
}

// stage is a layer without weights. Max-pooling is moved before a monotone activation, which is the same function for
// fewer evaluations.
type stage interface {
	layer
	monotone() bool // an activation that max-pooling may be exchanged with
}

// block is a linear layer with all that follows up to the next one. It is one node of the graph: gorgonia's cost of
// about a microsecond and ten allocations for each node must stay small beside the arithmetic.
type block struct {
	name         string // "conv1", "fc2"
	lin          linear
	stages       []stage
	in, mid, out Shape // of the block, of the linear layer's output, of the block's output
	d, p, pos    int
	weight       int // index of its weight tensor; the bias follows
}

// build checks a description and fuses it.
func build(name string, in Shape, classes int, layers []layer) (*Net, error) {
	if in.H < 1 || in.W < 1 || in.C < 1 {
		return nil, check.Fail(room, "input shape", in, "must have positive sides")
	}
	if err := check.AtLeast(room, "number of classes", int64(classes), 2); err != nil {
		return nil, err
	}
	n := &Net{name: name, in: in, classes: classes}
	count := map[string]int{}
	at := in
	for _, l := range layers {
		next, err := l.out(at)
		if err != nil {
			return nil, err
		}
		switch l := l.(type) {
		case linear:
			count[l.kind()]++
			b := block{name: fmt.Sprint(l.kind(), count[l.kind()]), lin: l, in: at, mid: next, out: next, weight: 2 * len(n.blocks)}
			b.d, b.p, b.pos = l.size(at)
			n.blocks = append(n.blocks, b)
			n.info = append(n.info,
				ParamInfo{Name: b.name + ".weight", Shape: l.weightShape(at), FanIn: b.d},
				ParamInfo{Name: b.name + ".bias", Shape: []int{b.p}, FanIn: b.d})
		case flatten: // a view: rows are flat already
		case stage:
			if len(n.blocks) == 0 {
				return nil, check.Fail(room, "first layer", l.kind(), "must have weights")
			}
			b := &n.blocks[len(n.blocks)-1]
			b.add(l)
			b.out = next
		}
		at = next
	}
	if at != (Shape{1, 1, classes}) {
		return nil, check.Fail(room, "output shape", at, fmt.Sprintf("must be one value for each of %d classes", classes))
	}
	return n, nil
}

// add appends a stage; a max-pooling goes in front of the monotone activations that end the block so far.
func (b *block) add(s stage) {
	b.stages = append(b.stages, s)
	if _, ok := s.(maxPool); !ok {
		return
	}
	for i := len(b.stages) - 1; i > 0 && b.stages[i-1].monotone(); i-- {
		b.stages[i], b.stages[i-1] = b.stages[i-1], b.stages[i]
	}
}
