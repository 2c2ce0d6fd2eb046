package simd

import (
	"fmt"
	"math"
	"testing"
)

var special = []float32{0, float32(math.Copysign(0, -1)), 1, -1, 1e-45, -1e-45, 1.1e-38, 1e-20, 3e38, -3e38, 88, -88, 9.0109, 10, -10, 10.5,
	float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), .17328679, .3465736, .6931472, -.6931472}

// sweep visits float32 values of every sign and exponent, n per binade, and the special ones.
func sweep(n int) []float32 {
	r := source(7)
	x := append([]float32(nil), special...)
	for e := uint32(0); e < 512; e++ {
		for range n {
			x = append(x, math.Float32frombits(e<<23|r.Uint32()>>9))
		}
	}
	return x
}

func TestTanh(t *testing.T) {
	everyPath(t, func(t *testing.T, k *Kernels) {
		limit := 4.0
		if k.level == levelPortable {
			limit = 1
		}
		x := sweep(rounds(600))
		r := source(8)
		for range rounds(400000) { // where tanh bends
			x = append(x, float32(r.NormFloat64()*2))
		}
		y := make([]float32, len(x))
		k.Tanh(y, x)
		worst, at, abs := 0.0, float32(0), 0.0
		for i, v := range x {
			want := math.Tanh(float64(v))
			if v != v {
				if y[i] == y[i] {
					t.Fatal("tanh of NaN is", y[i])
				}
				continue
			}
			if !(y[i] >= -1 && y[i] <= 1) {
				t.Fatalf("tanh(%g) = %g", v, y[i])
			}
			if d := ulps(y[i], want); d > worst {
				worst, at = d, v
			}
			abs = max(abs, math.Abs(float64(y[i])-want))
		}
		t.Logf("worst %.2f ULP at %g, %.2g absolute", worst, at, abs)
		if worst > limit {
			t.Errorf("%.2f ULP at %g, the comment promises %g", worst, at, limit)
		}
	})
}

func TestElements(t *testing.T) {
	everyPath(t, func(t *testing.T, k *Kernels) {
		r := source(9)
		value := func() float32 {
			if r.IntN(4) == 0 {
				return special[r.IntN(len(special))]
			}
			return float32(r.NormFloat64())
		}
		fma := func(a, b, c float32) float32 {
			if k.level == levelPortable {
				return float32(a*b) + c
			}
			return fused(a, b, c)
		}
		const alpha = float32(.7)
		for n := range 70 {
			x, y, dst := guard(n, value), guard(n, value), guard(n, value)
			old := append([]float32(nil), dst.v...)
			want := make([]float32, n)
			for _, c := range []struct {
				name string
				run  func()
				f    func(x, y, old float32) float32
			}{
				{"tanh gradient", func() { k.TanhGrad(dst.v, x.v, y.v) }, func(x, y, _ float32) float32 { return x * fma(-y, y, 1) }},
				{"ReLU", func() { k.ReLU(dst.v, x.v) }, func(x, _, _ float32) float32 {
					if x < 0 {
						return 0
					}
					return x
				}},
				{"ReLU gradient", func() { k.ReLUGrad(dst.v, x.v, y.v) }, func(x, y, _ float32) float32 {
					if y <= 0 {
						return 0
					}
					return x
				}},
				{"axpy", func() { k.Axpy(alpha, x.v, dst.v) }, func(x, _, old float32) float32 { return fma(alpha, x, old) }},
				{"scale", func() { k.Scale(alpha, dst.v) }, func(_, _, old float32) float32 { return alpha * old }},
				{"bias", func() { k.AddBias(dst.v, 1, n, x.v) }, func(x, _, old float32) float32 { return old + x }},
				{"ReLU in place", func() { k.ReLU(dst.v, dst.v) }, func(_, _, old float32) float32 {
					if old < 0 {
						return 0
					}
					return old
				}},
			} {
				copy(dst.v, old)
				for i := range want {
					want[i] = c.f(x.v[i], y.v[i], old[i])
				}
				c.run()
				what := fmt.Sprint(c.name, " of ", n)
				sameBits(t, what, dst.v, want)
				for _, g := range []guarded{x, y, dst} {
					g.check(t, what)
				}
			}
			copy(dst.v, x.v)
			k.Tanh(dst.v, dst.v)
			dst.check(t, "tanh")
			for i, v := range x.v { // the place in the slice does not matter
				one := []float32{0}
				k.Tanh(one, []float32{v})
				sameBits(t, "tanh alone", one, dst.v[i:i+1])
			}
		}
	})
}

func TestRows(t *testing.T) {
	everyPath(t, func(t *testing.T, k *Kernels) {
		r := source(10)
		normal := func() float32 { return float32(r.NormFloat64()) }
		for _, n := range []int{1, 2, 7, 8, 9, 15, 16, 17, 31, 64, 127, 128, 129, 300} {
			rows, stride := 1+r.IntN(9), n+r.IntN(5)
			src, f, dst := guard((rows-1)*stride+n, normal), guard(rows, normal), guard(n, normal)
			p := product{m: 1, n: n, kk: rows, lda: rows, ldb: stride, ldc: n, a: f, b: src, c: dst}
			want := make([]float32, n)
			for j := range want {
				want[j] = p.chain(k, 0, j, true)
			}
			cut := append([]float32(nil), dst.v...)
			k.WeightedRowSum(dst.v, src.v, rows, stride, f.v)
			sameBits(t, fmt.Sprint("weighted sum of ", rows, "×", n), dst.v, want)
			h := rows / 2
			k.WeightedRowSum(cut, src.v, h, stride, f.v)
			k.WeightedRowSum(cut, src.v[h*stride:], rows-h, stride, f.v[h:])
			sameBits(t, "weighted sum, cut", cut, want)
			for _, g := range []guarded{src, f, dst} {
				g.check(t, "weighted sum")
			}

			x := guard(rows*n, normal)
			want = append([]float32(nil), x.v...)
			for i := range want {
				want[i] *= f.v[i/n]
			}
			k.ScaleRows(x.v, rows, n, f.v)
			sameBits(t, "scaled rows", x.v, want)
			x.check(t, "scaled rows")
		}
	})
}

func TestSumSquares(t *testing.T) {
	everyPath(t, func(t *testing.T, k *Kernels) {
		r := source(11)
		normal := func() float32 { return float32(r.NormFloat64()) }
		for n := range 400 {
			if n > 300 {
				n = n * 37
			}
			x := guard(n, normal)
			want := 0.0
			for _, v := range x.v {
				want += float64(v) * float64(v)
			}
			got := k.SumSquares(x.v)
			if d := math.Abs(float64(got) - want); d > want*(float64(n)/32+9)*math.Pow(2, -24) {
				t.Fatalf("%d values: %g, want %g", n, got, want)
			}
			// the order depends on the length alone, not on alignment
			again := make([]float32, n+5)
			for off := range 5 {
				copy(again[off:], x.v)
				if v := k.SumSquares(again[off : off+n]); v != got {
					t.Fatalf("%d values at offset %d: %g and %g", n, off, v, got)
				}
			}
		}
		for i := range 70 {
			x := make([]float32, 70)
			x[i] = float32(math.NaN())
			if v := k.SumSquares(x); v == v {
				t.Fatal("NaN lost at", i)
			}
			x[i] = 3e30
			if v := k.SumSquares(x); !math.IsInf(float64(v), 1) {
				t.Fatal("overflow gave", v)
			}
		}
	})
}

func TestSoftmaxCrossEntropy(t *testing.T) {
	everyPath(t, func(t *testing.T, k *Kernels) {
		r := source(12)
		for _, classes := range []int{1, 2, 8, 10, 15, 16, 17, 30, 32, 100} {
			for _, spread := range []float64{1e-3, 1, 10, 60, 1e4, 1e30} {
				const rows = 5
				z := guard(rows*classes, func() float32 { return float32(r.NormFloat64() * spread) })
				target := guard(rows*classes, func() float32 { return 0 })
				for row := range rows {
					switch row {
					case 0: // all zero: an empty slot
					case 1, 2:
						target.v[row*classes+r.IntN(classes)] = 1
					default:
						for c := range classes {
							target.v[row*classes+c] = r.Float32() / float32(classes)
						}
					}
				}
				loss, dz := guard(rows, r.Float32), guard(rows*classes, r.Float32)
				k.SoftmaxCrossEntropy(z.v, rows, classes, target.v, loss.v, dz.v)
				what := fmt.Sprint(classes, " classes, spread ", spread)
				for row := range rows {
					zr, tr := z.v[row*classes:(row+1)*classes], target.v[row*classes:(row+1)*classes]
					top := math.Inf(-1)
					for _, v := range zr {
						top = max(top, float64(v))
					}
					sum, mass, want, scale := 0.0, 0.0, 0.0, 0.0
					for _, v := range zr {
						sum += math.Exp(float64(v) - top)
					}
					for c, v := range zr {
						mass += float64(tr[c])
						want += float64(tr[c]) * (math.Log(sum) - (float64(v) - top))
						scale += math.Abs(float64(tr[c]) * (float64(v) - top))
					}
					if d := math.Abs(float64(loss.v[row]) - want); !(d <= 1e-6*(scale+1)) {
						t.Fatalf("%s: loss %g, want %g", what, loss.v[row], want)
					}
					for c, v := range zr {
						d := math.Exp(float64(v)-top) / sum * mass
						if e := math.Abs(float64(dz.v[row*classes+c]) - (d - float64(tr[c]))); !(e <= 1e-6*(d*(1+1e-1*math.Abs(float64(v)-top))+float64(tr[c]))+1e-37) {
							t.Fatalf("%s: gradient %g, want %g", what, dz.v[row*classes+c], d-float64(tr[c]))
						}
					}
				}
				again := append([]float32(nil), z.v...)
				k.SoftmaxCrossEntropy(again, rows, classes, target.v, loss.v, again)
				sameBits(t, what+", in place", again, dz.v)
				for _, g := range []guarded{z, target, loss, dz} {
					g.check(t, what)
				}
			}
		}
	})
}

// With logits 0 and −x, the second exponential alone is the second gradient over the first sum.
func TestExponential(t *testing.T) {
	everyPath(t, func(t *testing.T, k *Kernels) {
		r := source(14)
		worst, at := 0.0, float32(0)
		for range rounds(200000) {
			x := float32(r.Float64() * 86)
			z, dz, loss := []float32{0, -x}, []float32{0, 0}, []float32{0}
			k.SoftmaxCrossEntropy(z, 1, 2, []float32{1, 0}, loss, dz)
			e := math.Exp(-float64(x))
			if d := ulps(dz[1], e/(1+e)); d > worst {
				worst, at = d, x
			}
		}
		t.Logf("worst %.2f ULP at %g", worst, at)
		if worst > 4 { // 2 of the exponential, sum, quotient and product half each, which may count double across a binade
			t.Errorf("%.2f ULP at %g", worst, at)
		}
		// far below, the result is denormal or zero
		for _, x := range []float32{88, 95, 100, 103, 104, 200, 1e30} {
			z, dz, loss := []float32{0, -x}, []float32{0, 0}, []float32{0}
			k.SoftmaxCrossEntropy(z, 1, 2, []float32{1, 0}, loss, dz)
			if e := math.Exp(-float64(x)); ulps(dz[1], e) > 4 {
				t.Errorf("e^−%g gave %g, want %g", x, dz[1], e)
			}
		}
	})
}

func TestSoftmaxNonFinite(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	everyPath(t, func(t *testing.T, k *Kernels) {
		for _, classes := range []int{3, 16, 40} {
			for _, bad := range []float32{nan, inf} {
				for at := range classes {
					z, target, dz, loss := make([]float32, 2*classes), make([]float32, 2*classes), make([]float32, 2*classes), make([]float32, 2)
					z[at] = bad
					target[1], target[classes+1] = 1, 1
					k.SoftmaxCrossEntropy(z, 2, classes, target, loss, dz)
					for c := range classes {
						if v := dz[c]; v == v {
							t.Fatalf("%d classes, %g at %d: gradient %d is %g", classes, bad, at, c, v)
						}
						if v := dz[classes+c]; v != v {
							t.Fatal("the next row was touched")
						}
					}
					if loss[0] == loss[0] || loss[1] != loss[1] {
						t.Fatal("losses", loss)
					}
				}
			}
			z, target, dz, loss := make([]float32, classes), make([]float32, classes), make([]float32, classes), make([]float32, 1)
			z[0], target[1] = -inf, 1
			k.SoftmaxCrossEntropy(z, 1, classes, target, loss, dz)
			if want := math.Log(float64(classes - 1)); math.Abs(float64(loss[0])-want) > 1e-6 || dz[0] != 0 {
				t.Errorf("%d classes, one −Inf: loss %g, want %g; gradient %g", classes, loss[0], want, dz[0])
			}
		}
	})
}

func TestPools(t *testing.T) {
	everyPath(t, func(t *testing.T, k *Kernels) {
		r := source(13)
		list := []Pool{{12, 12, 16, 2, 2, 1}, {4, 4, 32, 2, 2, 1}, {8, 8, 20, 2, 2, 2}, {5, 5, 3, 5, 5, 1}, {32, 32, 1, 16, 16, 8}}
		for range 25 {
			d := Pool{C: 1 + r.IntN(40), KH: 1 + r.IntN(3), KW: 1 + r.IntN(4), Stride: 1 + r.IntN(3)}
			d.H, d.W = d.KH+r.IntN(6), d.KW+r.IntN(6)
			list = append(list, d)
		}
		for _, d := range list {
			what := fmt.Sprintf("%+v", d)
			x := guard(d.inputs(), func() float32 {
				switch r.IntN(40) {
				case 0:
					return float32(math.NaN())
				case 1:
					return float32(math.Inf(1 - 2*r.IntN(2)))
				}
				return float32(r.IntN(7)) - 3 // many ties
			})
			dy, y, dx, avg := guard(d.outputs(), r.Float32), guard(d.outputs(), r.Float32), guard(d.inputs(), r.Float32), guard(d.outputs(), r.Float32)
			arg := make([]uint8, d.outputs()+2)
			arg[0], arg[len(arg)-1] = 77, 78
			in := arg[1 : len(arg)-1 : len(arg)-1]
			k.MaxPool(d, x.v, y.v, in)
			k.AvgPool(d, x.v, avg.v)
			wantY, wantArg, wantAvg, wantDx, wantAx := make([]float32, d.outputs()), make([]uint8, d.outputs()), make([]float32, d.outputs()), make([]float32, d.inputs()), make([]float32, d.inputs())
			share := 1 / float32(d.KH*d.KW)
			for o := range wantY {
				oh, ow, c := o/d.C/d.OutW(), o/d.C%d.OutW(), o%d.C
				var best, sum float32
				where := 0
				for tap := range d.KH * d.KW {
					at := ((oh*d.Stride+tap/d.KW)*d.W+ow*d.Stride+tap%d.KW)*d.C + c
					v := x.v[at]
					sum += v
					if tap == 0 || v > best || v != v && best == best {
						best, wantArg[o], where = v, uint8(tap), at
					}
					if k.level == levelPortable {
						wantAx[at] += float32(share * dy.v[o])
					} else {
						wantAx[at] = fused(share, dy.v[o], wantAx[at])
					}
				}
				wantY[o], wantAvg[o] = best, sum*share
				wantDx[where] += dy.v[o]
			}
			sameBits(t, what+" max", y.v, wantY)
			sameBits(t, what+" mean", avg.v, wantAvg)
			for i, v := range wantArg {
				if in[i] != v {
					t.Fatalf("%s: place %d is %d, want %d", what, i, in[i], v)
				}
			}
			k.MaxPoolGrad(d, dy.v, in, dx.v)
			sameBits(t, what+" gradient of max", dx.v, wantDx)
			k.AvgPoolGrad(d, dy.v, dx.v)
			sameBits(t, what+" gradient of mean", dx.v, wantAx)
			for _, g := range []guarded{x, y, dy, dx, avg} {
				g.check(t, what)
			}
			if arg[0] != 77 || arg[len(arg)-1] != 78 {
				t.Fatal(what, "wrote outside of arg")
			}
		}
	})
}
