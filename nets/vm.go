package nets

import (
	G "gorgonia.org/gorgonia"
)

// walker is a gorgonia.VM that runs the operations of a compiled graph one after another on the caller's goroutine.
//
// gorgonia's tape machine locks its thread, starts a goroutine, which then needs another thread, and waits for it: two
// hand-overs a run, besides its bookkeeping for values, devices and gradients. Operations here own their buffers, so
// nothing of that is needed, and two workers on two cores do not get in each other's way. The tape machine stays the
// reference: a test compares the two bit by bit.
type walker struct{ ops []*op }

var _ G.VM = (*walker)(nil)

// newWalker orders the operations that a compiled program needs, as gorgonia's compiler does: inputs before what reads
// them.
func newWalker[T any](g *G.ExprGraph, needed map[*G.Node]T) (*walker, error) {
	sorted, err := G.Sort(g) // readers before what they read
	if err != nil {
		return nil, err
	}
	w := &walker{}
	for i := len(sorted) - 1; i >= 0; i-- {
		if _, ok := needed[sorted[i]]; !ok {
			continue
		}
		if o, ok := sorted[i].Op().(*op); ok {
			w.ops = append(w.ops, o)
		}
	}
	return w, nil
}

// RunAll runs every operation once. It allocates nothing.
func (w *walker) RunAll() error {
	for _, o := range w.ops {
		o.do()
	}
	return nil
}

// Reset does nothing: no run leaves anything behind but the values.
func (w *walker) Reset() {}

// Close does nothing.
func (w *walker) Close() error { return nil }
