package data

import (
	"archive/tar"
	"bytes"
	"io"
	"path"
	"strconv"
)

// The three sets of Shokri et al. share one text format: lines of comma-separated 0 and 1, with the class, from 1,
// either in front of each line or in a file of its own; all in a tgz.

func shokri(c *Card, file string, hashes ...Hash) *Card {
	const from = "privacytrustlab/datasets, README"
	c.Order = Provenance{"classes by their numbers", from}
	c.Counts = Provenance{"the published number of records", from}
	c.Constants = []Constant{{"scale", []float64{1}, Provenance{"features are 0 or 1", from}}}
	c.Split = SplitConfig{Train: 60, Test: 40}
	c.Folders = []string{c.Name, "."}
	c.Files = []File{{
		Name:     file,
		URLs:     []string{"https://github.com/privacytrustlab/datasets/raw/master/" + file, "https://www.comp.nus.edu.sg/~reza/files/" + file},
		Variants: []Variant{{Hashes: hashes}},
	}}
	c.Citation = "R. Shokri, M. Stronati, C. Song, V. Shmatikov, Membership inference attacks against machine learning models, IEEE S&P 2017"
	return c
}

// location30 is a set of check-ins in Bangkok: 446 places and kinds of places, visited or not.
func location30() *Card {
	c := shokri(&Card{
		Name: "location30", Title: "places visited, 446 bits", Shape: Shape{1, 1, 446}, Classes: decimals(1, 30), Train: 5010,
		License: "research use; cite the paper",
	}, "dataset_location.tgz",
		Hash{FileSHA256, "927203f85a868f8ee17a0ded1dc61699efe602167beabe34fbf45b4b1de94b33"},
		Hash{GitBlob, "0cfc2caa0c8c8569cd68a5d4ab369a98c1f98447"})
	c.Files[0].Size = 287293
	c.read = func(in *input) (*decoded, error) { return readLabeledBits(in, "bangkok") }
	return c
}

// purchase100 is a set of shoppers: 600 products, bought or not.
func purchase100() *Card {
	c := shokri(&Card{
		Name: "purchase100", Title: "products bought, 600 bits", Shape: Shape{1, 1, 600}, Classes: decimals(1, 100), Train: 197324,
		License: "Kaggle competition data, research use",
	}, "dataset_purchase.tgz", Hash{GitBlob, "3efa7476ad5ed7ac3e558d28585a186b38fc5f19"})
	c.read = func(in *input) (*decoded, error) { return readLabeledBits(in, "dataset_purchase") }
	return c
}

// texas100 is a set of hospital stays: 6,169 attributes; the class is the procedure.
func texas100() *Card {
	c := shokri(&Card{
		Name: "texas100", Title: "hospital stays, 6169 bits", Shape: Shape{1, 1, 6169}, Classes: decimals(1, 100), Train: 67330,
		License: "Texas Department of State Health Services, research use",
	}, "dataset_texas.tgz", Hash{GitBlob, "966f7ff40b24cf5912ff84759aab9adb8c25f30e"})
	c.read = readTexas
	return c
}

// readLabeledBits reads the member of a tgz whose lines begin with the class.
func readLabeledBits(in *input, member string) (*decoded, error) {
	out := new(decoded)
	err := in.walk(func(_ string, r io.Reader) error {
		found := false
		err := members(r, func(name string, r io.Reader) (err error) {
			if name != member || found {
				return nil
			}
			found = true
			out[0], err = readBits(r, in.card.Shape.Size(), len(in.card.Classes), in.card.Train, true)
			return err
		})
		if err == nil && !found {
			err = corrupt("%s is not in the archive", member)
		}
		return err
	})
	return out, err
}

// readTexas reads the members feats and labels of a tgz.
func readTexas(in *input) (*decoded, error) {
	out := new(decoded)
	err := in.walk(func(_ string, r io.Reader) error {
		var feats, labels block
		err := members(r, func(name string, r io.Reader) (err error) {
			switch name {
			case "feats":
				feats, err = readBits(r, in.card.Shape.Size(), 0, in.card.Train, false)
			case "labels":
				labels, err = readBits(r, 0, len(in.card.Classes), in.card.Train, true)
			}
			return err
		})
		if err != nil {
			return err
		}
		if feats.records == nil || labels.records == nil {
			return corrupt("feats and labels are not both in the archive")
		}
		b := feats.records.(*bits)
		if rows := len(b.x) / b.stride(); rows != len(labels.labels) {
			return corrupt("%d records and %d labels", rows, len(labels.labels))
		}
		out[0] = block{labels.labels, b}
		return nil
	})
	return out, err
}

// members calls visit for each regular file of a tar archive, by its base name.
func members(r io.Reader, visit func(name string, r io.Reader) error) error {
	for t := tar.NewReader(r); ; {
		h, err := t.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return unreadable(err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if err := visit(path.Base(h.Name), t); err != nil {
			return err
		}
	}
}

// readBits reads lines of width features, each 0 or 1, at most limit lines. If labeled, each line begins with a class
// in 1..classes, which may be quoted.
func readBits(r io.Reader, width, classes, limit int, labeled bool) (block, error) {
	var b block
	store := &bits{width: width}
	rows := 0
	for l := newLines(r, 2*width+64); ; rows++ {
		if !l.next() {
			b.records = store
			return b, l.err()
		}
		if rows == limit {
			return b, &Error{Kind: Excess, Message: "has more records than the card declares"}
		}
		rest := l.text
		if labeled {
			field, tail, _ := bytes.Cut(rest, comma)
			y, err := strconv.Atoi(string(bytes.Trim(field, `"`)))
			if err != nil || y < 1 || y > classes {
				return b, l.errorf("label is %q, must be in 1..%d", clip(field), classes)
			}
			b.labels, rest = append(b.labels, int32(y-1)), tail
		}
		if want := max(0, 2*width-1); len(rest) != want {
			return b, l.errorf("has %d characters of features, want %d: 0 or 1, %d times", len(rest), want, width)
		}
		row := make([]byte, store.stride())
		for j := range width {
			if c := rest[2*j]; c == '1' {
				row[j/8] |= 1 << (j % 8)
			} else if c != '0' {
				return b, l.errorf("feature %d is %q, must be 0 or 1", j+1, clip(rest[2*j:2*j+1]))
			}
			if j+1 < width && rest[2*j+1] != ',' {
				return b, l.errorf("feature %d is not followed by a comma", j+1)
			}
		}
		store.x = append(store.x, row...)
	}
}
