package accountant

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// sumOrder is the Rényi divergence of integer order of one sampled step, remove direction, by a sum of positive terms
// (Mironov, Talwar & Zhang 2019, Section 3.3):
//
//	A − 1 = Σ_{k=2}^{α} C(α, k)·(1−q)^{α−k}·q^k·expm1((k²−k)/(2σ²))
func sumOrder(q, sigma float64, alpha int) float64 {
	lg := func(n int) float64 { v, _ := math.Lgamma(float64(n) + 1); return v }
	var logs []float64
	top := math.Inf(-1)
	for k := 2; k <= alpha; k++ {
		x := float64(k*k-k) / (2 * sigma * sigma)
		grown := x
		if x < 30 {
			grown = math.Log(math.Expm1(x))
		}
		v := lg(alpha) - lg(k) - lg(alpha-k) + float64(alpha-k)*math.Log1p(-q) + float64(k)*math.Log(q) + grown
		logs, top = append(logs, v), math.Max(top, v)
	}
	sum := 0.0
	for _, v := range logs {
		sum += math.Exp(v - top)
	}
	log := top + math.Log(sum)
	if log > 30 {
		return log / float64(alpha-1)
	}
	return math.Log1p(math.Exp(log)) / float64(alpha-1)
}

func TestOrderAgreesWithTheSum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := math.Exp(rapid.Float64Range(math.Log(1e-8), math.Log(.999)).Draw(t, "log q"))
		sigma := math.Exp(rapid.Float64Range(math.Log(.1), math.Log(60)).Draw(t, "log sigma"))
		alpha := int(math.Exp(rapid.Float64Range(math.Log(2), math.Log(5000)).Draw(t, "log alpha")))
		c, err := SampledGaussian{q, sigma}.RDP(Neighbors{ZeroOut, Remove, 1})
		if err != nil {
			t.Fatal(err)
		}
		got, want := c(float64(alpha)), sumOrder(q, sigma, alpha)
		// The sum of log-gamma values of size α·log α loses that many digits.
		tolerance := 1e-12 + 1e-15*float64(alpha)*math.Log(float64(alpha))*4
		if want*float64(alpha-1) > 1 { // then the loss is absolute in log A
			tolerance = 1e-12
		}
		if rel := math.Abs(got/want - 1); !(rel <= tolerance) {
			t.Fatalf("q=%g σ=%g α=%d: %.16g, sum %.16g, relative %.1e", q, sigma, alpha, got, want, rel)
		}
	})
}

// dense is the same integral on an equidistant grid that knows nothing of humps; the trapezoid rule converges
// geometrically on analytic functions that vanish at both ends.
func dense(p pair, a float64, k int) float64 {
	h := math.Min(p.sigma, p.sigma*p.sigma) / 6
	reach := (2*a+2)*float64(k) + 12*p.sigma
	top, n := math.Inf(-1), int(reach/h)
	heights := make([]float64, 0, 2*n+1)
	for i := -n; i <= n; i++ {
		x := float64(i) * h
		height, loss := p.at(x)
		scale, value := gain(a, loss, psi(-loss))
		v := height + scale + math.Log(value)
		heights, top = append(heights, v), math.Max(top, v)
	}
	sum := 0.0
	for _, v := range heights {
		sum += math.Exp(v - top)
	}
	log := top + math.Log(sum*h/(p.sigma*math.Sqrt(2*math.Pi)))
	if log > 30 {
		return log / a
	}
	return math.Log1p(math.Exp(log)) / a
}

func TestOrderAgreesWithADenseGrid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := Neighbors{
			rapid.SampledFrom([]Relation{ZeroOut, ReplaceOne}).Draw(t, "relation"),
			rapid.SampledFrom([]Direction{Remove, Add}).Draw(t, "direction"),
			rapid.SampledFrom([]int{1, 1, 1, 2, 3, 5}).Draw(t, "group"),
		}
		e := SampledGaussian{
			math.Exp(rapid.Float64Range(math.Log(1e-8), math.Log(.999)).Draw(t, "log q")),
			math.Exp(rapid.Float64Range(math.Log(.25), math.Log(60)).Draw(t, "log sigma")),
		}
		a := math.Exp(rapid.Float64Range(math.Log(1e-4), math.Log(60)).Draw(t, "log a"))
		c, err := e.RDP(n)
		if err != nil {
			t.Fatal(err)
		}
		alpha := 1 + a
		got, want := c(alpha), dense(e.pair(n), alpha-1, n.GroupSize)
		if rel := math.Abs(got/want - 1); !(rel <= 1e-11) {
			t.Fatalf("%v %+v α=%g: %.16g, dense %.16g, relative %.1e", e, n, alpha, got, want, rel)
		}
	})
}

// TestReplacingMovesTwice: a unit that is replaced moves the sum by up to 2C, so without sampling the cost is that of
// half the noise; with sampling it lies between zeroing out once and without sampling.
func TestReplacingMovesTwice(t *testing.T) {
	for _, alpha := range []float64{1, 1.5, 8, 300} {
		half := order(t, Gaussian{.5}, Neighbors{ZeroOut, Remove, 1}, alpha)
		for _, e := range []Event{Gaussian{1}, SampledGaussian{1, 1}} {
			if got := order(t, e, Neighbors{ReplaceOne, Remove, 1}, alpha); got != half {
				t.Errorf("%s, order %g: %g, with half the noise %g", e, alpha, got, half)
			}
		}
		near := order(t, SampledGaussian{1 - 1e-9, 1}, Neighbors{ReplaceOne, Remove, 1}, alpha)
		if !(near <= half) || alpha < 2 && near < half*.999 {
			t.Errorf("order %g: %g just below rate 1, %g at it", alpha, near, half)
		}
		sampled := order(t, SampledGaussian{.1, 1}, Neighbors{ReplaceOne, Remove, 1}, alpha)
		if zeroed := order(t, SampledGaussian{.1, 1}, Neighbors{ZeroOut, Remove, 1}, alpha); !(sampled > zeroed && sampled < half) {
			t.Errorf("order %g: replaced %g, zeroed out %g, without sampling %g", alpha, sampled, zeroed, half)
		}
	}
	// two units zeroed out together, no sampling: the sum moves by 2C
	if a, b := order(t, Gaussian{1}, Neighbors{ZeroOut, Add, 2}, 8), order(t, Gaussian{.5}, Neighbors{ZeroOut, Add, 1}, 8); a != b {
		t.Errorf("two units cost %g, half the noise %g", a, b)
	}
}

// TestSmallOrdersAreKL: for small q and large σ, KL ≈ χ²/2 = q²·(e^{1/σ²} − 1)/2, and orders near 1 lose no digits.
func TestSmallOrdersAreKL(t *testing.T) {
	const q, sigma = 1e-9, 3.0
	want := q * q * math.Expm1(1/(sigma*sigma)) / 2
	for _, alpha := range []float64{1, 1 + 1e-10, 1 + 1e-6} {
		for _, d := range []Direction{Remove, Add} {
			got := order(t, SampledGaussian{q, sigma}, Neighbors{ZeroOut, d, 1}, alpha)
			if rel := math.Abs(got/want - 1); !(rel < 1e-5*(alpha-1)*1e6+1e-8) {
				t.Errorf("order 1 + %g: %.12g, want %.12g", alpha-1, got, want)
			}
		}
	}
}

// TestCornersStayFinite: no NaN, no negative value, no order below a smaller one, wherever a parameter is legal.
func TestCornersStayFinite(t *testing.T) {
	for _, q := range []float64{minRate, 1e-9, 1e-3, .5, .999999, 1 - 1e-16} {
		for _, sigma := range []float64{minNoise, 1e-3, .05, 1, 1e4, maxNoise} {
			for _, n := range []Neighbors{{ZeroOut, Remove, 1}, {ZeroOut, Add, 1}, {ReplaceOne, Remove, 1}, {ZeroOut, Remove, 3}} {
				c, err := SampledGaussian{q, sigma}.RDP(n)
				if err != nil {
					t.Fatal(err)
				}
				last := 0.0
				for _, alpha := range []float64{1, 1 + 1e-10, 1.01, 2, 30, 1e3, 1e5} {
					v := c(alpha)
					if !(v >= last*(1-1e-9)) || math.IsInf(v, 1) {
						t.Errorf("q=%g σ=%g %+v: order %g is %g, %g before", q, sigma, n, alpha, v, last)
					}
					last = v
				}
			}
		}
	}
}
