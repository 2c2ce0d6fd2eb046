package data

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func nopCloser(b []byte) io.ReadCloser { return io.NopCloser(bytes.NewReader(b)) }

func hashOf(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b)) }

// target is one reader of foreign bytes, with seeds: the first is whole, the others are broken in one way each.
type target struct {
	read  func(b []byte) (blocks []block, width int, err error)
	seeds func() [][]byte
}

// targets has an entry for every reader of foreign bytes.
func targets() map[string]target {
	return map[string]target{
		"digits": {func(b []byte) ([]block, int, error) {
			x, err := readDigits(bytes.NewReader(b), 50)
			return []block{x}, 64, err
		},
			func() [][]byte { return broken([]byte(strings.Repeat("16,0,", 32)+"9\n"), "16", "17") }},
		"idx": {func(b []byte) ([]block, int, error) {
			x, err := readIDX(bytes.NewReader(b), 2, 2)
			px := &pixels{width: 4}
			px.add(x)
			return []block{{make([]int32, len(x)/4), px}}, 4, err
		}, func() [][]byte {
			return broken([]byte("\x00\x00\x08\x03\x00\x00\x00\x02\x00\x00\x00\x02\x00\x00\x00\x02abcdefgh"), "\x00\x00\x00\x02a", "\xff\xff\xff\xffa")
		}},
		"cifar": {func(b []byte) ([]block, int, error) {
			x, err := readCIFAR(bytes.NewReader(b), 10, 3)
			return []block{x}, cifarPixels, err
		},
			func() [][]byte {
				return broken(append([]byte{9}, bytes.Repeat([]byte("rgb"), 1024)...), "\x09", "\x0a")
			}},
		"bits": {func(b []byte) ([]block, int, error) {
			x, err := readBits(bytes.NewReader(b), 9, 30, 50, true)
			return []block{x}, 9, err
		},
			func() [][]byte { return broken([]byte("\"13\",0,1,0,1,1,1,0,0,1\n2,0,0,0,0,0,0,0,0,0\n"), "13", "31") }},
		"adult": {func(b []byte) ([]block, int, error) {
			c := adult()
			x, err := readAdult(bytes.NewReader(b), c.Columns, c.Classes, 50)
			return []block{x}, c.Shape.Size(), err
		}, func() [][]byte {
			return broken([]byte("|1x3\n39, State-gov, 77516, ?, 13, Never-married, Adm-clerical, Not-in-family, White, Male, 2174, 0, 40, Laos, <=50K.\n\n"), "39", "NaN")
		}},
		"wdbc": {func(b []byte) ([]block, int, error) {
			c := wdbc()
			x, err := readWDBC(bytes.NewReader(b), c.Columns, c.Classes, 50)
			return []block{x}, 30, err
		}, func() [][]byte {
			return broken([]byte("1,30,malignant,benign\n"+strings.Repeat("1.5,", 30)+"1\n"), "1.5", "Inf")
		}},
		"arff": {func(b []byte) ([]block, int, error) {
			c := pima()
			x, err := readARFF(bytes.NewReader(b), c.Columns, c.Classes, 50)
			return []block{x}, 8, err
		}, func() [][]byte {
			c := pima()
			c.Train = 2
			return broken(samplePima(c, -1)["pima_diabetes.arff"], "@data", "@dada")
		}},
		"medmnist": {func(b []byte) ([]block, int, error) {
			x, err := readMedMNIST(b, Shape{28, 28, 1}, []int{9, 9, 9})
			return x[:], 784, err
		}, func() [][]byte {
			c := pneumoniaMNIST()
			c.Train, c.Validation, c.Test = 2, 1, 1
			return broken(sampleMedMNIST(c, -1)["pneumoniamnist.npz"], "train_labels", "train_lapels")
		}},
		"npy": {func(b []byte) ([]block, int, error) {
			_, err := npyHeader(bytes.NewReader(b))
			return nil, 0, err
		}, func() [][]byte { return broken(npyBytes("|u1", []byte("ab"), 2, 1), "'descr'", "'bescr'") }},
		"tgz": {func(b []byte) ([]block, int, error) { // gzip and tar around it, with the checksum taken for granted
			c := location30()
			c.Train, c.Shape = 3, Shape{1, 1, 9}
			c.Files[0].Variants = []Variant{{Hashes: []Hash{{FileSHA256, hashOf(b)}}}}
			in := &input{card: c, open: func(*File) (*content, error) { return &content{nopCloser(b), "x", int64(len(b))}, nil }}
			in.ctx = context.Background()
			s, err := load(in)
			if err != nil {
				return nil, 0, err
			}
			return []block{{s.labels, s.records[0]}}, 0, nil
		}, func() [][]byte {
			whole := gz(tarOf("", "bangkok", []byte("1,0,1,0,1,1,1,0,0,1\n")))
			return [][]byte{whole, whole[:len(whole)-9], gz(tarOf("", "singapore", []byte("1"))), gz([]byte("no tar")), nil}
		}},
		"split": {func(b []byte) ([]block, int, error) {
			s, err := New("toy", Shape{1, 1, 1}, []string{"a"}, make([]float32, 9), make([]int32, 9), 9)
			if err != nil {
				return nil, 0, err
			}
			p, err := DecodeSplit(bytes.NewReader(b), s)
			if err == nil && len(p.Always)+len(p.Pool)+len(p.Test) > 9 {
				return nil, 0, errors.New("internal error: more indices than records")
			}
			return nil, 0, err
		}, func() [][]byte {
			return broken([]byte(`{"schema":"hush.split/1","set":"toy","seed":1,"test":[1],"pool":[2],"always":[0,3]}`), "[2]", "[1]")
		}},
	}
}

// broken returns whole, whole with one thing replaced, whole cut, doubled, and nothing.
func broken(whole []byte, old, new string) [][]byte {
	return [][]byte{whole, bytes.Replace(whole, []byte(old), []byte(new), 1), whole[:len(whole)*2/3], append(slices.Clone(whole), whole...), {}}
}

func fuzz(f *testing.F, name string) {
	tg := targets()[name]
	for _, b := range tg.seeds() {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) { tg.run(t, b) })
}

// run reads b: it may be refused, in one line; what is accepted hangs together.
func (tg target) run(t *testing.T, b []byte) error {
	blocks, width, err := tg.read(b)
	if err != nil {
		if strings.HasPrefix(err.Error(), "internal error") {
			t.Fatal(err)
		}
		return err
	}
	for _, x := range blocks {
		dst := make([]float32, width)
		for i := range x.labels {
			if width > 0 && x.labels[i] >= 0 {
				x.records.gather(dst, i, make([][256]float32, 1))
			}
			for _, v := range dst {
				if !finite(v) {
					t.Fatalf("record %d holds %v", i, v)
				}
			}
		}
	}
	return nil
}

func FuzzDigits(f *testing.F)   { fuzz(f, "digits") }
func FuzzIDX(f *testing.F)      { fuzz(f, "idx") }
func FuzzCIFAR(f *testing.F)    { fuzz(f, "cifar") }
func FuzzBits(f *testing.F)     { fuzz(f, "bits") }
func FuzzAdult(f *testing.F)    { fuzz(f, "adult") }
func FuzzWDBC(f *testing.F)     { fuzz(f, "wdbc") }
func FuzzARFF(f *testing.F)     { fuzz(f, "arff") }
func FuzzMedMNIST(f *testing.F) { fuzz(f, "medmnist") }
func FuzzNPY(f *testing.F)      { fuzz(f, "npy") }
func FuzzTGZ(f *testing.F)      { fuzz(f, "tgz") }
func FuzzSplit(f *testing.F)    { fuzz(f, "split") }

// TestFuzzSeeds: no corpus is empty, its first seed is accepted and another one refused, so that fuzzing starts on
// both sides.
func TestFuzzSeeds(t *testing.T) {
	if len(targets()) == 0 {
		t.Fatal("no targets")
	}
	for name, tg := range targets() {
		t.Run(name, func(t *testing.T) {
			seeds := tg.seeds()
			if len(seeds) < 2 {
				t.Fatal("the corpus is empty")
			}
			if err := tg.run(t, seeds[0]); err != nil {
				t.Errorf("the first seed is refused: %v", err)
			}
			refused := 0
			for _, b := range seeds[1:] {
				if tg.run(t, b) != nil {
					refused++
				}
			}
			if refused == 0 {
				t.Error("no seed is refused")
			}
		})
	}
}

// TestHeadersDoNotAllocate: a header that claims four billion records costs no more memory than the file has bytes,
// within 8 MB.
func TestHeadersDoNotAllocate(t *testing.T) {
	claim := []byte("\x00\x00\x08\x03\xff\xff\xff\xff\x00\x00\x00\x1c\x00\x00\x00\x1cabcdefgh")
	var npz bytes.Buffer
	z := zip.NewWriter(&npz)
	w, _ := z.Create("train_images.npy")
	w.Write(npyBytes("|u1", []byte("ab"), 1<<30, 28, 28))
	z.Close()
	for _, x := range []struct {
		what string
		read func() error
	}{
		{"idx", func() error { _, err := readIDX(bytes.NewReader(claim), 28, 28); return err }},
		{"npy length", func() error {
			_, err := npyHeader(bytes.NewReader([]byte("\x93NUMPY\x02\x00\xff\xff\xff\xff{")))
			return err
		}},
		{"npy shape", func() error {
			_, err := readMedMNIST(npz.Bytes(), Shape{28, 28, 1}, []int{1 << 30, 9, 9})
			return err
		}},
		{"digits", func() error { _, err := readDigits(strings.NewReader("1"), 1<<40); return err }},
	} {
		t.Run(x.what, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := x.read()
			runtime.ReadMemStats(&after)
			if err == nil {
				t.Error("accepted")
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 8<<20 {
				t.Errorf("%d bytes were allocated", used)
			}
		})
	}
}
