package data

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

// sample makes small files in the format of a set: n train, v validation and m test records, all drawn from the seed;
// changed ≥ 0 says which one, by global index, is drawn from another one.
type sample func(c *Card, changed int) map[string][]byte

// samples has one entry per set of the catalog; the conformance suite fails on a set that has none.
func samples() map[string]sample {
	return map[string]sample{
		"digits":         sampleDigits,
		"mnist":          sampleIDX,
		"fashion-mnist":  sampleIDX,
		"cifar10":        sampleCIFAR,
		"location30":     func(c *Card, changed int) map[string][]byte { return sampleShokri(c, changed, "bangkok") },
		"purchase100":    func(c *Card, changed int) map[string][]byte { return sampleShokri(c, changed, "dataset_purchase") },
		"texas100":       sampleTexas,
		"adult":          sampleAdult,
		"wdbc":           sampleWDBC,
		"pima":           samplePima,
		"pneumoniamnist": sampleMedMNIST,
	}
}

// sampleCard is the card of a set with the counts of a sample and no checksums to meet.
func sampleCard(t testing.TB, name string) *Card {
	t.Helper()
	c, err := Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	c.Train, c.Validation, c.Test = 10, 4*min(c.Validation, 1), 5*min(c.Test, 1)
	return c
}

// loadSample decodes files as the set of c, whose hashes are replaced by those of the files.
func loadSample(ctx context.Context, c *Card, files map[string][]byte) (*Set, error) {
	card := *c
	card.Files = nil
	for _, f := range c.Files {
		f.Variants = []Variant{{Hashes: []Hash{{FileSHA256, fmt.Sprintf("%x", sha256.Sum256(files[f.Name]))}}}}
		card.Files = append(card.Files, f)
	}
	return load(&input{ctx: ctx, card: &card, open: func(f *File) (*content, error) {
		b := files[f.Name]
		return &content{io.NopCloser(bytes.NewReader(b)), f.Name, int64(len(b))}, nil
	}})
}

// draw makes one record. Only a changed one uses the upper half of a range, so that a maximum taken over the records
// would move with it.
type draw struct {
	*rand.Rand
	changed bool
}

func source(i, changed int) draw {
	seed := uint64(i)
	if i == changed {
		seed += 1 << 32
	}
	return draw{rand.New(rand.NewPCG(seed, 1)), i == changed}
}

// level is in 0..n−1, in the lower half unless changed.
func (d draw) level(n int) int {
	if d.changed {
		return d.IntN(n)
	}
	return d.IntN(n / 2)
}

// parts calls write for each record of each part, with its generator.
func parts(c *Card, changed int, write func(part Part, r draw)) {
	for i := range c.Records() {
		part := TrainPart
		if i >= c.Train {
			part = ValidationPart
		}
		if i >= c.Train+c.Validation {
			part = TestPart
		}
		write(part, source(i, changed))
	}
}

func sampleDigits(c *Card, changed int) map[string][]byte {
	var b bytes.Buffer
	parts(c, changed, func(_ Part, r draw) {
		for range 64 {
			fmt.Fprintf(&b, "%d,", r.level(17))
		}
		fmt.Fprintf(&b, "%d\n", r.IntN(10))
	})
	return map[string][]byte{"digits.csv.gz": gz(b.Bytes())}
}

func sampleIDX(c *Card, changed int) map[string][]byte {
	head := func(code byte, sides ...int) []byte {
		b := []byte{0, 0, 8, code}
		for _, s := range sides {
			b = binary.BigEndian.AppendUint32(b, uint32(s))
		}
		return b
	}
	images := map[Part][]byte{TrainPart: head(3, c.Train, 28, 28), TestPart: head(3, c.Test, 28, 28)}
	labels := map[Part][]byte{TrainPart: head(1, c.Train), TestPart: head(1, c.Test)}
	parts(c, changed, func(p Part, r draw) {
		for range 28 * 28 {
			images[p] = append(images[p], byte(r.level(256)))
		}
		labels[p] = append(labels[p], byte(r.IntN(10)))
	})
	return map[string][]byte{
		"train-images-idx3-ubyte.gz": gz(images[TrainPart]), "train-labels-idx1-ubyte.gz": labels[TrainPart], // gz or plain
		"t10k-images-idx3-ubyte.gz": images[TestPart], "t10k-labels-idx1-ubyte.gz": gz(labels[TestPart]),
	}
}

func sampleCIFAR(c *Card, changed int) map[string][]byte {
	files, i := map[string][]byte{}, 0
	parts(c, changed, func(p Part, r draw) {
		name := fmt.Sprintf("data_batch_%d.bin.gz", 1+i*5/c.Train)
		if p == TestPart {
			name = "test_batch.bin.gz"
		}
		i++
		files[name] = append(files[name], byte(r.IntN(10)))
		for range 3072 {
			files[name] = append(files[name], byte(r.level(256)))
		}
	})
	return files
}

func bitText(r draw, width int) string {
	s := make([]string, width)
	for j := range s {
		s[j] = fmt.Sprint(r.IntN(2))
	}
	return strings.Join(s, ",")
}

func sampleShokri(c *Card, changed int, member string) map[string][]byte {
	var b bytes.Buffer
	parts(c, changed, func(_ Part, r draw) {
		label := fmt.Sprint(1 + r.IntN(len(c.Classes)))
		if member == "bangkok" {
			label = `"` + label + `"`
		}
		fmt.Fprintf(&b, "%s,%s\n", label, bitText(r, c.Shape.Size()))
	})
	return map[string][]byte{c.Files[0].Name: gz(tarOf("", member, b.Bytes()))}
}

func sampleTexas(c *Card, changed int) map[string][]byte {
	var feats, labels bytes.Buffer
	parts(c, changed, func(_ Part, r draw) {
		fmt.Fprintln(&labels, 1+r.IntN(len(c.Classes)))
		fmt.Fprintln(&feats, bitText(r, c.Shape.Size()))
	})
	return map[string][]byte{c.Files[0].Name: gz(tarOf("texas/100/", "feats", feats.Bytes(), "labels", labels.Bytes()))}
}

// row draws one value per column: a declared category, an unknown one, a missing one, or a number in or out of range.
func row(r draw, columns []Column) string {
	var out []string
	for _, k := range columns {
		switch {
		case len(k.Missing.Tokens) > 0 && r.IntN(8) == 0:
			out = append(out, k.Missing.Tokens[0])
		case k.Categories != nil && r.IntN(8) == 0:
			out = append(out, "Atlantis")
		case k.Categories != nil:
			out = append(out, k.Categories[r.IntN(len(k.Categories))])
		default:
			at := .7*r.Float64() - .2 // below the range too, and above it if changed
			if r.changed {
				at *= 3
			}
			out = append(out, fmt.Sprintf("%.6g", k.Low+(k.High-k.Low)*at))
		}
	}
	return strings.Join(out, ", ")
}

func sampleAdult(c *Card, changed int) map[string][]byte {
	train, test := bytes.NewBufferString(""), bytes.NewBufferString("|1x3 Cross validator\n")
	parts(c, changed, func(p Part, r draw) {
		class := c.Classes[r.IntN(2)]
		if p == TestPart {
			fmt.Fprintf(test, "%s, %s.\n", row(r, c.Columns), class)
		} else {
			fmt.Fprintf(train, "%s, %s\n", row(r, c.Columns), class)
		}
	})
	return map[string][]byte{"adult.data": append(train.Bytes(), '\n'), "adult.test": append(test.Bytes(), '\n')}
}

func sampleWDBC(c *Card, changed int) map[string][]byte {
	b := bytes.NewBufferString(fmt.Sprintf("%d,%d,malignant,benign\n", c.Train, len(c.Columns)))
	parts(c, changed, func(_ Part, r draw) { fmt.Fprintf(b, "%s,%d\n", row(r, c.Columns), r.IntN(2)) })
	return map[string][]byte{c.Files[0].Name: b.Bytes()}
}

func samplePima(c *Card, changed int) map[string][]byte {
	b := bytes.NewBufferString("% remark\n@relation pima_diabetes\n")
	for _, k := range c.Columns {
		fmt.Fprintf(b, "@attribute '%s' numeric\n", k.Name)
	}
	fmt.Fprintf(b, "@attribute 'class' { tested_negative, tested_positive}\n@data\n")
	parts(c, changed, func(_ Part, r draw) { fmt.Fprintf(b, "%s,%s\n", row(r, c.Columns), c.Classes[r.IntN(2)]) })
	return map[string][]byte{c.Files[0].Name: b.Bytes()}
}

func sampleMedMNIST(c *Card, changed int) map[string][]byte {
	images, labels := map[Part][]byte{}, map[Part][]byte{}
	parts(c, changed, func(p Part, r draw) {
		for range 28 * 28 {
			images[p] = append(images[p], byte(r.level(256)))
		}
		labels[p] = append(labels[p], byte(r.IntN(2)))
	})
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for p, name := range map[Part]string{TrainPart: "train", ValidationPart: "val", TestPart: "test"} {
		w, _ := z.Create(name + "_images.npy")
		w.Write(npyBytes("|u1", images[p], len(labels[p]), 28, 28))
		w, _ = z.Create(name + "_labels.npy")
		w.Write(npyBytes("|u1", labels[p], len(labels[p]), 1))
	}
	z.Close()
	return map[string][]byte{c.Files[0].Name: b.Bytes()}
}

// npyBytes writes an npy file of version 1.0.
func npyBytes(kind string, values []byte, shape ...int) []byte {
	sides := make([]string, len(shape))
	for i, s := range shape {
		sides[i] = fmt.Sprint(s)
	}
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", kind, strings.Join(sides, ", "))
	text += strings.Repeat(" ", 63-(10+len(text))%64) + "\n"
	b := append([]byte("\x93NUMPY\x01\x00"), byte(len(text)), byte(len(text)>>8))
	return append(append(b, text...), values...)
}

func gz(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Write(b)
	w.Close()
	return out.Bytes()
}

// tarOf makes an archive of name, content, name, content, ….
func tarOf(folder string, members ...any) []byte {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for i := 0; i < len(members); i += 2 {
		b := members[i+1].([]byte)
		w.WriteHeader(&tar.Header{Name: folder + members[i].(string), Mode: 0o644, Size: int64(len(b)), Typeflag: tar.TypeReg})
		w.Write(b)
	}
	w.Close()
	return out.Bytes()
}
