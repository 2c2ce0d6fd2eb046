package accountant

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hush/internal/check"
)

func epsilon(t testing.TB, s Spending, delta float64) float64 {
	t.Helper()
	g, err := Epsilon(s, delta, ZeroOut)
	if err != nil {
		t.Fatal(err)
	}
	return g.Epsilon
}

// published runs with the ε that the improved conversion gives over a list of orders (training notes, table 3.1, three
// decimals; audit notes, § 10.2). Real orders can only be lower, by little.
func TestPublishedRuns(t *testing.T) { // trap T21
	for _, c := range []struct {
		run          string
		q            float64
		steps        int64
		sigma, delta float64
		improved     float64
		digits       float64 // half a unit of the last digit
	}{
		{"T&B MNIST CNN", 512. / 60000, 4680, 1.23, 1e-5, 2.579, 5e-4},
		{"T&B FMNIST CNN", 2048. / 60000, 1160, 2.15, 1e-5, 2.592, 5e-4},
		{"T&B CIFAR CNN", 1024. / 50000, 1440, 1.54, 1e-5, 2.585, 5e-4},
		{"T&B MNIST scattering, linear", 4096. / 60000, 560, 3.04, 1e-5, 2.464, 5e-4},
		{"T&B FMNIST scattering, linear", 8192. / 60000, 280, 4.05, 1e-5, 2.589, 5e-4},
		{"T&B CIFAR scattering", 8192. / 50000, 360, 5.67, 1e-5, 2.464, 5e-4},
		{"T&B MNIST scattering, CNN", 1024. / 60000, 1450, 1.35, 1e-5, 2.579, 5e-4},
		{"De et al. WRN-16-4", 4096. / 50000, 875, 10, 1e-5, 0.988, 5e-4},
		{"DP-RandP", 4096. / 50000, 875, 9.3, 1e-5, 1.070, 5e-4},
		{"TAN", 4096. / 50000, 2500, 3, 1e-5, 7.103, 5e-4},
		{"Opacus MNIST, σ .7", 240. / 60000, 11250, .7, 1e-5, 6.113, 5e-4},
		{"Opacus MNIST, σ 1.1", 240. / 60000, 15000, 1.1, 1e-5, 2.506, 5e-4},
		{"Opacus MNIST, σ 1.3", 240. / 60000, 3750, 1.3, 1e-5, 0.922, 5e-4},
		{"TFP MNIST, σ 1.1", 256. / 60000, 14062, 1.1, 1e-5, 2.597, 5e-4},
		{"TFP MNIST, σ .7", 256. / 60000, 10546, .7, 1e-5, 6.373, 5e-4},
		{"TFP MNIST, σ 1.3", 256. / 60000, 3515, 1.3, 1e-5, 0.954, 5e-4},
		{"Opacus cifar10.py", 2000. / 50000, 2250, 1.5, 1e-5, 7.330, 5e-4},
		{"Purchase-100", 128. / 157859, 246800, 1, 1. / 157859, 2.378, 5e-4},
		{"CIFAR-10, σ .5", 64. / 50000, 78200, .5, 2e-5, 15.98, 5e-3},
		{"CIFAR-10, σ 1", 64. / 50000, 78200, 1, 2e-5, 1.97, 5e-3},
	} {
		got := epsilon(t, Spending{}.Add(SampledGaussian{c.q, c.sigma}, c.steps), c.delta)
		if got > c.improved+c.digits || got < c.improved*(1-.015) {
			t.Errorf("%s: ε %.4f, published %g", c.run, got, c.improved)
		}
	}
}

// TestMixedSpending: different stages, between their exact values (contour integral) and the figures of a fixed list
// of orders.
func TestMixedSpending(t *testing.T) {
	for _, r := range goldenRows(t, "epsilon.csv") {
		if r.setting != "H" {
			continue
		}
		var s Spending
		for _, part := range strings.Split(r.mechanism, "; ") {
			var v [3]float64
			for i, f := range strings.Fields(part) {
				_, number, _ := strings.Cut(f, "=")
				v[i], _ = strconv.ParseFloat(number, 64)
			}
			s = s.Add(SampledGaussian{v[1], v[0]}, int64(v[2]))
		}
		got := epsilon(t, s, r.delta)
		listed := map[float64]float64{500: 1.894613, 5000: 1.756578, 10: 4.215170}[float64(s[0].Count)]
		if got < r.value || got > listed*(1+1e-6) || got < listed*.99 {
			t.Errorf("%s: ε %.8g, exact %.8g, over a list of orders %.8g", r.mechanism, got, r.value, listed)
		}
	}
}

// catalogCases has valid values of every kind. Every line of the catalog must appear.
func catalogCases() []Event {
	return []Event{
		Gaussian{1}, Gaussian{.3}, Gaussian{25},
		SampledGaussian{.01, 1}, SampledGaussian{1e-5, 20}, SampledGaussian{.5, .4}, SampledGaussian{1, 2},
		NonPrivate{"no noise"},
	}
}

func TestConformance(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range catalogCases() {
		seen[e.Kind()] = true
		t.Run(e.String(), func(t *testing.T) { conform(t, e) })
	}
	for _, e := range catalog {
		if !seen[e.Kind()] {
			t.Errorf("no case for %s", e.Kind())
		}
		if e.Check() == nil {
			t.Errorf("%s: its zero value passes as a release", e.Kind())
		}
		if _, err := e.RDP(Neighbors{ZeroOut, Remove, 1}); err == nil {
			t.Errorf("%s: its zero value has a divergence", e.Kind())
		}
	}
	if len(seen) != len(catalog) {
		t.Errorf("%d kinds tested, %d in the catalog", len(seen), len(catalog))
	}
}

// conform holds what every event must satisfy.
func conform(t *testing.T, e Event) {
	encoded, err := EncodeEvent(e)
	if err != nil {
		t.Fatal(err)
	}
	back, err := DecodeEvent(encoded)
	if err != nil || back != e {
		t.Errorf("%s decodes to %v, %v", encoded, back, err)
	}
	for _, r := range []Relation{ZeroOut, ReplaceOne} {
		var one [2]float64
		for _, d := range []Direction{Remove, Add} {
			c, err := e.RDP(Neighbors{r, d, 1})
			if err != nil {
				t.Fatal(err)
			}
			last := 0.0
			for _, alpha := range []float64{1, 1 + 1e-9, 1.1, 2, 2.5, 17, 300.5, 1e5, math.Inf(1)} {
				v := c(alpha)
				if !(v >= last*(1-1e-9)) {
					t.Errorf("%s, %s: divergence of order %g is %g, below %g at a smaller order", e, r, alpha, v, last)
				}
				last = v
			}
			one[d] = c(8)
		}
		if r == ReplaceOne && one[0] != one[1] {
			t.Errorf("%s: replace-one is not symmetric: %v", e, one)
		}
		two, err := e.RDP(Neighbors{r, Remove, 2})
		if err != nil {
			t.Fatal(err)
		}
		if !(two(8) >= one[0]) {
			t.Errorf("%s, %s: two units cost %g, one %g", e, r, two(8), one[0])
		}
		if many := (Spending{}).Add(e, 7); true {
			single, err := Settings{Relation: r}.Epsilon(many, 1e-6)
			split := Spending{{e, 2}, {Gaussian{3}, 1}, {e, 4}, {e, 1}, {Gaussian{3}, 0}}
			other := Spending{{Gaussian{3}, 1}, {e, 7}}
			a, err1 := Settings{Relation: r}.Epsilon(split, 1e-6)
			b, err2 := Settings{Relation: r}.Epsilon(other, 1e-6)
			if err := first(err, err1, err2); err != nil {
				t.Fatal(err)
			}
			if a.Epsilon != b.Epsilon && !(math.Abs(a.Epsilon/b.Epsilon-1) < 1e-12) {
				t.Errorf("%s: order of composition matters: %g, %g", e, a.Epsilon, b.Epsilon)
			}
			if !(single.Epsilon <= a.Epsilon) {
				t.Errorf("%s: one more release lowers ε from %g to %g", e, single.Epsilon, a.Epsilon)
			}
		}
	}
	if got := epsilon(t, Spending{}.Add(e, 0), 1e-5); got != 0 {
		t.Errorf("%s: zero steps cost %g", e, got)
	}
}

// TestCountsMultiply: n copies are n-fold, whether as a count or as n charges.
func TestCountsMultiply(t *testing.T) {
	for _, e := range catalogCases() {
		var apart Spending
		for range 10 {
			apart = append(apart, Charge{e, 1})
		}
		n := Neighbors{ZeroOut, Remove, 1}
		together, err := (Spending{{e, 10}}).curve(n)
		if err != nil {
			t.Fatal(err)
		}
		separate, err := apart.curve(n)
		if err != nil {
			t.Fatal(err)
		}
		a, b, c := together(8), separate(8), 10*order(t, e, n, 8)
		if a != c || !(b == c || math.Abs(b/c-1) < 1e-14) {
			t.Errorf("%s: 10 releases cost %g as a count, %g one by one, 10-fold is %g", e, a, b, c)
		}
	}
}

func TestNonPrivateIsInfinite(t *testing.T) {
	s := Spending{}.Add(SampledGaussian{.01, 1}, 10).Add(NonPrivate{"no clipping"}, 1)
	if got := epsilon(t, s, 1e-5); !math.IsInf(got, 1) {
		t.Errorf("ε is %g", got)
	}
	g, err := Delta(s, 1, ZeroOut)
	if err != nil || g.Delta != 1 {
		t.Errorf("δ is %g, %v", g.Delta, err)
	}
}

// TestMonotone: ε grows with n, q, 1/σ and 1/δ. Slack 1e-8: the search for the best order stops there.
func TestMonotone(t *testing.T) { // trap T21
	rapid.Check(t, func(t *rapid.T) {
		q := math.Exp(rapid.Float64Range(math.Log(1e-6), math.Log(.9)).Draw(t, "log q"))
		sigma := math.Exp(rapid.Float64Range(math.Log(.3), math.Log(60)).Draw(t, "log sigma"))
		n := int64(math.Exp(rapid.Float64Range(0, math.Log(1e6)).Draw(t, "log n")))
		delta := math.Exp(rapid.Float64Range(math.Log(1e-15), math.Log(.01)).Draw(t, "log delta"))
		up := 1 + math.Exp(rapid.Float64Range(math.Log(1e-3), 0).Draw(t, "log step"))
		r := rapid.SampledFrom([]Relation{ZeroOut, ReplaceOne}).Draw(t, "relation")
		eps := func(q, sigma float64, n int64, delta float64) float64 {
			g, err := Epsilon(Spending{}.Add(SampledGaussian{math.Min(1, q), sigma}, n), delta, r)
			if err != nil {
				t.Fatal(err)
			}
			if !(g.Epsilon >= 0) || math.IsInf(g.Epsilon, 1) || !(g.Lower <= g.Upper) {
				t.Fatalf("ε is %+v", g)
			}
			return g.Epsilon
		}
		base := eps(q, sigma, n, delta)
		for name, more := range map[string]float64{
			"q": eps(q*up, sigma, n, delta), "1/σ": eps(q, sigma/up, n, delta),
			"n": eps(q, sigma, n+1+int64(float64(n)*(up-1)), delta), "1/δ": eps(q, sigma, n, delta/up),
		} {
			if more < base*(1-1e-8) {
				t.Errorf("larger %s: ε falls from %.12g to %.12g", name, base, more)
			}
		}
	})
}

// TestDeltaInvertsEpsilon: δ(ε(δ)) is δ again, from the safe side.
func TestDeltaInvertsEpsilon(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Spending{}.Add(SampledGaussian{
			math.Exp(rapid.Float64Range(math.Log(1e-4), 0).Draw(t, "log q")),
			math.Exp(rapid.Float64Range(math.Log(.5), math.Log(20)).Draw(t, "log sigma")),
		}, rapid.Int64Range(1, 100000).Draw(t, "n"))
		delta := math.Exp(rapid.Float64Range(math.Log(1e-12), math.Log(.01)).Draw(t, "log delta"))
		g, err := Epsilon(s, delta, ZeroOut)
		if err != nil {
			t.Fatal(err)
		}
		if g.Epsilon == 0 {
			return // the KL rule answers with less than δ
		}
		back, err := Delta(s, g.Epsilon, ZeroOut)
		if err != nil {
			t.Fatal(err)
		}
		if rel := math.Abs(math.Log(back.Delta)/math.Log(delta) - 1); !(rel < 1e-6) {
			t.Errorf("δ %.10g gives ε %.10g gives δ %.10g", delta, g.Epsilon, back.Delta)
		}
	})
}

// TestAboveTheExactGaussian: without sampling δ(ε) is known in closed form (Balle & Wang 2018, arXiv 1805.06530,
// Theorem 8): Φ(μ/2 − ε/μ) − e^ε·Φ(−μ/2 − ε/μ), μ = √n/σ.
func TestAboveTheExactGaussian(t *testing.T) {
	normal := func(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }
	for _, sigma := range []float64{.5, 1, 4, 30} {
		for _, n := range []int64{1, 10, 1000} {
			mu := math.Sqrt(float64(n)) / sigma
			for _, eps := range []float64{0, .1, 1, 4, 10} {
				exact := normal(mu/2-eps/mu) - math.Exp(eps)*normal(-mu/2-eps/mu)
				g, err := Delta(Spending{}.Add(Gaussian{sigma}, n), eps, ZeroOut)
				if err != nil {
					t.Fatal(err)
				}
				if g.Delta < exact {
					t.Errorf("σ=%g n=%d ε=%g: δ %.6g is below the exact %.6g", sigma, n, eps, g.Delta, exact)
				}
			}
		}
	}
}

// TestBothDirections: add costs something, and less than remove.
func TestBothDirections(t *testing.T) {
	e := SampledGaussian{.01, 1}
	remove, add := order(t, e, Neighbors{ZeroOut, Remove, 1}, 8), order(t, e, Neighbors{ZeroOut, Add, 1}, 8)
	if !(add > 0 && add < remove) {
		t.Errorf("remove %g, add %g", remove, add)
	}
	if cap := order(t, e, Neighbors{ZeroOut, Add, 1}, math.Inf(1)); math.Abs(cap+math.Log(.99)) > 1e-15 {
		t.Errorf("largest loss of add is %g, want −log(1−q)", cap)
	}
}

// upside is an event that costs more in the direction add, as none of the catalog does.
type upside struct{ Gaussian }

func (e upside) RDP(n Neighbors) (Curve, error) {
	if n.Direction == Add {
		return func(alpha float64) float64 { return 4 * alpha }, nil
	}
	return func(alpha float64) float64 { return alpha }, nil
}

func TestTheWorseDirectionIsStated(t *testing.T) {
	got, want := epsilon(t, Spending{{upside{Gaussian{1}}, 1}}, 1e-5), epsilon(t, Spending{{Gaussian{1 / math.Sqrt(8)}, 1}}, 1e-5)
	if math.Abs(got/want-1) > 1e-6 {
		t.Errorf("ε %g, in the direction add it is %g", got, want)
	}
}

// pure is an event of pure 1-DP with a bad curve: only the cap by the largest loss helps.
type pure struct{ Gaussian }

func (pure) RDP(Neighbors) (Curve, error) {
	return func(alpha float64) float64 { return 1 }, nil
}

func TestPureCap(t *testing.T) {
	g, err := Epsilon(Spending{{pure{Gaussian{1}}, 1}}, 1e-5, ZeroOut)
	if err != nil || g.Epsilon > 1+1e-9 {
		t.Errorf("ε is %g, %v", g.Epsilon, err)
	}
	if g, err = Delta(Spending{{pure{Gaussian{1}}, 1}}, 1+1e-9, ZeroOut); err != nil || g.Delta != 0 {
		t.Errorf("δ is %g, %v", g.Delta, err)
	}
}

// TestEdgeWarning: one release with σ = 20000 is best converted beyond order 1e5.
func TestEdgeWarning(t *testing.T) { // trap T21
	g, err := Epsilon(Spending{{Gaussian{2e4}, 1}}, 1e-12, ZeroOut)
	if err != nil || !(g.Epsilon > 0) || !strings.Contains(g.Warning, "above 1e5") {
		t.Errorf("got %+v, %v", g, err)
	}
	if g, err = Epsilon(Spending{{Gaussian{2}, 1}}, 1e-12, ZeroOut); err != nil || g.Warning != "" {
		t.Errorf("a warning without cause: %+v, %v", g, err)
	}
}

func TestBadParameters(t *testing.T) {
	good := Spending{{SampledGaussian{.01, 1}, 10}}
	nan, inf := math.NaN(), math.Inf(1)
	eps := func(s Spending, delta float64) error { _, err := Epsilon(s, delta, ZeroOut); return err }
	noise := func(q float64, n int64, e, d float64) error {
		_, err := CalibrateNoise(q, n, Target{e, d}, ZeroOut)
		return err
	}
	for _, c := range []struct {
		what string
		err  error
		want string
	}{
		{"σ = 0", eps(Spending{{Gaussian{0}, 1}}, 1e-5), "noise multiplier is 0, must"},
		{"σ < 0", eps(Spending{{SampledGaussian{.1, -1}, 1}}, 1e-5), "noise multiplier is -1, must"},
		{"σ NaN", eps(Spending{{SampledGaussian{.1, nan}, 1}}, 1e-5), "noise multiplier is NaN, must"},
		{"σ Inf", eps(Spending{{SampledGaussian{.1, inf}, 1}}, 1e-5), "noise multiplier is +Inf, must"},
		{"σ beyond all use", eps(Spending{{Gaussian{1e10}, 1}}, 1e-5), "noise multiplier is 1e+10, must be between"},
		{"q = 0", eps(Spending{{SampledGaussian{0, 1}, 1}}, 1e-5), "sample rate is 0, must"},
		{"q > 1", eps(Spending{{SampledGaussian{1.5, 1}, 1}}, 1e-5), "sample rate is 1.5, must"},
		{"q NaN", eps(Spending{{SampledGaussian{nan, 1}, 1}}, 1e-5), "sample rate is NaN, must"},
		{"n < 0", eps(Spending{{Gaussian{1}, -3}}, 1e-5), "steps is -3, must"},
		{"n = 1e18", eps(Spending{{Gaussian{1}, 1e18}}, 1e-5), "steps is 1000000000000000000, must"},
		{"n overflows", eps(Spending{}.Add(Gaussian{1}, 1<<53).Add(Gaussian{1}, 1<<53), 1e-5), "must be between 0 and"},
		{"n overflows by merging", eps(Spending{}.Add(Gaussian{1}, math.MaxInt64).Add(Gaussian{1}, math.MaxInt64), 1e-5), "must be between 0 and"},
		{"no event", eps(Spending{{nil, 1}}, 1e-5), "event is missing"},
		{"no reason", eps(Spending{{NonPrivate{" "}, 1}}, 1e-5), "must say why"},
		{"δ = 0", eps(good, 0), "delta is 0, must"},
		{"δ = 1", eps(good, 1), "delta is 1, must"},
		{"δ NaN", eps(good, nan), "delta is NaN, must"},
		{"ε < 0", func() error { _, err := Delta(good, -1, ZeroOut); return err }(), "epsilon is -1, must"},
		{"relation", func() error { _, err := Epsilon(good, 1e-5, "sideways"); return err }(), `neighboring relation is "sideways", must`},
		{"group", func() error { _, err := Settings{Relation: ZeroOut, GroupSize: -1}.Epsilon(good, 1e-5); return err }(), "group size is -1, must"},
		{"method", func() error { _, err := Settings{Relation: ZeroOut, Method: "guess"}.Epsilon(good, 1e-5); return err }(), `accountant is "guess", must`},
		{"target ε = 0", noise(.1, 10, 0, 1e-5), "target epsilon is 0, must"},
		{"target ε = ∞", noise(.1, 10, inf, 1e-5), "target epsilon is +Inf, must"},
		{"target δ", noise(.1, 10, 1, 0), "delta is 0, must"},
		{"calibrate q > 1", noise(1.1, 10, 1, 1e-5), "sample rate is 1.1, must"},
		{"calibrate no steps", noise(.1, 0, 1, 1e-5), "steps is 0, must be at least 1"},
		{"calibrate too many steps", noise(.1, 1e18, 1, 1e-5), "steps is 1000000000000000000, must"},
		{"out of reach", noise(1, 1e12, 1e-9, 1e-15), "must be reachable"},
		{"too easy", noise(1e-3, 1, 1e15, 1e-5), "must be smaller"},
	} {
		t.Run(c.what, func(t *testing.T) {
			if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
				t.Fatalf("error %v, want %q", c.err, c.want)
			}
			if a := (*check.Argument)(nil); !errors.As(c.err, &a) || a.Room != "accountant" {
				t.Errorf("%T is not an *Argument of this room", c.err)
			}
		})
	}
}
