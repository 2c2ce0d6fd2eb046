package nets

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"hush/internal/check"
	"hush/internal/simd"
)

// Predictor runs the forward pass only, on a fixed number of rows. It belongs to one goroutine at a time; several may
// share weights. Its logits have the bits of a worker's.
type Predictor struct {
	live      live
	x, logits []float32
	vm        G.VM
}

// NewPredictor builds the forward graph for rows ≥ 1 records on shared weights, which Run only reads.
func (n *Net) NewPredictor(w *Weights, rows int, k *simd.Kernels) (*Predictor, error) {
	if err := n.checkOptions(w, Options{Units: rows, Slots: 1, Kernels: k}); err != nil {
		return nil, err
	}
	p := &Predictor{live: live{rows, rows}, x: aligned(rows * n.in.Size())}
	g := G.NewGraph()
	at, value := input(g, "x", p.x, rows, n.in.Size()), p.x
	leaves := G.Nodes{at}
	ws := simd.NewWorkspace()
	for i := range n.blocks {
		s := &site{b: &n.blocks[i], k: k, ws: ws, live: &p.live, slots: 1, rows: rows, x: value, in: at}
		if err := s.node(w); err != nil {
			return nil, fmt.Errorf("nets: graph of %s: %w", n.name, err)
		}
		leaves = append(leaves, s.weights, s.biases)
		at, value = s.out, s.chain.y.v
	}
	p.logits = value
	_, locs, err := G.CompileFunction(g, leaves, G.Nodes{at})
	if err == nil {
		p.vm, err = newWalker(g, locs)
	}
	if err != nil {
		return nil, fmt.Errorf("nets: graph of %s: %w", n.name, err)
	}
	return p, nil
}

// X is the input of the next run: [rows][features].
func (p *Predictor) X() []float32 { return p.x }

// Logits is the result of the last run: [rows][classes].
func (p *Predictor) Logits() []float32 { return p.logits }

// Use tells how many rows the next runs need, from the first on; the rest is not computed.
func (p *Predictor) Use(rows int) error {
	if rows < 0 || rows > p.live.units {
		return check.Fail(room, "rows in use", rows, fmt.Sprintf("must be from 0 to %d", p.live.units))
	}
	p.live.rows = rows
	return nil
}

// Run computes Logits from X.
func (p *Predictor) Run() error {
	if p.live.rows == 0 {
		return nil
	}
	err := p.vm.RunAll()
	p.vm.Reset()
	if err != nil {
		return fmt.Errorf("nets: prediction: %w", err)
	}
	return nil
}
