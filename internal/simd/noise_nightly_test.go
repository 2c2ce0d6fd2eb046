//go:build nightly

package simd

import (
	"fmt"
	"math"
	"testing"

	"hush/internal/stattest"
)

// The tests of TestNormalLaw over 1.3e8 values of each path but the portable, in 32 parts, and the counts beyond 2 to 6
// standard deviations over all of them. 325 tests a path at 1e-9: a false alarm in 3e6 keys (the key is fixed).
func TestNormalLawOfMany(t *testing.T) {
	const parts, blocks, alarm = 32, 1024, 1e-9
	for _, k := range noisePaths(t) {
		if k.Name() == "portable" {
			continue
		}
		t.Run(k.Name(), func(t *testing.T) {
			beyond := make([]int64, 7)
			x := make([]float32, blocks*NoiseBlock)
			for part := range parts {
				for b := range blocks {
					k.Normal(x[b*NoiseBlock:][:NoiseBlock], noiseKey(), 1000+uint64(part), uint32(b&3), uint32(b>>2))
				}
				for what, p := range normalLaw(x) {
					stattest.Accept(t, fmt.Sprintf("part %d, %s", part, what), p, alarm)
				}
				for _, v := range x {
					for z := int(max(v, -v)); z >= 2; z-- {
						beyond[min(z, 6)]++
					}
				}
			}
			for z := 2; z <= 6; z++ {
				p := math.Erfc(float64(z) / math.Sqrt2)
				stattest.Accept(t, fmt.Sprintf("beyond %d", z), stattest.Binomial(beyond[z], parts*blocks*NoiseBlock, p), alarm)
			}
		})
	}
}

// The exact tail of the discrete law: the float32 radii of the code against an ideal cosine on the 2²⁴ angles, every
// radius word below 2¹⁴ by itself with its tail word by 2¹⁴ midpoints an octave, those above by 2¹⁸ an octave.
func TestNormalTailLaw(t *testing.T) {
	const single = 1 << 22 // radius words k of 40 bits below it are summed one by one
	for _, c := range []struct{ z, allowed float64 }{{1, 2e-7}, {2, 2e-7}, {3, 2e-7}, {4, 2e-7}, {5, 2e-7}, {6, 2e-7}, {7, 2e-7}, {7.5, 2e-7}, {8.5, 2e-6}, {9, 1e-5}} {
		var sum float64
		add := func(r float32, weight float64) bool {
			if float64(r) <= c.z {
				return false
			}
			sum += weight * 4 * math.Floor(math.Acos(c.z/float64(r))/(2*math.Pi)*(1<<24)+0.5)
			return true
		}
		tail := func(v uint64, weight float64) bool {
			return add(tailRadius(uint32(v>>40), uint32(v>>32)<<24, uint32(v)), weight)
		}
		for v := uint64(0); v < 1<<15; v++ {
			tail(v, 0x1p-32)
		}
		for a := 15; a < 44; a++ {
			step := uint64(1) << (a - 14)
			for i := uint64(0); i < 1<<14 && tail(1<<a+i*step+step/2, float64(step)*0x1p-32); i++ {
			}
		}
		for k := uint32(tailLimit << 8); k < single && add(radius(k>>8, k<<24), 1); k++ {
		}
		for a := 22; a < 40; a++ {
			step := max(16, uint64(1)<<(a-18))
			for k := uint64(1)<<a + step/2; k < 2<<a && add(radius(uint32(k>>8), uint32(k)<<24), float64(step)); k += step {
			}
		}
		p, want := sum*0x1p-64, math.Erfc(c.z/math.Sqrt2)
		t.Logf("P(|Z| > %v) is %.6e, relative error %+.1e", c.z, p, p/want-1)
		if math.Abs(p/want-1) > c.allowed {
			t.Errorf("P(|Z| > %v) is %v, want %v", c.z, p, want)
		}
	}
}
