package run

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"hush/audit"
)

// ResultSchema names the form of Result in JSON; docs/format/result.md describes it.
const ResultSchema = "hush.result/1"

// Result is what came out of a run. Fields and names are a promise to whoever reads internal/result.json. A pointer
// that is nil (JSON null) means: not there, not finite, or, for ε, infinite. Everything in it but Privacy and Net was
// computed from private records without noise: it is internal.
type Result struct {
	Schema     string  `json:"schema"`
	Run        string  `json:"run"`     // base name of the folder
	Started    string  `json:"started"` // UTC, RFC 3339
	Seconds    Seconds `json:"seconds"`
	Machine    Machine `json:"machine"`
	Version    string  `json:"version"`
	ConfigHash string  `json:"config_hash"`
	Recipe     *Answer `json:"recipe,omitempty"` // the figure to compare with, when the config is the recipe's
	Data       Data    `json:"data"`
	Net        Net     `json:"net"`
	Privacy    Privacy `json:"privacy"`
	Utility    Utility `json:"utility"`
	audit.Report
	Twin  *TwinResult `json:"twin"`
	Speed SpeedResult `json:"speed"`
}

// Seconds of wall time.
type Seconds struct {
	Train float64 `json:"train"`
	Audit float64 `json:"audit"`
	Twin  float64 `json:"twin"`
}

// Machine that trained.
type Machine struct {
	CPU     string `json:"cpu"`
	Cores   int    `json:"cores"`
	Kernels string `json:"kernels"` // the path that ran: avx512, avx2 or portable
}

// Data describes the records. Counts are of units except where they say otherwise.
type Data struct {
	Name         string   `json:"name"`
	Card         string   `json:"card"`   // identity of the card
	SHA256       string   `json:"sha256"` // of the files read
	Train        int      `json:"train"`  // N: public, out units counted
	Test         int      `json:"test"`
	AuditUnits   int      `json:"audit_units"`
	Units        int      `json:"units"` // in the whole set
	RejectedRows int      `json:"rejected_rows"`
	Duplicates   int      `json:"duplicates"` // records that occur again in another part of the split
	Classes      []string `json:"classes"`
}

// Net is the network.
type Net struct {
	Name       string `json:"name"`
	Parameters int    `json:"parameters"`
}

// Privacy is the statement, and everything it rests on.
type Privacy struct {
	Guarantee       bool     `json:"guarantee"`
	WhyNot          string   `json:"why_not"` // "" when Guarantee holds
	Unit            string   `json:"unit"`
	Epsilon         *float64 `json:"epsilon"`     // null: infinite
	EpsilonRDP      *float64 `json:"epsilon_rdp"` // by the Rényi accountant
	Delta           *float64 `json:"delta"`       // null: none was asked for
	NoiseMultiplier float64  `json:"noise_multiplier"`
	ClipNorm        *float64 `json:"clip_norm"` // null: no clipping
	SampleRate      float64  `json:"sample_rate"`
	Lot             float64  `json:"lot"`
	Steps           int64    `json:"steps"`
	Accountant      string   `json:"accountant"`
	Neighboring     string   `json:"neighboring"`
	Sampler         string   `json:"sampler"`
	Order           *float64 `json:"order"` // Rényi order of the minimum
	DeclaredPublic  []string `json:"declared_public"`
	Tuning          string   `json:"tuning"` // what choosing this config cost, or "not accounted"
}

// Utility is what the model is good for. Rates are in [0, 1]; losses are cross-entropies in nats.
type Utility struct {
	TrainAccuracy    *float64 `json:"train_accuracy"`
	TestAccuracy     *float64 `json:"test_accuracy"`
	BaselineAccuracy *float64 `json:"baseline_accuracy"` // share of the largest class
	MacroAccuracy    *float64 `json:"macro_accuracy"`
	AUROC            *float64 `json:"auroc"` // two classes only
	AUPRC            *float64 `json:"auprc"`
	Confusion        [][]int  `json:"confusion"` // [true class][answer]
	TrainLoss        *float64 `json:"train_loss"`
	TestLoss         *float64 `json:"test_loss"`
	CalibrationError *float64 `json:"calibration_error"`
}

// TwinResult is the run's non-private twin.
type TwinResult struct {
	What          string              `json:"what"` // how it differs, in words
	ConfigHash    string              `json:"config_hash"`
	TrainAccuracy *float64            `json:"train_accuracy"`
	TestAccuracy  *float64            `json:"test_accuracy"`
	BestAttack    *audit.AttackResult `json:"best_attack"`
}

// SpeedResult is how fast it went.
type SpeedResult struct {
	SamplesPerSecond float64 `json:"samples_per_second"`
	PeakMemoryBytes  int64   `json:"peak_memory_bytes"`
}

// NewResult returns a result with its schema and start time set.
func NewResult(started time.Time) *Result {
	return &Result{Schema: ResultSchema, Started: started.UTC().Format(time.RFC3339)}
}

// Finite returns a pointer to x, or nil if x is infinite or not a number.
func Finite(x float64) *float64 {
	if math.IsInf(x, 0) || math.IsNaN(x) {
		return nil
	}
	return &x
}

// MarshalResult returns r as indented JSON with a final newline. A value that JSON cannot hold is an error.
func MarshalResult(r *Result) ([]byte, error) {
	c := *r
	c.Schema = ResultSchema
	// An empty list is [] and not null: null means "not evaluable".
	c.Attacks, c.Groups = orEmpty(c.Attacks), orEmpty(c.Groups)
	c.Data.Classes, c.Privacy.DeclaredPublic = orEmpty(c.Data.Classes), orEmpty(c.Privacy.DeclaredPublic)
	c.Utility.Confusion = orEmpty(c.Utility.Confusion)
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(&c); err != nil {
		return nil, fmt.Errorf("run: result: %w", err)
	}
	return b.Bytes(), nil
}

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// ParseResult reads what MarshalResult wrote. Another schema is an error that wraps ErrFormat.
func ParseResult(text []byte) (*Result, error) {
	var r Result
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, formatError("result", "is not JSON of the expected form: %v", err)
	}
	if r.Schema != ResultSchema {
		return nil, formatError("result", "has schema %q, this program reads %q", r.Schema, ResultSchema)
	}
	return &r, nil
}

// ErrFormat is wrapped by every error about a file of a run folder that is damaged, foreign or of another version.
var ErrFormat = errors.New("run folder is damaged or of another version")

func formatError(file, format string, args ...any) error {
	return fmt.Errorf("run: %s %s (%w)", file, fmt.Sprintf(format, args...), ErrFormat)
}

// shortNames are the operands that need no path.
var shortNames = [...]struct{ name, path string }{
	{"epsilon", "privacy.epsilon"},
	{"guarantee", "privacy.guarantee"},
	{"verdict", "verdict"},
	{"test_accuracy", "utility.test_accuracy"},
	{"auc", "best_attack.auc"},
	{"auc_high", "best_attack.auc_high"},
	{"advantage", "best_attack.advantage"},
}

// Lookup returns the value at a path of the JSON form, a float64, string or bool, by its keys joined with dots:
// "utility.test_accuracy", "best_attack.tpr_at_fpr.0.001.high", "attacks.loss.auc" (an item of a list by its name or
// its index). ok is false when it is missing, null, a list or an object. The short names of CONTRACT §4 work too;
// the short "epsilon" is +∞ when ε is null or the guarantee does not hold.
func (r *Result) Lookup(path string) (value any, ok bool) {
	if path == "epsilon" && (!r.Privacy.Guarantee || r.Privacy.Epsilon == nil) {
		return math.Inf(1), true
	}
	for _, s := range shortNames {
		if s.name == path {
			path = s.path
		}
	}
	text, err := MarshalResult(r)
	if err != nil {
		return nil, false
	}
	var tree any
	if err := json.Unmarshal(text, &tree); err != nil {
		return nil, false
	}
	return descend(tree, path)
}

// descend walks down a decoded JSON value. Keys may hold dots ("0.001"): the longest key that fits is taken first.
func descend(node any, path string) (any, bool) {
	if path == "" {
		switch node.(type) {
		case float64, string, bool:
			return node, true
		}
		return nil, false
	}
	for end := len(path); end > 0; end = strings.LastIndexByte(path[:end], '.') {
		if child, ok := childOf(node, path[:end]); ok {
			if v, ok := descend(child, strings.TrimPrefix(path[end:], ".")); ok {
				return v, true
			}
		}
	}
	return nil, false
}

func childOf(node any, key string) (any, bool) {
	switch n := node.(type) {
	case map[string]any:
		c, ok := n[key]
		return c, ok
	case []any:
		for _, item := range n {
			if m, ok := item.(map[string]any); ok && m["name"] == key {
				return item, true
			}
		}
		if i, err := strconv.Atoi(key); err == nil && i >= 0 && i < len(n) {
			return n[i], true
		}
	}
	return nil, false
}
