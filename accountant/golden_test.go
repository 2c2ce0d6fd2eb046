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

func golden(t testing.TB, file string) []row {
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
	for _, r := range golden(t, "rdp.csv") {
		e := SampledGaussian{SampleRate: r.q, NoiseMultiplier: r.sigma}
		got, err := e.RDP(Neighbors{ZeroOut, Remove, 1}, r.order)
		if err != nil {
			t.Fatal(err)
		}
		if rel := math.Abs(got/r.value - 1); !(rel <= 1e-12) {
			t.Errorf("%s at order %g: %.17g, want %.17g (relative error %.1e)", e, r.order, got, r.value, rel)
		}
		n++
	}
	if n != 34 {
		t.Errorf("%d golden values, want 34", n)
	}
}
