//go:build nightly

package audit

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mathext"
)

// TestAUCIntervalCovers: scores N(μ, 1) against N(0, 1), whose AUC is Φ(μ/√2). 4,000 draws a cell put the share covered
// within .0117 of its mean (z = 3.4 over 16 cells, false alarm about 1 %); the interval is asymptotic, so the band is
// 93–97 % from 50 units a side on.
func TestAUCIntervalCovers(t *testing.T) {
	const draws = 4000
	for _, size := range [][2]int{{50, 50}, {50, 200}, {200, 200}, {1000, 500}} {
		for _, auc := range []float64{.5, .6, .8, .95} {
			rng, mu, covered := rand.New(rand.NewPCG(uint64(size[0]), math.Float64bits(auc))), math.Sqrt2*mathext.NormalQuantile(auc), 0
			score, member := make([]float64, size[0]+size[1]), make([]bool, size[0]+size[1])
			for range draws {
				for i := range score {
					score[i], member[i] = rng.NormFloat64(), i < size[0]
					if member[i] {
						score[i] += mu
					}
				}
				if interval(t, rank(t, score, member), .95).Covers(auc) {
					covered++
				}
			}
			share := float64(covered) / draws
			t.Logf("%v, AUC %v: %.4f", size, auc, share)
			if share < .93 || share > .97 {
				t.Errorf("%v, AUC %v: a share of %.4f covered", size, auc, share)
			}
		}
	}
}

// TestControlsPassSoundAudits: each control may fail once in 1,000; 1,000 audits, 8 failures or more: 1e-5.
func TestControlsPassSoundAudits(t *testing.T) {
	negative, law := 0, 0
	for seed := range uint64(1000) {
		s := synthetic(400, 4, 3, 90000+seed)
		c, err := negativeControl(t.Context(), Catalog(), s, seed)
		if err != nil {
			t.Fatal(err)
		}
		if !c.OK {
			negative++
		}
		if c, err = sameLaw(t.Context(), Catalog(), synthetic(400, 4, 0, 70000+seed), seed); err != nil {
			t.Fatal(err)
		}
		if !c.OK {
			law++
		}
	}
	t.Logf("failed of 1000: negative %d, same law %d", negative, law)
	if negative > 7 || law > 7 {
		t.Errorf("failed of 1000: negative %d, same law %d", negative, law)
	}
}

// TestEpsilonLowerIsValid: the whole bound with all scores and rules on randomized response of exactly ε, 1,000 audits;
// 5 % nominal, at most 6.7 %.
func TestEpsilonLowerIsValid(t *testing.T) {
	for _, epsilon := range []float64{.1, 1, 3} {
		rng, over := rand.New(rand.NewPCG(17, math.Float64bits(epsilon))), 0
		for range 1000 {
			s, score := &Signals{}, make([]float64, 1000)
			for i := range score {
				s.Index, s.Member = append(s.Index, i), append(s.Member, rng.IntN(2) == 1)
				if s.Member[i] == (rng.Float64() < logistic(epsilon)) {
					score[i] = 1
				}
			}
			e, err := bound([]scored{{loss(), score}, {hinge(), score}}, s, Claim{Epsilon: epsilon, Delta: 1e-5, Private: true}, .95, 0, 1)
			if err != nil {
				t.Fatal(err)
			}
			if e.EpsilonLower > epsilon {
				over++
			}
		}
		t.Logf("ε = %v: %d of 1000 above", epsilon, over)
		if over > 67 {
			t.Errorf("ε = %v: %d of 1000 bounds above it", epsilon, over)
		}
	}
}
