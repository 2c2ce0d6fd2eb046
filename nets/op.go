package nets

import (
	"fmt"
	"hash"
	"hash/fnv"
	"unsafe"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// op is a node's operation: it writes into a buffer made once and returns that buffer as its value, so that a step
// allocates nothing of its own. All values are float32 matrices. Its name is unique in the graph, since gorgonia merges
// operations of equal hash.
type op struct {
	name  string
	arity int
	out   *tensor.Dense
	do    func()
	back  func(in G.Nodes, grad *G.Node) (*G.Node, error) // makes the backward nodes; nil: not differentiable
	stops bool                                            // back passes no gradient on to the first input
}

var (
	_ G.Op   = (*op)(nil)
	_ G.SDOp = (*op)(nil)
)

func (o *op) Arity() int { return o.arity }

func (o *op) Type() hm.Type {
	ts := make([]hm.Type, o.arity+1)
	for i := range ts {
		ts[i] = G.TensorType{Dims: 2, Of: tensor.Float32}
	}
	return hm.NewFnType(ts...)
}

func (o *op) InferShape(...G.DimSizer) (tensor.Shape, error) { return o.out.Shape(), nil }

func (o *op) Do(...G.Value) (G.Value, error) {
	o.do()
	return o.out, nil
}

func (o *op) ReturnsPtr() bool      { return true }
func (o *op) CallsExtern() bool     { return false }
func (o *op) OverwritesInput() int  { return -1 }
func (o *op) WriteHash(h hash.Hash) { fmt.Fprint(h, o.name) }
func (o *op) String() string        { return o.name }

func (o *op) Hashcode() uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}

// DiffWRT says that only the first input may carry a gradient: weights get theirs from the nodes of the clipped sums.
func (o *op) DiffWRT(inputs int) []bool {
	d := make([]bool, inputs)
	if inputs > 0 {
		d[0] = o.back != nil && !o.stops
	}
	return d
}

func (o *op) SymDiff(in G.Nodes, _, grad *G.Node) (G.Nodes, error) {
	all := make(G.Nodes, len(in))
	var err error
	all[0], err = o.back(in, grad)
	return all, err
}

// matrix wraps a slice; reads and writes go to the slice.
func matrix(v []float32, rows, cols int) *tensor.Dense {
	return tensor.New(tensor.WithShape(rows, cols), tensor.WithBacking(v[:rows*cols]))
}

// input makes a node that is loaded from v at each run.
func input(g *G.ExprGraph, name string, v []float32, rows, cols int) *G.Node {
	return G.NewMatrix(g, tensor.Float32, G.WithShape(rows, cols), G.WithName(name), G.WithValue(matrix(v, rows, cols)))
}

// aligned returns n zeros that begin at a cache line, so that no vector load straddles two. It changes no bits.
func aligned(n int) []float32 {
	const line = 64 / 4 // floats in a cache line
	v := make([]float32, n+line)
	o := 0
	for uintptr(unsafe.Pointer(&v[o]))%64 != 0 {
		o++
	}
	return v[o : o+n : o+n]
}
