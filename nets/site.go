package nets

import (
	G "gorgonia.org/gorgonia"

	"hush/internal/simd"
)

// live is how much of the physical batch holds records: rows behind the last filled unit are not computed. It is the
// one value that changes from step to step beside the buffers themselves.
type live struct{ units, rows int }

// site is one block at one place of one graph: its weights, buffers and nodes.
type site struct {
	b       *block
	k       *simd.Kernels
	ws      *simd.Workspace
	live    *live
	slots   int  // K
	rows    int  // n·K
	train   bool // with what the backward pass needs
	x       []float32
	w, bias []float32
	ones    []float32 // as many as rows or positions
	chain   *chain
	delta   buffer // gradient of the linear layer's output, once the backward nodes are made
	do      product

	instances []float32 // [units][d·p+p], where the rule keeps each unit's gradient

	in, weights, biases, out *G.Node
	back                     *G.Node // the node after which delta is complete
}

// node makes the forward node of a block behind the node in, whose value is x.
func (s *site) node(w *Weights) error {
	b, train := s.b, s.train
	s.w, s.bias = w.Tensors[b.weight], w.Tensors[b.weight+1]
	s.chain = newChain(b, s.rows, train, s.k)
	if train {
		s.ones = make([]float32, max(s.rows, b.pos))
		for i := range s.ones {
			s.ones[i] = 1
		}
	}
	s.do = b.lin.lower(s)
	g := s.in.Graph()
	s.weights = input(g, b.name+".weight", s.w, b.d, b.p)
	s.biases = input(g, b.name+".bias", s.bias, 1, b.p)
	f := &op{name: b.name, arity: 3, out: matrix(s.chain.y.v, s.rows, b.out.Size())}
	f.do = func() { s.do.forward(0, s.live.rows) }
	if train {
		f.back, f.stops = s.symDiff, s.first()
	}
	var err error
	s.out, err = G.ApplyOp(f, s.in, s.weights, s.biases)
	return err
}

// symDiff makes the backward nodes: δ from the gradient of the block's output, then the gradient of the block's input.
// Nobody reads the latter of the first block, so it is not made.
func (s *site) symDiff(_ G.Nodes, grad *G.Node) (*G.Node, error) {
	b := s.b
	dy := buffer{v: grad.Op().(*op).out.Float32s(), width: b.out.Size()}
	s.back, s.delta = grad, dy
	if len(b.stages) > 0 {
		if s.chain.delta.v != nil {
			s.delta = s.chain.delta
		}
		o := &op{name: b.name + ".delta", arity: 2, out: matrix(s.delta.v, s.rows, b.mid.Size())}
		o.do = func() { s.chain.backward(dy, 0, s.live.rows) }
		var err error
		if s.back, err = G.ApplyOp(o, grad, s.out); err != nil {
			return nil, err
		}
	}
	if s.first() {
		return nil, nil
	}
	dx := aligned(s.rows * b.in.Size())
	o := &op{name: b.name + ".inputgrad", arity: 2, out: matrix(dx, s.rows, b.in.Size())}
	o.do = func() { s.do.inputGrad(dx, 0, s.live.rows) }
	return G.ApplyOp(o, s.back, s.weights)
}

// first says that the block reads the records themselves.
func (s *site) first() bool { return s.b.weight == 0 }

// unitRows returns the rows of one unit, of a buffer of the given width per row.
func (s *site) unitRows(v []float32, width, unit int) []float32 {
	n := s.slots * width
	return v[unit*n : (unit+1)*n]
}

// scale multiplies the δ rows of every unit by its factor.
func (s *site) scale(factors []float32) {
	for i, c := range factors {
		if c != 1 {
			s.k.Scale(c, s.unitRows(s.delta.v, s.delta.width, i))
		}
	}
}
