package run

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"hash"
	"io"
	"strings"
)

// Checkpoint is all that continues a run beside its config, its key and its ledger. docs/format/checkpoint.md
// describes the file.
type Checkpoint struct {
	ConfigHash string  `json:"config_hash"`
	Version    string  `json:"version"` // of the program, and
	Kernels    string  `json:"kernels"` // its kernel path: with others a redone step would have other bits
	KeyID      string  `json:"key_id"`  // of the key in force; KeyID(key)
	Records    string  `json:"records"` // identity of the data set's content and of the split: a redo must see the same
	Step       uint64  `json:"step"`    // steps done
	Charged    int64   `json:"charged"` // events in the ledger that paid for these steps, and for any before a change of key
	Seconds    float64 `json:"seconds"` // training time so far

	Weights   [][]float32 `json:"-"`
	Optimizer [][]float32 `json:"-"`
}

const (
	checkpointMagic  = "HUSHCKP1" // the last byte is the version
	maxCheckpointTop = 1 << 20    // bytes of header; a net of 10,000 tensors needs a tenth
)

// checkpointTop is the JSON header.
type checkpointTop struct {
	Checkpoint
	WeightSizes    []int `json:"weight_sizes"`
	OptimizerSizes []int `json:"optimizer_sizes"`
}

// KeyID names a key without telling it: the first 128 bits of SHA-256 under a domain of its own.
func KeyID(key [32]byte) string {
	h := sha256.New()
	io.WriteString(h, "hush key id\n")
	h.Write(key[:])
	return hexOf(h.Sum(nil)[:16])
}

// WriteTo writes magic, header length, header, weights, optimizer state, and a SHA-256 of all of it.
func (c *Checkpoint) WriteTo(w io.Writer) (int64, error) {
	top := checkpointTop{Checkpoint: *c, WeightSizes: sizesOf(c.Weights), OptimizerSizes: sizesOf(c.Optimizer)}
	header, err := json.Marshal(top)
	if err != nil {
		return 0, err
	}
	if len(header) > maxCheckpointTop {
		return 0, formatError("checkpoint", "needs a header of %d bytes, at most %d are written", len(header), maxCheckpointTop)
	}
	out := &summed{w: bufio.NewWriterSize(w, 1<<16), h: sha256.New()}
	out.Write([]byte(checkpointMagic))
	out.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(header))))
	out.Write(header)
	for _, t := range append(append([][]float32{}, c.Weights...), c.Optimizer...) {
		writeFloats(out, t)
	}
	out.Write(out.h.Sum(nil))
	if out.err == nil {
		out.err = out.w.Flush()
	}
	return out.n, out.err
}

// summed hashes what it writes and keeps the first error.
type summed struct {
	w   *bufio.Writer
	h   hash.Hash
	n   int64
	err error
}

func (s *summed) Write(b []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	s.h.Write(b)
	n, err := s.w.Write(b)
	s.n, s.err = s.n+int64(n), err
	return n, err
}

func sizesOf(t [][]float32) []int {
	sizes := make([]int, len(t))
	for i, v := range t {
		sizes[i] = len(v)
	}
	return sizes
}

// ParseCheckpoint reads what WriteTo wrote. Anything else, one flipped bit included, is an error that wraps ErrFormat.
func ParseCheckpoint(text []byte) (*Checkpoint, error) {
	magic, version := checkpointMagic[:len(checkpointMagic)-1], checkpointMagic[len(checkpointMagic)-1:]
	start := len(checkpointMagic) + 4
	if len(text) < start+sha256.Size || !strings.HasPrefix(string(text[:start]), magic) {
		return nil, formatError("checkpoint", "is not one")
	}
	if got := string(text[len(magic) : len(magic)+1]); got != version {
		return nil, formatError("checkpoint", "has version %q, this program reads %q", got, version)
	}
	body, sum := text[:len(text)-sha256.Size], text[len(text)-sha256.Size:]
	if want := sha256.Sum256(body); !bytes.Equal(sum, want[:]) {
		return nil, formatError("checkpoint", "has a wrong checksum")
	}
	n := binary.LittleEndian.Uint32(text[len(checkpointMagic):])
	if n > maxCheckpointTop || int(n) > len(body)-start {
		return nil, formatError("checkpoint", "has a header of %d bytes in a file of %d", n, len(text))
	}
	var top checkpointTop
	if err := json.Unmarshal(body[start:start+int(n)], &top); err != nil {
		return nil, formatError("checkpoint", "has a header that cannot be read: %v", err)
	}
	rest := body[start+int(n):]
	c := top.Checkpoint
	for _, part := range []struct {
		sizes []int
		to    *[][]float32
	}{{top.WeightSizes, &c.Weights}, {top.OptimizerSizes, &c.Optimizer}} {
		for _, size := range part.sizes {
			if size < 0 || size > len(rest)/4 {
				return nil, formatError("checkpoint", "ends before its tensors do")
			}
			*part.to = append(*part.to, readFloats(rest[:4*size]))
			rest = rest[4*size:]
		}
	}
	if len(rest) > 0 {
		return nil, formatError("checkpoint", "has %d bytes after its tensors", len(rest))
	}
	return &c, nil
}
