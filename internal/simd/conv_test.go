package simd

import (
	"fmt"
	"math"
	"testing"
)

var convs = []Conv{
	{H: 32, W: 32, C: 1, KH: 8, KW: 8, Stride: 2, P: 16}, // Tramèr–Boneh, MNIST
	{H: 12, W: 12, C: 16, KH: 4, KW: 4, Stride: 2, P: 32},
	{H: 10, W: 10, C: 3, KH: 3, KW: 3, Stride: 1, P: 32},
	{H: 6, W: 6, C: 64, KH: 3, KW: 3, Stride: 1, P: 128},
	{H: 5, W: 7, C: 2, KH: 2, KW: 3, Stride: 1, P: 10},
	{H: 9, W: 8, C: 5, KH: 1, KW: 1, Stride: 2, P: 7},
	{H: 3, W: 3, C: 1, KH: 3, KW: 3, Stride: 1, P: 1},
	{H: 11, W: 20, C: 4, KH: 2, KW: 2, Stride: 3, P: 35},
}

// close32 checks against a float64 sum whose terms have the absolute sum mag.
func close32(t *testing.T, what string, got float32, want, mag float64) {
	t.Helper()
	if d := math.Abs(float64(got) - want); !(d <= 2e-6*mag+1e-30) {
		t.Fatalf("%s: %g, want %g, off by %.2g of %.2g", what, got, want, d, mag)
	}
}

func TestConv(t *testing.T) {
	everyPath(t, func(t *testing.T, k *Kernels) {
		r, ws := source(5), NewWorkspace()
		normal := func() float32 { return float32(r.NormFloat64()) }
		list := convs
		for range 25 {
			d := Conv{KH: 1 + r.IntN(4), KW: 1 + r.IntN(5), C: 1 + r.IntN(9), P: 1 + r.IntN(40), Stride: 1 + r.IntN(3)}
			d.H, d.W = d.KH+r.IntN(9), d.KW+r.IntN(20)
			list = append(list, d)
		}
		for _, d := range list {
			x, w, bias, z := guard(d.inputs(), normal), guard(d.weights(), normal), guard(d.P, normal), guard(d.outputs(), normal)
			dz, g, dx := guard(d.outputs(), normal), guard(d.weights(), normal), guard(d.inputs(), normal)
			g0 := append([]float32(nil), g.v...)
			zr, zm := make([]float64, len(z.v)), make([]float64, len(z.v))
			gr, gm := make([]float64, len(g.v)), make([]float64, len(g.v))
			dr, dm := make([]float64, len(dx.v)), make([]float64, len(dx.v))
			for o := range d.OutH() * d.OutW() {
				oh, ow := o/d.OutW(), o%d.OutW()
				for p := range d.P {
					zr[o*d.P+p] = float64(bias.v[p])
				}
				for q := range d.KH * d.KW * d.C {
					kh, kw, c := q/d.C/d.KW, q/d.C%d.KW, q%d.C
					i := ((oh*d.Stride+kh)*d.W+ow*d.Stride+kw)*d.C + c
					for p := range d.P {
						v, u, e := float64(x.v[i]), float64(w.v[q*d.P+p]), float64(dz.v[o*d.P+p])
						zr[o*d.P+p] += v * u
						zm[o*d.P+p] += math.Abs(v*u) + 1
						gr[q*d.P+p] += v * e
						gm[q*d.P+p] += math.Abs(v*e) + 1
						dr[i] += u * e
						dm[i] += math.Abs(u * e)
					}
				}
			}
			what := fmt.Sprintf("%+v", d)
			k.ConvForward(d, x.v, w.v, bias.v, z.v, ws)
			for i, v := range z.v {
				close32(t, what+" forward", v, zr[i], zm[i])
			}
			k.ConvForward(d, x.v, w.v, nil, z.v, ws)
			for i, v := range z.v {
				close32(t, what+" forward without bias", v, zr[i]-float64(bias.v[i%d.P]), zm[i])
			}
			k.ConvWeightGrad(d, x.v, dz.v, g.v, true, ws)
			for i, v := range g.v {
				close32(t, what+" weight gradient, added", v, gr[i]+float64(g0[i]), gm[i])
			}
			k.ConvWeightGrad(d, x.v, dz.v, g.v, false, ws)
			for i, v := range g.v {
				close32(t, what+" weight gradient", v, gr[i], gm[i])
			}
			k.ConvInputGrad(d, dz.v, w.v, dx.v, ws)
			for i, v := range dx.v {
				close32(t, what+" input gradient", v, dr[i], dm[i])
			}
			for _, s := range []guarded{x, w, bias, z, dz, g, dx} {
				s.check(t, what)
			}
		}
	})
}

// A convolution is the product of the patch matrix with the weights: the same chains, hence the same bits.
func TestConvHasTheBitsOfGemm(t *testing.T) {
	everyPath(t, func(t *testing.T, k *Kernels) {
		r, ws := source(6), NewWorkspace()
		normal := func() float32 { return float32(r.NormFloat64()) }
		for _, d := range convs {
			n, run := d.OutH()*d.OutW(), d.KH*d.KW*d.C
			x, w, dz, g := guard(d.inputs(), normal).v, guard(d.weights(), normal).v, guard(d.outputs(), normal).v, guard(d.weights(), normal).v
			z, z1, g1 := make([]float32, len(dz)), make([]float32, len(dz)), append([]float32(nil), g...)
			patches := make([]float32, n*run)
			for o := range n {
				for kh := range d.KH {
					copy(patches[o*run+kh*d.KW*d.C:][:d.KW*d.C], x[((o/d.OutW()*d.Stride+kh)*d.W+o%d.OutW()*d.Stride)*d.C:])
				}
			}
			k.ConvForward(d, x, w, nil, z, ws)
			k.Gemm(false, false, n, d.P, run, patches, run, w, d.P, false, z1, d.P, ws)
			sameBits(t, "forward", z, z1)
			k.ConvWeightGrad(d, x, dz, g, true, ws)
			k.Gemm(true, false, run, d.P, n, patches, run, dz, d.P, true, g1, d.P, ws)
			sameBits(t, "weight gradient", g, g1)
		}
	})
}

func TestWindowThatDoesNotFit(t *testing.T) {
	everyPath(t, func(t *testing.T, k *Kernels) {
		ws := NewWorkspace()
		for _, d := range []Conv{{H: 3, W: 3, C: 2, KH: 4, KW: 2, Stride: 2, P: 3}, {H: 3, W: 3, C: 2, KH: 2, KW: 4, Stride: 2, P: 3}} {
			if d.OutH()*d.OutW() != 0 {
				t.Errorf("%+v has %d×%d outputs", d, d.OutH(), d.OutW())
			}
			x, w := make([]float32, d.inputs()), []float32{7, 7}
			w = append(w, make([]float32, d.weights())...)
			x[0] = 5
			k.ConvForward(d, x, w, nil, nil, ws)
			k.ConvWeightGrad(d, x, nil, w, true, ws)
			if w[0] != 7 {
				t.Error("adding nothing changed the sum")
			}
			k.ConvWeightGrad(d, x, nil, w, false, ws)
			k.ConvInputGrad(d, nil, w, x, ws)
			if w[0] != 0 || x[0] != 0 {
				t.Error("no outputs must give zero gradients")
			}
			q := Pool{H: d.H, W: d.W, C: d.C, KH: d.KH, KW: d.KW, Stride: 2}
			k.MaxPool(q, x, nil, nil)
			k.MaxPoolGrad(q, nil, nil, x)
			k.AvgPool(q, x, nil)
			k.AvgPoolGrad(q, nil, x)
		}
	})
}
