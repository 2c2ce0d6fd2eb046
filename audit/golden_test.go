package audit

import (
	"math"
	"testing"
)

// Expected numbers in this file: the project's fact sheet on membership inference, "Golden values for unit tests" and
// "What a claimed ε allows", computed there from the formulas alone, to the digits given.

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s: got %.9g, want %.9g ± %g", what, got, want, tolerance)
	}
}

// oneUnit has the softmax p, given as logits log p_k + 5 (a shift that must not matter).
func oneUnit(label int32, p ...float64) *Observed {
	o := &Observed{Classes: len(p), Labels: []int32{label}, Index: []int{0}}
	for _, v := range p {
		o.Logits = append(o.Logits, float32(math.Log(v)+5))
	}
	return o
}

func TestScoreGoldens(t *testing.T) {
	for y, want := range []struct{ mentr, phi float64 }{{.162167, .847298}, {2.140867, -1.386294}, {2.959736, -2.197225}} {
		o := oneUnit(int32(y), .7, .2, .1)
		near(t, "modified entropy", -modifiedEntropy().Score(o)[0], want.mentr, 2e-6)
		near(t, "scaled logit", scaledLogit().Score(o)[0], want.phi, 2e-6)
		near(t, "entropy", -entropy().Score(o)[0], .801819, 2e-6)
		near(t, "loss", loss().Score(o)[0], math.Log([]float64{.7, .2, .1}[y]), 2e-6)
		near(t, "confidence", confidence().Score(o)[0], math.Log(.7), 2e-6)
	}
	near(t, "hinge", hinge().Score(oneUnit(1, .7, .2, .1))[0], math.Log(.2/.7), 2e-6)
	near(t, "gap, right", gap().Score(oneUnit(0, .7, .2, .1))[0], 1, 0)
	near(t, "gap, wrong", gap().Score(oneUnit(1, .7, .2, .1))[0], 0, 0)
}

func TestOneRunGoldens(t *testing.T) {
	for _, c := range []struct {
		a                     OneRun
		epsilon, delta, p, to float64
	}{
		{OneRun{1000, 100, 90}, 1, 0, 2.73581e-5, 1e-10},
		{OneRun{1000, 100, 90}, 1, 1e-5, 8.41289e-4, 1e-9},
		{OneRun{100, 10, 10}, 1, 1e-5, .0440612, 1e-7},
		{OneRun{100, 10, 9}, 1, 0, .204012, 1e-6},
		{OneRun{1000, 100, 75}, .5, 1e-5, .00578299, 1e-8},
		{OneRun{1000, 1000, 900}, 2, 1e-5, .0322338, 1e-7},
	} {
		p, err := c.a.PValue(c.epsilon, c.delta)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "p", p, c.p, c.to)
	}
	for _, c := range []struct {
		a           OneRun
		delta, want float64
	}{
		{OneRun{1000, 100, 90}, 0, 1.6308}, {OneRun{1000, 100, 90}, 1e-5, 1.6261}, {OneRun{1000, 100, 75}, 1e-5, .6995},
		{OneRun{1000, 1000, 900}, 1e-5, 2.0206}, {OneRun{100, 10, 10}, 1e-5, 1.0482},
	} {
		e, err := c.a.EpsilonLower(c.delta, .95)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "ε_lower", e, c.want, 6e-5)
	}
	for _, c := range []struct { // table of the one-run bound: accuracy → ε at 95 %, δ = 1e-5
		m, r int
		want [6]float64
	}{
		{1000, 100, [6]float64{0, .05, .70, 1.63, 3.00, 3.47}},
		{1000, 1000, [6]float64{.09, .30, .98, 2.02, 4.06, 5.78}},
		{5000, 500, [6]float64{.05, .25, .92, 1.94, 3.81, 4.98}},
		{5000, 5000, [6]float64{.15, .36, 1.04, 2.12, 4.35, 7.28}},
	} {
		for i, percent := range []int{55, 60, 75, 90, 99, 100} {
			e, err := OneRun{c.m, c.r, c.r * percent / 100}.EpsilonLower(1e-5, .95)
			if err != nil {
				t.Fatal(err)
			}
			near(t, "ε_lower table", e, c.want[i], .0051)
		}
	}
}

func TestClopperPearsonEpsilonGoldens(t *testing.T) {
	for _, c := range []struct {
		what                          string
		n                             Counts
		tpr, fpr, epsilon, mu, epsMu  float64
		toRate, toEps, toMu, toEpsGDP float64
	}{
		{"200/1000 against 10/1000", Counts{200, 1000, 10, 1000}, .17562, .01831, 2.2606, 1.1577, 5.1906, 6e-6, 6e-5, 6e-5, 6e-5},
		{"50/500 against 5/500", Counts{50, 500, 5, 500}, .07514, .02318, 1.1758, .5535, 2.2332, 6e-6, 6e-5, 6e-5, 6e-5},
		{"all right", Counts{500, 500, 0, 500}, .99265, .00735, 4.9056, math.NaN(), math.NaN(), 6e-6, 6e-5, 0, 0},
		{"no difference", Counts{510, 1000, 500, 1000}, math.NaN(), math.NaN(), 0, math.NaN(), math.NaN(), 0, 0, 0, 0},
	} {
		t.Run(c.what, func(t *testing.T) {
			e, err := c.n.EpsilonLower(1e-5, .95)
			if err != nil {
				t.Fatal(err)
			}
			near(t, "ε", e, c.epsilon, c.toEps)
			tpr, fpr, _ := c.n.rates(.95)
			if !math.IsNaN(c.tpr) {
				near(t, "TPR", tpr, c.tpr, c.toRate)
				near(t, "FPR", fpr, c.fpr, c.toRate)
			}
			if math.IsNaN(c.mu) {
				return
			}
			g, err := c.n.MuLower(.95)
			if err != nil {
				t.Fatal(err)
			}
			near(t, "μ", g.Mu, c.mu, c.toMu)
			eg, err := g.Epsilon(1e-5)
			if err != nil {
				t.Fatal(err)
			}
			near(t, "ε of μ", eg, c.epsMu, c.toEpsGDP)
		})
	}
	for n, want := range map[int]float64{100: 3.28, 250: 4.21, 500: 4.91, 1000: 5.60, 5000: 7.21, 10000: 7.91} {
		e, err := Counts{N1: n, N0: n}.LargestEpsilon(1e-5, .95)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "largest ε", e, want, .0053) // the sheet rounds 7.9048 to 7.91
	}
}

func TestCeilingGoldens(t *testing.T) {
	for _, c := range []struct{ eps, adv, auc, tpr, mu, gauc, gadv, gtpr, toTPR, toG float64 }{
		{.5, .245, .623, .0017, .142, .540, .057, .0016, 6e-5, 6e-5},
		{1, .462, .731, .0027, .268, .575, .107, .0024, 6e-5, 6e-5},
		{2, .762, .881, .0074, .502, .639, .198, .0048, 6e-5, 6e-5},
		{2.38, .831, .915, .0108, .586, .661, .230, .0061, 6e-5, 6e-5},
		{3, .905, .953, .020, .719, .694, .281, .0089, 6e-4, 6e-5},
		{4, .964, .982, .055, .925, .744, .356, .015, 6e-4, 6e-4},
		{4.95, .986, .993, .14, 1.11, .784, .422, .024, 6e-3, 6e-4},
		{8, .999, 1, 1, 1.67, .881, .595, .077, 6e-3, 6e-4},
		{10, 1, 1, 1, 2.00, .921, .683, .138, 6e-3, 6e-4},
	} {
		claim := Claim{Epsilon: c.eps, Delta: 1e-5, Private: true}
		near(t, "advantage", claim.AdvantageCeiling(), c.adv, 5.1e-4)
		near(t, "AUC", claim.AUCCeiling(), c.auc, 5.4e-4) // the sheet rounds .62247 to .623
		near(t, "TPR", claim.TPRCeiling(.001), c.tpr, c.toTPR)
		g, err := GDPOf(claim)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "μ", g.Mu, c.mu, 5.1e-3)
		near(t, "GDP AUC", g.AUC(), c.gauc, 6e-4)
		near(t, "GDP advantage", g.Advantage(), c.gadv, 6e-4)
		near(t, "GDP TPR", g.TPR(.001), c.gtpr, c.toG)
	}
	for mu, want := range map[float64]float64{.25: .926, .5: 1.993, 1: 4.377, 1.5: 7.051, 2: 9.997, 3: 16.675} {
		e, err := GDP{mu}.Epsilon(1e-5)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "GDP → ε", e, want, 5.1e-4)
	}
	near(t, "AUC at ε = 1", Claim{Epsilon: 1, Delta: 1e-5, Private: true}.AUCCeiling(), .731, 5.1e-4)
	near(t, "advantage at ε = 1", Claim{Epsilon: 1, Delta: 1e-5, Private: true}.AdvantageCeiling(), .4621, 5.1e-5)
	one := GDP{1}
	near(t, "GDP AUC", one.AUC(), .7602, 5.1e-5)
	near(t, "GDP advantage", one.Advantage(), .3829, 5.1e-5)
	near(t, "GDP TPR", one.TPR(.001), .0183, 5.1e-5)
	// e³·.01/(e³·.01 + .99), by hand: 20.0855·.01 = .200855; /1.190855
	near(t, "posterior of 1 %", Claim{Epsilon: 3, Private: true}.PosteriorCeiling(.01), .168665, 1e-6)
	// e³/(e³ + 1)
	near(t, "posterior of 50 %", Claim{Epsilon: 3, Private: true}.PosteriorCeiling(.5), .952574, 1e-6)
}

func TestCeilingsWithoutClaimAreOne(t *testing.T) {
	for _, c := range []Claim{{}, {Epsilon: 800, Private: true}} {
		for what, got := range map[string]float64{
			"AUC": c.AUCCeiling(), "advantage": c.AdvantageCeiling(), "TPR": c.TPRCeiling(.001), "posterior": c.PosteriorCeiling(.01),
		} {
			near(t, what, got, 1, 1e-12)
		}
		near(t, "TPR at FPR 0", c.TPRCeiling(0), 0, 0)
		near(t, "TPR at FPR 1", c.TPRCeiling(1), 1, 0)
	}
}
