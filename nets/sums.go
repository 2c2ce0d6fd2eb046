package nets

// Sums is a running Σ_i c_i·g_i of one net. A worker has one of its own; a trainer that cuts a lot into lanes has one
// for each lane and lends it to whichever worker takes the lane.
type Sums struct {
	blocks  [][]float32 // weights then bias
	tensors [][]float32 // the same memory in Params order
}

// NewSums returns zeros.
func (n *Net) NewSums() *Sums {
	s := &Sums{}
	for i := range n.blocks {
		b := &n.blocks[i]
		v, cut := aligned(b.gradient()), b.d*b.p
		s.blocks = append(s.blocks, v)
		s.tensors = append(s.tensors, v[:cut:cut], v[cut:])
	}
	return s
}

// Tensors are the sums in Params order, in place.
func (s *Sums) Tensors() [][]float32 { return s.tensors }

// Clear zeroes the sums.
func (s *Sums) Clear() {
	for _, v := range s.blocks {
		clear(v)
	}
}
