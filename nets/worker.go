package nets

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"hush/internal/check"
	"hush/internal/simd"
)

// Options says how a worker is built. Units changes no bits of a result.
type Options struct {
	Units int // n ≥ 1, units of a physical batch: speed and memory only
	Slots int // K ≥ 1, slots of a unit

	// Clip turns upper bounds of squared norms into factors, all of length Units; mask is 1 for units with a filled slot.
	// Factors that are not in [0, ∞), of empty units and of units whose norm is not finite become 0 whatever it says.
	// Nil: no clipping; factors are the mask, no norms are computed, and a NaN passes into the sums.
	Clip func(factors, sqNorms, mask []float32)

	Kernels      *simd.Kernels // required
	ClassWeights []float32     // one for each class, finite and ≥ 0, or nil for ones
}

// Worker runs steps on one graph and one tape machine with buffers made once. Several workers may share weights; one
// worker belongs to one goroutine at a time.
type Worker struct {
	o        Options
	live     live
	ws       *simd.Workspace
	sites    []*site
	loss     loss
	x        []float32
	mask     []float32
	unitMask []float32
	norms    [][]float32 // per block, per unit
	sqNorms  []float32
	factors  []float32
	sums     *Sums // where Step adds to
	vm       G.VM
	tape     func() G.VM // the same program on gorgonia's own machine: the reference
	ops      []*op       // of the compiled graph
}

// NewWorker builds the graph of a step on shared weights. Weights are only read, during Step.
func (n *Net) NewWorker(w *Weights, o Options) (*Worker, error) {
	if err := n.checkOptions(w, o); err != nil {
		return nil, err
	}
	rows := o.Units * o.Slots
	wk := &Worker{o: o, sums: n.NewSums(), ws: simd.NewWorkspace(), x: aligned(rows * n.in.Size()), mask: make([]float32, rows),
		unitMask: make([]float32, o.Units), sqNorms: make([]float32, o.Units), factors: make([]float32, o.Units)}
	wk.loss = loss{k: o.Kernels, live: &wk.live, classes: n.classes, target: aligned(rows * n.classes), class: o.ClassWeights, scale: make([]float32, rows)}
	if err := wk.compile(n, w, rows); err != nil {
		return nil, fmt.Errorf("nets: graph of %s: %w", n.name, err)
	}
	return wk, nil
}

func (n *Net) checkOptions(w *Weights, o Options) error {
	if err := n.fits(w); err != nil {
		return err
	}
	if err := check.AtLeast(room, "units of a physical batch", int64(o.Units), 1); err != nil {
		return err
	}
	if err := check.AtLeast(room, "slots of a unit", int64(o.Slots), 1); err != nil {
		return err
	}
	if o.Kernels == nil {
		return check.Fail(room, "kernels", "nil", "must be selected")
	}
	if o.ClassWeights != nil && len(o.ClassWeights) != n.classes {
		return check.Fail(room, "number of class weights", len(o.ClassWeights), fmt.Sprintf("must be %d, one for each class", n.classes))
	}
	for _, c := range o.ClassWeights {
		if err := check.NonNegative(room, "class weight", float64(c)); err != nil {
			return err
		}
	}
	return nil
}

// compile makes the nodes in the order of the mathematics: forward, one backward pass, norms, factors, clipped sums.
func (wk *Worker) compile(n *Net, w *Weights, rows int) error {
	g := G.NewGraph()
	lv := &wk.live
	x := input(g, "x", wk.x, rows, n.in.Size())
	leaves := G.Nodes{x}

	// Forward.
	at, value := x, wk.x
	var outputs G.Nodes
	for i := range n.blocks {
		s := &site{b: &n.blocks[i], k: wk.o.Kernels, ws: wk.ws, live: lv, slots: wk.o.Slots, rows: rows, train: true, x: value, in: at}
		err := s.node(w)
		if err != nil {
			return err
		}
		wk.sites = append(wk.sites, s)
		leaves = append(leaves, s.weights, s.biases)
		at, value = s.out, s.chain.y.v
		outputs = append(outputs, at)
	}
	wk.loss.z = value
	target := input(g, "target", wk.loss.target, rows, n.classes)
	scale := input(g, "scale", wk.loss.scale, 1, rows)
	losses, err := wk.loss.node(at, target, scale)
	if err != nil {
		return err
	}

	// Backward, once, with respect to the blocks' outputs. Each slot's loss has the derivative 1: losses are summed, not
	// averaged (trap T13).
	one := make([]float32, rows)
	for i := range one {
		one[i] = 1
	}
	ones := input(g, "one", one, 1, rows)
	leaves = append(leaves, target, scale, ones)
	if _, err := G.Backpropagate(G.Nodes{losses}, G.Nodes{ones}, outputs); err != nil {
		return err
	}

	factors, leaves, err := wk.factorNode(g, leaves)
	if err != nil {
		return err
	}
	sums := G.Nodes{losses}
	for i, s := range wk.sites {
		node, err := wk.sumNode(i, s, factors)
		if err != nil {
			return err
		}
		sums = append(sums, node)
	}
	prog, locs, err := G.CompileFunction(g, leaves, sums)
	if err != nil {
		return err
	}
	wk.tape = func() G.VM { return G.NewTapeMachine(g, G.WithPrecompiled(prog, locs)) }
	walk, err := newWalker(g, locs)
	if err != nil {
		return err
	}
	wk.ops, wk.vm = walk.ops, walk
	return nil
}

// factorNode makes the norm nodes of all blocks and the node that turns them into factors. Without Clip the factors are
// a leaf, the mask of units.
func (wk *Worker) factorNode(g *G.ExprGraph, leaves G.Nodes) (*G.Node, G.Nodes, error) {
	units := wk.o.Units
	mask := input(g, "mask", wk.unitMask, 1, units)
	leaves = append(leaves, mask)
	if wk.o.Clip == nil {
		return mask, leaves, nil
	}
	in := G.Nodes{mask}
	for _, s := range wk.sites {
		norms := make([]float32, units)
		wk.norms = append(wk.norms, norms)
		o := &op{name: s.b.name + ".norm", arity: 2, out: matrix(norms, 1, units), do: s.normOf(norms, wk.unitMask)}
		node, err := G.ApplyOp(o, s.in, s.back)
		if err != nil {
			return nil, nil, err
		}
		in = append(in, node)
	}
	o := &op{name: "factors", arity: len(in), out: matrix(wk.factors, 1, units), do: wk.setFactors}
	node, err := G.ApplyOp(o, in...)
	return node, leaves, err
}

// setFactors sums the squared norms over the blocks, asks Clip, and takes units out that must not pass.
func (wk *Worker) setFactors() {
	n := wk.live.units
	clear(wk.sqNorms)
	clear(wk.factors)
	for i := range n {
		sum := 0.0
		for _, v := range wk.norms {
			sum += float64(v[i])
		}
		if wk.sqNorms[i] = 0; wk.unitMask[i] == 1 {
			wk.sqNorms[i] = up(sum * slack)
		}
	}
	wk.o.Clip(wk.factors, wk.sqNorms, wk.unitMask)
	for i := range wk.factors {
		if !finite(wk.sqNorms[i]) { // trap T15: as if the unit were absent, whatever Clip said
			wk.factors[i] = 0
			for _, s := range wk.sites {
				s.eraseUnit(i)
			}
		}
		if c := wk.factors[i]; wk.unitMask[i] == 0 || !(c >= 0) || !finite(c) {
			wk.factors[i] = 0
		}
	}
}

// sumNode makes the node that adds Σ_i c_i·g_i of one block to its running sum.
func (wk *Worker) sumNode(i int, s *site, factors *G.Node) (*G.Node, error) {
	size := s.b.gradient()
	// The node's value is the worker's own sum; under AddTo the result lies in another.
	o := &op{name: s.b.name + ".sum", arity: 3, out: matrix(wk.sums.blocks[i], 1, size)}
	o.do = func() {
		n, sum := wk.live.units, wk.sums.blocks[i]
		switch {
		case s.instances != nil:
			s.k.WeightedRowSum(sum, s.instances, n, size, wk.factors[:n])
		case wk.o.Clip != nil:
			s.scale(wk.factors[:n])
			fallthrough
		default:
			s.do.addSum(sum, 0, wk.live.rows)
		}
	}
	return G.ApplyOp(o, s.in, s.back, factors)
}

// X is the input of the next step: [Units·Slots][features]. Rows of empty slots and of units with a non-finite value may
// be overwritten by Step.
func (wk *Worker) X() []float32 { return wk.x }

// Target is the label distribution of each slot: [Units·Slots][classes], one-hot or soft.
func (wk *Worker) Target() []float32 { return wk.loss.target }

// Mask says which slots hold a record: [Units·Slots], 1 filled, 0 empty.
func (wk *Worker) Mask() []float32 { return wk.mask }

// Sums is the running Σ_i c_i·g_i since Clear, in Params order.
func (wk *Worker) Sums() [][]float32 { return wk.sums.tensors }

// AddTo makes the next steps add to s, sums of the same net. A step goes on from what s holds.
func (wk *Worker) AddTo(s *Sums) { wk.sums = s }

// Loss is the loss of each slot in the last step, 0 where empty; class weights are in it.
func (wk *Worker) Loss() []float32 { return wk.loss.value }

// Logits is [Units·Slots][classes] of the last step; rows of empty slots are unspecified.
func (wk *Worker) Logits() []float32 { return wk.loss.z }

// SqNorms is an upper bound of each unit's squared gradient norm in the last step; 0 where empty, NaN or +Inf where the
// unit holds a non-finite value. Without Clip it stays 0.
func (wk *Worker) SqNorms() []float32 { return wk.sqNorms }

// Factors is the factor that each unit's gradient was scaled by in the last step.
func (wk *Worker) Factors() []float32 { return wk.factors }

// Clear zeroes the running sums.
func (wk *Worker) Clear() { wk.sums.Clear() }

// Step runs the graph once on X, Target and Mask and adds the clipped gradients to Sums, in ascending order of units:
// steps over 16 and 48 units leave the bits of one step over the 64. An empty batch leaves the sums alone.
func (wk *Worker) Step() error {
	if err := wk.prepare(); err != nil {
		return err
	}
	if wk.live.units == 0 {
		return nil
	}
	err := wk.vm.RunAll()
	wk.vm.Reset()
	if err != nil {
		return fmt.Errorf("nets: step: %w", err)
	}
	return nil
}

// prepare turns the mask into unit mask and slot scales, and clears what empty slots would leave behind.
func (wk *Worker) prepare() error {
	k, d := wk.o.Slots, len(wk.x)/len(wk.mask)
	wk.live = live{}
	clear(wk.loss.value)
	for i := range wk.unitMask {
		filled := 0
		for r := i * k; r < (i+1)*k; r++ {
			switch wk.mask[r] {
			case 1:
				filled++
			case 0:
			default:
				return check.Fail(room, fmt.Sprintf("mask of slot %d", r), wk.mask[r], "must be 0 or 1")
			}
		}
		wk.unitMask[i] = 0
		if filled > 0 {
			wk.unitMask[i] = 1
			wk.live.units = i + 1
		}
		for r := i * k; r < (i+1)*k; r++ {
			wk.loss.scale[r] = 0
			if wk.mask[r] == 1 {
				wk.loss.scale[r] = 1 / float32(filled)
			} else {
				clear(wk.x[r*d : (r+1)*d])
			}
		}
	}
	wk.live.rows = wk.live.units * k
	if wk.live.units == 0 || wk.o.Clip == nil {
		clear(wk.sqNorms)
		copy(wk.factors, wk.unitMask)
	}
	return nil
}

// normOf returns the operation of a block's norm node, and makes the buffer for instances where the rule keeps them.
// Empty units have norm 0; what lies in their instances is finite and gets factor 0.
func (s *site) normOf(norms, mask []float32) func() {
	of := s.do.rank1
	switch s.b.rule(s.slots, true) {
	case Ghost:
		of = s.do.ghost
	case Instantiate:
		size := s.b.gradient()
		s.instances = aligned(len(norms) * size)
		of = func(i int) float64 {
			g := s.instances[i*size : (i+1)*size]
			s.do.gradient(g, i)
			return instanceBound(s.k, g)
		}
	}
	return func() {
		for i := range s.live.units {
			if norms[i] = 0; mask[i] == 1 {
				norms[i] = up(of(i))
			}
		}
	}
}

// eraseUnit overwrites what a unit would put into the sum: 0·NaN is NaN, so a factor of 0 is not enough.
func (s *site) eraseUnit(i int) {
	if s.instances != nil {
		size := s.b.gradient()
		clear(s.instances[i*size : (i+1)*size])
		return
	}
	s.do.erase(i)
}

// Nodes is the number of operations of the compiled graph.
func (wk *Worker) Nodes() int { return len(wk.ops) }
