package nets

import (
	G "gorgonia.org/gorgonia"

	"hush/internal/simd"
)

// loss is softmax cross-entropy per slot, and the start of the backward pass:
//
//	ℓ = Σ_k w_k·t_k·(log Σ_j e^{z_j} − z_k)        δ_k = s·∂ℓ/∂z_k,   s = 1/(filled slots of the unit)
//
// so that the gradients of a unit's slots sum to the mean over its filled slots. Nothing is divided by the number of
// units. Empty slots get ℓ = 0 and δ = 0, overwritten, whatever their logits are.
type loss struct {
	k       *simd.Kernels
	live    *live
	classes int
	z       []float32
	target  []float32
	class   []float32 // class weights w, or nil
	scale   []float32 // s for each slot, 0 where it is empty
	weighed []float32 // w·t
	value   []float32
	dz      []float32
}

// node makes the loss node behind the logits.
func (l *loss) node(z, target, scale *G.Node) (*G.Node, error) {
	rows := len(l.scale)
	l.value, l.dz = make([]float32, rows), aligned(rows*l.classes)
	if l.class != nil {
		l.weighed = aligned(rows * l.classes)
	}
	f := &op{name: "loss", arity: 3, out: matrix(l.value, 1, rows)}
	f.do = l.forward
	f.back = func(in G.Nodes, grad *G.Node) (*G.Node, error) {
		d := &op{name: "loss.delta", arity: 3, out: matrix(l.dz, rows, l.classes), do: l.backward}
		return G.ApplyOp(d, grad, in[0], in[2])
	}
	return G.ApplyOp(f, z, target, scale)
}

// forward computes losses and, at the same cost, the unscaled δ.
func (l *loss) forward() {
	t, n := l.target, l.live.rows*l.classes
	if l.class != nil {
		for i := range n {
			l.weighed[i] = t[i] * l.class[i%l.classes]
		}
		t = l.weighed
	}
	l.k.SoftmaxCrossEntropy(l.z[:n], l.live.rows, l.classes, t[:n], l.value, l.dz)
}

// backward scales δ by s.
func (l *loss) backward() {
	for r, s := range l.scale[:l.live.rows] {
		d := l.dz[r*l.classes : (r+1)*l.classes]
		switch s {
		case 0: // not a product: 0·NaN is NaN
			clear(d)
			l.value[r] = 0
		case 1:
		default:
			l.k.Scale(s, d)
		}
	}
}
