package simd

import (
	"math"
	"math/rand/v2"
	"testing"
)

// pairVersions are the assembly versions of Box-Muller, each with the path that must exist to run it.
var pairVersions = []struct {
	path string
	run  func(dst *float32, groups int) uint32
}{
	{"avx2", pairsAVX2},
	{"avx512", pairsAVX512},
}

// The second half of each assembly path against the portable code on crafted words: radius words log-uniform towards
// both ends and at the seams of its cases, angle words at theirs; and the flag that asks for the tail, exactly.
func TestNormalPairsOnCraftedWords(t *testing.T) {
	for _, v := range pairVersions {
		t.Run(v.path, func(t *testing.T) {
			if _, err := Select(v.path); err != nil {
				t.Skip(err)
			}
			craftedPairs(t, v.run)
		})
	}
}

func craftedPairs(t *testing.T, run func(dst *float32, groups int) uint32) {
	rng := rand.New(rand.NewPCG(3, 4))
	radii := []uint32{16, 17, 255, 256, 0x3fffffff, 0x40000000, 0x5fffffff, 0x60000000, 0x7fffff80, 0x7fffffff,
		0x80000000, 0x80000001, 0xbfffffff, 0xc0000000, 0xc0000001, 0xffffff7f, 0xffffffff}
	angles := []uint32{0, 0xffffffff, 0x003fffff, 0x001fffff, 0x00200000, 0xff000000}
	var w [groupValues]uint32
	var z [groupValues]float32
	load := func() {
		for i, x := range w {
			z[i] = math.Float32frombits(x)
		}
	}
	for it := range 5000 {
		for i := range w {
			w[i] = rng.Uint32()
			if i&16 != 0 {
				if rng.IntN(4) == 0 {
					w[i] = angles[rng.IntN(len(angles))]
				}
				continue
			}
			switch it % 4 {
			case 0:
				w[i] >>= rng.Uint32N(28)
			case 1:
				w[i] = ^(w[i] >> rng.Uint32N(33))
			case 2:
				w[i] = radii[rng.IntN(len(radii))]
			}
			w[i] = max(w[i], tailLimit)
		}
		load()
		if run(&z[0], 1) != 0 {
			t.Fatal("the tail is asked for without cause")
		}
		for i := range w {
			if i&16 != 0 {
				continue
			}
			z0, z1 := boxMuller(radius(w[i], w[i+16]), w[i+16])
			if math.Float32bits(z[i]) != math.Float32bits(z0) || math.Float32bits(z[i+16]) != math.Float32bits(z1) {
				t.Fatalf("words %08x %08x: %v, %v, want %v, %v", w[i], w[i+16], z[i], z[i+16], z0, z1)
			}
		}
		w[rng.IntN(groupValues)&^16] = rng.Uint32N(tailLimit)
		load()
		if run(&z[0], 1) == 0 {
			t.Fatal("a radius word below the limit is not noticed")
		}
	}
}
