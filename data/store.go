package data

import (
	"encoding/binary"
	"math"
	"sort"
)

// store holds the records of a set as compactly as their file does.
type store interface {
	// gather writes record i into x. table gives the value of a stored byte, per channel.
	gather(x []float32, i int, table [][256]float32)
	// raw appends the stored bytes of record i: equal bytes, equal record.
	raw(dst []byte, i int) []byte
}

// pixels are records of width bytes, channels last, in one or more chunks of whole records.
type pixels struct {
	width  int
	chunks [][]byte
	starts []int // first record of each chunk, ascending; starts[0] = 0
}

// add appends a chunk of whole records.
func (p *pixels) add(chunk []byte) {
	next := 0
	if k := len(p.chunks); k > 0 {
		next = p.starts[k-1] + len(p.chunks[k-1])/p.width
	}
	p.chunks, p.starts = append(p.chunks, chunk), append(p.starts, next)
}

// at returns the bytes of record i, or nil for one behind the last chunk (a null record).
func (p *pixels) at(i int) []byte {
	k := sort.SearchInts(p.starts, i+1) - 1
	if k < 0 {
		return nil
	}
	i -= p.starts[k]
	if (i+1)*p.width > len(p.chunks[k]) {
		return nil
	}
	return p.chunks[k][i*p.width : (i+1)*p.width]
}

func (p *pixels) gather(x []float32, i int, table [][256]float32) {
	px := p.at(i)
	if len(table) == 1 {
		t := &table[0]
		for j, b := range px {
			x[j] = t[b]
		}
		return
	}
	for j := 0; j < len(px); j += len(table) {
		for c := range table {
			x[j+c] = table[c][px[j+c]]
		}
	}
}

func (p *pixels) raw(dst []byte, i int) []byte { return append(dst, p.at(i)...) }

// bits are records of width binary features, one bit each; a record begins at a byte.
type bits struct {
	width int // features
	x     []byte
}

func (b *bits) stride() int { return (b.width + 7) / 8 }

func (b *bits) at(i int) []byte { return b.x[i*b.stride() : (i+1)*b.stride()] }

func (b *bits) gather(x []float32, i int, table [][256]float32) {
	row, t := b.at(i), [2]float32{table[0][0], table[0][1]}
	for j := range x {
		x[j] = t[row[j/8]>>(j%8)&1]
	}
}

func (b *bits) raw(dst []byte, i int) []byte { return append(dst, b.at(i)...) }

// floats are records of width numbers, already in the range of the card.
type floats struct {
	width int
	x     []float32
}

func (f *floats) gather(x []float32, i int, _ [][256]float32) {
	copy(x, f.x[i*f.width:(i+1)*f.width])
}

func (f *floats) raw(dst []byte, i int) []byte {
	for _, v := range f.x[i*f.width : (i+1)*f.width] {
		dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(v))
	}
	return dst
}
