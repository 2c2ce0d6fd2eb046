package nets

import "hush/internal/simd"

// chain runs the stages of a block: from the linear layer's output z to the block's output y, and from the gradient of
// y back to δ, the gradient of z.
//
// Activations work in place. A pooling writes to the next buffer. A buffer that no gradient needs later (z before a
// max-pooling) holds one row only, so that it stays in the first-level cache.
type chain struct {
	k     *simd.Kernels
	steps []step
	z, y  buffer // first and last; the same where the block does not pool
	delta buffer // gradient of z
}

// step is one stage with its buffers.
type step struct {
	act      *activation
	max      bool
	pool     simd.Pool
	from, to buffer  // activation: to is its result; pooling: both
	arg      []uint8 // max-pooling: place of the maximum, one row after another
	back     buffer  // pooling: gradient of from
}

// buffer is rows of equal width, or one row that all share.
type buffer struct {
	v      []float32
	width  int
	shared bool
}

func (b buffer) row(r int) []float32 {
	if b.shared {
		r = 0
	}
	return b.v[r*b.width : (r+1)*b.width]
}

// rows is the range lo to hi, of a buffer that is not shared, or the single row.
func (b buffer) rows(lo, hi int) []float32 {
	if b.shared {
		return b.v
	}
	return b.v[lo*b.width : hi*b.width]
}

func newBuffer(rows, width int, shared bool) buffer {
	if shared {
		rows = 1
	}
	return buffer{v: aligned(rows * width), width: width, shared: shared}
}

// newChain lays out the buffers of a block for rows rows. Without train nothing is kept for a backward pass.
func newChain(b *block, rows int, train bool, k *simd.Kernels) *chain {
	c := &chain{k: k}
	at := b.mid
	cur := newBuffer(rows, at.Size(), b.poolsFrom(0) && !(train && b.keeps(0)))
	c.z = cur
	for i, s := range b.stages {
		switch s := s.(type) {
		case activation:
			c.steps = append(c.steps, step{act: &s, to: cur})
		default:
			st := step{from: cur}
			var w window
			switch s := s.(type) {
			case maxPool:
				w, st.max = s.window, true
			case avgPool:
				w = s.window
			}
			st.pool = w.pool(at)
			at, _ = s.out(at) // build has checked it
			cur = newBuffer(rows, at.Size(), b.poolsFrom(i+1) && !(train && b.keeps(i+1)))
			st.to = cur
			if st.max {
				st.arg = make([]uint8, at.Size()*rows)
			}
			c.steps = append(c.steps, st)
		}
	}
	c.y = cur
	if !train {
		return c
	}
	first := true
	for i := range c.steps {
		if st := &c.steps[i]; st.act == nil {
			st.back = newBuffer(rows, st.from.width, !first)
			if first {
				c.delta = st.back
			}
			first = false
		}
	}
	return c
}

// poolsFrom says whether a pooling is among the stages from i on.
func (b *block) poolsFrom(i int) bool {
	for _, s := range b.stages[i:] {
		if _, ok := s.(activation); !ok {
			return true
		}
	}
	return false
}

// keeps says whether the buffer that stage i reads is needed by a gradient: an activation works on it in place.
func (b *block) keeps(i int) bool {
	if i >= len(b.stages) {
		return true
	}
	_, ok := b.stages[i].(activation)
	return ok
}

// forward runs the stages on rows lo to hi. Blocks that pool call it row by row.
func (c *chain) forward(lo, hi int) {
	for i := range c.steps {
		s := &c.steps[i]
		if s.act != nil {
			v := s.to.rows(lo, hi)
			s.act.f(c.k, v, v)
			continue
		}
		for r := lo; r < hi; r++ {
			if n := s.to.width; s.max {
				c.k.MaxPool(s.pool, s.from.row(r), s.to.row(r), s.arg[r*n:(r+1)*n])
			} else {
				c.k.AvgPool(s.pool, s.from.row(r), s.to.row(r))
			}
		}
	}
}

// backward turns the gradient dy of the block's output into δ, rows lo to hi. It overwrites dy. Without a pooling δ is
// where dy was.
func (c *chain) backward(dy buffer, lo, hi int) {
	if c.delta.v == nil {
		for i := len(c.steps) - 1; i >= 0; i-- {
			v := dy.rows(lo, hi)
			c.steps[i].act.grad(c.k, v, v, c.steps[i].to.rows(lo, hi))
		}
		return
	}
	for r := lo; r < hi; r++ {
		g := dy.row(r)
		for i := len(c.steps) - 1; i >= 0; i-- {
			s := &c.steps[i]
			switch n := s.to.width; {
			case s.act != nil:
				s.act.grad(c.k, g, g, s.to.row(r))
			case s.max:
				c.k.MaxPoolGrad(s.pool, g, s.arg[r*n:(r+1)*n], s.back.row(r))
				g = s.back.row(r)
			default:
				c.k.AvgPoolGrad(s.pool, g, s.back.row(r))
				g = s.back.row(r)
			}
		}
	}
}
