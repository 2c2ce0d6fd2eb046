package run

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"runtime"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Statement is public/statement.json: the privacy statement, from public constants only.
type Statement struct {
	Schema          string   `json:"schema"` // "hush.statement/1"
	Guarantee       bool     `json:"guarantee"`
	WhyNot          string   `json:"why_not"`
	Unit            string   `json:"unit"`
	Neighboring     string   `json:"neighboring"`
	Epsilon         *float64 `json:"epsilon"` // null: infinite
	Delta           *float64 `json:"delta"`
	NoiseMultiplier float64  `json:"noise_multiplier"`
	ClipNorm        *float64 `json:"clip_norm"`
	SampleRate      float64  `json:"sample_rate"`
	Lot             float64  `json:"lot"`
	Steps           int64    `json:"steps"`
	Sampler         string   `json:"sampler"`
	Accountant      string   `json:"accountant"`
	Tuning          string   `json:"tuning"`
	DeclaredPublic  []string `json:"declared_public"`
	Assumptions     []string `json:"assumptions"`
	ConfigHash      string   `json:"config_hash"`
	Version         string   `json:"version"`
}

// StatementSchema names the form of Statement.
const StatementSchema = "hush.statement/1"

// NewStatement takes from p what may be published, and says what it rests on.
func NewStatement(p Privacy, configHash, version string) Statement {
	return Statement{
		Schema: StatementSchema, Guarantee: p.Guarantee, WhyNot: p.WhyNot, Unit: p.Unit, Neighboring: p.Neighboring,
		Epsilon: p.Epsilon, Delta: p.Delta, NoiseMultiplier: p.NoiseMultiplier, ClipNorm: p.ClipNorm, SampleRate: p.SampleRate,
		Lot: p.Lot, Steps: p.Steps, Sampler: p.Sampler, Accountant: p.Accountant, Tuning: p.Tuning,
		DeclaredPublic: orEmpty(p.DeclaredPublic), ConfigHash: configHash, Version: version,
		Assumptions: []string{
			"the number of training units is public; one unit replaced by a null unit is what cannot be told",
			"what declared_public lists was not computed from the records at hand",
			"the operating system's random numbers are secret and good",
			"real numbers are computed in floating point; attacks on its rounding are not covered",
			"only the files beside this statement are covered, and only the weights as they are after the last step",
		},
	}
}

// PublicCard is public/card.yaml: what a user of the weights must know about their input, declared constants only. No
// path, file hash, index or count that was read from the data.
type PublicCard struct {
	Schema         string         `yaml:"schema"` // "hush.card/1"
	Data           string         `yaml:"data"`
	Net            string         `yaml:"net"`
	Height         int            `yaml:"height"`
	Width          int            `yaml:"width"`
	Channels       int            `yaml:"channels"`
	Classes        []string       `yaml:"classes,flow"`
	Transform      string         `yaml:"transform"`
	Constants      []CardConstant `yaml:"constants,omitempty"`
	DeclaredPublic []string       `yaml:"declared_public,omitempty"`
	ConfigHash     string         `yaml:"config_hash"`
}

// CardSchema names the form of PublicCard.
const CardSchema = "hush.card/1"

// CardConstant is a declared number, or one per channel, and who declared it.
type CardConstant struct {
	Name       string    `yaml:"name"`
	Values     []float64 `yaml:"values,flow"`
	Source     string    `yaml:"source"`
	DeclaredBy string    `yaml:"declared_by"`
}

// WriteCard writes public/card.yaml.
func (f *Folder) WriteCard(c PublicCard) error {
	c.Schema = CardSchema
	text, err := yaml.Marshal(c)
	if err != nil {
		return err
	}
	return f.WriteBytes(CardFile, text)
}

// ReadCard reads it.
func (f *Folder) ReadCard() (c PublicCard, err error) {
	text, err := f.Read(CardFile)
	if err != nil {
		return c, err
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&c); err != nil || c.Schema != CardSchema {
		return c, formatError(CardFile, "has schema %q, this program reads %q", c.Schema, CardSchema)
	}
	return c, nil
}

// Env is internal/env.json: where a run was made.
type Env struct {
	Schema  string   `json:"schema"` // "hush.env/1"
	Version string   `json:"version"`
	Go      string   `json:"go"`
	OS      string   `json:"os"`
	Arch    string   `json:"arch"`
	CPU     string   `json:"cpu"`
	Cores   int      `json:"cores"`
	Kernels string   `json:"kernels"`
	Started string   `json:"started"`
	Command []string `json:"command,omitempty"`
}

// NewEnv describes this machine and process; Started and Command are the caller's to fill in.
func NewEnv(version, kernels string) Env {
	return Env{
		Schema: "hush.env/1", Version: version, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH,
		CPU: CPUName(), Cores: runtime.GOMAXPROCS(0), Kernels: kernels,
	}
}

// CPUName is the processor's name where the system tells it in a file, else the architecture.
func CPUName() string {
	if name := procValue("/proc/cpuinfo", "model name"); name != "" {
		return name
	}
	return runtime.GOARCH
}

// procValue returns the value of the first line "key : value" of a file, or "".
func procValue(path, key string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if k, v, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(k) == key {
			return strings.Join(strings.Fields(v), " ")
		}
	}
	return ""
}

// Metric is one line of internal/metrics.jsonl. All of it but the step and ε was computed from private records.
type Metric struct {
	Step     uint64   `json:"step"`
	Epoch    float64  `json:"epoch"`
	Loss     *float64 `json:"loss"`
	Accuracy *float64 `json:"accuracy"`
	Clipped  *float64 `json:"clipped"`
	Epsilon  *float64 `json:"epsilon"` // null: infinite
	Seconds  float64  `json:"seconds"`
}

// AppendMetric adds a line, after syncing the ledger. The line itself is not synced: a crash may lose it, and the
// redone steps write it again.
func (f *Folder) AppendMetric(m Metric) error {
	if err := f.paid(); err != nil {
		return err
	}
	line, err := json.Marshal(m)
	if err != nil {
		return err
	}
	path := f.Path(MetricsFile)
	w, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, fileMode)
	if err != nil {
		return writeError(path, err)
	}
	if _, err := w.Write(append(line, '\n')); err != nil {
		w.Close()
		return writeError(path, err)
	}
	if err := w.Close(); err != nil {
		return writeError(path, err)
	}
	return nil
}

// ReadMetrics returns the lines; half a line at the end, which a crash leaves, is left out.
func (f *Folder) ReadMetrics() ([]Metric, error) {
	text, err := f.Read(MetricsFile)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	text = text[:bytes.LastIndexByte(text, '\n')+1]
	var list []Metric
	for line := range bytes.Lines(text) {
		var m Metric
		if err := strictJSON(line, &m); err != nil {
			return nil, formatError(MetricsFile, "is wrong in line %d: %v", len(list)+1, err)
		}
		list = append(list, m)
	}
	return list, nil
}

// TrimMetrics drops the lines after a step: those of steps that are about to be redone.
func (f *Folder) TrimMetrics(step uint64) error {
	list, err := f.ReadMetrics()
	if err != nil {
		return err
	}
	return f.Write(MetricsFile, func(w io.Writer) error {
		enc := json.NewEncoder(w)
		for _, m := range list {
			if m.Step <= step {
				if err := enc.Encode(m); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
