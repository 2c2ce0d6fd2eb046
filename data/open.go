package data

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
)

// Open finds, verifies and decodes the set of that name. An unknown name gives an *UnknownError, a set that is missing
// or broken an *Error. It never uses the network.
func Open(ctx context.Context, name string, dir Locator) (*Set, error) {
	card, err := Lookup(name)
	if err != nil {
		return nil, err
	}
	in := &input{ctx: ctx, card: card, open: openEmbedded}
	if !card.Embedded() {
		place, err := dir.Locate(card)
		if err != nil {
			return nil, err
		}
		in.open = func(f *File) (*content, error) { return openPath(place.paths[f.Name]) }
		if place.archive != "" {
			in.whole = func() (*content, error) { return openPath(place.archive) }
		}
	}
	return load(in)
}

func openEmbedded(f *File) (*content, error) {
	return &content{io.NopCloser(bytes.NewReader(f.embedded)), f.Name + " (inside the program)", int64(len(f.embedded))}, nil
}

// load decodes what in holds and lays it out as the card says: train, validation, test, each with exactly the declared
// number of records.
func load(in *input) (*Set, error) {
	in.sizes, in.sums = map[string]int64{}, map[string]string{}
	found, err := in.card.read(in)
	if err != nil {
		return nil, in.named(err, "")
	}
	s := &Set{card: in.card, train: in.card.Train, val: in.card.Validation, notes: in.notes, excluded: slices.Sorted(slices.Values(in.excluded))}
	s.labels = make([]int32, 0, in.card.Records())
	for p, want := range []int{in.card.Train, in.card.Validation, in.card.Test} {
		have := found[p].labels
		if len(have) > want {
			part := []Part{TrainPart, ValidationPart, TestPart}[p]
			return nil, &Error{Kind: Excess, Set: in.card.Name, Message: fmt.Sprintf("the %s part has %d records, the card declares %d", part, len(have), want)}
		}
		s.labels = append(s.labels, have...)
		for range want - len(have) {
			s.labels = append(s.labels, Null)
		}
		s.records[p] = found[p].records
	}
	for i, y := range s.labels {
		if int(y) >= len(in.card.Classes) || y < Null {
			return nil, &Error{Kind: Corrupt, Set: in.card.Name, Message: fmt.Sprintf("record %d has label %d, must be below %d", i, y, len(in.card.Classes))}
		}
	}
	sum := sha256.New()
	for _, f := range in.card.Files {
		fmt.Fprintf(sum, "%s %s\n", f.Name, in.sums[f.Name])
	}
	s.hash = fmt.Sprintf("%x", sum.Sum(nil))
	s.fillTable()
	return s, nil
}
