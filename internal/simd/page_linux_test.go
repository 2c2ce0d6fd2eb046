package simd

import (
	"fmt"
	"syscall"
	"testing"
	"unsafe"
)

// pages hands out slices that end, or begin, at memory that may not be touched: a kernel that reads or writes a byte
// outside of its slices kills the test, also where canaries would not notice.
type pages struct {
	t    *testing.T
	atLo bool
}

func (p pages) floats(n int, f func() float32) []float32 {
	b := p.bytes(4 * max(n, 1))
	v := unsafe.Slice((*float32)(unsafe.Pointer(&b[0])), n)
	for i := range v {
		v[i] = f()
	}
	return v
}

func (p pages) bytes(n int) []byte {
	page := syscall.Getpagesize()
	size := (n + page - 1) / page * page
	m, err := syscall.Mmap(-1, 0, size+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		p.t.Skip("no pages from this system: ", err)
	}
	p.t.Cleanup(func() {
		if err := syscall.Munmap(m); err != nil {
			p.t.Error(err)
		}
	})
	for _, edge := range [][]byte{m[:page], m[page+size:]} {
		if err := syscall.Mprotect(edge, syscall.PROT_NONE); err != nil {
			p.t.Skip("pages cannot be protected here: ", err)
		}
	}
	if p.atLo {
		return m[page : page+n : page+n]
	}
	return m[page+size-n : page+size : page+size]
}

func TestNothingOutsideIsTouched(t *testing.T) {
	everyPath(t, func(t *testing.T, k *Kernels) {
		for _, atLo := range []bool{false, true} {
			t.Run(fmt.Sprint("at the lower edge ", atLo), func(t *testing.T) {
				p, r, ws := pages{t, atLo}, source(20), NewWorkspace()
				for _, s := range [][3]int{{1, 1, 1}, {15, 33, 17}, {30, 10, 40}, {100, 7, 70}, {29, 31, 3}, {17, 65, 90}, {80, 130, 30}} {
					for mode := range 8 {
						ta, tb := mode&1 > 0, mode&2 > 0
						lda, ldb := s[2], s[1]
						if ta {
							lda = s[0]
						}
						if tb {
							ldb = s[2]
						}
						k.Gemm(ta, tb, s[0], s[1], s[2], p.floats(s[0]*s[2], r.Float32), lda, p.floats(s[1]*s[2], r.Float32), ldb, mode&4 > 0, p.floats(s[0]*s[1], r.Float32), s[1], ws)
					}
				}
				for _, d := range convs {
					x, w, bias, z := p.floats(d.inputs(), r.Float32), p.floats(d.weights(), r.Float32), p.floats(d.P, r.Float32), p.floats(d.outputs(), r.Float32)
					k.ConvForward(d, x, w, bias, z, ws)
					k.ConvWeightGrad(d, x, z, w, true, ws)
					k.ConvTranspose(d, w, p.floats(d.weights(), r.Float32))
					k.ConvInputGrad(d, z, w, x, ws)
				}
				for n := 1; n < 70; n += 3 {
					x, y, z := p.floats(n, r.Float32), p.floats(n, r.Float32), p.floats(n, r.Float32)
					k.Tanh(z, x)
					k.TanhGrad(z, x, y)
					k.ReLU(z, x)
					k.ReLUGrad(z, x, y)
					k.Axpy(2, x, y)
					k.Scale(2, x)
					k.SumSquares(x)
					k.WeightedRowSum(x, p.floats(4*n+n/2, r.Float32), 4, n+n/6, p.floats(4, r.Float32))
					k.SoftmaxCrossEntropy(x, 1, n, y, p.floats(1, r.Float32), z)
					d := Pool{H: 3, W: 4, C: n, KH: 2, KW: 2, Stride: 1}
					px, py, arg := p.floats(d.inputs(), r.Float32), p.floats(d.outputs(), r.Float32), p.bytes(d.outputs())
					k.MaxPool(d, px, py, arg)
					k.MaxPoolGrad(d, py, arg, px)
				}
				d := Pool{H: 6, W: 5, C: 32, KH: 2, KW: 2, Stride: 2}
				px, py, arg := p.floats(d.inputs(), r.Float32), p.floats(d.outputs(), r.Float32), p.bytes(d.outputs())
				k.MaxPool(d, px, py, arg)
				k.MaxPoolGrad(d, py, arg, px)
			})
		}
	})
}
