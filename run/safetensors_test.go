package run

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"
)

func sha256Sum(b []byte) [32]byte { return sha256.Sum256(b) }

func encode(t testing.TB, tensors []Tensor, meta map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteSafetensors(&b, tensors, meta); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var smallTensors = []Tensor{
	{"dense.weight", []int{2, 3}, []float32{1, 2, 3, 4, 5, 6}},
	{"scalar", []int{}, []float32{-0}},
	{"empty", []int{0, 7}, nil},
	{"ü \"x\"", []int{1}, []float32{math.MaxFloat32}},
}

// TestSafetensorsBytes holds the exact bytes of the format, written out by hand.
func TestSafetensorsBytes(t *testing.T) {
	header := `{"__metadata__":{"config_hash":"ab"},"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`
	for len(header)%8 != 0 {
		header += " "
	}
	want := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	want = append(append(want, header...), 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0) // 1, −2
	if got := encode(t, []Tensor{{"w", []int{2}, []float32{1, -2}}}, map[string]string{"config_hash": "ab"}); !bytes.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestSafetensorsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var tensors []Tensor
		for i := range rapid.IntRange(0, 4).Draw(t, "tensors") {
			shape := rapid.SliceOfN(rapid.IntRange(0, 4), 0, 3).Draw(t, "shape")
			size, _ := sizeOf(shape)
			tensors = append(tensors, Tensor{string(rune('a' + i)), shape, rapid.SliceOfN(rapid.Float32(), size, size).Draw(t, "values")})
		}
		meta := rapid.MapOf(rapid.StringMatching(`[a-z ü"]*`), rapid.StringMatching(`[a-z ü"]*`)).Draw(t, "metadata")
		var one, two bytes.Buffer
		if err := errors.Join(WriteSafetensors(&one, tensors, meta), WriteSafetensors(&two, tensors, meta)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(one.Bytes(), two.Bytes()) {
			t.Fatal("same tensors, other bytes")
		}
		back, gotMeta, err := ReadSafetensors(one.Bytes())
		if err != nil || len(back) != len(tensors) || len(gotMeta) != len(meta) {
			t.Fatalf("%d of %d tensors, %v", len(back), len(tensors), err)
		}
		var again bytes.Buffer
		if err := WriteSafetensors(&again, back, gotMeta); err != nil {
			t.Fatal(err)
		}
		// Empty tensors share their offset with the next: only then may the order differ.
		if a, b := sorted(one.Bytes()), sorted(again.Bytes()); !bytes.Equal(a, b) {
			t.Fatalf("read back, other bytes:\n%q\n%q", one.Bytes(), again.Bytes())
		}
	})
}

// sorted returns the bytes in order: equal for two files that differ in the order of their entries.
func sorted(b []byte) []byte {
	var count [256]int
	for _, c := range b {
		count[c]++
	}
	var out []byte
	for c, n := range count {
		out = append(out, bytes.Repeat([]byte{byte(c)}, n)...)
	}
	return out
}

func TestBadSafetensors(t *testing.T) {
	for _, c := range []struct {
		what   string
		tensor []Tensor
	}{
		{"too few values", []Tensor{{"a", []int{2}, []float32{1}}}},
		{"negative", []Tensor{{"a", []int{-1}, nil}}},
		{"a name twice", []Tensor{{"a", []int{0}, nil}, {"a", []int{0}, nil}}},
		{"the reserved name", []Tensor{{"__metadata__", []int{0}, nil}}},
		{"overflow", []Tensor{{"a", []int{1 << 40, 1 << 40}, nil}}},
	} {
		if err := WriteSafetensors(new(bytes.Buffer), c.tensor, nil); err == nil {
			t.Errorf("%s: written", c.what)
		}
	}
	whole := encode(t, smallTensors, map[string]string{"a": "b"})
	for i := range whole {
		if _, _, err := ReadSafetensors(whole[:i]); !errors.Is(err, ErrFormat) {
			t.Errorf("cut at byte %d: %v", i, err)
		}
	}
	with := func(header string, body int) []byte {
		b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
		return append(append(b, header...), make([]byte, body)...)
	}
	for _, c := range []struct {
		what string
		text []byte
	}{
		{"a header longer than the file", binary.LittleEndian.AppendUint64(nil, math.MaxUint64)},
		{"a list", with(`[]`, 0)},
		{"text behind", with(`{} x`, 0)},
		{"a name twice", with(`{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}`, 0)},
		{"another type", with(`{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}`, 4)},
		{"a hole", with(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8)},
		{"overlap", with(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4)},
		{"bytes left over", with(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 8)},
		{"offsets against shape", with(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, 4)},
		{"a huge shape", with(`{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}`, 0)},
		{"offsets behind the end", with(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 0)},
		{"metadata of numbers", with(`{"__metadata__":{"a":1}}`, 0)},
	} {
		if _, _, err := ReadSafetensors(c.text); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", c.what, err)
		}
	}
}

func FuzzSafetensors(f *testing.F) {
	f.Add(encode(f, smallTensors, map[string]string{"config_hash": "x"}))
	f.Add(encode(f, nil, nil))
	f.Add([]byte("\x02\x00\x00\x00\x00\x00\x00\x00{}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		tensors, meta, err := ReadSafetensors(text)
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Fatal(err)
			}
			return
		}
		var b bytes.Buffer
		if err := WriteSafetensors(&b, tensors, meta); err != nil {
			t.Fatalf("read, but cannot be written: %v", err)
		}
	})
}
