package dpsgd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"hush/accountant"
	"hush/internal/stattest"
)

// poissonTests are p-values that a Poisson sampler of n units and rate q must not fail, from `steps` of its lots.
func poissonTests(n int, q float64, steps int, lot func(step uint64) []int) map[string]float64 {
	lots := make([]map[int]bool, steps)
	sizes := make([]int64, n+1)
	var total, pairs, repeats, distinct, windows int64
	window := map[int]bool{}
	round := int(1 / q)
	for t := range lots {
		lots[t] = map[int]bool{}
		for _, i := range lot(uint64(t)) {
			lots[t][i] = true
			window[i] = true
		}
		sizes[len(lots[t])]++
		total += int64(len(lots[t]))
		for i := 0; i+1 < n; i += 2 { // disjoint pairs of units: both in with probability q²
			if lots[t][i] && lots[t][i+1] {
				pairs++
			}
		}
		if t%2 == 1 { // disjoint pairs of steps
			for i := range lots[t] {
				if lots[t-1][i] {
					repeats++
				}
			}
		}
		if t%round == round-1 {
			distinct += int64(len(window))
			windows++
			clear(window)
		}
	}
	law := distuv.Binomial{N: float64(n), P: q}
	expected := make([]float64, n+1)
	for k := range expected {
		expected[k] = float64(steps) * law.Prob(float64(k))
	}
	worst := 1.0 // over units, Bonferroni
	for i := range n {
		var in int64
		for _, l := range lots {
			if l[i] {
				in++
			}
		}
		worst = min(worst, float64(n)*stattest.Binomial(in, int64(steps), q))
	}
	return map[string]float64{
		"lot sizes against Binomial(n, q)":   stattest.ChiSquare(sizes, expected),
		"all inclusions":                     stattest.Binomial(total, int64(n*steps), q),
		"covariance of two units":            stattest.Binomial(pairs, int64(n/2*steps), q*q),
		"covariance of two steps":            stattest.Binomial(repeats, int64(n*(steps/2)), q*q),
		"distinct units after 1/q steps":     stattest.Binomial(distinct, int64(n)*windows, 1-math.Pow(1-q, float64(round))),
		"inclusions of the most unusual one": min(1, worst),
	}
}

// Six tests at 1e-6, three settings: a false alarm once in 55,000 keys (the key is fixed).
func TestLotsArePoisson(t *testing.T) { // trap T1
	for _, c := range []struct {
		n, steps int
		q        float64
	}{{1000, 2000, 0.05}, {40, 4000, 0.5}, {10, 4000, 0.9}} {
		t.Run(fmt.Sprint(c.q), func(t *testing.T) {
			p, err := NewPoisson(c.q, c.n, InsecureKey(11))
			if err != nil {
				t.Fatal(err)
			}
			for what, v := range poissonTests(c.n, c.q, c.steps, func(step uint64) []int { return p.Lot(step, nil) }) {
				stattest.Accept(t, what, v, 1e-6)
			}
		})
	}
}

// What the trap is about must not pass: epochs of shuffled batches, and draws of a fixed size.
func TestOtherSamplersAreNotPoisson(t *testing.T) { // trap T1, negative control
	const n, q, size = 1000, 0.05, 50
	rng := rand.New(rand.NewPCG(5, 6))
	var order []int
	shuffled := poissonTests(n, q, 2000, func(step uint64) []int {
		at := int(step) % (n / size) * size
		if at == 0 {
			order = rng.Perm(n)
		}
		return order[at : at+size]
	})
	fixed := poissonTests(n, q, 2000, func(uint64) []int { return rng.Perm(n)[:size] })
	for _, what := range []string{"lot sizes against Binomial(n, q)", "distinct units after 1/q steps", "covariance of two steps"} {
		stattest.Reject(t, "shuffled: "+what, shuffled[what], 1e-6)
	}
	if p := fixed["lot sizes against Binomial(n, q)"]; p >= 1e-6 {
		t.Errorf("fixed size: lot sizes pass with p = %v", p)
	}
}

// Every sampler of the catalog: ascending, in range, a function of key and step alone, of new lots at new steps and
// keys, appending to what it is given; and an event that proves something.
func TestSamplerConformance(t *testing.T) { // trap T38
	if len(catalog()) == 0 {
		t.Fatal("empty catalog")
	}
	const units, steps = 500, 50
	for _, e := range catalog() {
		t.Run(e.name, func(t *testing.T) {
			s, err := e.make(0.1, units, InsecureKey(1))
			if err != nil {
				t.Fatal(err)
			}
			again, _ := e.make(0.1, units, InsecureKey(1))
			other, _ := e.make(0.1, units, InsecureKey(2))
			if !known(s) {
				t.Error("a Mechanism refuses it")
			}
			if s.Units() != units {
				t.Errorf("%d units, want %d", s.Units(), units)
			}
			event := s.Event(1.5)
			if event == nil || event != again.Event(1.5) || event == s.Event(2.5) {
				t.Errorf("event %v must depend on the noise and on the sampler's constants alone", event)
			}
			if err := event.Check(); err != nil || event.Kind() == (accountant.NonPrivate{}).Kind() {
				t.Errorf("event %v proves nothing: %v", event, err)
			}
			same, sameOther := 0, 0
			for step := uint64(steps); step > 0; step-- { // downward: no state
				lot := s.Lot(step, nil)
				for i, u := range lot {
					if u < 0 || u >= units || i > 0 && lot[i-1] >= u {
						t.Fatalf("step %d: %v is not ascending within %d units", step, lot, units)
					}
				}
				if !slices.Equal(lot, again.Lot(step, nil)) || !slices.Equal(lot, s.Lot(step, nil)) {
					t.Errorf("step %d: the lot changes when asked again", step)
				}
				if got := s.Lot(step, []int{-7}); got[0] != -7 || !slices.Equal(got[1:], lot) {
					t.Errorf("step %d: the lot must be appended", step)
				}
				if slices.Equal(lot, s.Lot(step+steps, nil)) {
					same++
				}
				if slices.Equal(lot, other.Lot(step, nil)) {
					sameOther++
				}
			}
			if same > 0 || sameOther > 0 {
				t.Errorf("%d lots repeat at another step, %d under another key", same, sameOther)
			}
		})
	}
}

// The number of units moves nobody: a lot of fewer units is the same lot, cut off.
func TestOtherUnitsKeepTheirLots(t *testing.T) { // trap T5
	big, _ := NewPoisson(0.1, 1000, InsecureKey(1))
	for _, n := range []int{1, 10, 500, 999} {
		small, _ := NewPoisson(0.1, n, InsecureKey(1))
		for step := range uint64(100) {
			want := big.Lot(step, nil)
			want = want[:below(want, n)]
			if got := small.Lot(step, nil); !slices.Equal(got, want) {
				t.Fatalf("%d units, step %d: %v, want %v", n, step, got, want)
			}
		}
	}
}

// below is the number of elements below n of an ascending slice.
func below(v []int, n int) int {
	i, _ := slices.BinarySearch(v, n)
	return i
}

func TestRateOneTakesAll(t *testing.T) {
	p, err := NewPoisson(1, 5, InsecureKey(1))
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Lot(3, nil); !slices.Equal(got, []int{0, 1, 2, 3, 4}) {
		t.Errorf("got %v", got)
	}
	if got := p.Event(2); got != (accountant.Gaussian{NoiseMultiplier: 2}) {
		t.Errorf("event %v, want the Gaussian mechanism", got)
	}
}

// The exponential is positive, of law 1 − e^−x, and fine-grained at both ends.
func TestExponential(t *testing.T) {
	s := stream{key: InsecureKey(9)}
	x := make([]float64, 200_000)
	for i := range x {
		x[i] = s.exponential()
	}
	law := func(v float64) float64 { return -math.Expm1(-v) }
	stattest.Accept(t, "law", stattest.KS(x, law), 1e-6)
	lowest := slices.Min(x)
	if lowest < 0 {
		t.Errorf("negative: %v", lowest)
	}
	for i := range x {
		x[i] *= 1.02
	}
	stattest.Reject(t, "two per cent too long", stattest.KS(x, law), 1e-6)
}

// The computed gap law stays within the error that the comment of Poisson derives: the thresholds of U between gaps,
// found by bisection over U's grid, are those of (1−q)^j to (7jλ+3)·2⁻⁵³.
func TestGapThresholdsAreAsExactAsClaimed(t *testing.T) {
	const grid = 1 << 53
	for _, q := range []float64{0x1p-30, 1e-6, 0.004, 0.3, 0.97} {
		p, err := NewPoisson(q, 10, InsecureKey(1))
		if err != nil {
			t.Fatal(err)
		}
		rate := q - roundingMargin
		for _, at := range []float64{0.1, 0.5, 0.9} { // e = 0: U in (½, 1], k the 53 bits
			j := math.Ceil(-math.Log1p(-at/2) / p.lambda)
			gap := func(k uint64) float64 { return math.Floor(-math.Log1p(-float64(k)*0x1p-54) / p.lambda) }
			low, high := uint64(0), uint64(grid)
			for low < high { // least k with gap ≥ j
				mid := (low + high) / 2
				if gap(mid) >= j {
					high = mid
				} else {
					low = mid + 1
				}
			}
			if low == grid {
				continue // j lies beyond U = ½
			}
			// U ≤ (1−q)^j  ⇔  k·2⁻⁵⁴ ≥ 1 − (1−q)^j = −expm1(j·log1p(−q))
			want := -math.Expm1(j * math.Log1p(-rate))
			got := float64(low) * 0x1p-54
			allowed := (7*j*p.lambda + 3 + 4) * 0x1p-53 // 4: this test's own arithmetic
			if math.Abs(got-want) > allowed {
				t.Errorf("q = %v, gap %v: threshold %v, want %v, off by %.3g, allowed %.3g", q, j, got, want, got-want, allowed)
			}
		}
	}
}
