package stattest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// recorder is a testing.TB that remembers whether it was failed.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Helper()               {}
func (r *recorder) Errorf(string, ...any) { r.failed = true }

func TestAcceptAndReject(t *testing.T) {
	for _, c := range []struct {
		p              float64
		accept, reject bool // pass
	}{
		{0.5, true, false},
		{1e-6, true, false},
		{0.9e-6, false, true},
		{0, false, true},
		{math.NaN(), false, false},
	} {
		t.Run(fmt.Sprint(c.p), func(t *testing.T) {
			var a, r recorder
			Accept(&a, "", c.p, 1e-6)
			Reject(&r, "", c.p, 1e-6)
			if a.failed == c.accept || r.failed == c.reject {
				t.Errorf("accept passes: %v, reject passes: %v", !a.failed, !r.failed)
			}
		})
	}
}

func TestBinomialAgainstSums(t *testing.T) {
	for _, n := range []int64{1, 7, 40} {
		for _, p := range []float64{0.03, 0.5, 0.8} {
			law := distuv.Binomial{N: float64(n), P: p}
			for k := int64(0); k <= n; k++ {
				var low, high float64
				for j := int64(0); j <= n; j++ {
					if j <= k {
						low += law.Prob(float64(j))
					}
					if j >= k {
						high += law.Prob(float64(j))
					}
				}
				want := min(1, 2*min(low, high))
				if got := Binomial(k, n, p); math.Abs(got/want-1) > 1e-9 {
					t.Errorf("%d of %d at %v: %v, want %v", k, n, p, got, want)
				}
			}
		}
	}
}

// Known values: N(0,1) two-sided at 1.959964; χ²₁₀ at its 97.5 % point 20.4832; Kolmogorov at 1.3581 (D√n, n = ∞).
func TestTabulatedPoints(t *testing.T) {
	if p := Gauss(-1.959964); math.Abs(p-0.05) > 1e-7 {
		t.Errorf("Gauss: %v", p)
	}
	if p := Gauss(30); p == 0 || p > 1e-190 {
		t.Errorf("far tail: %v", p) // 1 − Φ computed as a difference would be 0
	}
	if p := twoSidedChi(20.4832, 10); math.Abs(p-0.05) > 1e-5 {
		t.Errorf("χ²: %v", p)
	}
	// n equally spaced points shifted by d−1/(2n): D = d.
	const n = 1_000_000
	d := 1.3581 / (math.Sqrt(n) + 0.12 + 0.11/math.Sqrt(n))
	x := make([]float64, n)
	for i := range x {
		x[i] = (float64(i)+0.5)/n + d - 0.5/n
	}
	if p := KS(x, func(v float64) float64 { return min(1, v) }); math.Abs(p-0.05) > 1e-4 {
		t.Errorf("KS: %v", p)
	}
}

// Under the law each p-value is nearly uniform: over 2000 repetitions its share below 0.05 is Binomial(2000, 0.05),
// or less where it is discrete. With a deviation of the stated size it falls below 1e-6. False alarm 1e-6 a line.
func TestLevelAndPower(t *testing.T) {
	const repeats, alarm = 2000, 1e-6
	rng := rand.New(rand.NewPCG(1, 3))
	normals := func(n int, mean, sd float64) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = mean + sd*rng.NormFloat64()
		}
		return x
	}
	counts := func(n int, shift float64) []int64 {
		c := make([]int64, 8)
		for range n {
			i := rng.IntN(8)
			if rng.Float64() < shift {
				i = 0
			}
			c[i]++
		}
		return c
	}
	even := []float64{50, 50, 50, 50, 50, 50, 50, 50}
	for _, c := range []struct {
		what     string
		law      func() float64
		deviates func() float64
	}{
		{"mean", func() float64 { return Mean(normals(50, 3, 2), 3, 2) }, func() float64 { return Mean(normals(50, 7, 2), 3, 2) }},
		{"variance", func() float64 { return Variance(normals(50, 3, 2), 3, 2) }, func() float64 { return Variance(normals(50, 3, 5), 3, 2) }},
		{"small variance", func() float64 { return Variance(normals(50, 3, 2), 3, 2) }, func() float64 { return Variance(normals(50, 3, 0.5), 3, 2) }},
		{"uncorrelated", func() float64 { return Uncorrelated(normals(50, 1, 2), normals(50, 0, 1)) },
			func() float64 { x := normals(50, 0, 1); return Uncorrelated(x, x) }},
		{"KS", func() float64 { return KS(normals(200, 0, 1), NormalCDF) }, func() float64 { return KS(normals(200, 0.6, 1), NormalCDF) }},
		{"chi-square", func() float64 { return ChiSquare(counts(400, 0), even) }, func() float64 { return ChiSquare(counts(400, 0.3), even) }},
		{"chi-square, too good", func() float64 { return ChiSquare(counts(400, 0), even) },
			func() float64 { return ChiSquare([]int64{50, 50, 50, 50, 50, 50, 50, 50}, even) }},
	} {
		t.Run(c.what, func(t *testing.T) {
			var below int64
			for range repeats {
				if c.law() < 0.05 {
					below++
				}
			}
			Accept(t, "share of p below 0.05", Binomial(below, repeats, 0.05), alarm)
			Reject(t, "planted deviation", c.deviates(), alarm)
		})
	}
	Reject(t, "binomial", Binomial(620, 1000, 0.5), alarm)
}

func TestChiSquareJoinsCells(t *testing.T) {
	// 10+10+10 | 30 | 40+5: three cells.
	got := ChiSquare([]int64{9, 12, 14, 20, 50, 0}, []float64{10, 10, 10, 30, 40, 5})
	want := twoSidedChi(25.0/30+100.0/30+25.0/45, 2)
	if math.Abs(got/want-1) > 1e-12 {
		t.Errorf("got %v, want %v", got, want)
	}
	if p := ChiSquare([]int64{3, 4}, []float64{3.5, 3.5}); p == p {
		t.Errorf("too few counts give %v, want NaN", p)
	}
}

func ExampleAccept() {
	// 512 heads in 1000 tosses of a fair coin.
	fmt.Printf("p = %.2f\n", Binomial(512, 1000, 0.5))
	// Output: p = 0.47
}
