package run

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// Tensor is a named float32 tensor, row-major.
type Tensor struct {
	Name  string
	Shape []int
	Data  []float32
}

// maxTensorHeader is the limit that the format's own implementation puts on its header.
const maxTensorHeader = 100_000_000

// WriteSafetensors writes tensors in the safetensors format, in the order given, with metadata in the order of its keys:
// same tensors, same bytes. docs/format/safetensors.md describes it.
func WriteSafetensors(w io.Writer, tensors []Tensor, metadata map[string]string) error {
	header, err := tensorHeader(tensors, metadata)
	if err != nil {
		return err
	}
	if _, err := w.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(header)))); err != nil {
		return err
	}
	if _, err := w.Write(header); err != nil {
		return err
	}
	for _, t := range tensors {
		if err := writeFloats(w, t.Data); err != nil {
			return err
		}
	}
	return nil
}

// tensorHeader is the JSON header, padded with spaces to a multiple of 8, so that the data is aligned.
func tensorHeader(tensors []Tensor, metadata map[string]string) ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	if len(metadata) > 0 {
		m, err := json.Marshal(metadata) // keys in order
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, `"__metadata__":%s`, m)
	}
	seen, offset := map[string]bool{}, 0
	for _, t := range tensors {
		size, ok := sizeOf(t.Shape)
		if !ok || size != len(t.Data) {
			return nil, fmt.Errorf("run: tensor %q has %d values, its shape %v does not", t.Name, len(t.Data), t.Shape)
		}
		if seen[t.Name] || t.Name == "__metadata__" || strings.ToValidUTF8(t.Name, "") != t.Name {
			return nil, fmt.Errorf("run: tensor name %q must be unique UTF-8 and not __metadata__", t.Name)
		}
		seen[t.Name] = true
		name, err := json.Marshal(t.Name)
		if err != nil {
			return nil, err
		}
		shape, err := json.Marshal(orEmpty(t.Shape))
		if err != nil {
			return nil, err
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `%s:{"dtype":"F32","shape":%s,"data_offsets":[%d,%d]}`, name, shape, offset, offset+4*size)
		offset += 4 * size
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	return b.Bytes(), nil
}

// sizeOf is the product of a shape; ok is false for a negative dimension or more values than an int holds bytes of.
func sizeOf(shape []int) (size int, ok bool) {
	size = 1
	for _, d := range shape {
		if d < 0 || d > 0 && size > math.MaxInt/4/d {
			return 0, false
		}
		size *= d
	}
	return size, true
}

// writeFloats writes v as little-endian bit patterns.
func writeFloats(w io.Writer, v []float32) error {
	var block [8192]byte
	for len(v) > 0 {
		n := min(len(v), len(block)/4)
		for i, x := range v[:n] {
			binary.LittleEndian.PutUint32(block[4*i:], math.Float32bits(x))
		}
		if _, err := w.Write(block[:4*n]); err != nil {
			return err
		}
		v = v[n:]
	}
	return nil
}

// readFloats is the inverse of writeFloats; len(b) must be a multiple of 4.
func readFloats(b []byte) []float32 {
	v := make([]float32, len(b)/4)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return v
}

// ReadSafetensors reads a whole file of float32 tensors, in the order in which their data lies. A file that is
// damaged, has tensors of another type, or whose data is not covered exactly once is an error that wraps ErrFormat.
func ReadSafetensors(text []byte) (tensors []Tensor, metadata map[string]string, err error) {
	if len(text) < 8 {
		return nil, nil, formatError("safetensors", "ends before its header")
	}
	n := binary.LittleEndian.Uint64(text)
	if n > maxTensorHeader || n > uint64(len(text)-8) {
		return nil, nil, formatError("safetensors", "has a header of %d bytes in a file of %d", n, len(text))
	}
	header, body := text[8:8+n], text[8+n:]
	entries, err := headerEntries(header)
	if err != nil {
		return nil, nil, err
	}
	type span struct {
		at [2]int
		t  Tensor
	}
	var spans []span
	for _, e := range entries {
		if e.name == "__metadata__" {
			if err := json.Unmarshal(e.value, &metadata); err != nil {
				return nil, nil, formatError("safetensors", "has metadata that are not texts")
			}
			continue
		}
		var d struct {
			Type  string `json:"dtype"`
			Shape []int  `json:"shape"`
			At    []int  `json:"data_offsets"`
		}
		if err := json.Unmarshal(e.value, &d); err != nil || len(d.At) != 2 {
			return nil, nil, formatError("safetensors", "has an entry %.40q that cannot be read", e.name)
		}
		if d.Type != "F32" {
			return nil, nil, formatError("safetensors", "has tensor %.40q of type %.10q, only F32 is read", e.name, d.Type)
		}
		size, ok := sizeOf(d.Shape)
		if !ok || d.At[0] < 0 || d.At[1] < d.At[0] || d.At[1] > len(body) || d.At[1]-d.At[0] != 4*size {
			return nil, nil, formatError("safetensors", "has tensor %.40q whose offsets do not fit its shape", e.name)
		}
		spans = append(spans, span{[2]int{d.At[0], d.At[1]}, Tensor{Name: e.name, Shape: d.Shape}})
	}
	slices.SortStableFunc(spans, func(a, b span) int {
		return slices.Compare(a.at[:], b.at[:])
	})
	end := 0
	for _, s := range spans {
		if s.at[0] != end {
			return nil, nil, formatError("safetensors", "has data that no tensor, or more than one, covers")
		}
		end = s.at[1]
		s.t.Data = readFloats(body[s.at[0]:end])
		tensors = append(tensors, s.t)
	}
	if end != len(body) {
		return nil, nil, formatError("safetensors", "has %d bytes after its last tensor", len(body)-end)
	}
	return tensors, metadata, nil
}

// headerEntry is one key of the header.
type headerEntry struct {
	name  string
	value json.RawMessage
}

// headerEntries reads the header key by key: a map would hide a name that occurs twice.
func headerEntries(header []byte) (entries []headerEntry, err error) {
	bad := func(err error) error {
		return formatError("safetensors", "has a header that is not a JSON object: %v", err)
	}
	dec := json.NewDecoder(bytes.NewReader(header))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, bad(err)
	}
	seen := map[string]bool{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, bad(err)
		}
		name, ok := key.(string)
		if !ok || seen[name] {
			return nil, formatError("safetensors", "names %.40q twice", name)
		}
		seen[name] = true
		var v json.RawMessage
		if err := dec.Decode(&v); err != nil {
			return nil, bad(err)
		}
		entries = append(entries, headerEntry{name, v})
	}
	if _, err := dec.Token(); err != nil {
		return nil, bad(err)
	}
	if rest := strings.Trim(string(header[dec.InputOffset():]), " "); rest != "" {
		return nil, formatError("safetensors", "has text after its header")
	}
	return entries, nil
}
