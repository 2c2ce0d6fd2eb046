package data

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	"github.com/sbinet/npyio/npy"
	"github.com/sbinet/npyio/npz"
)

// pneumoniaMNIST is MedMNIST's set of pediatric chest X-rays: normal or pneumonia.
func pneumoniaMNIST() *Card {
	const med = "MedMNIST, info.py"
	return &Card{
		Name: "pneumoniamnist", Title: "chest X-rays, 28×28", Shape: Shape{28, 28, 1},
		Classes: []string{"normal", "pneumonia"}, Order: Provenance{"the numbers of the labels", med},
		Train: 4708, Validation: 524, Test: 624, Counts: Provenance{"the published sizes of the three parts", med},
		Constants: []Constant{
			{"scale", []float64{255}, Provenance{"pixels are bytes", med}},
			{"mean", []float64{0.5}, Provenance{"the middle of the range, as in MedMNIST's example", med}},
			{"std", []float64{0.5}, Provenance{"half the range, as in MedMNIST's example", med}},
		},
		Folders: []string{"pneumoniamnist"}, Home: ".medmnist",
		Files: []File{{
			Name: "pneumoniamnist.npz",
			URLs: []string{"https://zenodo.org/records/10519652/files/pneumoniamnist.npz?download=1", "https://zenodo.org/record/6496656/files/pneumoniamnist.npz?download=1"},
			Variants: []Variant{
				{Hashes: []Hash{{FileMD5, "28209eda62fecd6e6a2d98b1501bb15f"}}},
				{Hashes: []Hash{{FileSHA256, "dc60a70b4104cb607278aa220e54f3ff284ad71e1ad65ef4a621d490e182ce78"}},
					Note: "merged from two public subsets: all records, the train part in another order"},
			},
		}},
		License:  "CC BY 4.0",
		Citation: "J. Yang et al., MedMNIST v2, Scientific Data 10, 2023; D. Kermany et al., Cell 172, 2018",
		read: func(in *input) (*decoded, error) {
			out := new(decoded)
			err := in.walk(func(name string, r io.Reader) error {
				file, err := readUpTo(r, in.sizes[name])
				if err != nil {
					return err
				}
				*out, err = readMedMNIST(file, in.card.Shape, []int{in.card.Train, in.card.Validation, in.card.Test})
				return err
			})
			return out, err
		},
	}
}

// readMedMNIST reads an npz file with the arrays train_images, val_images, test_images (n×H×W or n×H×W×C bytes) and
// train_labels, val_labels, test_labels (n×1 bytes), each part with at most its limit of records.
func readMedMNIST(file []byte, shape Shape, limits []int) (out decoded, err error) {
	archive, err := npz.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return out, &Error{Kind: Corrupt, Message: "is no npz file", Err: err}
	}
	image := []int{shape.H, shape.W}
	if shape.C > 1 {
		image = append(image, shape.C)
	}
	for p, name := range []string{"train", "val", "test"} {
		images, n, err := readBytes(archive, name+"_images.npy", image, limits[p])
		if err != nil {
			return out, err
		}
		labels, k, err := readBytes(archive, name+"_labels.npy", []int{1}, limits[p])
		if err != nil {
			return out, err
		}
		if n != k {
			return out, corrupt("%s part has %d images and %d labels", name, n, k)
		}
		px := &pixels{width: shape.Size()}
		px.add(images)
		out[p] = block{byteLabels(labels), px}
	}
	return out, nil
}

// readBytes reads an array of n×row bytes in C order, n at most limit.
func readBytes(archive *npz.Reader, name string, row []int, limit int) (b []byte, n int, err error) {
	member, err := archive.Open(name)
	if err != nil {
		return nil, 0, corrupt("has no array %s", name)
	}
	defer member.Close()
	h, err := npyHeader(member)
	if err != nil {
		return nil, 0, &Error{Kind: Corrupt, Message: name, Err: err}
	}
	if t := h.Descr.Type; t != "|u1" && t != "u1" && t != "<u1" {
		return nil, 0, corrupt("%s has type %q, want bytes (|u1)", name, clip([]byte(t)))
	}
	if len(h.Descr.Shape) != 1+len(row) || !slices.Equal(h.Descr.Shape[1:], row) || h.Descr.Shape[0] < 0 || h.Descr.Fortran {
		return nil, 0, corrupt("%s has shape %v, want n and %v in C order", name, h.Descr.Shape, row)
	}
	if n = h.Descr.Shape[0]; n > limit {
		return nil, 0, &Error{Kind: Excess, Message: fmt.Sprintf("%s has %d records, the card declares %d", name, n, limit)}
	}
	size := n
	for _, side := range row {
		size *= side
	}
	b, err = readExactly(member, int64(size))
	return b, n, err
}

// npyHeader reads the header of an npy array and leaves r at its first value. The library slices a malformed header
// out of range instead of refusing it, and allocates what its length field claims: hence the check of the length, and
// the recover, which is around that one call.
func npyHeader(r io.Reader) (h npy.Header, err error) {
	const longest = 1 << 16
	head := make([]byte, 12)
	if _, err := io.ReadFull(r, head[:10]); err != nil {
		return h, unreadable(err)
	}
	prefix, size := head[:10], int(head[8])|int(head[9])<<8
	if head[6] >= 2 {
		if _, err := io.ReadFull(r, head[10:]); err != nil {
			return h, unreadable(err)
		}
		prefix, size = head, size|int(head[10])<<16|int(head[11])<<24
	}
	if size > longest {
		return h, corrupt("header of %d bytes", size)
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(r, text); err != nil {
		return h, unreadable(err)
	}
	defer func() {
		if recover() != nil {
			err = corrupt("malformed npy header")
		}
	}()
	a, err := npy.NewReader(bytes.NewReader(append(slices.Clone(prefix), text...)))
	if err != nil {
		return h, corrupt("malformed npy header: %v", err)
	}
	return a.Header, nil
}
