package accountant

import (
	"encoding/csv"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
)

// row is one line of testdata/*.csv: high-precision reference values (40-digit quadrature, closed forms, contour
// integrals), each with the source that it was computed by.
type row struct {
	setting, method, mechanism            string
	sigma, q, delta, target, value, order float64
	steps                                 int64
}

func goldenRows(t testing.TB, file string) []row {
	t.Helper()
	f, err := os.Open("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, name := range lines[0] {
		column[name] = i
	}
	number := func(line []string, name string) float64 {
		s := line[column[name]]
		if s == "" {
			return math.NaN()
		}
		v, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	var rows []row
	for _, l := range lines[1:] {
		r := row{
			setting: l[column["setting"]], method: l[column["method_and_options"]], mechanism: l[column["mechanism"]],
			sigma: number(l, "sigma"), q: number(l, "q"), delta: number(l, "delta"), target: number(l, "target_eps"),
			value: number(l, "value"), order: number(l, "order"),
		}
		if s := number(l, "steps"); !math.IsNaN(s) {
			r.steps = int64(s)
		}
		rows = append(rows, r)
	}
	if len(rows) == 0 {
		t.Fatal("no golden rows: the test would pass unseen")
	}
	return rows
}

func isRDP(r row) bool {
	return strings.Contains(r.method, "RDP, continuous order, improved conversion")
}

func TestGoldenRDP(t *testing.T) {
	n := 0
	for _, r := range goldenRows(t, "rdp.csv") {
		e := SampledGaussian{SampleRate: r.q, NoiseMultiplier: r.sigma}
		got := order(t, e, Neighbors{ZeroOut, Remove, 1}, r.order)
		if rel := math.Abs(got/r.value - 1); !(rel <= 1e-12) {
			t.Errorf("%s at order %g: %.17g, want %.17g (relative error %.1e)", e, r.order, got, r.value, rel)
		}
		n++
	}
	if n != 34 {
		t.Errorf("%d golden values, want 34", n)
	}
}

// order returns one Rényi divergence of an event.
func order(t testing.TB, e Event, n Neighbors, alpha float64) float64 {
	t.Helper()
	c, err := e.RDP(n)
	if err != nil {
		t.Fatal(err)
	}
	return c(alpha)
}

func one(r row) Spending {
	if r.q == 1 {
		return Spending{}.Add(Gaussian{r.sigma}, r.steps)
	}
	return Spending{}.Add(SampledGaussian{r.q, r.sigma}, r.steps)
}

// TestGoldenEpsilon: all 52 settings, to 1e-4 of the minimum over real orders, and never below the exact value.
func TestGoldenEpsilon(t *testing.T) { // trap T21
	exact := map[string]float64{}
	for _, r := range goldenRows(t, "epsilon.csv") {
		if !isRDP(r) && r.setting != "H" {
			exact[r.setting] = r.value
		}
	}
	n, worst := 0, 0.0
	for _, r := range goldenRows(t, "epsilon.csv") {
		if !isRDP(r) {
			continue
		}
		g, err := Epsilon(one(r), r.delta, ZeroOut)
		if err != nil {
			t.Fatal(err)
		}
		rel := math.Abs(g.Epsilon/r.value - 1)
		worst = math.Max(worst, rel)
		if !(rel <= 1e-4) {
			t.Errorf("%s: ε %.8g at order %.6g, want %.8g at %.6g", r.setting, g.Epsilon, g.Order, r.value, r.order)
		}
		if e, ok := exact[r.setting]; !ok || g.Epsilon < e {
			t.Errorf("%s: ε %.10g is below the exact %.10g", r.setting, g.Epsilon, e)
		}
		if g.Warning != "" {
			t.Errorf("%s: %s", r.setting, g.Warning)
		}
		n++
	}
	if n != 52 || len(exact) != 52 {
		t.Errorf("%d settings, %d exact values, want 52", n, len(exact))
	}
	t.Logf("largest relative difference %.1e", worst)
}
