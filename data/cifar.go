package data

import (
	"errors"
	"io"
)

// cifar10 is Krizhevsky's set of small color images, in its binary version: six files of records, one label byte and
// 3·1024 bytes of red, green and blue. The files may be plain, gzip-ed, or inside the archive as distributed.
//
// Beside the published train files a rebuilt variant is accepted, in which 77 of 50,000 images are known to be lossy
// copies. They keep their index and are left out of every split, so N is 49,923 at most.
func cifar10() *Card {
	home := "A. Krizhevsky, The CIFAR-10 dataset"
	const lossy = "rebuilt from public copies; images that are not exact are left out"
	opacus := Provenance{"statistics of the train part, rounded, as in Opacus's CIFAR-10 example", "Opacus, in its published CIFAR-10 example"}
	return &Card{
		Name: "cifar10", Title: "color images, 32×32", Shape: Shape{32, 32, 3},
		Classes: []string{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"},
		Order:   Provenance{"batches.meta.txt", home},
		Train:   50000, Test: 10000, Counts: Provenance{"the published sizes of the two parts", home},
		Constants: []Constant{
			{"scale", []float64{255}, Provenance{"pixels are bytes", "the CIFAR-10 binary format"}},
			{"mean", []float64{0.4914, 0.4822, 0.4465}, opacus},
			{"std", []float64{0.2023, 0.1994, 0.2010}, opacus},
		},
		Folders: []string{"cifar10", "cifar-10-batches-bin", "cifar10/cifar-10-batches-bin", "."},
		Files: []File{
			{Name: "data_batch_1.bin.gz", Variants: []Variant{
				{Hashes: []Hash{{ContentMD5, "5dd7e06a14cb22eb9f671a540d1b7c25"}}},
				{Hashes: []Hash{{ContentSHA256, "0def081c410489f98b3935c2d405fc7436d23377894a5d6a710ce1fad8082588"}}, Note: lossy,
					Exclude: []int{4298, 5949, 7066, 7237, 7248, 7630, 8006, 8831, 8968, 9415}},
			}},
			{Name: "data_batch_2.bin.gz", Variants: []Variant{
				{Hashes: []Hash{{ContentMD5, "5ea93a67294ea407fff1d09f752e9692"}}},
				{Hashes: []Hash{{ContentSHA256, "69cda47c0145e3c217e9d41887b354db05bc67d8e824a0007c909625de6c9935"}}, Note: lossy,
					Exclude: []int{10336, 10408, 12762, 12834, 13546}},
			}},
			{Name: "data_batch_3.bin.gz", Variants: []Variant{
				{Hashes: []Hash{{ContentMD5, "942cd6a4bcdd0dd3c604fbe906cb4421"}}},
				{Hashes: []Hash{{ContentSHA256, "1a4d0920ea06101641902b09fdac800cad7b5105963deee31ddff8e83fbabe6c"}}, Note: lossy,
					Exclude: []int{21493, 25728, 26098, 26927, 27621, 28435, 28728, 29694, 29747}},
			}},
			{Name: "data_batch_4.bin.gz", Variants: []Variant{
				{Hashes: []Hash{{ContentMD5, "ae636b3ba5c66a11e91e8cb52e771fcb"}}},
				{Hashes: []Hash{{ContentSHA256, "7f8e9534c4aa91fa34cb7cb4561b126eac16e9a5aff31f1fdb6b38d83f3b92d6"}}, Note: lossy,
					Exclude: []int{30329, 31066, 31367, 31462, 31625, 31663, 32777, 33641, 33661, 34067, 34276, 34387, 34825, 35160, 35646, 36733, 37329, 37474, 37567, 38384, 38925, 39358, 39385, 39613, 39840, 39888, 39971}},
			}},
			{Name: "data_batch_5.bin.gz", Variants: []Variant{
				{Hashes: []Hash{{ContentMD5, "53f37980c15c3d472c316c40844f3f0d"}}},
				{Hashes: []Hash{{ContentSHA256, "ace578a129b1d9695ee4254afb079a7573b408a36f818d5d96062484607c1619"}}, Note: lossy,
					Exclude: []int{40805, 41779, 42004, 42389, 42611, 43357, 43883, 44882, 45168, 45240, 46175, 46435, 46538, 46624, 47393, 47597, 48081, 48124, 48333, 48821, 48836, 49321, 49429, 49631, 49830, 49857}},
			}},
			{Name: "test_batch.bin.gz", Variants: []Variant{
				{Hashes: []Hash{{ContentMD5, "803d5f7f4d78ea53de84dbe85f74fb6d"}}},
			}},
		},
		Archive: &File{
			Name: "cifar-10-binary.tar.gz", Size: 170052171,
			URLs: []string{"https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"},
			Variants: []Variant{{Hashes: []Hash{
				{FileSHA256, "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"},
				{FileMD5, "c32a1d4ab5d03f1284b67883e8d87530"},
			}}},
		},
		License:  "none stated; cite the report",
		Citation: "A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009",
		read:     readCIFARSet,
	}
}

func readCIFARSet(in *input) (*decoded, error) {
	out, perFile := new(decoded), map[string]block{}
	err := in.walk(func(name string, r io.Reader) error {
		limit := in.card.Train
		if name == "test_batch.bin.gz" {
			limit = in.card.Test
		}
		b, err := readCIFAR(r, len(in.card.Classes), limit)
		perFile[name] = b
		return err
	})
	if err != nil {
		return nil, err
	}
	train := &pixels{width: cifarPixels}
	for _, f := range in.card.Files {
		b := perFile[f.Name]
		if f.Name == "test_batch.bin.gz" {
			out[2] = b
			continue
		}
		out[0].labels = append(out[0].labels, b.labels...)
		train.add(b.records.(*pixels).chunks[0])
	}
	out[0].records = train
	return out, nil
}

const cifarPixels = 3 * 1024

// readCIFAR reads records of one label byte and three planes of 32×32 bytes, at most limit, and stores them with
// channels last.
func readCIFAR(r io.Reader, classes, limit int) (block, error) {
	var b block
	var all []byte
	record := make([]byte, 1+cifarPixels)
	for {
		n, err := io.ReadFull(r, record)
		if err == io.EOF {
			break
		}
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return b, corrupt("ends after %d of the %d bytes of record %d", n, len(record), len(b.labels))
		}
		if err != nil {
			return b, err
		}
		if len(b.labels) == limit {
			return b, &Error{Kind: Excess, Message: "has more records than the card declares"}
		}
		if int(record[0]) >= classes {
			return b, corrupt("record %d has label %d, must be below %d", len(b.labels), record[0], classes)
		}
		b.labels = append(b.labels, int32(record[0]))
		for i := range 1024 {
			all = append(all, record[1+i], record[1+1024+i], record[1+2048+i])
		}
	}
	px := &pixels{width: cifarPixels}
	px.add(all)
	b.records = px
	return b, nil
}
