package simd

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"testing"
)

// noisePaths are the paths of this machine; the portable one defines the stream.
func noisePaths(t testing.TB) []*Kernels {
	var all []*Kernels
	for _, name := range []string{"portable", "avx2", "avx512"} {
		if k, err := Select(name); err == nil {
			all = append(all, k)
		} else {
			t.Log(err)
		}
	}
	return all
}

func noiseKey() *[32]byte {
	var k [32]byte
	for i := range k {
		k[i] = byte(i)
	}
	return &k
}

// RFC 8439, section 2.3.2.
func TestChaCha20Vector(t *testing.T) {
	const want = "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e" +
		"d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e"
	var x [16]uint32
	ChaCha20(&x, noiseKey(), 1, [3]uint32{0x09000000, 0x4a000000, 0})
	var b []byte
	for _, v := range x {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	if got := hex.EncodeToString(b); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// The stream as its comment states it, one value at a time, against whole blocks of every path.
func TestNormalIsTheStatedStream(t *testing.T) {
	const step, tensor, block = 0x123456789abcdef, 77, 4099
	key := noiseKey()
	dst := make([]float32, NoiseBlock)
	for _, k := range noisePaths(t) {
		k.Normal(dst, key, step, tensor, block)
		for i, z := range dst {
			g, p, second, l := i/256, i%256/32, i/16%2, i%16
			var x [16]uint32
			ChaCha20(&x, key, block<<8|uint32(g<<4|l), [3]uint32{tensor, step & 0xffffffff, step >> 32})
			z0, z1 := boxMuller(radius(x[2*p], x[2*p+1]), x[2*p+1])
			if want := [2]float32{z0, z1}[second]; z != want {
				t.Fatalf("%s: value %d is %v, want %v", k.Name(), i, z, want)
			}
		}
	}
}

// Every path gives the bits of the portable one, on addresses far apart.
func TestNormalSameBitsOnEveryPath(t *testing.T) {
	a, b := make([]float32, NoiseBlock), make([]float32, NoiseBlock)
	var portable Kernels
	for _, k := range noisePaths(t) {
		for i := range 64 {
			step, tensor, block := uint64(i)*0x9e3779b97f4a7c15, uint32(i)*0x85ebca6b, uint32(i)*0xc2b2ae35%NoiseBlocks
			k.Normal(a, noiseKey(), step, tensor, block)
			portable.Normal(b, noiseKey(), step, tensor, block)
			for j := range a {
				if math.Float32bits(a[j]) != math.Float32bits(b[j]) {
					t.Fatalf("%s: step %d tensor %d block %d value %d: %v, portable %v", k.Name(), step, tensor, block, j, a[j], b[j])
				}
			}
		}
	}
}

// A short call gives the beginning of the block and touches nothing else.
func TestNormalPrefix(t *testing.T) {
	whole := make([]float32, NoiseBlock)
	for _, k := range noisePaths(t) {
		k.Normal(whole, noiseKey(), 9, 4, 2)
		for _, n := range []int{0, 1, 15, 16, 17, 255, 256, 257, 512, 1000, 4095, 4096} {
			part := make([]float32, n+8)
			for i := range part {
				part[i] = -100
			}
			k.Normal(part[:n], noiseKey(), 9, 4, 2)
			for i, z := range part {
				want := float32(-100)
				if i < n {
					want = whole[i]
				}
				if z != want {
					t.Fatalf("%s, length %d: value %d is %v, want %v", k.Name(), n, i, z, want)
				}
			}
		}
	}
}

// Blocks with a pair that needs its tail word (found by search): all paths agree on them, in whole and in part.
func TestNormalTail(t *testing.T) {
	key := noiseKey()
	for _, at := range []struct {
		step   uint64
		tensor uint32
		block  uint32
		place  int // of the pair's first value
	}{{7, 3, 26422, 1926}, {1<<33 + 7, 3, 211680, 943}} {
		var x, y [16]uint32
		nonce := [3]uint32{at.tensor, uint32(at.step), uint32(at.step >> 32)}
		ChaCha20(&x, key, at.block<<8|uint32(at.place/256<<4|at.place%16), nonce)
		ChaCha20(&y, key, 1<<31|at.block<<8|uint32(at.place>>4), nonce)
		p := at.place % 256 / 16
		if x[p] >= tailLimit {
			t.Fatalf("radius word is %d: this is no tail pair", x[p])
		}
		z0, z1 := boxMuller(tailRadius(x[p], x[p+1], y[at.place%16]), x[p+1])
		for _, k := range noisePaths(t) {
			for _, n := range []int{NoiseBlock, at.place + 17, at.place + 20} {
				dst := make([]float32, n)
				k.Normal(dst, key, at.step, at.tensor, at.block)
				if dst[at.place] != z0 || dst[at.place+16] != z1 {
					t.Errorf("%s, length %d: %v, %v, want %v, %v", k.Name(), n, dst[at.place], dst[at.place+16], z0, z1)
				}
			}
		}
		if r := math.Hypot(float64(z0), float64(z1)); r < math.Sqrt(2*28*math.Ln2) {
			t.Errorf("radius %v is not in the tail", r)
		}
	}
}

func TestNormalAllocatesNothing(t *testing.T) {
	dst := make([]float32, 1000)
	for _, k := range noisePaths(t) {
		key := noiseKey()
		if n := testing.AllocsPerRun(5, func() { k.Normal(dst, key, 1, 2, 3) }); n != 0 {
			t.Errorf("%s: %v allocations", k.Name(), n)
		}
	}
}

func BenchmarkNormal(b *testing.B) {
	dst := make([]float32, NoiseBlock)
	for _, k := range noisePaths(b) {
		b.Run(k.Name(), func(b *testing.B) {
			key := noiseKey()
			b.SetBytes(4 * NoiseBlock)
			for i := 0; b.Loop(); i++ {
				k.Normal(dst, key, uint64(i), 0, 0)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/NoiseBlock, "ns/value")
		})
	}
}
