package nets

import (
	"math"

	"hush/internal/simd"
)

// The bound on a unit's norm.
//
// Clip turns the figure N of a unit into a factor c with c·√N ≤ C. The guarantee needs c·‖v‖ ≤ C for the vector that
// is really added to the sum, so N must bound what float32 arithmetic makes of the gradient, rounding included. All
// bounds are evaluated in float64 and rounded up to float32.
//
// Notation: u = 2⁻²⁴; γ_m = m·u/(1 − m·u) bounds the relative error of m successive roundings (Higham 2002, Accuracy
// and Stability of Numerical Algorithms, lemma 3.1); η = 2⁻¹⁴⁹ bounds the absolute error of two roundings that
// underflow.
//
// Rounding of factors. The layers scale δ before the product, or the finished gradient: the vector added is
// fl(a·fl(c·δ)) (the outer rounding on the portable path only) or fl(c·ĝ). Each element is off by a factor within
// (1 ± u)², so ‖v‖ ≤ c·(1 + u)²·‖·‖ and squares grow by at most (1 + u)⁴ ≤ 1 + 5u. Underflow of c·δ adds at most
// 2⁻¹⁵⁰·√p·(1 + ‖a‖) to ‖v‖; with ‖a‖ < 2⁶⁴ (else N = +Inf) and √p ≤ 2⁸ that is below 2⁻⁷⁸ and vanishes beside u·C for every
// C > 10⁻¹⁵. The rounding of the running sum itself is not the unit's.
//
// Non-finite values. A NaN or an Inf in any a or δ of a unit makes its N NaN or +Inf, because every value of both is a
// factor of a product in each rule, and neither product nor sum of squares can return from NaN or Inf to a finite
// number: Inf·0 is NaN, Inf·x is ±Inf, Inf − Inf is NaN, and squares are not negative so they cannot cancel. A value
// that overflows when squared is treated the same. Logits and loss gradients are covered as the δ of the last layer.

const (
	unit32    = 1.0 / (1 << 24)                         // u
	underflow = 1.0 / (1 << 50) / (1 << 50) / (1 << 49) // η = 2⁻¹⁴⁹
	scaling   = 1 + 5*unit32                            // (1 + u)⁴ and some
	slack     = 1 + 1.0/(1<<48)                         // the float64 arithmetic of this file: fewer than 16 roundings of 2⁻⁵³
)

// gamma is γ_m.
func gamma(m int) float64 {
	mu := float64(m) * unit32
	return mu / (1 - mu)
}

// sumSquaresBound is at least Σ x² of the float32 values x. simd.SumSquares passes no term through more than m = n/32 + 9
// roundings, of which each may underflow: ŝ ≥ s·(1 − γ_m) − n·η, hence s ≤ (ŝ + n·η)/(1 − γ_m).
func sumSquaresBound(k *simd.Kernels, x []float32) float64 {
	n := len(x)
	return (float64(k.SumSquares(x)) + float64(n)*underflow) / (1 - gamma(n/32+9))
}

// rank1Bound is the rule for T = 1. The gradient is aᵀδ with bias δ, so its squared norm is (‖a‖² + 1)·‖δ‖². The product
// is taken in float64, where it neither overflows nor underflows; Inf·0 is NaN, as it should be.
func rank1Bound(k *simd.Kernels, a, delta []float32) float64 {
	return (sumSquaresBound(k, a) + 1) * sumSquaresBound(k, delta) * scaling * slack
}

// instanceBound is the rule for a gradient ĝ that stands in memory, bias included, and is added as c·ĝ: a sum of
// squares. The roundings that made ĝ do not matter: ĝ itself is what is added.
func instanceBound(k *simd.Kernels, g []float32) float64 {
	return sumSquaresBound(k, g) * scaling * slack
}

// gram holds the matrices of the ghost rule.
type gram struct {
	a, d []float32 // [T][T]
}

// bound is the ghost rule (Goodfellow 2015, arXiv 1510.01799; Bu et al. 2022): with A_ts = ⟨a_t, a_s⟩ and
// D_ts = ⟨δ_t, δ_s⟩,
//
//	‖Σ_t a_tᵀδ_t‖² + ‖Σ_t δ_t‖² = Σ_ts (A_ts + 1)·D_ts
//
// Terms may cancel, so the float32 figure can fall below the truth, to zero and under. Let S = Σ_t √(‖a_t‖² + 1)·‖δ_t‖. A
// float32 dot product of length d is off by at most γ_d·‖a_t‖‖a_s‖ + d·η (Cauchy–Schwarz on the absolute values; Higham
// 2002, eq. 3.5). To carry the underflow in the same term let
//
//	α_t² = Â_tt/(1 − γ_d) + 2⁻¹²⁴ + 1 ≥ ‖a_t‖² + 1 + d·η/γ_d,     β_t² = D̂_tt/(1 − γ_p) + 2⁻¹²⁴
//
// (d·η/γ_d < 2⁻¹²⁵, and Â_tt ≥ (1 − γ_d)·‖a_t‖² − d·η), so that |Â_ts − A_ts| ≤ γ_d·α_tα_s and |D̂_ts − D_ts| ≤ γ_p·β_tβ_s. Then
//
//	|(Â+1)·D̂ − (A+1)·D| ≤ (γ_d·(1 + γ_p) + γ_p)·α_tα_sβ_tβ_s
//
// for each pair, and summed over the pairs that is at most κ'·(Σ_t α_tβ_t)². The float64 sum over T² terms adds
// T²·2⁻⁵²·(Σα_tβ_t)². Rounding of c·δ and of products: ‖v‖ ≤ c·(‖G‖ + (2u + u²)·S), and with ‖G‖ ≤ S the square grows by less
// than 5u·S². Together
//
//	N = max(n̂², 0) + κu·(Σ_t α_tβ_t)²,     κu = γ_d + γ_p + γ_d·γ_p + T²·2⁻⁵² + 5u
func (g *gram) bound(k *simd.Kernels, ws *simd.Workspace, a, delta []float32, t, d, p int) float64 {
	if g.a == nil {
		g.a, g.d = aligned(t*t), aligned(t*t)
	}
	k.Gemm(false, true, t, t, d, a, d, a, d, false, g.a, t, ws)
	k.Gemm(false, true, t, t, p, delta, p, delta, p, false, g.d, t, ws)
	gd, gp := gamma(d), gamma(p)
	const lift = 0x1p-124
	var square, s float64
	for i := range t {
		s += math.Sqrt((float64(g.a[i*t+i])/(1-gd) + lift + 1) * (float64(g.d[i*t+i])/(1-gp) + lift))
		row := g.d[i*t : (i+1)*t]
		for j, v := range g.a[i*t : (i+1)*t] {
			square += (float64(v) + 1) * float64(row[j])
		}
	}
	if square < 0 { // not max: NaN must stay
		square = 0
	}
	kappa := gd + gp + gd*gp + float64(t)*float64(t)*0x1p-52 + 5*unit32
	return (square + kappa*s*s*(1+float64(t)*0x1p-52)) * slack
}

// up rounds to the next float32 that is not below v; NaN stays, what exceeds float32 becomes +Inf.
func up(v float64) float32 {
	f := float32(v)
	if float64(f) < v {
		f = math.Nextafter32(f, float32(math.Inf(1)))
	}
	return f
}

// finite says that v is neither NaN nor ±Inf.
func finite(v float32) bool { return v-v == 0 }
