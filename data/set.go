// Package data answers: which records are there, and what do they look like to a network? It finds, fetches, verifies,
// decodes, splits and transforms data sets.
//
// It never fits anything to the records: no scaler, no vocabulary, no range, no class order. Every constant that Gather
// uses is in the set's Card, with its source and who declares it public. It knows no model and no loss.
//
// Invariant: the number of records of a set, and what Gather gives for record i, depend on the card and on record i
// alone. A row that is missing or rejected is a null record: it keeps its index, gathers as zeros and has label −1.
//
// Letters: N records, H×W×C the shape of one record, D = H·W·C, K classes.
package data

import (
	"fmt"
	"math"
	"slices"

	"hush/internal/check"
)

// Shape is height, width and channels of a record. Flat features are {1, 1, D}.
type Shape struct{ H, W, C int }

// Size is D = H·W·C.
func (s Shape) Size() int { return s.H * s.W * s.C }

func (s Shape) String() string {
	if s.H == 1 && s.W == 1 {
		return fmt.Sprint(s.C)
	}
	return fmt.Sprintf("%d×%d×%d", s.H, s.W, s.C)
}

// Null marks a unit that takes part in sampling and contributes nothing (zero-out relation). As an index it gathers
// as zeros.
const Null = -1

// Part says from which file of a benchmark a record comes.
type Part string

const (
	TrainPart      Part = "train"
	ValidationPart Part = "validation"
	TestPart       Part = "test"
)

// Set is a decoded data set. It is immutable and safe for concurrent use. Indices are global: first the train part,
// then the validation part, then the test part, each in the order of its file.
type Set struct {
	card       *Card
	labels     []int32  // class of each record, −1 for a null record
	train, val int      // records of the first two parts; the rest is test
	records    [3]store // per part, as in the file, compact; nil for an empty part
	excluded   []int    // ascending; the card leaves these out of every split
	notes      []string
	hash       string // what the files hold; "" if made by New
	transform  Transform
	table      [][256]float32 // per channel: value of each stored byte under transform; nil for float records
}

// New builds a set from records in memory: N×D features, row-major, and N labels, −1 for a null record. The first
// trainLen records are the train part, the others the test part. Features must be finite, labels below the number of
// classes. The set owns both slices from then on.
func New(name string, shape Shape, classes []string, records []float32, labels []int32, trainLen int) (*Set, error) {
	d := shape.Size()
	if shape.H < 1 || shape.W < 1 || shape.C < 1 {
		return nil, check.Fail("data", "shape", shape, "must have positive sides")
	}
	if len(records) != d*len(labels) {
		return nil, check.Fail("data", "number of features", len(records), fmt.Sprintf("must be %d for %d records of %s", d*len(labels), len(labels), shape))
	}
	if trainLen < 0 || trainLen > len(labels) {
		return nil, check.Fail("data", "train length", trainLen, fmt.Sprintf("must be in 0..%d", len(labels)))
	}
	for i, y := range labels {
		if y < Null || int(y) >= len(classes) {
			return nil, &Error{Kind: Corrupt, Set: name, Message: fmt.Sprintf("record %d has label %d, must be below %d", i, y, len(classes))}
		}
		for j, x := range records[i*d : (i+1)*d] {
			if !finite(x) {
				return nil, &Error{Kind: Corrupt, Set: name, Message: fmt.Sprintf("record %d, feature %d is %v, must be finite", i, j, x)}
			}
		}
	}
	card := &Card{Name: name, Title: name, Shape: shape, Classes: classes, Train: trainLen, Test: len(labels) - trainLen}
	return &Set{card: card, labels: labels, train: trainLen, records: [3]store{&floats{width: d, x: records[:d*trainLen]}, nil, &floats{width: d, x: records[d*trainLen:]}}}, nil
}

func finite(x float32) bool { return !math.IsNaN(float64(x)) && !math.IsInf(float64(x), 0) }

// Name is the set's name in the catalog.
func (s *Set) Name() string { return s.card.Name }

// Shape is the shape of a gathered record.
func (s *Set) Shape() Shape { return s.card.Shape }

// Classes are the names of the K classes, in the order that the card declares.
func (s *Set) Classes() []string { return s.card.Classes }

// Card is the set's description. It must not be changed.
func (s *Set) Card() *Card { return s.card }

// Len is the number of records of all parts, null records counted.
func (s *Set) Len() int { return len(s.labels) }

// TrainLen is the number of records of the train part, null records counted.
func (s *Set) TrainLen() int { return s.train }

// ValidationLen is the number of records of the validation part; most sets have none.
func (s *Set) ValidationLen() int { return s.val }

// TestLen is the number of records of the test part; 0 if the set has no canonical one.
func (s *Set) TestLen() int { return len(s.labels) - s.train - s.val }

// Part says from which file record i comes.
func (s *Set) Part(i int) Part {
	switch {
	case i < s.train:
		return TrainPart
	case i < s.train+s.val:
		return ValidationPart
	}
	return TestPart
}

// Labels is the class of every record, −1 for a null record. It must not be changed.
func (s *Set) Labels() []int32 { return s.labels }

// IsNull tells whether record i is a null record: a row that was missing or rejected.
func (s *Set) IsNull(i int) bool { return s.labels[i] < 0 }

// Rejected is the number of null records.
func (s *Set) Rejected() int {
	n := 0
	for _, y := range s.labels {
		if y < 0 {
			n++
		}
	}
	return n
}

// Units turns record indices into training units: null records become Null, all else stays. The length is kept, so N
// does not tell how many rows were rejected.
func (s *Set) Units(index []int) []int {
	out := slices.Clone(index)
	for k, i := range out {
		if i >= 0 && s.IsNull(i) {
			out[k] = Null
		}
	}
	return out
}

// Present returns the indices that are no null records: what can be scored.
func (s *Set) Present(index []int) []int {
	out := make([]int, 0, len(index))
	for _, i := range index {
		if i >= 0 && !s.IsNull(i) {
			out = append(out, i)
		}
	}
	return out
}

// WithPublicN returns the set with a train part of n records, as the user declares it: missing ones are null records,
// and more than n are refused. Indices of the later parts move.
func (s *Set) WithPublicN(n int) (*Set, error) {
	if n < s.train {
		return nil, &Error{Kind: Excess, Set: s.Name(), Message: fmt.Sprintf("the train part has %d records, public_n declares %d", s.train, n)}
	}
	out, card := *s, *s.card
	card.Train, card.Counts = n, Provenance{"public_n of the configuration", "the user"}
	out.card, out.train = &card, n
	out.excluded = slices.Clone(s.excluded)
	for k, i := range out.excluded {
		if i >= s.train {
			out.excluded[k] = i + n - s.train
		}
	}
	out.labels = slices.Concat(s.labels[:s.train], slices.Repeat([]int32{Null}, n-s.train), s.labels[s.train:])
	return &out, nil
}

// Excluded are the indices, ascending, that the variant of the files at hand leaves out of every split.
func (s *Set) Excluded() []int { return s.excluded }

// Notes are remarks of the variants at hand, for the report.
func (s *Set) Notes() []string { return s.notes }

// Hash is a SHA-256 over the content of the set's files, in hexadecimal. It depends on private records: internal.
func (s *Set) Hash() string { return s.hash }

// Transform is what happens to a record between the file and the network. Each step is a map of one record with
// constants of the card, hence free under DP. The zero value scales to the card's ranges and does nothing else.
type Transform struct {
	Standardize bool // x ← (x − mean)/std per channel, with the card's constants; refused if the card has none
	UnitNorm    bool // x ← x/‖x‖₂, last; a zero record stays zero
}

// With returns the same records under another transform. Storage is shared.
func (s *Set) With(t Transform) (*Set, error) {
	out := *s
	out.transform = t
	if t.Standardize {
		if !s.quantized() || s.card.Constant("mean") == nil || s.card.Constant("std") == nil {
			return nil, check.Fail("data", "transform of "+s.Name(), "standardize", "must not be used: the card declares no mean and std")
		}
	}
	out.fillTable()
	return &out, nil
}

// Transform is the transform in force.
func (s *Set) Transform() Transform { return s.transform }

// stored returns the store of record i and the record's index there. Null records may have no place in it.
func (s *Set) stored(i int) (store, int) {
	switch {
	case i < s.train:
		return s.records[0], i
	case i < s.train+s.val:
		return s.records[1], i - s.train
	}
	return s.records[2], i - s.train - s.val
}

// quantized tells whether records are stored as bytes or bits, of which each value has a table.
func (s *Set) quantized() bool {
	for _, r := range s.records {
		if _, isFloat := r.(*floats); isFloat {
			return false
		}
	}
	return true
}

// fillTable computes the value of every stored byte b in each channel c:
//
//	x = b/scale,   with Standardize   x = (b/scale − mean_c)/std_c
//
// rounded once to float32.
func (s *Set) fillTable() {
	if !s.quantized() {
		return
	}
	scale := 1.0
	if k := s.card.Constant("scale"); k != nil {
		scale = k.Values[0]
	}
	channels := s.card.Shape.C
	if s.card.Shape.H*s.card.Shape.W == 1 { // flat features are no channels
		channels = 1
	}
	s.table = make([][256]float32, channels)
	for c := range s.table {
		mean, std := 0.0, 1.0
		if s.transform.Standardize {
			mean, std = s.card.Constant("mean").at(c), s.card.Constant("std").at(c)
		}
		for b := range s.table[c] {
			s.table[c][b] = float32((float64(b)/scale - mean) / std)
		}
	}
}

// Gather writes the records index[0], index[1], … one after another into dst, D values each, row-major with channels
// last. Index Null, and any null record, gives zeros. dst must have room for len(index)·D values; an index beyond the
// set panics.
func (s *Set) Gather(dst []float32, index []int) {
	d := s.card.Shape.Size()
	for k, i := range index {
		x := dst[k*d : (k+1)*d : (k+1)*d]
		if i < 0 || s.IsNull(i) {
			clear(x)
			continue
		}
		r, at := s.stored(i)
		r.gather(x, at, s.table)
		if s.transform.UnitNorm {
			unitNorm(x)
		}
	}
}

// unitNorm divides x by its Euclidean norm, computed in float64. A zero vector stays zero.
func unitNorm(x []float32) {
	var sum float64
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	if sum == 0 {
		return
	}
	f := 1 / math.Sqrt(sum)
	for i, v := range x {
		x[i] = float32(float64(v) * f)
	}
}
