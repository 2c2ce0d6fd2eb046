package run

import (
	"math"
	"reflect"
	"slices"
	"strings"
)

// Missing lists everything a config lacks, at once.
type Missing struct {
	Keys    []string // such as "delta", "epsilon | noise_multiplier | no_dp"
	Command string   // complete, to copy: what was given, and a value to start from for each missing key
}

func (e *Missing) Error() string { return "config: missing: " + strings.Join(e.Keys, ", ") }

// Hint is the command to copy.
func (e *Missing) Hint() string { return e.Command }

// requirement is a key without which no run can start, with the value its suggestion shows.
type requirement struct {
	keys    []string // one of these
	flag    string   // what the suggested command adds
	private bool     // only under DP
}

// requirements follow the order in which a person would think of them. The suggestions are starting points for
// image data of some ten thousand units, and are never applied by themselves.
var requirements = [...]requirement{
	{keys: []string{"data"}, flag: "--data mnist"},
	{keys: []string{"net"}, flag: "--net mlp:128"},
	{keys: []string{"epsilon", "noise_multiplier", "no_dp"}, flag: "--epsilon 3"},
	{keys: []string{"delta"}, flag: "--delta 1e-5", private: true},
	{keys: []string{"clip_norm"}, flag: "--clip-norm 1", private: true},
	{keys: []string{"lot"}, flag: "--lot 512"},
	{keys: []string{"steps", "epochs"}, flag: "--epochs 20"},
	{keys: []string{"lr"}, flag: "--lr 0.5"},
}

// check refuses values that break a rule first, then lists what is missing.
func (c Config) check() error {
	if err := c.checkValues(); err != nil {
		return err
	}
	return c.checkMissing()
}

func (c Config) checkMissing() error {
	m, parts := &Missing{}, []string{"hush train"}
	for _, r := range requirements {
		if r.private && c.NoDP {
			continue
		}
		if !slices.ContainsFunc(r.keys, c.Given) {
			m.Keys = append(m.Keys, strings.Join(r.keys, " | "))
		}
	}
	if len(m.Keys) == 0 {
		return nil
	}
	done := map[string]bool{}
	for _, l := range leaves() {
		o := c.origin[l.path]
		if o == "" || o == fromDefault || strings.HasPrefix(o, "recipe ") {
			continue
		}
		text, _ := l.show(&c)
		if v := reflect.ValueOf(c).FieldByIndex(l.index); v.Kind() == reflect.String {
			text = v.String() // a shell's quotes, not YAML's
		}
		switch {
		case strings.Contains(l.path, "."):
			parts = append(parts, "--set "+shellQuote(l.path+"="+text))
		case text == "true":
			parts = append(parts, flagName(l.path))
		default:
			parts = append(parts, flagName(l.path)+" "+shellQuote(unbracket(text)))
		}
		done[l.path] = true
	}
	if c.Recipe != "" && !isDefaultRecipe(c.Recipe) {
		parts = append(parts, "--recipe "+c.Recipe)
	}
	for _, r := range requirements {
		if slices.Contains(m.Keys, strings.Join(r.keys, " | ")) {
			parts = append(parts, r.flag)
		}
	}
	m.Command = strings.Join(parts, " ")
	return m
}

// unbracket turns [1, 30] into 1,30, the form a flag takes.
func unbracket(s string) string {
	if inner, ok := strings.CutPrefix(s, "["); ok {
		return strings.ReplaceAll(strings.TrimSuffix(inner, "]"), ", ", ",")
	}
	return s
}

func shellQuote(s string) string {
	if s != "" && strings.IndexFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:=,+", r))
	}) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// rule is one condition on a value that is set.
type rule struct {
	key  string
	ok   bool
	must string
}

func (c Config) checkValues() error {
	for _, r := range slices.Concat(c.guaranteeRules(), c.bitsRules(), c.twinRules(), c.speedRules()) {
		if !r.ok && c.origin[r.key] != "" {
			return problem(adviceFor(r.key), "%s: %s is %s, must %s", c.origin[r.key], r.key, c.text(r.key), r.must)
		}
	}
	return nil
}

// adviceFor names a command or a way out where the rule itself does not.
func adviceFor(key string) string {
	switch key {
	case "noise_multiplier":
		return "--no-dp trains without noise and without a guarantee"
	case "net":
		return "hush nets list"
	case "data":
		return "hush data list"
	}
	return ""
}

func (c Config) text(key string) string {
	for _, l := range leaves() {
		if l.path == key {
			text, _ := l.show(&c)
			return text
		}
	}
	return ""
}

func positive(x float64) bool { return x > 0 && !math.IsInf(x, 1) }

func oneOf(s string, names ...string) (ok bool, must string) {
	return slices.Contains(names, s), "be one of " + strings.Join(names, ", ")
}

const mustPositive = "be positive and finite"

func (c Config) guaranteeRules() []rule {
	unit, units := oneOf(c.Unit, "record")
	return []rule{
		{"data", c.Data != "", "name a data set or a card"},
		{"public_n", c.PublicN >= 1 && c.PublicN < maxSteps, "be at least 1"},
		{"unit", unit, units},
		{"epsilon", positive(c.Epsilon), mustPositive},
		{"noise_multiplier", positive(c.NoiseMultiplier), mustPositive},
		{"delta", c.Delta > 0 && c.Delta < 1, "be above 0 and below 1"},
		{"clip_norm", positive(c.ClipNorm), mustPositive},
		{"lot", positive(c.Lot), mustPositive},
		{"steps", c.Steps >= 1 && c.Steps <= maxSteps, "be at least 1"},
		{"epochs", !c.Epochs.IsZero(), "be above 0"},
		{"audit_units", c.AuditUnits == nil || *c.AuditUnits >= 0, "be 0 or more"},
		{"max_epsilon", positive(c.MaxEpsilon), mustPositive},
		{"max_epsilon", !c.NoDP, "not be set together with no_dp, whose epsilon is infinite"},
	}
}

func (c Config) bitsRules() []rule {
	optimizer, optimizers := oneOf(c.Optimizer, "sgd", "adam")
	transform, transforms := oneOf(c.Transform, "none", "unit-norm", "standard")
	kernels, allKernels := oneOf(c.Kernels, "auto", "avx512", "avx2", "portable")
	rules := []rule{
		{"net", c.Net != "", "name a net"},
		{"transform", transform, transforms},
		{"optimizer", optimizer, optimizers},
		{"lr", positive(c.LR), mustPositive},
		{"momentum", c.Momentum >= 0 && c.Momentum < 1, "be in [0, 1)"},
		{"momentum", c.Momentum == 0 || c.Optimizer != "adam", "be 0 with adam, which has its own"},
		{"weight_decay", c.WeightDecay >= 0 && !math.IsInf(c.WeightDecay, 1), "be 0 or more"},
		{"class_weights", !slices.ContainsFunc(c.ClassWeights, func(w float64) bool { return !positive(w) }), "all be positive and finite"},
		{"kernels", kernels, allKernels},
		{"lanes", c.Lanes >= 1 && c.Lanes <= 1024, "be from 1 to 1024"},
	}
	return append(rules, c.LRSchedule.rules("lr_schedule.")...)
}

func (s Schedule) rules(prefix string) []rule {
	name, names := oneOf(s.Name, "constant", "cosine", "step")
	step := s.Name == "step"
	return []rule{
		{prefix + "name", name, names},
		{prefix + "name", !step || s.Drop != 0 && s.Drops != 0, "have drop and drops with it: step:drop=.1,drops=2"},
		{prefix + "drop", step && s.Drop > 0 && s.Drop < 1, "be above 0 and below 1, with lr_schedule step"},
		{prefix + "drops", step && s.Drops >= 1, "be at least 1, with lr_schedule step"},
	}
}

func (c Config) twinRules() []rule {
	t := c.Twin
	run, runs := oneOf(t.Run, "auto", "yes", "no")
	optimizer, optimizers := oneOf(t.Optimizer, "sgd", "adam")
	rules := []rule{
		{"twin.run", run, runs},
		{"twin.noise_multiplier", t.NoiseMultiplier == nil || *t.NoiseMultiplier == 0, "be 0: the twin is trained without noise"},
		{"twin.clip_norm", positive(t.ClipNorm), mustPositive},
		{"twin.lot", positive(t.Lot), mustPositive},
		{"twin.steps", t.Steps >= 1 && t.Steps <= maxSteps, "be at least 1"},
		{"twin.epochs", !t.Epochs.IsZero(), "be above 0"},
		{"twin.optimizer", optimizer, optimizers},
		{"twin.lr", positive(t.LR), mustPositive},
		{"twin.momentum", t.Momentum == nil || *t.Momentum >= 0 && *t.Momentum < 1, "be in [0, 1)"},
		{"twin.weight_decay", t.WeightDecay == nil || *t.WeightDecay >= 0, "be 0 or more"},
	}
	return append(rules, t.LRSchedule.rules("twin.lr_schedule.")...)
}

func (c Config) speedRules() []rule {
	format, formats := oneOf(c.Format, "table", "markdown", "json")
	log, logs := oneOf(c.LogFormat, "text", "json")
	rules := []rule{
		{"workers", c.Workers >= 0, "be 0 or more"},
		{"physical_batch", c.PhysicalBatch >= 0, "be 0 or more"},
		{"save_every", c.SaveEvery >= 0, "be 0 or more"},
		{"format", format, formats},
		{"log_format", log, logs},
	}
	for _, text := range c.FailIf {
		if _, err := ParseFailIf(text); err != nil {
			rules = append(rules, rule{"fail_if", false, "be conditions: " + err.Error()})
		}
	}
	return rules
}
