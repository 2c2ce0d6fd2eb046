package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// everyPath runs f once for each path that this machine has.
func everyPath(t *testing.T, f func(t *testing.T, k *Kernels)) {
	t.Helper()
	for l := levelPortable; l <= detect(); l++ {
		k, err := Select(l.String())
		if err != nil {
			t.Fatal(err)
		}
		t.Run(k.Name(), func(t *testing.T) { f(t, k) })
	}
}

// rounds is n, or a tenth of it in the slow builds of the race detector.
func rounds(n int) int {
	if raceBuild {
		return n / 10
	}
	return n
}

func source(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// canary is a NaN whose payload no arithmetic produces, so both a write over it and a read of it (the result would be
// NaN) are seen.
var canary = math.Float32frombits(0x7fc5ca1e)

// guarded is a slice with canaries on both sides.
type guarded struct {
	whole []float32
	v     []float32
}

const band = 40

// guard returns n values at an odd alignment, filled by f.
func guard(n int, f func() float32) guarded {
	whole := make([]float32, n+2*band+1)
	for i := range whole {
		whole[i] = canary
	}
	v := whole[band+1 : band+1+n : band+1+n]
	for i := range v {
		v[i] = f()
	}
	return guarded{whole, v}
}

func (g guarded) check(t *testing.T, what string) {
	t.Helper()
	for i, v := range g.whole {
		if (i <= band || i > band+len(g.v)) && math.Float32bits(v) != math.Float32bits(canary) {
			t.Fatalf("%s: wrote outside, at %d of %d", what, i-band-1, len(g.v))
		}
	}
}

func sameBits(t *testing.T, what string, got, want []float32) {
	t.Helper()
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) && !(got[i] != got[i] && want[i] != want[i]) {
			t.Fatalf("%s: element %d is %g (%#x), want %g (%#x)", what, i, got[i], math.Float32bits(got[i]), want[i], math.Float32bits(want[i]))
		}
	}
}

// ulps is the distance of got from want in units of the last place of want as a float32 (denormals: 2⁻¹⁴⁹).
func ulps(got float32, want float64) float64 {
	w := math.Abs(want)
	_, e := math.Frexp(w)
	unit := math.Ldexp(1, max(e-24, -149))
	if w == 0 {
		unit = math.Ldexp(1, -149)
	}
	return math.Abs(float64(got)-want) / unit
}

func TestSelect(t *testing.T) {
	k, err := Select("auto")
	if err != nil || raceBuild && k.Name() != "portable" || !raceBuild && k.Name() != detect().String() {
		t.Errorf("auto: %v, %v", k, err)
	}
	for _, name := range []string{"", "sse", "AVX512"} {
		if _, err := Select(name); err == nil {
			t.Errorf("%q was accepted", name)
		} else if fmt.Sprint(err) == "" {
			t.Error("empty error")
		}
	}
	if new(Kernels).Name() != "portable" {
		t.Error("the zero value is not the portable path")
	}
}
