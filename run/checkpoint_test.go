package run

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

func drawTensors(t *rapid.T, label string) (list [][]float32) {
	for range rapid.IntRange(0, 3).Draw(t, label) {
		list = append(list, rapid.SliceOfN(rapid.Float32(), 0, 20).Draw(t, "values"))
	}
	return list
}

func TestCheckpointRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := &Checkpoint{
			ConfigHash: rapid.String().Draw(t, "hash"), Version: "v", Kernels: "avx2", KeyID: KeyID([32]byte{7}),
			Step: rapid.Uint64Max(1<<53).Draw(t, "step"), Charged: rapid.Int64Min(0).Draw(t, "charged"), Seconds: 1.25,
			Weights: drawTensors(t, "weights"), Optimizer: drawTensors(t, "optimizer"),
		}
		c.ConfigHash = string(bytes.ToValidUTF8([]byte(c.ConfigHash), nil))
		var b bytes.Buffer
		n, err := c.WriteTo(&b)
		if err != nil || n != int64(b.Len()) {
			t.Fatalf("%d bytes of %d, %v", n, b.Len(), err)
		}
		back, err := ParseCheckpoint(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		for _, list := range [][][]float32{back.Weights, back.Optimizer} {
			for i := range list {
				if len(list[i]) == 0 {
					list[i] = []float32{}
				}
			}
		}
		if !reflect.DeepEqual(c, back) {
			t.Fatalf("wrote %+v, read %+v", c, back)
		}
	})
}

func smallCheckpoint(t testing.TB) []byte {
	t.Helper()
	c := &Checkpoint{ConfigHash: "h", Step: 3, Weights: [][]float32{{1, float32(math.Inf(1))}, {math.Float32frombits(0x7fc12345)}}, Optimizer: [][]float32{{4}}}
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestDamagedCheckpoint(t *testing.T) {
	text := smallCheckpoint(t)
	if c, err := ParseCheckpoint(text); err != nil || math.Float32bits(c.Weights[1][0]) != 0x7fc12345 {
		t.Fatalf("a NaN keeps its bits: %v", err)
	}
	for i := range text {
		bad := bytes.Clone(text)
		bad[i] ^= 0x10
		if _, err := ParseCheckpoint(bad); !errors.Is(err, ErrFormat) {
			t.Errorf("a flipped bit in byte %d: %v", i, err)
		}
		if _, err := ParseCheckpoint(text[:i]); !errors.Is(err, ErrFormat) {
			t.Errorf("cut at byte %d: %v", i, err)
		}
	}
	if _, err := ParseCheckpoint(append(bytes.Clone(text), 0)); !errors.Is(err, ErrFormat) {
		t.Errorf("a byte too much: %v", err)
	}
}

func TestCheckpointOfAnotherConfig(t *testing.T) {
	f := create(t)
	defer f.Close()
	if _, ok, err := f.LoadCheckpoint("h"); ok || err != nil {
		t.Errorf("none yet: %v, %v", ok, err)
	}
	if err := f.SaveCheckpoint(&Checkpoint{ConfigHash: "h", Step: 5}); err != nil {
		t.Fatal(err)
	}
	if c, ok, err := f.LoadCheckpoint("h"); !ok || err != nil || c.Step != 5 {
		t.Errorf("%v, %v", ok, err)
	}
	if _, _, err := f.LoadCheckpoint("other"); !errors.Is(err, ErrFormat) {
		t.Errorf("another config's: %v", err)
	}
}

// FuzzCheckpoint gives the parser bodies with a right checksum, so that it gets past it.
func FuzzCheckpoint(f *testing.F) {
	text := smallCheckpoint(f)
	f.Add(text[:len(text)-32])
	f.Add([]byte(checkpointMagic + "\x02\x00\x00\x00{}"))
	f.Add([]byte(checkpointMagic + "\x18\x00\x00\x00{\"weight_sizes\":[1,-1,9]}abcd"))
	f.Fuzz(func(t *testing.T, body []byte) {
		sum := sha256Sum(body)
		c, err := ParseCheckpoint(append(bytes.Clone(body), sum[:]...))
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Fatal(err)
			}
			return
		}
		var b bytes.Buffer
		if _, err := c.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		if back, err := ParseCheckpoint(b.Bytes()); err != nil || len(back.Weights) != len(c.Weights) {
			t.Fatal(err)
		}
	})
}
