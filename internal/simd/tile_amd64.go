package simd

import "unsafe"

// tileArgs is the argument of a tile kernel (gen/tiles.go, which knows the offsets). Distances are in bytes.
// Assembly writes runsLeft, linesLeft and fromNow only.
type tileArgs struct {
	a, b, c, from            *float32
	rowA, stepA, runA, lineA int // to the next row, k, run, line of a
	stepB, rowC, lineC       int
	rowFrom, lineFrom        int
	k, runs, lines           int
	kernel                   int
	mask                     uint64 // valid lanes of the last vector: bits
	//lint:ignore U1000 written by assembly
	runsLeft, linesLeft int
	//lint:ignore U1000 written by assembly
	fromNow uintptr
	tail    int // valid lanes of the last vector: count
	panel   int // bytes of b from one panel of columns to the next; not read by assembly
	packed  int // values per packed row of a, 0 if a is not packed by tiles; not read by assembly
}

// zeros is where a chain begins that has nothing to continue.
var zeros [32]float32

func (k *Kernels) tiles() bool { return k.level != levelPortable }

// tallest returns the most rows of a tile with nv vectors per row (gen/main.go).
func (k *Kernels) tallest(nv int) int {
	if k.level == levelAVX512 {
		return 14
	}
	return 12 / nv
}

// lanes is the number of values in a register.
func (k *Kernels) lanes() int {
	if k.level == levelAVX512 {
		return 16
	}
	return 8
}

func (k *Kernels) tile(t *tileArgs) {
	if k.level == levelAVX512 {
		tile512(t)
	} else {
		tile256(t)
	}
}

func move(p *float32, bytes int) *float32 {
	return (*float32)(unsafe.Add(unsafe.Pointer(p), bytes))
}

// cover computes rows×cols of every line by tiles. Rows are dealt to tiles evenly, since small tiles are slow: 15 rows
// are 8 + 7, not 14 + 1. With one line, the tiles of one height go to the kernel as its lines.
func (k *Kernels) cover(job *tileArgs, rows, cols int) {
	lanes := k.lanes()
	for j := 0; j < cols; j += 2 * lanes {
		t := *job
		nv := 1
		if cols-j > lanes {
			nv = 2
		}
		t.tail = min(cols-j-(nv-1)*lanes, lanes)
		t.mask = 1<<t.tail - 1
		t.b = move(job.b, j/(2*lanes)*job.panel)
		tallest := k.tallest(nv)
		if job.packed > 0 && cols > lanes { // all panels share the tiles that packTiles has made
			tallest = k.tallest(2)
		}
		count := (rows + tallest - 1) / tallest
		height, taller := rows/count, rows%count
		i := 0
		for _, g := range [2]struct{ tiles, height int }{{taller, height + 1}, {count - taller, height}} {
			if g.tiles == 0 {
				continue
			}
			t.kernel = 2 * (g.height - 1)
			if nv == 2 {
				t.kernel += 2 * k.tallest(1)
			}
			if t.tail < lanes {
				t.kernel++
			}
			rowA := job.rowA
			if job.packed > 0 {
				rowA, t.rowA, t.stepA = 4*job.packed, 4, 4*g.height
			}
			if job.lines == 1 {
				t.lines, t.lineA, t.lineC, t.lineFrom = g.tiles, g.height*rowA, g.height*job.rowC, g.height*job.rowFrom
			}
			for n := g.tiles; n > 0; n-- {
				t.a, t.c, t.from = move(job.a, i*rowA), move(job.c, i*job.rowC+4*j), move(job.from, i*job.rowFrom)
				if job.rowFrom != 0 || job.from != &zeros[0] {
					t.from = move(t.from, 4*j)
				}
				k.tile(&t)
				if job.lines == 1 {
					i += g.tiles * g.height
					break
				}
				i += g.height
			}
		}
	}
}

// Blocks of a product, found by measurement: blockK values of the sums, so that the rows of A for one tile stay in the
// first cache; blockM rows of A beside a panel of B (two vectors wide) in the second; blockN columns of B in the third.
const blockK, blockM, blockN = 512, 224, 2048

func (k *Kernels) gemmTiles(transA, transB bool, m, n, kk int, a []float32, lda int, b []float32, ldb int, add bool, c []float32, ldc int, ws *Workspace) {
	if transA && !transB && m >= 64 && n < 2*k.lanes() && n%k.lanes() != 0 {
		k.gemmFlipped(m, n, kk, a, lda, b, ldb, add, c, ldc, ws)
		return
	}
	width := 2 * k.lanes()
	packB := transB || ldb > 64 && m > 3*k.tallest(2)
	packA := transA && kk > 64 && n > width/2
	copyA := !transA && lda%256 == 0 && n > 2*width && m > 8
	var bufA, bufB []float32
	if packB {
		bufB = grow(&ws.packB, (min(n, blockN)+width)*min(kk, blockK))
	}
	if packA || copyA {
		bufA = grow(&ws.packA, min(m, blockM)*(min(kk, blockK)+16))
	}
	for jc := 0; jc < n; jc += blockN {
		nc := min(blockN, n-jc)
		for pc := 0; pc < kk; pc += blockK {
			kc := min(blockK, kk-pc)
			t := tileArgs{stepB: 4 * ldb, panel: 4 * width, rowC: 4 * ldc, k: kc, runs: 1, lines: 1}
			switch {
			case packB:
				k.packPanels(transB, bufB, b, ldb, pc, kc, jc, nc)
				t.b, t.stepB, t.panel = &bufB[0], 4*width, 4*width*kc
			default:
				t.b = &b[pc*ldb+jc]
			}
			for ic := 0; ic < m; ic += blockM {
				mc := min(blockM, m-ic)
				switch {
				case packA:
					k.packTiles(bufA, a[pc*lda+ic:], lda, mc, kc, nc)
					t.a, t.packed = &bufA[0], kc
				case copyA:
					k.copyRows(bufA, kc+16, a[ic*lda+pc:], lda, mc, kc)
					t.a, t.rowA, t.stepA = &bufA[0], 4*(kc+16), 4
				case transA:
					t.a, t.rowA, t.stepA = &a[pc*lda+ic], 4, 4*lda
				default:
					t.a, t.rowA, t.stepA = &a[ic*lda+pc], 4*lda, 4
				}
				t.c = &c[ic*ldc+jc]
				t.from, t.rowFrom = t.c, t.rowC
				if pc == 0 && !add {
					t.from, t.rowFrom = &zeros[0], 0
				}
				k.cover(&t, mc, nc)
			}
		}
	}
}

// gemmFlipped computes Aᵀ·B for few columns, as in the weight gradient of a last layer, as the transpose of Bᵀ·A: the
// long rows of A fill registers that the short rows of B would not. The chains, and so the bits, are the same.
func (k *Kernels) gemmFlipped(m, n, kk int, a []float32, lda int, b []float32, ldb int, add bool, c []float32, ldc int, ws *Workspace) {
	const block = 128 // rows of C at a time
	flipped := grow(&ws.packB, block*n)
	for ic := 0; ic < m; ic += block {
		w := min(block, m-ic)
		part := c[ic*ldc:]
		t := tileArgs{
			a: &b[0], rowA: 4, stepA: 4 * ldb, b: &a[ic], stepB: 4 * lda, panel: 8 * k.lanes(),
			c: &flipped[0], rowC: 4 * block, from: &zeros[0], k: kk, runs: 1, lines: 1,
		}
		if add {
			k.transpose(w, n, part, ldc, flipped, block)
			t.from, t.rowFrom = t.c, t.rowC
		}
		k.cover(&t, n, w)
		k.transpose(n, w, flipped, block, part, ldc)
	}
}

// packPanels copies kc×nc values of op(B) from (pc, jc) on to panels [kc][two vectors]. What lies past the last column
// is left as it is: kernels do not read it.
func (k *Kernels) packPanels(trans bool, dst, b []float32, ldb, pc, kc, jc, nc int) {
	width := 2 * k.lanes()
	for j := 0; j < nc; j += width {
		w := min(width, nc-j)
		panel := dst[j*kc:]
		if trans {
			k.transpose(w, kc, b[(jc+j)*ldb+pc:], ldb, panel, width)
		} else {
			k.copyRows(panel, width, b[pc*ldb+jc+j:], ldb, kc, w)
		}
	}
}

// packTiles copies A[kc][mc] to tiles [kc][height], of the heights that cover will use for nc columns.
func (k *Kernels) packTiles(dst, a []float32, lda, mc, kc, nc int) {
	tallest := k.tallest(2)
	if nc <= k.lanes() {
		tallest = k.tallest(1)
	}
	count := (mc + tallest - 1) / tallest
	height, taller := mc/count, mc%count
	i := 0
	for t := range count {
		h := height
		if t < taller {
			h++
		}
		k.copyRows(dst[i*kc:], h, a[i:], lda, kc, h)
		i += h
	}
}

// copyRows copies rows of n values.
func (k *Kernels) copyRows(dst []float32, ld int, src []float32, ls, rows, n int) {
	if k.level == levelAVX512 {
		_, _ = dst[(rows-1)*ld+n-1], src[(rows-1)*ls+n-1]
		copyRows512(&dst[0], &src[0], rows, n, 4*ld, 4*ls)
		return
	}
	for r := range rows {
		copy(dst[r*ld:r*ld+n], src[r*ls:])
	}
}

// transposeTiles is for AVX-512: 16×16 at a time.
func (k *Kernels) transposeTiles(rows, cols int, src []float32, ls int, dst []float32, ld int) {
	_, _ = src[(rows-1)*ls+cols-1], dst[(cols-1)*ld+rows-1]
	for r := 0; r < rows; r += 16 {
		for c := 0; c < cols; c += 16 {
			transpose512(&dst[c*ld+r], &src[r*ls+c], min(16, rows-r), min(16, cols-c), 4*ld, 4*ls)
		}
	}
}

// convForwardTiles: a row is an output pixel, a run a row of the window, a line a row of outputs.
func (k *Kernels) convForwardTiles(d Conv, x, w, bias, z []float32, ws *Workspace) {
	t := tileArgs{
		a: &x[0], rowA: 4 * d.Stride * d.C, stepA: 4, runA: 4 * d.W * d.C, lineA: 4 * d.Stride * d.W * d.C,
		b: &w[0], stepB: 4 * d.P, panel: 8 * k.lanes(),
		c: &z[0], rowC: 4 * d.P, lineC: 4 * d.OutW() * d.P, from: &zeros[0],
		k: d.KW * d.C, runs: d.KH, lines: d.OutH(),
	}
	if bias != nil {
		t.from = &bias[0]
	}
	k.cover(&t, d.OutW(), d.P)
}

// convWeightGradTiles: a row is a place in a row of the window, k an output pixel, a run a row of outputs.
func (k *Kernels) convWeightGradTiles(d Conv, x, dz, g []float32, add bool, ws *Workspace) {
	run := d.KW * d.C
	for kh := range d.KH {
		t := tileArgs{
			a: &x[kh*d.W*d.C], rowA: 4, stepA: 4 * d.Stride * d.C, runA: 4 * d.Stride * d.W * d.C,
			b: &dz[0], stepB: 4 * d.P, panel: 8 * k.lanes(),
			c: &g[kh*run*d.P], rowC: 4 * d.P,
			k: d.OutW(), runs: d.OutH(), lines: 1,
		}
		t.from, t.rowFrom = t.c, t.rowC
		if !add {
			t.from, t.rowFrom = &zeros[0], 0
		}
		k.cover(&t, run, d.P)
	}
}

// convInputGradTiles adds, for each row of the window, dz·wᵀ to the input pixels under it. The rows of a tile are the
// pixels Stride apart, so a tile may be no wider than that, or its rows would overlap; narrow ones are declined.
func (k *Kernels) convInputGradTiles(d Conv, dz, wt, dx []float32, ws *Workspace) bool {
	run, wide := d.KW*d.C, d.Stride*d.C
	if wide < k.lanes()/2 && wide < run {
		return false
	}
	for kh := range d.KH {
		for j := 0; j < run; j += wide {
			t := tileArgs{
				a: &dz[0], rowA: 4 * d.P, stepA: 4, lineA: 4 * d.OutW() * d.P,
				b: &wt[kh*run+j], stepB: 4 * d.KH * run, panel: 8 * k.lanes(),
				c: &dx[kh*d.W*d.C+j], rowC: 4 * wide, lineC: 4 * d.Stride * d.W * d.C,
				k: d.P, runs: 1, lines: d.OutH(),
			}
			t.from, t.rowFrom, t.lineFrom = t.c, t.rowC, t.lineC
			k.cover(&t, d.OutW(), min(wide, run-j))
		}
	}
	return true
}
