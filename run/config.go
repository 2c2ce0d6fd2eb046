// Package run is the record of a run: what was asked for (Config), where it is kept (Folder, with its lock), what was
// spent (the ledger file), how far it came (checkpoints), what came out (Result), and whether that is acceptable
// (FailIf).
//
// It never computes anything about privacy or gradients: ε, accuracies and attack results are handed to it. Its
// invariants: a config value says where it came from; a file is either complete or not there; and the ledger file may
// overstate what was spent, never understate it.
package run

import (
	"math/big"
	"slices"
	"strconv"

	"hush/internal/check"
)

// Config is a resolved configuration: what was asked for, not what came of it (a request ε = 3 stays 3; the noise it
// led to is in the Result). It is a value: copies do not share anything that is ever changed. Make one with Resolve
// or ReadResolved, which check it; the zero value asks for nothing.
type Config struct {
	Recipe string `key:"recipe" doc:"config that ships with the program (hush train --recipe list)"`
	Guarantee
	Bits
	Speed

	origin map[string]string // key → layer that set it
}

// Guarantee holds what can change the privacy statement.
type Guarantee struct {
	Data      string `key:"data" doc:"data set in the catalog (hush data list)"`
	PublicN   int64  `key:"public_n" doc:"declared number of units; unset: the card's"`
	Unit      string `key:"unit" doc:"what is protected: record"`
	Split     Split  `key:"split" doc:"percent of train/test[/selection[/reference[/population]]]; empty: the card's"`
	SplitFile string `key:"split_file" doc:"index lists in place of split"`

	// Exactly one of the three is set. NoiseMultiplier is σ in clip norms.
	Epsilon         float64 `key:"epsilon" doc:"privacy budget, met from below by calibrating the noise"`
	NoiseMultiplier float64 `key:"noise_multiplier" doc:"standard deviation of the noise, in clip norms"`
	NoDP            bool    `key:"no_dp" doc:"no noise; clipping only where clip_norm is set with it"`

	Delta    float64 `key:"delta" doc:"in (0, 1), below 1/N"`
	ClipNorm float64 `key:"clip_norm" doc:"L2 bound on one unit's gradient; unset, with no_dp: none"`
	Lot      float64 `key:"lot" doc:"expected units per step, B; sample rate q = B/N"`

	// Exactly one of the two is set.
	Steps  int64   `key:"steps" doc:"number of steps T"`
	Epochs Decimal `key:"epochs" doc:"T = ceil(epochs·N/lot)"`

	AuditUnits *int    `key:"audit_units" doc:"units that enter by coin; unset: min(N/3, 10000); 0: none"`
	MaxEpsilon float64 `key:"max_epsilon" doc:"hard wall, fixed beforehand; unset: none"`

	// InsecureSeed fixes sampling, coins and noise: the guarantee does not hold.
	InsecureSeed *uint64 `key:"insecure_seed" doc:"fixes sampling, coins and noise too: no guarantee"`
}

// Bits holds what can change the bits of the weights, given the same randomness.
type Bits struct {
	Net          string    `key:"net" doc:"network in the catalog, with widths where it takes them (mlp:128,64)"`
	Transform    string    `key:"transform" doc:"none, unit-norm (every record to L2 norm 1) or standard (the card's constants)"`
	Optimizer    string    `key:"optimizer" doc:"sgd or adam"`
	LR           float64   `key:"lr" doc:"learning rate"`
	Momentum     float64   `key:"momentum" doc:"sgd, in [0, 1)"`
	WeightDecay  float64   `key:"weight_decay" doc:"0 or more"`
	LRSchedule   Schedule  `key:"lr_schedule" doc:"constant, cosine or step:drop=.1,drops=2"`
	ClassWeights []float64 `key:"class_weights" doc:"public constants, one per class"`
	Seed         uint64    `key:"seed" doc:"initial weights, splits and whatever else need not be secret"`
	Kernels      string    `key:"kernels" doc:"auto, avx512, avx2 or portable"`
	Lanes        int       `key:"lanes" doc:"fixed cut of a lot; bounds the useful workers"`
	Twin         Twin      `key:"twin"`
}

// Schedule names how the learning rate moves; it may read nothing but the step index.
type Schedule struct {
	Name  string  `key:"name" doc:"constant, cosine or step"`
	Drop  float64 `key:"drop" doc:"step: factor at each drop, in (0, 1)"`
	Drops int     `key:"drops" doc:"step: number of drops, evenly spaced"`
}

// Twin says how the twin differs from the run: same data, coins and initial weights, without DP. By default it keeps
// the clipping and takes σ = 0.
type Twin struct {
	Run             string   `key:"run" doc:"auto (when quick), yes or no"`
	NoiseMultiplier *float64 `key:"noise_multiplier" doc:"0: clipping without noise (the default)"`
	NoDP            bool     `key:"no_dp" doc:"neither noise nor clipping"`
	ClipNorm        float64  `key:"clip_norm" doc:"unset: the run's"`
	Lot             float64  `key:"lot" doc:"unset: the run's"`
	Steps           int64    `key:"steps" doc:"unset: the run's"`
	Epochs          Decimal  `key:"epochs" doc:"unset: the run's"`
	Optimizer       string   `key:"optimizer" doc:"unset: the run's"`
	LR              float64  `key:"lr" doc:"unset: the run's"`
	Momentum        *float64 `key:"momentum" doc:"unset: the run's"`
	WeightDecay     *float64 `key:"weight_decay" doc:"unset: the run's"`
	LRSchedule      Schedule `key:"lr_schedule" doc:"unset: the run's"`
}

// Speed holds what changes neither guarantee nor bits: where things are, how fast they go, how they are shown.
type Speed struct {
	DataDir       string   `key:"data_dir" doc:"where data sets are; empty: $HUSH_DATA, then the cache folder"`
	Workers       int      `key:"workers" doc:"graphs at work; 0: one per core"`
	PhysicalBatch int      `key:"physical_batch" doc:"units per worker and pass; 0: chosen from net and lot"`
	SaveEvery     float64  `key:"save_every" doc:"seconds between two checkpoints; 0: only on interruption"`
	Out           string   `key:"out" doc:"run folder; empty: runs/<UTC>-<data>-<net>-<hash>"`
	Format        string   `key:"format" doc:"table, markdown or json"`
	Quiet         bool     `key:"quiet" doc:"no progress, no log lines below warnings"`
	LogFormat     string   `key:"log_format" doc:"text or json"`
	FailIf        []string `key:"fail_if" doc:"conditions on the result that make the exit code 5"`
}

// defaults is the lowest layer. Nothing in it is a privacy parameter: those have no defaults.
var defaults = [...][2]string{
	{"unit", "record"}, {"transform", "none"}, {"optimizer", "sgd"}, {"lr_schedule.name", "constant"},
	{"kernels", "auto"}, {"lanes", "4"}, {"twin.run", "auto"}, {"format", "table"}, {"log_format", "text"},
	{"save_every", "60"},
}

// exclusive lists groups of keys of which one layer may set one; it clears the others in lower layers.
var exclusive = [...][]string{
	{"epsilon", "noise_multiplier", "no_dp"},
	{"steps", "epochs"},
	{"split", "split_file"},
	{"twin.noise_multiplier", "twin.no_dp"},
	{"twin.steps", "twin.epochs"},
}

// Given says whether any layer above the defaults set key ("clip_norm", "twin.lr").
func (c Config) Given(key string) bool {
	o := c.origin[key]
	return o != "" && o != fromDefault
}

// Origin names the layer that set key: "default", "recipe digits", "run.yaml line 3", "HUSH_LR", "--lr"; "" if none did.
func (c Config) Origin(key string) string { return c.origin[key] }

// SampleRate returns q = B/n for n public training units, or an error unless q is in (0, 1].
func (c Config) SampleRate(n int) (float64, error) {
	if err := check.AtLeast("run", "number of training units", int64(n), 1); err != nil {
		return 0, err
	}
	q := c.Lot / float64(n)
	if !(q > 0 && q <= 1) {
		return 0, check.Fail("run", "sample rate (lot "+formatFloat(c.Lot)+" / "+strconv.Itoa(n)+" training units)", q, "must be in (0, 1]")
	}
	return q, nil
}

// maxSteps bounds T, so that step counts are exact in float64 and in JSON of other languages.
const maxSteps = 1 << 53

// TotalSteps returns T for n public training units: the config's steps, or ceil(epochs·n/lot) in exact rationals,
// where epochs and lot mean the decimal numbers that were typed.
func (c Config) TotalSteps(n int) (int64, error) {
	if c.Epochs.IsZero() {
		return c.Steps, check.AtLeast("run", "number of steps", c.Steps, 1)
	}
	if err := check.Positive("run", "lot", c.Lot); err != nil {
		return 0, err
	}
	if err := check.AtLeast("run", "number of training units", int64(n), 1); err != nil {
		return 0, err
	}
	lot, ok := new(big.Rat).SetString(formatFloat(c.Lot))
	if !ok {
		return 0, check.Fail("run", "lot", c.Lot, "must be a number")
	}
	t := c.Epochs.Rat()
	t.Mul(t, new(big.Rat).SetInt64(int64(n)))
	t.Quo(t, lot)
	// ceil(a/b) = (a + b − 1) div b
	num := new(big.Int).Add(t.Num(), new(big.Int).Sub(t.Denom(), big.NewInt(1)))
	num.Quo(num, t.Denom())
	if !num.IsInt64() || num.Int64() > maxSteps {
		return 0, check.Fail("run", "number of steps", num, "must be at most 2^53")
	}
	return num.Int64(), check.AtLeast("run", "number of steps", num.Int64(), 1)
}

// TwinConfig returns the config of the non-private twin: c with the twin section's overrides, σ = 0 and no twin of
// its own. Data, split, coins and initial weights stay.
func (c Config) TwinConfig() Config {
	t := c.Twin
	c.Epsilon, c.NoiseMultiplier, c.NoDP, c.MaxEpsilon = 0, 0, true, 0
	if t.NoDP {
		c.ClipNorm = 0
	}
	override(&c.ClipNorm, t.ClipNorm)
	override(&c.Lot, t.Lot)
	if t.Steps != 0 || !t.Epochs.IsZero() {
		c.Steps, c.Epochs = t.Steps, t.Epochs
	}
	override(&c.Optimizer, t.Optimizer)
	override(&c.LR, t.LR)
	if c.Optimizer == "adam" {
		c.Momentum = 0
	}
	if t.Momentum != nil {
		c.Momentum = *t.Momentum
	}
	if t.WeightDecay != nil {
		c.WeightDecay = *t.WeightDecay
	}
	override(&c.LRSchedule, t.LRSchedule)
	c.Twin = Twin{Run: "no"}
	return c
}

// override sets *dst to v unless v is the zero value, which means "as it was".
func override[T comparable](dst *T, v T) {
	var zero T
	if v != zero {
		*dst = v
	}
}

// Decimal is a non-negative decimal number kept as it was typed, so that 0.1 means one tenth. The zero value is 0.
type Decimal struct{ text string }

// ParseDecimal reads up to 12 digits, and up to 12 more after a point; no sign, no exponent.
func ParseDecimal(s string) (Decimal, error) {
	digits, point := 0, -1
	for i, r := range s {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case r == '.' && point < 0:
			point = i
		default:
			return Decimal{}, check.Fail("run", "number", strconv.Quote(s), "must be a decimal number such as 40 or 2.5")
		}
	}
	whole, part := len(s), 0
	if point >= 0 {
		whole, part = point, len(s)-point-1
	}
	if digits == 0 || whole > 12 || part > 12 {
		return Decimal{}, check.Fail("run", "number", strconv.Quote(s), "must have 1 to 12 digits on each side of the point")
	}
	d := Decimal{text: s}
	if d.Rat().Sign() == 0 {
		return Decimal{}, nil
	}
	return d, nil
}

// Rat returns the exact value; a new one each time.
func (d Decimal) Rat() *big.Rat {
	if r, ok := new(big.Rat).SetString(d.text); ok {
		return r
	}
	return new(big.Rat)
}

// IsZero is true for 0 and for a value never set.
func (d Decimal) IsZero() bool { return d.Rat().Sign() == 0 }

// String is the shortest decimal of the same value.
func (d Decimal) String() string {
	r := d.Rat()
	for prec := range 13 {
		s := r.FloatString(prec)
		if back, ok := new(big.Rat).SetString(s); ok && back.Cmp(r) == 0 {
			return s
		}
	}
	panic("run: internal error: a decimal of more than 12 places")
}

// Split holds percentages of all records, in the order train, test, selection, reference, population; parts not
// named are 0. It is empty when the data set's own split is meant.
type Split []float64

// splitNames are the parts of a Split, in order.
var splitNames = [...]string{"train", "test", "selection", "reference", "population"}

// Part returns the percentage of a part: "train", "test", "selection", "reference" or "population".
func (s Split) Part(name string) float64 {
	if i := slices.Index(splitNames[:], name); i >= 0 && i < len(s) {
		return s[i]
	}
	return 0
}

// formatFloat is the shortest decimal that reads back as v, without an exponent where that is short.
func formatFloat(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
