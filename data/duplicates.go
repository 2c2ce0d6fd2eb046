package data

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
)

// Overlap counts exact duplicates (same stored features, same class) between two lists of a split, or within one.
type Overlap struct {
	A   string `json:"a"`
	B   string `json:"b"`
	InA int    `json:"in_a"` // records of A that also occur in B; if A is B, records that occurred before
	InB int    `json:"in_b"` // records of B that also occur in A
}

// Overlaps finds exact duplicates across the lists of a split, in the order of the lists; pairs without any are left
// out. The counts are private: they depend on records.
func Overlaps(s *Set, split *Split) []Overlap {
	lists := split.lists()
	type group struct {
		first int   // a record of this content
		in    []int // how often it occurs, per list
	}
	seed := maphash.MakeSeed()
	groups := map[uint64][]*group{} // by hash; a bucket with two entries is a collision, told apart by content
	var a, b []byte
	for k, l := range lists {
		for _, i := range *l.index {
			if s.IsNull(i) {
				continue
			}
			a = s.content(a[:0], i)
			h := maphash.Bytes(seed, a)
			var g *group
			for _, known := range groups[h] {
				if b = s.content(b[:0], known.first); bytes.Equal(a, b) {
					g = known
				}
			}
			if g == nil {
				g = &group{i, make([]int, len(lists))}
				groups[h] = append(groups[h], g)
			}
			g.in[k]++
		}
	}
	pairs := make([]Overlap, len(lists)*len(lists))
	for _, bucket := range groups {
		for _, g := range bucket {
			for x, n := range g.in {
				for y := x; y < len(lists); y++ {
					p := &pairs[x*len(lists)+y]
					if m := g.in[y]; x == y && n > 1 {
						p.InA, p.InB = p.InA+n-1, p.InB+n-1
					} else if x != y && n > 0 && m > 0 {
						p.InA, p.InB = p.InA+n, p.InB+m
					}
				}
			}
		}
	}
	var out []Overlap
	for x := range lists {
		for y := range lists {
			if p := pairs[x*len(lists)+y]; p.InA > 0 {
				p.A, p.B = lists[x].name, lists[y].name
				out = append(out, p)
			}
		}
	}
	return out
}

// content appends the class and the stored features of record i.
func (s *Set) content(dst []byte, i int) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(s.labels[i]))
	r, at := s.stored(i)
	return r.raw(dst, at)
}
