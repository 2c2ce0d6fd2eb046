//go:build !amd64

package simd

// Machines without our assembly: every vec function declines, and the portable loops do the work.

const noTiles = "internal error: tiles on a machine without assembly"

func (k *Kernels) tiles() bool { return false }

func (k *Kernels) gemmTiles(transA, transB bool, m, n, kk int, a []float32, lda int, b []float32, ldb int, add bool, c []float32, ldc int, ws *Workspace) {
	panic(noTiles)
}
func (k *Kernels) convForwardTiles(d Conv, x, w, bias, z []float32, ws *Workspace) { panic(noTiles) }
func (k *Kernels) convWeightGradTiles(d Conv, x, dz, g []float32, add bool, ws *Workspace) {
	panic(noTiles)
}
func (k *Kernels) convInputGradTiles(d Conv, dz, wt, dx []float32, ws *Workspace) bool { return false }
func (k *Kernels) transposeTiles(rows, cols int, src []float32, ls int, dst []float32, ld int) {
	panic(noTiles)
}

func (k *Kernels) vecTanh(dst, x []float32) bool                                       { return false }
func (k *Kernels) vecTanhGrad(dst, dy, y []float32) bool                               { return false }
func (k *Kernels) vecReLU(dst, x []float32) bool                                       { return false }
func (k *Kernels) vecReLUGrad(dst, dy, y []float32) bool                               { return false }
func (k *Kernels) vecAxpy(alpha float32, x, y []float32) bool                          { return false }
func (k *Kernels) vecScale(alpha float32, x []float32) bool                            { return false }
func (k *Kernels) vecWeightedRowSum(dst, src []float32, stride int, f []float32) bool  { return false }
func (k *Kernels) vecSumSquares(x []float32) (float32, bool)                           { return 0, false }
func (k *Kernels) vecMaxPool(d Pool, x, y []float32, arg []uint8) bool                 { return false }
func (k *Kernels) vecMaxPoolGrad(d Pool, dy []float32, arg []uint8, dx []float32) bool { return false }
func (k *Kernels) vecSoftmaxRow(z, target, dz []float32) (float32, bool)               { return 0, false }
func (k *Kernels) spin(rounds int) float64                                             { return spinPortable(rounds) }
