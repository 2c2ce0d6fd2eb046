package audit

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// reference is testdata/reference.json, written by testdata/make_reference.py with scipy 1.17.1, scikit-learn 1.9.1.
type reference struct {
	Rankings []struct {
		Name      string
		Score     []float64
		Member    []bool
		AUC       float64 // sklearn.metrics.roc_auc_score
		Variance  float64 // DeLong by its definition, over all pairs
		Low, High float64
		Advantage float64               // sklearn.metrics.roc_curve
		P         float64               // scipy.stats.mannwhitneyu
		TPRAt     map[string][3]float64 `json:"tpr_at"` // roc_curve and scipy.stats.binomtest: TPR, low, high
	}
	ClopperPearson [][5]float64 `json:"clopper_pearson"`
	OneRun         [][8]float64 `json:"one_run"`
	Ceilings       [][6]float64
	GDP            [][6]float64
}

func loadReference(t *testing.T) reference {
	t.Helper()
	raw, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var r reference
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Rankings) == 0 || len(r.ClopperPearson) == 0 || len(r.OneRun) == 0 || len(r.Ceilings) == 0 || len(r.GDP) == 0 {
		t.Fatal("the fixture has an empty part")
	}
	return r
}

func TestRankingAgainstReference(t *testing.T) {
	for _, c := range loadReference(t).Rankings {
		t.Run(c.Name, func(t *testing.T) {
			r, err := Rank(c.Score, c.Member)
			if err != nil {
				t.Fatal(err)
			}
			auc, variance := r.deLong()
			near(t, "AUC", auc, c.AUC, 1e-14)
			near(t, "variance", variance, c.Variance, 1e-14)
			i, err := r.AUCInterval(.95)
			if err != nil {
				t.Fatal(err)
			}
			near(t, "low", i.Low, c.Low, 1e-12)
			near(t, "high", i.High, c.High, 1e-12)
			near(t, "advantage", r.Advantage(), c.Advantage, 1e-14)
			near(t, "p", r.PValue(), c.P, 1e-12)
			for key, fpr := range map[string]float64{"0.001": .001, "0.01": .01, "0.1": .1} {
				got, err := r.TPRAt(fpr, .95)
				if err != nil {
					t.Fatal(err)
				}
				want := c.TPRAt[key]
				near(t, "TPR at "+key, got.TPR, want[0], 1e-14)
				near(t, "low at "+key, got.Low, want[1], 1e-10)
				near(t, "high at "+key, got.High, want[2], 1e-10)
			}
		})
	}
}

func TestIntervalsAgainstReference(t *testing.T) {
	r := loadReference(t)
	for _, c := range r.ClopperPearson {
		i, err := ClopperPearson(int(c[0]), int(c[1]), c[2])
		if err != nil {
			t.Fatal(err)
		}
		near(t, "Clopper–Pearson low", i.Low, c[3], 1e-10)
		near(t, "Clopper–Pearson high", i.High, c[4], 1e-10)
	}
	for _, c := range r.OneRun {
		a := OneRun{int(c[0]), int(c[1]), int(c[2])}
		p, err := a.PValue(c[3], c[4])
		if err != nil {
			t.Fatal(err)
		}
		near(t, "one-run p", p, c[5], 1e-9*math.Max(1e-3, c[5]))
		for j, level := range []float64{.95, .999} {
			e, err := a.EpsilonLower(c[4], level)
			if err != nil {
				t.Fatal(err)
			}
			near(t, "one-run ε_lower", e, c[6+j], 3e-9)
		}
	}
}

func TestCeilingsAgainstReference(t *testing.T) {
	r := loadReference(t)
	for _, c := range r.Ceilings { // AUC by quadrature of the region's border, advantage on its corner
		claim := Claim{Epsilon: c[0], Delta: c[1], Private: true}
		near(t, "AUC ceiling", claim.AUCCeiling(), c[2], 1e-10)
		near(t, "advantage ceiling", claim.AdvantageCeiling(), c[3], 1e-12)
		near(t, "TPR ceiling at .001", claim.TPRCeiling(.001), c[4], 1e-12)
		near(t, "TPR ceiling at .01", claim.TPRCeiling(.01), c[5], 1e-12)
	}
	for _, c := range r.GDP {
		g := GDP{c[0]}
		near(t, "GDP AUC", g.AUC(), c[1], 1e-12)
		near(t, "GDP advantage", g.Advantage(), c[2], 1e-12)
		near(t, "GDP TPR", g.TPR(.001), c[3], 1e-12)
		near(t, "GDP δ", g.Delta(1), c[4], 1e-14)
		e, err := g.Epsilon(1e-5)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "GDP ε", e, c[5], 1e-8)
		if e == 0 {
			continue
		}
		back, err := GDPOf(Claim{Epsilon: e, Delta: 1e-5, Private: true})
		if err != nil {
			t.Fatal(err)
		}
		near(t, "GDP μ of its ε", back.Mu, c[0], 1e-8)
	}
}
