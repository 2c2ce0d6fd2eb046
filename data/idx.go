package data

import (
	"encoding/binary"
	"io"
	"strings"
)

// idxSet completes the card of a set of four IDX files: train and test images and labels, named as MNIST names them.
// sums holds the checksums of train images, train labels, test images and test labels.
func idxSet(c *Card, mirrors []string, sizes [4]int64, sums [4][]Hash) *Card {
	for i, name := range []string{"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"} {
		f := File{Name: name, Size: sizes[i], Variants: []Variant{{Hashes: sums[i]}}}
		for _, m := range mirrors {
			f.URLs = append(f.URLs, m+name)
		}
		c.Files = append(c.Files, f)
	}
	c.read = readIDXSet
	return c
}

func readIDXSet(in *input) (*decoded, error) {
	out := new(decoded)
	err := in.walk(func(name string, r io.Reader) error {
		b := &out[0]
		if strings.HasPrefix(name, "t10k") {
			b = &out[2]
		}
		if strings.Contains(name, "labels") {
			labels, err := readIDX(r, 1, 1)
			b.labels = byteLabels(labels)
			return err
		}
		px := &pixels{width: in.card.Shape.Size()}
		images, err := readIDX(r, in.card.Shape.H, in.card.Shape.W)
		px.add(images)
		b.records = px
		return err
	})
	if err != nil {
		return nil, err
	}
	for p, name := range map[int]string{0: "train", 2: "t10k"} {
		px := out[p].records.(*pixels)
		if images := len(px.chunks[0]) / px.width; images != len(out[p].labels) {
			return nil, corrupt("%s files hold %d images and %d labels", name, images, len(out[p].labels))
		}
	}
	return out, nil
}

// readIDX reads an IDX file of unsigned bytes (big-endian header: 0, 0, type 8, rank, then one 32-bit size per
// dimension) with records of h×w bytes: images of rank 3, or for h = w = 1 labels of rank 1.
func readIDX(r io.Reader, h, w int) ([]byte, error) {
	rank, want := 3, []uint32{uint32(h), uint32(w)}
	if h*w == 1 {
		rank, want = 1, nil
	}
	head := make([]byte, 4+4*rank)
	if _, err := io.ReadFull(r, head[:4]); err != nil {
		return nil, unreadable(err)
	}
	if head[0] != 0 || head[1] != 0 || head[2] != 8 || int(head[3]) != rank {
		return nil, corrupt("begins with % x, want an IDX file of bytes with %d dimensions (00 00 08 %02x)", head[:4], rank, rank)
	}
	if _, err := io.ReadFull(r, head[4:]); err != nil {
		return nil, unreadable(err)
	}
	for i, side := range want {
		if got := binary.BigEndian.Uint32(head[8+4*i:]); got != side {
			return nil, corrupt("dimension %d is %d, want %d", i+2, got, side)
		}
	}
	return readExactly(r, int64(binary.BigEndian.Uint32(head[4:]))*int64(h*w))
}

// readExactly is readUpTo for the last n bytes of r.
func readExactly(r io.Reader, n int64) ([]byte, error) {
	b, err := readUpTo(r, n)
	if err != nil {
		return nil, err
	}
	var more [1]byte
	if k, err := io.ReadFull(r, more[:]); k > 0 {
		return nil, corrupt("holds more than the %d bytes that its header promises", n)
	} else if err != io.EOF {
		return nil, unreadable(err)
	}
	return b, nil
}

func byteLabels(b []byte) []int32 {
	out := make([]int32, len(b))
	for i, v := range b {
		out[i] = int32(v)
	}
	return out
}
