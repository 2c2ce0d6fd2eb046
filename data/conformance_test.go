package data

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// TestCards holds every card to what a card must say. Every public value has a source and someone who declares it
// public. trap T24
func TestCards(t *testing.T) {
	if len(Catalog()) == 0 {
		t.Fatal("the catalog is empty")
	}
	seen := map[string]bool{}
	for _, c := range Catalog() {
		t.Run(c.Name, func(t *testing.T) {
			if seen[c.Name] {
				t.Error("the name is taken")
			}
			seen[c.Name] = true
			for what, text := range map[string]string{"title": c.Title, "license": c.License, "citation": c.Citation} {
				if text == "" {
					t.Errorf("no %s", what)
				}
			}
			if c.Train < 1 || len(c.Classes) < 2 || c.Shape.Size() < 1 || len(c.Files) == 0 || c.read == nil {
				t.Errorf("train %d, classes %v, shape %v, %d files", c.Train, c.Classes, c.Shape, len(c.Files))
			}
			if classes := slices.Compact(slices.Sorted(slices.Values(c.Classes))); len(classes) != len(c.Classes) {
				t.Errorf("a class occurs twice: %v", c.Classes)
			}
			if c.Test == 0 && c.Split.Train <= 0 {
				t.Error("neither a test part nor shares for a split")
			}
			if !c.Embedded() && len(c.Folders) == 0 {
				t.Error("no folder to look in")
			}
			for _, d := range c.DeclaredPublic() {
				if d.Source == "" || d.DeclaredBy == "" {
					t.Errorf("%s: source %q, declared by %q", d.What, d.Source, d.DeclaredBy)
				}
			}
			if c.Columns == nil {
				if k := c.Constant("scale"); k == nil || len(k.Values) != 1 || k.Values[0] <= 0 {
					t.Errorf("scale is %v", k)
				}
			} else if w := newTable(c.Columns).width; w != c.Shape.Size() {
				t.Errorf("the columns give %d features, the shape %d", w, c.Shape.Size())
			}
			for _, k := range c.Constants {
				if n := len(k.Values); n != 1 && n != c.Shape.C {
					t.Errorf("%s has %d values for %d channels", k.Name, n, c.Shape.C)
				}
			}
			for _, k := range c.Columns {
				if k.Categories == nil && !(k.Low < k.High) {
					t.Errorf("column %s has the range %v to %v", k.Name, k.Low, k.High)
				}
				if k.Missing.Action == AsConstant && (k.Missing.Value < k.Low || k.Missing.Value > k.High) {
					t.Errorf("column %s: %v stands in, outside of its range", k.Name, k.Missing.Value)
				}
			}
			files := slices.Clone(c.Files)
			if c.Archive != nil {
				files = append(files, *c.Archive)
			}
			for _, f := range files {
				checkCardFile(t, c, f)
			}
		})
	}
}

func checkCardFile(t *testing.T, c *Card, f File) {
	t.Helper()
	length := map[HashKind]int{ContentSHA256: 64, ContentMD5: 32, FileSHA256: 64, FileMD5: 32, GitBlob: 40}
	if len(f.Variants) == 0 {
		t.Errorf("%s may hold anything", f.Name)
	}
	for _, v := range f.Variants {
		if len(v.Hashes) == 0 {
			t.Errorf("%s: a variant has no hash", f.Name)
		}
		for _, h := range v.Hashes {
			if len(h.Sum) != length[h.Kind] || strings.Trim(h.Sum, "0123456789abcdef") != "" {
				t.Errorf("%s: %s is %q", f.Name, h.Kind, h.Sum)
			}
		}
		if len(v.Exclude) > 0 && v.Note == "" {
			t.Errorf("%s: records are left out and no note says why", f.Name)
		}
		if !slices.IsSorted(v.Exclude) || len(v.Exclude) > 0 && v.Exclude[len(v.Exclude)-1] >= c.Records() {
			t.Errorf("%s: excluded %v", f.Name, v.Exclude)
		}
	}
	fetched := !c.Embedded() && (c.Archive == nil || f.Name == c.Archive.Name)
	if fetched && len(f.URLs) == 0 {
		t.Errorf("%s has no address", f.Name)
	}
	for _, u := range f.URLs {
		if !strings.HasPrefix(u, "https://") {
			t.Errorf("%s: %s is not HTTPS", f.Name, u)
		}
	}
}

// eachSample loads a sample of every set.
func eachSample(t *testing.T, do func(t *testing.T, c *Card, make sample, s *Set)) {
	all := samples()
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			make := all[name]
			if make == nil {
				t.Fatal("no sample: add one to samples_test.go")
			}
			c := sampleCard(t, name)
			s, err := loadSample(t.Context(), c, make(c, -1))
			if err != nil {
				t.Fatal(err)
			}
			do(t, c, make, s)
		})
	}
}

// rows gathers every record of s on its own.
func rows(s *Set) [][]float32 {
	out := make([][]float32, s.Len())
	for i := range out {
		out[i] = make([]float32, s.Shape().Size())
		s.Gather(out[i], []int{i})
	}
	return out
}

// same compares bit for bit.
func same(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

// variants are the transforms that a card allows.
func variants(t *testing.T, s *Set) []*Set {
	t.Helper()
	list := []Transform{{}, {UnitNorm: true}}
	if s.Card().Constant("mean") != nil {
		list = append(list, Transform{Standardize: true}, Transform{Standardize: true, UnitNorm: true})
	} else if _, err := s.With(Transform{Standardize: true}); err == nil {
		t.Error("standardized without constants")
	}
	var out []*Set
	for _, tr := range list {
		v, err := s.With(tr)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

func TestGather(t *testing.T) {
	eachSample(t, func(t *testing.T, c *Card, _ sample, s *Set) {
		if s.Len() != c.Records() || s.TrainLen() != c.Train || s.ValidationLen() != c.Validation || s.TestLen() != c.Test || s.Rejected() != 0 {
			t.Fatalf("parts %d, %d, %d, %d rejected", s.TrainLen(), s.ValidationLen(), s.TestLen(), s.Rejected())
		}
		one := rows(s)
		for i, x := range one {
			for j, v := range x {
				if !(v >= 0 && v <= 1) {
					t.Fatalf("record %d, feature %d is %v, outside of 0..1", i, j, v)
				}
			}
		}
		// A batch is its records one after another; Null is zeros, whatever was in dst.
		d := s.Shape().Size()
		index := []int{s.Len() - 1, Null, 0, 3, 3}
		batch := slices.Repeat([]float32{7}, d*len(index))
		s.Gather(batch, index)
		for k, i := range index {
			want := make([]float32, d)
			if i >= 0 {
				want = one[i]
			}
			if !same(batch[k*d:(k+1)*d], want) {
				t.Errorf("row %d of a batch is not record %d", k, i)
			}
		}
		if n := testing.AllocsPerRun(10, func() { s.Gather(batch, index) }); n > 0 {
			t.Errorf("Gather allocates %v times", n)
		}
	})
}

// TestOneRecordChangesOneRow: with record i replaced in the file, Gather gives the same bits for every other record,
// under every transform: no constant is taken from the records. trap T24
func TestOneRecordChangesOneRow(t *testing.T) {
	eachSample(t, func(t *testing.T, c *Card, make sample, s *Set) {
		for changed := range s.Len() {
			other, err := loadSample(t.Context(), c, make(c, changed))
			if err != nil {
				t.Fatal(err)
			}
			before, after := variants(t, s), variants(t, other)
			for v := range before {
				a, b := rows(before[v]), rows(after[v])
				for i := range a {
					if i == changed && same(a[i], b[i]) {
						t.Errorf("%+v: record %d was replaced and its row stayed", before[v].Transform(), i)
					}
					if i != changed && (!same(a[i], b[i]) || s.Labels()[i] != other.Labels()[i]) {
						t.Fatalf("%+v: replacing record %d changed record %d", before[v].Transform(), changed, i)
					}
				}
			}
		}
	})
}

// TestShortFileKeepsN: a train file with fewer records than the card declares is filled up with null records; N, the
// indices of the other parts and every split stay. One record too many is refused. trap T5
func TestShortFileKeepsN(t *testing.T) {
	eachSample(t, func(t *testing.T, c *Card, make sample, s *Set) {
		declared := *c
		declared.Train += 2
		files := make(c, -1)
		short, err := loadSample(t.Context(), &declared, files)
		if err != nil {
			t.Fatal(err)
		}
		if short.Len() != c.Records()+2 || short.TrainLen() != c.Train+2 || short.Rejected() != 2 {
			t.Fatalf("%d records, %d of them train, %d null", short.Len(), short.TrainLen(), short.Rejected())
		}
		full, got := rows(s), rows(short)
		for i := range got {
			switch {
			case i < c.Train && !same(got[i], full[i]), i >= c.Train+2 && !same(got[i], full[i-2]):
				t.Errorf("record %d moved", i)
			case i >= c.Train && i < c.Train+2 && (!short.IsNull(i) || short.Labels()[i] != Null || slices.Max(got[i]) != 0 || slices.Min(got[i]) != 0):
				t.Errorf("record %d is not null", i)
			}
		}
		cfg := SplitConfig{Train: 100}
		if c.Test == 0 {
			cfg = SplitConfig{Train: 75, Test: 25}
		}
		p, err := MakeSplit(short, cfg)
		if err != nil {
			t.Fatal(err)
		}
		n := c.Train + 2
		if c.Test == 0 {
			n = 9 // round(.75·12)
		}
		if len(p.Always) != n || len(short.Units(p.Always)) != n {
			t.Errorf("N is %d, want %d", len(p.Always), n)
		}
		if wide, err := s.WithPublicN(c.Train + 2); err != nil || wide.Rejected() != 2 || !slices.EqualFunc(rows(wide), got, same) {
			t.Errorf("WithPublicN differs from a card that declares as many: %v", err)
		}

		declared.Train = c.Train - 1
		_, err = loadSample(t.Context(), &declared, files)
		if e := (*Error)(nil); !errors.As(err, &e) || e.Kind != Excess && e.Kind != Corrupt {
			t.Errorf("one record too many: %v", err)
		}
		if _, err := s.WithPublicN(c.Train - 1); err == nil {
			t.Error("WithPublicN accepts fewer than there are")
		}
	})
}

// TestRejectedRow: what a card rejects is a null record in its place. trap T5
func TestRejectedRow(t *testing.T) {
	c := sampleCard(t, "adult")
	files := sampleAdult(c, -1)
	kept, err := loadSample(t.Context(), c, files)
	if err != nil {
		t.Fatal(err)
	}
	c.Columns[1].Missing.Action = Reject
	lines := strings.Split(string(files["adult.data"]), "\n")
	fields := strings.Split(lines[3], ", ")
	fields[1] = "?"
	lines[3] = strings.Join(fields, ", ")
	files["adult.data"] = []byte(strings.ReplaceAll(strings.Join(lines, "\n"), ", ?, ", ", ?, "))
	s, err := loadSample(t.Context(), c, files)
	if err != nil {
		t.Fatal(err)
	}
	if !s.IsNull(3) || s.Len() != kept.Len() || slices.Contains(s.Present([]int{2, 3, 4}), 3) || s.Units([]int{3})[0] != Null {
		t.Errorf("record 3: label %d of %d records", s.Labels()[3], s.Len())
	}
	x, y := rows(kept), rows(s)
	if slices.Max(y[3]) != 0 {
		t.Error("a rejected row is not zeros")
	}
	for i := range x {
		if i != 3 && !s.IsNull(i) && !same(x[i], y[i]) {
			t.Errorf("rejecting record 3 changed record %d", i)
		}
	}
}

// TestBadFiles: each kind of broken file gets its kind of error, on one line, with set and file.
func TestBadFiles(t *testing.T) {
	edit := func(name, file string, change func([]byte) []byte) func() (*Card, map[string][]byte) {
		return func() (*Card, map[string][]byte) {
			c := sampleCard(t, name)
			files := samples()[name](c, -1)
			files[file] = change(slices.Clone(files[file]))
			return c, files
		}
	}
	cut := func(b []byte) []byte { return b[:len(b)-20] }
	replace := func(old, new string) func([]byte) []byte {
		return func(b []byte) []byte { return []byte(strings.Replace(string(b), old, new, 1)) }
	}
	for _, c := range []struct {
		what string
		make func() (*Card, map[string][]byte)
		kind Kind
		want string
	}{
		{"truncated gz", edit("mnist", "train-images-idx3-ubyte.gz", cut), Corrupt, "data: mnist: train-images-idx3-ubyte.gz: is truncated"},
		{"truncated gz of a tar", edit("location30", "dataset_location.tgz", cut), Corrupt, "data: location30: dataset_location.tgz: is truncated"},
		{"truncated IDX", edit("mnist", "t10k-images-idx3-ubyte.gz", cut), Corrupt, "holds 3900 bytes where its header promises 3920"},
		{"longer IDX", edit("mnist", "train-labels-idx1-ubyte.gz", func(b []byte) []byte { return append(b, 0) }), Corrupt, "holds more than the 10 bytes that its header promises"},
		{"IDX label", edit("mnist", "train-labels-idx1-ubyte.gz", func(b []byte) []byte { b[len(b)-1] = 10; return b }), Corrupt, "record 9 has label 10, must be below 10"},
		{"IDX kind", edit("mnist", "train-labels-idx1-ubyte.gz", func(b []byte) []byte { b[2] = 13; return b }), Corrupt, "begins with 00 00 0d 01, want an IDX file of bytes with 1 dimensions"},
		{"IDX side", edit("fashion-mnist", "t10k-images-idx3-ubyte.gz", func(b []byte) []byte { b[11] = 27; return b }), Corrupt, "dimension 2 is 27, want 28"},
		{"no gzip at all", edit("mnist", "train-images-idx3-ubyte.gz", func([]byte) []byte { return nil }), Corrupt, "is truncated"},
		{"CIFAR label", edit("cifar10", "data_batch_2.bin.gz", func(b []byte) []byte { b[0] = 11; return b }), Corrupt, "data: cifar10: data_batch_2.bin.gz: record 0 has label 11"},
		{"CIFAR cut", edit("cifar10", "test_batch.bin.gz", cut), Corrupt, "ends after 3053 of the 3073 bytes of record 4"},
		{"NaN feature", edit("wdbc", "wdbc_breast_cancer.csv", func(b []byte) []byte {
			head, rest, _ := strings.Cut(string(b), "\n")
			_, rest, _ = strings.Cut(rest, ",")
			return []byte(head + "\nNaN," + rest)
		}), Corrupt, `data: wdbc: wdbc_breast_cancer.csv: line 2: column radius (mean) is "NaN", must be a finite number`},
		{"no number", edit("pima", "pima_diabetes.arff", func(b []byte) []byte {
			head, rest, _ := strings.Cut(string(b), "@data\n")
			_, rest, _ = strings.Cut(rest, ",")
			return []byte(head + "@data\n1e999," + rest)
		}), Corrupt, `line 13: column preg is "1e999", must be a finite number`},
		{"other columns", edit("pima", "pima_diabetes.arff", replace("'plas'", "'plus'")), Corrupt, `line 4: attribute 2 is "plus" of kind "numeric", want "plas", numeric`},
		{"other classes", edit("wdbc", "wdbc_breast_cancer.csv", replace("malignant,benign", "benign,malignant")), Corrupt, "line 1: is no header for 30 columns"},
		{"fewer than promised", edit("wdbc", "wdbc_breast_cancer.csv", replace("10,30", "11,30")), Corrupt, `holds 10 records, its header promises "11"`},
		{"Adult class", edit("adult", "adult.test", replace("50K.", "60K.")), Corrupt, "class is "},
		{"Adult fields", edit("adult", "adult.data", replace(", ", "; ")), Corrupt, "line 1: has 14 fields, want 15"},
		{"Adult NaN", edit("adult", "adult.data", func(b []byte) []byte { _, rest, _ := strings.Cut(string(b), ","); return []byte("nan," + rest) }), Corrupt, "line 1: column age is \"nan\""},
		{"not npz", edit("pneumoniamnist", "pneumoniamnist.npz", func(b []byte) []byte { return b[1:40] }), Corrupt, "is no npz file"},
	} {
		t.Run(c.what, func(t *testing.T) {
			card, files := c.make()
			_, err := loadSample(t.Context(), card, files)
			if e := (*Error)(nil); !errors.As(err, &e) || e.Kind != c.kind || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want %s with %q", err, c.kind, c.want)
			}
		})
	}
}

// TestWrongChecksum: the bytes follow the format and are not those of the card; both checksums are printed.
func TestWrongChecksum(t *testing.T) {
	c := sampleCard(t, "location30")
	files := samples()["location30"](c, -1)
	in := &input{ctx: t.Context(), card: c, open: func(f *File) (*content, error) {
		return &content{nopCloser(files[f.Name]), "x/" + f.Name, int64(len(files[f.Name]))}, nil
	}}
	_, err := load(in)
	if e := (*Error)(nil); !errors.As(err, &e) || e.Kind != Checksum {
		t.Fatalf("got %v", err)
	}
	sum := hashOf(files["dataset_location.tgz"])
	want := fmt.Sprintf("data: location30: x/dataset_location.tgz: wrong checksum: sha256 of the file is %s, accepted is %s", sum, c.Files[0].Variants[0].Hashes[0].Sum)
	if err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestMissingAndUnknown(t *testing.T) {
	dir := t.TempDir()
	_, err := Open(t.Context(), "mnist", Locator{Dir: dir})
	if e := (*Error)(nil); !errors.As(err, &e) || e.Kind != NotFound || !strings.Contains(err.Error(), "not found in "+dir) {
		t.Errorf("got %v", err)
	}
	_, err = Open(t.Context(), "minst", Locator{})
	if u := (*UnknownError)(nil); !errors.As(err, &u) || u.Name != "minst" || !slices.Contains(u.Known, "mnist") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, "digits", Locator{}); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range []struct {
		what   string
		x      []float32
		y      []int32
		train  int
		shape  Shape
		wanted string
	}{
		{"NaN", []float32{1, nan}, []int32{0}, 1, Shape{1, 1, 2}, "record 0, feature 1 is NaN, must be finite"},
		{"label", []float32{1, 2}, []int32{2}, 1, Shape{1, 1, 2}, "record 0 has label 2, must be below 2"},
		{"negative label", []float32{1, 2}, []int32{-2}, 1, Shape{1, 1, 2}, "record 0 has label -2"},
		{"size", []float32{1, 2, 3}, []int32{1}, 1, Shape{1, 1, 2}, "number of features is 3, must be 2 for 1 records of 2"},
		{"train", []float32{1, 2}, []int32{1}, 2, Shape{1, 1, 2}, "train length is 2, must be in 0..1"},
		{"shape", nil, nil, 0, Shape{0, 1, 2}, "must have positive sides"},
	} {
		t.Run(c.what, func(t *testing.T) {
			if _, err := New("toy", c.shape, []string{"a", "b"}, c.x, c.y, c.train); err == nil || !strings.Contains(err.Error(), c.wanted) {
				t.Errorf("got %v, want %q", err, c.wanted)
			}
		})
	}
}

func TestOverlaps(t *testing.T) {
	x := []float32{1, 1, 2, 3, 1, 2, 9, 9}
	y := []int32{0, 0, 0, 0, 1, 0, 0, Null}
	s, err := New("toy", Shape{1, 1, 1}, []string{"a", "b"}, x, y, 8)
	if err != nil {
		t.Fatal(err)
	}
	// 1 occurs twice in pool; 2 in pool and test; record 4 has another class; record 7 is null.
	got := Overlaps(s, &Split{Test: []int{4, 5}, Pool: []int{0, 1, 2}, Always: []int{3, 6, 7}})
	if want := []Overlap{{"test", "pool", 1, 1}, {"pool", "pool", 1, 1}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
