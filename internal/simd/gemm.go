package simd

import "unsafe"

// Letters of this file: m×n is C, k the length of the sums (kk in code, since k is the receiver).

// Workspace holds the packing buffers of one worker: they grow at first use and are then reused, so that a step
// allocates nothing. It must not be used by two goroutines at a time. It holds no result between two calls.
type Workspace struct {
	packA, packB []float32
	weights      []float32 // transposed weights of ConvInputGrad
}

// NewWorkspace returns an empty workspace.
func NewWorkspace() *Workspace { return new(Workspace) }

// Aligned returns n zeros that begin on a cache line. Every kernel takes any slice, but a register's load that crosses
// lines costs twice: measured, products of unaligned matrices lose 10 to 20 % on AVX-512.
func Aligned(n int) []float32 {
	buf := make([]float32, n+15)
	skip := 0
	for n > 0 && uintptr(unsafe.Pointer(&buf[skip]))%64 != 0 {
		skip++
	}
	return buf[skip : skip+n : skip+n]
}

// grow returns the first n values of *buf, enlarged if need be. Their contents are unspecified.
func grow(buf *[]float32, n int) []float32 {
	if cap(*buf) < n {
		*buf = Aligned(n + n/4)
	}
	return (*buf)[:n]
}

// Gemm computes C = op(A)·op(B), or C += op(A)·op(B) with add, on row-major matrices:
//
//	C [m][n], row stride ldc
//	op(A) [m][kk]: A is [m][kk], or [kk][m] with transA, row stride lda
//	op(B) [kk][n]: B is [kk][n], or [n][kk] with transB, row stride ldb
//
// C_ij is one chain of multiply-adds in ascending k, started from the loaded C_ij (add) or from 0. The chain is the same
// wherever the element lies and however m, n or kk are cut, so two calls over halves of kk (the second with add) have
// the bits of one call over the whole. The portable path rounds product and sum, the others fuse them. NaN and Inf
// propagate as in that chain; a zero factor does not hide them. With kk = 0 C is cleared, or kept with add.
//
// C must not overlap A or B. A slice shorter than its matrix is a run-time panic before anything is written.
func (k *Kernels) Gemm(transA, transB bool, m, n, kk int, a []float32, lda int, b []float32, ldb int, add bool, c []float32, ldc int, ws *Workspace) {
	if m <= 0 || n <= 0 {
		return
	}
	c = c[:(m-1)*ldc+n]
	if kk <= 0 {
		if !add {
			for i := range m {
				clear(c[i*ldc : i*ldc+n])
			}
		}
		return
	}
	if transA {
		a = a[:(kk-1)*lda+m]
	} else {
		a = a[:(m-1)*lda+kk]
	}
	if transB {
		b = b[:(n-1)*ldb+kk]
	} else {
		b = b[:(kk-1)*ldb+n]
	}
	if k.tiles() {
		k.gemmTiles(transA, transB, m, n, kk, a, lda, b, ldb, add, c, ldc, ws)
		return
	}
	gemmPortable(transA, transB, m, n, kk, a, lda, b, ldb, add, c, ldc)
}

// gemmPortable finishes one row of C before it begins the next. ConvInputGrad relies on that: its rows of C overlap.
func gemmPortable(transA, transB bool, m, n, kk int, a []float32, lda int, b []float32, ldb int, add bool, c []float32, ldc int) {
	si, sp := lda, 1 // op(A)[i][p] = a[i*si+p*sp]
	if transA {
		si, sp = 1, lda
	}
	for i := range m {
		row := c[i*ldc : i*ldc+n]
		if !add {
			clear(row)
		}
		if transB {
			rowTimesRows(row, a[i*si:], sp, b, ldb, kk)
		} else {
			rowTimesMatrix(row, a[i*si:], sp, b, ldb, kk)
		}
	}
}

// rowTimesMatrix adds Σ_p a[p*sp]·b[p*ldb:] to row, four p at a time; the order within an element stays ascending.
// The conversions around products forbid the compiler to fuse them (it would on arm64).
func rowTimesMatrix(row, a []float32, sp int, b []float32, ldb, kk int) {
	n := len(row)
	p := 0
	for ; p+4 <= kk; p += 4 {
		a0, a1, a2, a3 := a[p*sp], a[(p+1)*sp], a[(p+2)*sp], a[(p+3)*sp]
		b0, b1 := b[p*ldb:][:n], b[(p+1)*ldb:][:n]
		b2, b3 := b[(p+2)*ldb:][:n], b[(p+3)*ldb:][:n]
		for j, v := range row {
			v += float32(a0 * b0[j])
			v += float32(a1 * b1[j])
			v += float32(a2 * b2[j])
			v += float32(a3 * b3[j])
			row[j] = v
		}
	}
	for ; p < kk; p++ {
		v := a[p*sp]
		for j, u := range b[p*ldb:][:n] {
			row[j] += float32(v * u)
		}
	}
}

// rowTimesRows adds Σ_p a[p*sp]·b[j*ldb+p] to row[j], four j at a time.
func rowTimesRows(row, a []float32, sp int, b []float32, ldb, kk int) {
	j := 0
	for ; j+4 <= len(row); j += 4 {
		b0, b1 := b[j*ldb:][:kk], b[(j+1)*ldb:][:kk]
		b2, b3 := b[(j+2)*ldb:][:kk], b[(j+3)*ldb:][:kk]
		c0, c1, c2, c3 := row[j], row[j+1], row[j+2], row[j+3]
		for p := range b0 {
			v := a[p*sp]
			c0 += float32(v * b0[p])
			c1 += float32(v * b1[p])
			c2 += float32(v * b2[p])
			c3 += float32(v * b3[p])
		}
		row[j], row[j+1], row[j+2], row[j+3] = c0, c1, c2, c3
	}
	for ; j < len(row); j++ {
		s := row[j]
		for p, u := range b[j*ldb:][:kk] {
			s += float32(a[p*sp] * u)
		}
		row[j] = s
	}
}
