package data

import (
	"bufio"
	"bytes"
	_ "embed" // for the file below
	"io"
	"strconv"
)

//go:embed digits/digits.csv.gz
var digitsFile []byte

// digits is scikit-learn's copy of the test part of UCI's "Optical Recognition of Handwritten Digits": 8×8 pixels of
// 0..16 and the digit. It is inside the program; its attribution is in digits/NOTICE.
func digits() *Card {
	uci := "UCI, Optical Recognition of Handwritten Digits, description (optdigits.names)"
	return &Card{
		Name: "digits", Title: "handwritten digits, 8×8", Shape: Shape{8, 8, 1},
		Classes: decimals(0, 9), Order: Provenance{"the digits in their usual order", uci},
		Train: 1797, Counts: Provenance{"scikit-learn, description of load_digits", "scikit-learn"},
		Split: SplitConfig{Train: 72, Test: 28},
		Constants: []Constant{
			{"scale", []float64{16}, Provenance{uci + ": each element is an integer in the range 0..16", "E. Alpaydin and C. Kaynak"}},
		},
		Files: []File{{
			Name: "digits.csv.gz", Size: 57512, embedded: digitsFile,
			Variants: []Variant{{Hashes: []Hash{{ContentSHA256, "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8"}}}},
		}},
		License:  "CC BY 4.0 (UCI), via scikit-learn (BSD 3-Clause)",
		Citation: "E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998, doi:10.24432/C50P49",
		read: func(in *input) (*decoded, error) {
			out := new(decoded)
			err := in.walk(func(_ string, r io.Reader) (err error) {
				out[0], err = readDigits(r, in.card.Train)
				return err
			})
			return out, err
		},
	}
}

// readDigits reads lines of 64 pixels in 0..16 and a digit, comma-separated; at most limit records.
func readDigits(r io.Reader, limit int) (block, error) {
	const width = 64
	var b block
	px := &pixels{width: width}
	var all []byte
	lines := newLines(r, 1024)
	for lines.next() {
		if len(b.labels) == limit {
			return b, &Error{Kind: Excess, Message: "has more records than the card declares"}
		}
		rest := lines.text
		for j := range width + 1 {
			field, tail, more := bytes.Cut(rest, comma)
			if more != (j < width) {
				return b, lines.errorf("want %d fields", width+1)
			}
			v, err := strconv.Atoi(string(field))
			top := 16
			if j == width {
				top = 9
			}
			if err != nil || v < 0 || v > top {
				return b, lines.errorf("field %d is %q, must be in 0..%d", j+1, clip(field), top)
			}
			if j < width {
				all = append(all, byte(v))
			} else {
				b.labels = append(b.labels, int32(v))
			}
			rest = tail
		}
	}
	px.add(all)
	b.records = px
	return b, lines.err()
}

// decimals returns the numbers from low to high as text.
func decimals(low, high int) []string {
	var out []string
	for i := low; i <= high; i++ {
		out = append(out, strconv.Itoa(i))
	}
	return out
}

var comma = []byte{','}

// clip shortens foreign bytes for an error message.
func clip(b []byte) string {
	if len(b) > 24 {
		return string(b[:24]) + "…"
	}
	return string(b)
}

// lines reads text line by line, without line ends, and counts them. Empty lines are skipped.
type lines struct {
	s      *bufio.Scanner
	text   []byte // valid until the next call of next
	number int    // of the line in the file, from 1
}

// newLines refuses lines longer than longest bytes.
func newLines(r io.Reader, longest int) *lines {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, min(longest, 1<<16)), longest)
	return &lines{s: s}
}

func (l *lines) next() bool {
	for l.s.Scan() {
		l.number++
		if l.text = bytes.TrimSpace(l.s.Bytes()); len(l.text) > 0 {
			return true
		}
	}
	return false
}

func (l *lines) errorf(format string, args ...any) error {
	e := corrupt(format, args...)
	e.Message = "line " + strconv.Itoa(l.number) + ": " + e.Message
	return e
}

// err is what ended the lines, nil at the end of the file.
func (l *lines) err() error {
	if l.s.Err() == bufio.ErrTooLong {
		l.number++
		return l.errorf("is too long")
	}
	return l.s.Err()
}
