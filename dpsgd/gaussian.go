package dpsgd

import (
	"fmt"
	"math"
	"runtime"
	"sort"
	"sync"
	"sync/atomic"

	"hush/internal/check"
	"hush/internal/simd"
)

// gaussian turns a sum of clipped gradients into a release.
//
// Given S = Σ_i c_i·g_i with ‖c_i·g_i‖₂ ≤ C for every unit i, it computes
//
//	(S + σ·C·Z) / B,   Z ~ N(0, I_d)
//
// in place. The noise has the scale of the sum, since that is what one unit changes by up to C; B is a public constant,
// so the division is post-processing. Dividing by the realized size of the lot instead would publish it (trap T4), and
// noise of σC on the mean would be B times what is claimed, σC/B² a B-th (trap T7).
//
// Z is drawn once per lot, in blocks addressed by (key, step, tensor, block): no two values of a run share an address,
// and which goroutine draws a block does not matter.
//
// Accuracy: σC is rounded up to float32. Sum and product are float32, whose rounding errors depend on S in the last
// bit; they are outside of the guarantee, which is stated for real numbers (Mironov 2012).
type gaussian struct {
	scale   float32 // σC, rounded up; 0: no noise
	inverse float32 // 1/B
	key     *[32]byte
	kernels *simd.Kernels

	sizes  []int // values of each tensor, fixed by the first release
	starts []int // number of blocks before each tensor, and of all at the end

	// One release at a time, shared by the goroutines that work on it.
	step  uint64
	sums  [][]float32
	next  atomic.Int64 // block
	free  atomic.Int64 // scratch
	bufs  [][]float32  // one per worker
	done  sync.WaitGroup
	help  func()       // made once: starting it allocates nothing
	drawn atomic.Int64 // values of noise, all releases together
}

func newGaussian(s *Settings) (*gaussian, error) {
	scale, inverse := roundUp(s.NoiseMultiplier*s.ClipNorm), float32(1/s.Lot)
	if !(scale <= math.MaxFloat32) {
		return nil, check.Fail(room, "noise multiplier times clip norm", s.NoiseMultiplier*s.ClipNorm, "must be a finite float32")
	}
	if !(inverse > 0 && inverse <= math.MaxFloat32) {
		return nil, check.Fail(room, "lot", s.Lot, "must have a reciprocal in float32")
	}
	key := [32]byte(s.Key.Derive(forNoise))
	workers := s.Workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	g := &gaussian{scale: scale, inverse: inverse, key: &key, kernels: s.Kernels, bufs: make([][]float32, workers)}
	for w := range g.bufs {
		g.bufs[w] = make([]float32, simd.NoiseBlock)
	}
	g.help = func() {
		g.drain()
		g.done.Done()
	}
	return g, nil
}

// admit refuses sums that no lot of this mechanism can have.
func (g *gaussian) admit(sums [][]float32) error {
	if g.sizes == nil {
		g.starts = append(g.starts, 0)
		for _, s := range sums {
			g.sizes = append(g.sizes, len(s))
			g.starts = append(g.starts, g.starts[len(g.starts)-1]+(len(s)+simd.NoiseBlock-1)/simd.NoiseBlock)
		}
	}
	if len(sums) != len(g.sizes) {
		return check.Fail(room, "number of tensors", len(sums), fmt.Sprintf("must be %d, as at the first step", len(g.sizes)))
	}
	for t, s := range sums {
		if len(s) != g.sizes[t] {
			return check.Fail(room, fmt.Sprintf("size of tensor %d", t), len(s), fmt.Sprintf("must be %d, as at the first step", g.sizes[t]))
		}
		if !g.finite(s) {
			return check.Fail(room, fmt.Sprintf("sum of tensor %d", t), "not finite", "must be bounded by lot size times clip norm")
		}
	}
	return nil
}

// finite tells whether all values are. Squares may overflow where values do not, hence the second look.
func (g *gaussian) finite(v []float32) bool {
	if q := g.kernels.SumSquares(v); q <= math.MaxFloat32 {
		return true
	}
	for _, x := range v {
		if !(x >= -math.MaxFloat32 && x <= math.MaxFloat32) {
			return false
		}
	}
	return true
}

// fewestBlocks is how many blocks of noise are worth waking a goroutine for: some 60 µs of work.
const fewestBlocks = 16

// release overwrites the sums.
func (g *gaussian) release(step uint64, sums [][]float32) {
	g.step, g.sums = step, sums
	g.next.Store(0)
	g.free.Store(0)
	helpers := min(len(g.bufs), g.starts[len(g.starts)-1]/fewestBlocks) - 1 // negative: none
	for range helpers {
		g.done.Add(1)
		go g.help()
	}
	g.drain()
	g.done.Wait()
	g.sums = nil
}

// drain takes blocks until none is left.
func (g *gaussian) drain() {
	z := g.bufs[g.free.Add(1)-1]
	for {
		i := int(g.next.Add(1)) - 1
		if i >= g.starts[len(g.starts)-1] {
			return
		}
		tensor := sort.SearchInts(g.starts, i+1) - 1
		g.block(tensor, i-g.starts[tensor], z)
	}
}

// block releases one block of one tensor: s = (s + σC·z)/B.
func (g *gaussian) block(tensor, block int, z []float32) {
	s := g.sums[tensor]
	s = s[block*simd.NoiseBlock : min(len(s), (block+1)*simd.NoiseBlock)]
	if g.scale > 0 {
		g.kernels.Normal(z[:len(s)], g.key, g.step, uint32(tensor), uint32(block))
		g.drawn.Add(int64(len(s)))
		g.kernels.Axpy(g.scale, z[:len(s)], s)
	}
	g.kernels.Scale(g.inverse, s)
}
