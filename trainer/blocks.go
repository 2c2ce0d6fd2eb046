package trainer

import (
	"fmt"
	"sync"
	"sync/atomic"

	"hush/internal/simd"
)

// blockSize is how many weights one worker takes at a time: small enough to stay in a core's first cache through all
// passes of an update, large enough that taking one costs nothing.
const blockSize = 4096

// update sums the lanes in lane order into the first, or lets the optimizer change the weights: work on all parameters
// that is cut into blocks and shared by the workers. Elements do not meet, so the cut changes no bits.
type update struct {
	workers int
	blocks  []block
	next    atomic.Int64
}

// block is a range of one tensor.
type block struct{ tensor, lo, hi int }

func newUpdate(like [][]float32, workers int) *update {
	u := &update{workers: workers}
	for t, v := range like {
		for lo := 0; lo < len(v); lo += blockSize {
			u.blocks = append(u.blocks, block{t, lo, min(lo+blockSize, len(v))})
		}
	}
	return u
}

// fewestBlocks is how many blocks are worth waking a worker for: some 50 µs of work.
const fewestBlocks = 32

// each calls do once for every block, on as many workers as have enough to do.
func (u *update) each(do func(b block)) {
	u.next.Store(0)
	work := func() {
		for {
			i := int(u.next.Add(1)) - 1
			if i >= len(u.blocks) {
				return
			}
			do(u.blocks[i])
		}
	}
	var wg sync.WaitGroup
	for range min(u.workers, len(u.blocks)/fewestBlocks) - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
}

// sum adds the lanes to the first, in lane order: ((l₀ + l₁) + l₂) + …
func (u *update) sum(k *simd.Kernels, lanes [][][]float32) {
	if len(lanes) == 1 {
		return
	}
	u.each(func(b block) {
		for _, l := range lanes[1:] {
			k.Axpy(1, l[b.tensor][b.lo:b.hi], lanes[0][b.tensor][b.lo:b.hi])
		}
	})
}

// step lets the optimizer update the weights. state holds one tensor per slot and weight tensor, slot by slot.
func (u *update) step(o Optimizer, k *simd.Kernels, w, g, state [][]float32, t uint64, rate float64) {
	slots := o.Slots()
	u.each(func(b block) {
		var of [2][]float32
		for s := range slots {
			of[s] = state[s*len(w)+b.tensor][b.lo:b.hi]
		}
		o.Update(k, w[b.tensor][b.lo:b.hi], g[b.tensor][b.lo:b.hi], of[:slots], t, rate)
	})
}

// newState returns the zero state of weights w under o, or state itself when it has that shape.
func newState(o Optimizer, w, state [][]float32) [][]float32 {
	n := o.Slots() * len(w)
	if state != nil {
		if len(state) != n {
			panic(fmt.Sprintf("trainer: internal error: optimizer state has %d tensors, want %d", len(state), n))
		}
		return state
	}
	for range o.Slots() {
		for _, t := range w {
			state = append(state, make([]float32, len(t)))
		}
	}
	return state
}
