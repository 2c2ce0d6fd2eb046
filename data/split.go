package data

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	mathbits "math/bits"
	"math/rand/v2"
	"os"
	"slices"

	"hush/internal/check"
)

// Split says what each record is for, as disjoint lists of global indices, ascending.
//
// The training units of a run are Always and Pool together: N = len(Always) + len(Pool). Units of the pool enter by
// fair coins that are flipped elsewhere; one that is out becomes a null unit, so N does not tell.
type Split struct {
	Set  string `json:"set"`
	Seed uint64 `json:"seed"`

	Test       []int `json:"test"`
	Pool       []int `json:"pool"`
	Always     []int `json:"always"`
	Selection  []int `json:"selection,omitempty"`
	Reference  []int `json:"reference,omitempty"`
	Population []int `json:"population,omitempty"`
}

// SplitConfig is the request. Shares are in percent and add up to 100; all zero means the card's own.
//
// Where the set has a canonical test part, Test is that part whatever its share says, and the other shares, scaled to
// add up to 100, apply to the train part. A validation part goes to Selection.
type SplitConfig struct {
	Train, Test, Selection, Reference, Population float64

	AuditUnits int    // pool size m; 0 = no pool, below 0 = DefaultAuditUnits
	Seed       uint64 // the split is a function of the card, the shares and the seed
}

func (c SplitConfig) shares() []float64 {
	return []float64{c.Train, c.Test, c.Selection, c.Reference, c.Population}
}

// DefaultAuditUnits is min(N/3, 10000) for N training units.
func DefaultAuditUnits(n int) int { return min(n/3, 10000) }

// MakeSplit deals the records of s out. It looks at their number and at the card's exclusions only, never at a record,
// so it is the same whatever rows were rejected. A part that was asked for and would be empty is an error.
func MakeSplit(s *Set, cfg SplitConfig) (*Split, error) {
	if slices.Equal(cfg.shares(), make([]float64, 5)) {
		own := s.card.Split
		own.AuditUnits, own.Seed = cfg.AuditUnits, cfg.Seed
		if cfg = own; slices.Equal(cfg.shares(), make([]float64, 5)) {
			cfg.Train = 100
		}
	}
	sum := 0.0
	for i, share := range cfg.shares() {
		name := splitNames[i] + " share"
		if err := check.NonNegative("data", name, share); err != nil {
			return nil, err
		}
		sum += share
	}
	if math.Abs(sum-100) > 1e-6 {
		return nil, check.Fail("data", "sum of split shares", sum, "must be 100")
	}

	canonical := s.TestLen() > 0
	out := &Split{Set: s.Name(), Seed: cfg.Seed}
	var free []int
	for i := range s.Len() {
		if _, excluded := slices.BinarySearch(s.excluded, i); excluded {
			continue
		}
		switch s.Part(i) {
		case TestPart:
			out.Test = append(out.Test, i)
		case ValidationPart:
			out.Selection = append(out.Selection, i)
		default:
			free = append(free, i)
		}
	}
	shares := cfg.shares()
	if canonical {
		shares[1] = 0
	}
	counts, err := deal(len(free), shares)
	if err != nil {
		return nil, err
	}
	shuffle(free, cfg.Seed)
	total := len(free)
	parts := make([][]int, len(counts))
	for k, n := range counts {
		if n == 0 && shares[k] > 0 {
			return nil, &Error{Kind: BadSplit, Set: s.Name(), Message: fmt.Sprintf("the %s split is empty: %g %% of %d records", splitNames[k], shares[k], total)}
		}
		parts[k], free = free[:n:n], free[n:]
	}
	train := parts[0]
	m := cfg.AuditUnits
	if m < 0 {
		m = DefaultAuditUnits(len(train))
	}
	if m > len(train) {
		return nil, check.Fail("data", "number of audit units", m, fmt.Sprintf("must be at most the %d training units", len(train)))
	}
	out.Pool, out.Always = train[:m:m], train[m:]
	out.Test = append(out.Test, parts[1]...)
	out.Selection = append(out.Selection, parts[2]...)
	out.Reference, out.Population = parts[3], parts[4]
	for _, l := range out.lists() {
		slices.Sort(*l.index)
	}
	return out, out.Validate(s)
}

var splitNames = [...]string{"train", "test", "selection", "reference", "population"}

// deal cuts n records by shares: part k ends at round(n·Σ_{j≤k} share_j / Σ share).
func deal(n int, shares []float64) ([]int, error) {
	total := 0.0
	for _, s := range shares {
		total += s
	}
	if total <= 0 {
		return nil, &Error{Kind: BadSplit, Message: "the train split is empty"}
	}
	counts, sum, end := make([]int, len(shares)), 0.0, 0
	for k, s := range shares {
		sum += s
		next := int(math.Round(float64(n) * sum / total))
		counts[k], end = next-end, next
	}
	return counts, nil
}

// shuffle permutes x (Fisher and Yates) with a PCG generator. The generator's name is part of the format: a seed means
// the same split for ever. The bias of the multiplicative draw is below len(x)/2⁶⁴.
func shuffle(x []int, seed uint64) {
	r := rand.NewPCG(seed, 0x6875736873706c74) // "hushsplt"
	for i := len(x) - 1; i > 0; i-- {
		j, _ := mathbits.Mul64(r.Uint64(), uint64(i+1))
		x[i], x[j] = x[j], x[i]
	}
}

type namedList struct {
	name  string
	index *[]int
}

func (s *Split) lists() []namedList {
	return []namedList{
		{"test", &s.Test}, {"pool", &s.Pool}, {"always", &s.Always},
		{"selection", &s.Selection}, {"reference", &s.Reference}, {"population", &s.Population},
	}
}

// Validate checks a split against its set: indices in range, none twice, none that the card excludes, training and
// test not empty.
func (s *Split) Validate(set *Set) error {
	bad := func(format string, args ...any) error {
		return &Error{Kind: BadSplit, Set: set.Name(), Message: fmt.Sprintf(format, args...)}
	}
	if s.Set != set.Name() {
		return bad("the split is of %q", s.Set)
	}
	owner := make([]string, set.Len())
	for _, i := range set.excluded {
		owner[i] = "the records that the card leaves out"
	}
	for _, l := range s.lists() {
		for _, i := range *l.index {
			if i < 0 || i >= set.Len() {
				return bad("index %d in %s is outside 0..%d", i, l.name, set.Len()-1)
			}
			if owner[i] != "" {
				return bad("index %d is in %s and in %s", i, owner[i], l.name)
			}
			owner[i] = l.name
		}
	}
	if len(s.Always)+len(s.Pool) == 0 {
		return bad("the train split is empty")
	}
	if len(s.Test) == 0 {
		return bad("the test split is empty")
	}
	return nil
}

// ReadSplit reads and validates a split file.
func ReadSplit(path string, set *Set) (*Split, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, &Error{Kind: BadSplit, Set: set.Name(), Path: path, Message: "the split file cannot be opened", Err: cause(err)}
	}
	defer f.Close()
	s, err := DecodeSplit(f, set)
	if e := (*Error)(nil); errors.As(err, &e) {
		e.Path = path
	}
	return s, err
}

// splitSchema names the format and its version: one JSON object with "schema", "set", "seed" and the lists "test", "pool",
// "always", "selection", "reference", "population" of global indices; absent lists are empty, other keys are refused.
const splitSchema = "hush.split/1"

// Encode writes the split as JSON.
func (s *Split) Encode(w io.Writer) error {
	return json.NewEncoder(w).Encode(struct {
		Schema string `json:"schema"`
		*Split
	}{splitSchema, s})
}

// DecodeSplit reads a split as JSON and validates it against its set.
func DecodeSplit(r io.Reader, set *Set) (*Split, error) {
	var in struct {
		Schema string `json:"schema"`
		*Split
	}
	in.Split = new(Split)
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return nil, &Error{Kind: BadSplit, Set: set.Name(), Message: "the split file cannot be read", Err: err}
	}
	if in.Schema != splitSchema {
		return nil, &Error{Kind: BadSplit, Set: set.Name(), Message: fmt.Sprintf("the split file has schema %q, want %q", in.Schema, splitSchema)}
	}
	if in.Split == nil {
		return nil, &Error{Kind: BadSplit, Set: set.Name(), Message: "the split file is empty"}
	}
	return in.Split, in.Split.Validate(set)
}
