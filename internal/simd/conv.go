package simd

// Letters of this file: the input map is [H][W][C], already zero-padded; the window KH×KW moves by Stride; P outputs.
// Weights are [KH·KW·C][P]. A patch is KH runs of KW·C neighboring values, so no patch matrix is ever built.

// Conv is the geometry of one convolution: H×W×C is the input with its padding, P the number of filters.
type Conv struct{ H, W, C, KH, KW, Stride, P int }

// OutH is the number of output rows: 0 if the window does not fit.
func (d Conv) OutH() int { return steps(d.H, d.KH, d.Stride) }

// OutW is the number of output columns: 0 if the window does not fit.
func (d Conv) OutW() int { return steps(d.W, d.KW, d.Stride) }

// steps is the number of places of a window in a length. (Division would round −1/2 up to a place that is not there.)
func steps(length, window, stride int) int {
	if length < window {
		return 0
	}
	return (length-window)/stride + 1
}

func (d Conv) inputs() int  { return d.H * d.W * d.C }
func (d Conv) outputs() int { return d.OutH() * d.OutW() * d.P }
func (d Conv) weights() int { return d.KH * d.KW * d.C * d.P }

// ConvForward computes z[OutH·OutW][P] = patches·w + bias for one sample:
//
//	z[o][p] = bias[p] + Σ_{kh,kw,c} x[oh·Stride+kh][ow·Stride+kw][c] · w[(kh·KW+kw)·C+c][p]
//
// as one chain per element, from the bias on, in the order of the rows of w. A nil bias counts as zeros.
func (k *Kernels) ConvForward(d Conv, x, w, bias, z []float32, ws *Workspace) {
	x, w, z = x[:d.inputs()], w[:d.weights()], z[:d.outputs()]
	if bias != nil {
		bias = bias[:d.P]
	}
	if len(z) == 0 {
		return
	}
	if k.tiles() {
		k.convForwardTiles(d, x, w, bias, z, ws)
		return
	}
	run := d.KW * d.C
	for oh := range d.OutH() {
		line := z[oh*d.OutW()*d.P:][:d.OutW()*d.P]
		for i := 0; i < len(line); i += d.P {
			if bias == nil {
				clear(line[i : i+d.P])
			} else {
				copy(line[i:], bias)
			}
		}
		for kh := range d.KH {
			gemmPortable(false, false, d.OutW(), d.P, run, x[(oh*d.Stride+kh)*d.W*d.C:], d.Stride*d.C, w[kh*run*d.P:], d.P, true, line, d.P)
		}
	}
}

// ConvWeightGrad computes g[KH·KW·C][P] = patchesᵀ·dz for one sample, or adds it to g with add:
//
//	g[(kh·KW+kw)·C+c][p] = Σ_{oh,ow} x[oh·Stride+kh][ow·Stride+kw][c] · dz[oh·OutW+ow][p]
//
// as one chain per element over ascending positions, started from g (add) or 0.
func (k *Kernels) ConvWeightGrad(d Conv, x, dz, g []float32, add bool, ws *Workspace) {
	x, dz, g = x[:d.inputs()], dz[:d.outputs()], g[:d.weights()]
	if len(dz) == 0 || len(g) == 0 {
		if !add {
			clear(g)
		}
		return
	}
	if k.tiles() {
		k.convWeightGradTiles(d, x, dz, g, add, ws)
		return
	}
	run := d.KW * d.C
	if !add {
		clear(g)
	}
	for oh := range d.OutH() {
		for kh := range d.KH {
			gemmPortable(true, false, run, d.P, d.OutW(), x[(oh*d.Stride+kh)*d.W*d.C:], d.Stride*d.C, dz[oh*d.OutW()*d.P:], d.P, true, g[kh*run*d.P:], d.P)
		}
	}
}

// ConvInputGrad computes the gradient of the padded input map for one sample and overwrites dx[H][W][C] with it:
//
//	dx[h][w][c] = Σ_{kh,kw,p : h = oh·Stride+kh, w = ow·Stride+kw} dz[oh·OutW+ow][p] · w[(kh·KW+kw)·C+c][p]
//
// The order of the sum depends on d and on the path alone. It transposes w at every call: over a batch, prepare that
// once with ConvTranspose and call ConvInputGradT, which has the same bits.
func (k *Kernels) ConvInputGrad(d Conv, dz, w, dx []float32, ws *Workspace) {
	wt := grow(&ws.weights, d.weights())
	k.ConvTranspose(d, w, wt)
	k.ConvInputGradT(d, dz, wt, dx, ws)
}

// ConvTranspose writes the weights [KH·KW·C][P] as wt[P][KH·KW·C], the form that ConvInputGradT reads.
func (k *Kernels) ConvTranspose(d Conv, w, wt []float32) {
	k.Transpose(d.KH*d.KW*d.C, d.P, w, wt)
}

// ConvInputGradT is ConvInputGrad with weights that ConvTranspose has prepared.
func (k *Kernels) ConvInputGradT(d Conv, dz, wt, dx []float32, ws *Workspace) {
	dz, wt, dx = dz[:d.outputs()], wt[:d.weights()], dx[:d.inputs()]
	clear(dx)
	if len(dz) == 0 {
		return
	}
	if k.tiles() && k.convInputGradTiles(d, dz, wt, dx, ws) {
		return
	}
	run := d.KW * d.C
	for oh := range d.OutH() {
		for kh := range d.KH {
			gemmPortable(false, false, d.OutW(), run, d.P, dz[oh*d.OutW()*d.P:], d.P, wt[kh*run:], d.KH*run, true, dx[(oh*d.Stride+kh)*d.W*d.C:], d.Stride*d.C)
		}
	}
}

// Transpose writes src[rows][cols] as dst[cols][rows]. A weight matrix that many small products read with transB is
// better transposed once: Gemm has the same bits either way.
func (k *Kernels) Transpose(rows, cols int, src, dst []float32) {
	if n := rows * cols; n > 0 {
		k.transpose(rows, cols, src[:n], cols, dst[:n], rows)
	}
}

// transpose writes src[rows][cols] (row stride ls) as dst[cols][rows] (row stride ld).
func (k *Kernels) transpose(rows, cols int, src []float32, ls int, dst []float32, ld int) {
	if k.level == levelAVX512 {
		k.transposeTiles(rows, cols, src, ls, dst, ld)
		return
	}
	transposePortable(rows, cols, src, ls, dst, ld)
}

func transposePortable(rows, cols int, src []float32, ls int, dst []float32, ld int) {
	for r := range rows {
		for c, v := range src[r*ls : r*ls+cols] {
			dst[c*ld+r] = v
		}
	}
}
