package simd

import "math"

// SoftmaxCrossEntropy computes, for each row z of z[rows][classes] with its target t (one-hot, soft, or all zero),
//
//	loss = Σ_k t_k·(log Σ_j e^{z_j} − z_k)      dz_k = e^{z_k}/Σ_j e^{z_j} · Σ_j t_j − t_k
//
// with the row's maximum taken off first, so that no finite logits overflow. A class with t_k = 0 adds nothing to the
// loss, also if z_k = −Inf. A row with NaN or +Inf logits has NaN loss and gradient; other rows are not touched by it.
// Each e^{z−max} is within 2 ULP of that of the rounded difference; below e^-103 it is 0. loss has one value per row; dz may be z.
func (k *Kernels) SoftmaxCrossEntropy(z []float32, rows, classes int, target []float32, loss []float32, dz []float32) {
	z, target, dz, loss = z[:rows*classes], target[:rows*classes], dz[:rows*classes], loss[:rows]
	for r := range loss {
		lo, hi := r*classes, (r+1)*classes
		if l, ok := k.vecSoftmaxRow(z[lo:hi], target[lo:hi], dz[lo:hi]); ok {
			loss[r] = l
			continue
		}
		loss[r] = softmaxRow(z[lo:hi], target[lo:hi], dz[lo:hi])
	}
}

func softmaxRow(z, target, dz []float32) float32 {
	top := float32(math.Inf(-1))
	for _, v := range z {
		top = max(top, v) // NaN wins
	}
	var sum, mass, dot float64 // Σ e^{z−top}, Σ t, Σ t·(z−top)
	for j, v := range z {
		t := target[j]
		d := float64(v) - float64(top)
		e := math.Exp(d)
		sum += e
		mass += float64(t)
		if t != 0 {
			dot += float64(t) * d
		}
		dz[j] = float32(e)
	}
	scale := float32(mass / sum)
	for j, e := range dz {
		dz[j] = float32(e*scale) - target[j]
	}
	return float32(mass*math.Log(sum) - dot)
}
