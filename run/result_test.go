package run

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hush/audit"
)

// sample is a result with something in every place.
func sample() *Result {
	best := audit.AttackResult{Name: "loss", Members: 100, Nonmembers: 90, AUC: .61, AUCLow: .55, AUCHigh: .67, Advantage: .2,
		TPRAtFPR: map[string]audit.TPR{"0.001": {TPR: .01, High: .05}, "0.01": {TPR: .03, Low: .01, High: .08, Resolvable: true}},
		PPV:      map[string]float64{"0.01": .02, "0.1": .2, "0.5": .7}}
	r := NewResult(time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC))
	r.Privacy = Privacy{Guarantee: true, Unit: "record", Epsilon: Finite(2.9), EpsilonRDP: Finite(2.9), Delta: Finite(1e-5), ClipNorm: Finite(1), Order: Finite(9), Steps: 100}
	r.Utility = Utility{TrainAccuracy: Finite(.97), TestAccuracy: Finite(.95), Confusion: [][]int{{1}}}
	r.Attacks, r.BestAttack = []audit.AttackResult{{Name: "modified entropy", AUC: .5}, best}, &best
	r.Bounds = audit.Bounds{EpsilonLower: Finite(.3), AUCCeiling: Finite(.9), Posterior: map[string]float64{"0.01": .1, "0.5": .9}}
	r.Controls.Negative = &audit.Control{AUC: .5, OK: true}
	r.Verdict = audit.Consistent
	r.Groups = []audit.Group{{By: "class", Name: "0", Size: 30, Accuracy: Finite(.9)}}
	r.Twin = &TwinResult{TestAccuracy: Finite(.99), BestAttack: &best}
	return r
}

// contract lists the fields that CONTRACT.md §4 promises.
var contract = map[string]string{
	"":                             "schema run started seconds machine version config_hash data net privacy utility attacks best_attack bounds controls verdict twin groups speed",
	"seconds":                      "train audit twin",
	"machine":                      "cpu cores kernels",
	"data":                         "name card sha256 train test audit_units units rejected_rows duplicates classes",
	"net":                          "name parameters",
	"privacy":                      "guarantee why_not unit epsilon epsilon_rdp delta noise_multiplier clip_norm sample_rate lot steps accountant neighboring sampler order declared_public tuning",
	"utility":                      "train_accuracy test_accuracy baseline_accuracy macro_accuracy auroc auprc confusion train_loss test_loss calibration_error",
	"best_attack":                  "name tier members nonmembers auc auc_low auc_high advantage tpr_at_fpr ppv",
	"bounds":                       "epsilon_lower confidence detectable_epsilon auc_ceiling advantage_ceiling tpr_ceiling posterior",
	"controls":                     "negative",
	"twin":                         "test_accuracy best_attack",
	"speed":                        "samples_per_second peak_memory_bytes",
	"best_attack.tpr_at_fpr.0.001": "tpr low high resolvable",
	"controls.negative":            "auc_low auc_high ok",
	"attacks.0":                    "name tier members nonmembers auc auc_low auc_high advantage tpr_at_fpr ppv",
	"groups.0":                     "size suppressed accuracy auc auc_low auc_high p",
}

func TestResultHoldsTheContract(t *testing.T) {
	text, err := MarshalResult(sample())
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := json.Unmarshal(text, &tree); err != nil {
		t.Fatal(err)
	}
	for path, names := range contract {
		node := any(tree)
		if path != "" {
			node = nodeAt(t, tree, path)
		}
		m, ok := node.(map[string]any)
		if !ok {
			t.Errorf("%q is no object", path)
			continue
		}
		for _, name := range strings.Fields(names) {
			if _, ok := m[name]; !ok {
				t.Errorf("%q lacks %q", path, name)
			}
		}
	}
}

// nodeAt walks like Lookup, to an object.
func nodeAt(t *testing.T, node any, path string) any {
	t.Helper()
	parts := strings.Split(path, ".")
	for i := 0; i < len(parts); {
		found := false
		for j := len(parts); j > i && !found; j-- {
			var child any
			if child, found = childOf(node, strings.Join(parts[i:j], ".")); found {
				node, i = child, j
			}
		}
		if !found {
			t.Fatalf("nothing at %q", path)
		}
	}
	return node
}

// TestResultKeys compares every key, nested ones with dots, with the stored list: a renamed or lost key breaks whoever
// reads results, so it must be a decision. With HUSH_UPDATE set the list is written again.
func TestResultKeys(t *testing.T) {
	text, err := MarshalResult(sample())
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := json.Unmarshal(text, &tree); err != nil {
		t.Fatal(err)
	}
	var keys []string
	collect("", tree, &keys)
	slices.Sort(keys)
	got := strings.Join(slices.Compact(keys), "\n") + "\n"
	path := filepath.Join("testdata", "result_keys.txt")
	if os.Getenv("HUSH_UPDATE") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || len(want) == 0 {
		t.Fatalf("no list: %v", err)
	}
	if got != string(want) {
		t.Errorf("keys are\n%swant\n%s", got, want)
	}
}

func collect(prefix string, node any, keys *[]string) {
	switch n := node.(type) {
	case map[string]any:
		for k, v := range n {
			*keys = append(*keys, prefix+k)
			collect(prefix+k+".", v, keys)
		}
	case []any:
		for _, v := range n {
			collect(prefix+"[].", v, keys)
		}
	}
}

func TestResultRoundTrip(t *testing.T) {
	r := sample()
	r.Privacy.Epsilon = Finite(math.Inf(1))
	text, err := MarshalResult(r)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), `"epsilon": null`) {
		t.Error("an infinite ε is not null")
	}
	back, err := ParseResult(text)
	if err != nil {
		t.Fatal(err)
	}
	again, err := MarshalResult(back)
	if err != nil || string(again) != string(text) {
		t.Errorf("changed on the way: %v", err)
	}
	empty, err := MarshalResult(&Result{})
	if err != nil || strings.Contains(string(empty), `"attacks": null`) || strings.Contains(string(empty), `"groups": null`) {
		t.Errorf("lists are null: %s, %v", empty, err)
	}
	for _, text := range []string{"", "{}", `{"schema":"hush.result/2"}`, "[]"} {
		if _, err := ParseResult([]byte(text)); !errors.Is(err, ErrFormat) {
			t.Errorf("%q: %v", text, err)
		}
	}
	r.Speed.SamplesPerSecond = math.NaN()
	if _, err := MarshalResult(r); err == nil {
		t.Error("NaN was written")
	}
}

func TestLookup(t *testing.T) {
	r := sample()
	for path, want := range map[string]any{
		"epsilon": 2.9, "privacy.epsilon": 2.9, "guarantee": true, "verdict": "consistent", "test_accuracy": .95, "auc": .61, "auc_high": .67,
		"advantage": .2, "best_attack.tpr_at_fpr.0.001.high": .05, "attacks.loss.auc": .61, "attacks.modified entropy.auc": .5,
		"attacks.0.auc": .5, "bounds.posterior.0.5": .9, "groups.0.size": 30., "controls.negative.ok": true, "twin.test_accuracy": .99,
	} {
		if got, ok := r.Lookup(path); !ok || got != want {
			t.Errorf("%s is %v, %v; want %v", path, got, ok, want)
		}
	}
	for _, path := range []string{"", ".", "nothing", "privacy", "attacks", "attacks.9.auc", "attacks.-1.auc", "utility.auroc", "bounds.detectable_epsilon",
		"best_attack.tpr_at_fpr.0.5.high", "epsilon.x"} {
		if got, ok := r.Lookup(path); ok {
			t.Errorf("%q is %v", path, got)
		}
	}
	r.Privacy.Guarantee = false // the short name says what may be claimed
	if got, _ := r.Lookup("epsilon"); got != math.Inf(1) {
		t.Errorf("epsilon without a guarantee is %v", got)
	}
	if got, _ := r.Lookup("privacy.epsilon"); got != 2.9 {
		t.Errorf("privacy.epsilon is %v", got)
	}
}

func TestFailIf(t *testing.T) {
	r := sample()
	open := sample()
	open.Privacy.Epsilon, open.Privacy.Guarantee, open.Verdict = nil, false, audit.NoGuarantee
	bare := &Result{}
	for _, c := range []struct {
		text string
		on   *Result
		want Outcome
	}{
		{"auc_high > 0.6", r, Outcome{Failed: true}},
		{"auc_high>.67", r, Outcome{}},
		{"auc_high >= .67", r, Outcome{Failed: true}},
		{"0.6 < auc_high", r, Outcome{Failed: true}},
		{"epsilon > 3", r, Outcome{}},
		{"epsilon <= 2.9", r, Outcome{Failed: true}},
		{"epsilon > 3", open, Outcome{Failed: true}},
		{"epsilon == inf", open, Outcome{Failed: true}},
		{"privacy.epsilon > 3", open, Outcome{NotEvaluable: []string{"privacy.epsilon"}}},
		{"guarantee == false", open, Outcome{Failed: true}},
		{"guarantee != true", r, Outcome{}},
		{"verdict == violation", r, Outcome{}},
		{"verdict != consistent", r, Outcome{}},
		{"verdict == 'no guarantee'", open, Outcome{Failed: true}},
		{`verdict == "no guarantee"`, r, Outcome{}},
		{"epsilon > 3 || auc > .6", r, Outcome{Failed: true}},
		{"epsilon > 3 && auc > .6", r, Outcome{}},
		{"auc > .6 && epsilon > 3 || test_accuracy < .96", r, Outcome{Failed: true}},
		{"auc > .6 && (epsilon > 3 || test_accuracy < .9)", r, Outcome{}},
		{"test_accuracy < twin.test_accuracy", r, Outcome{Failed: true}},
		{"auc > .5", bare, Outcome{NotEvaluable: []string{"auc"}}},
		{"auc > .5 || epsilon > 3", bare, Outcome{Failed: true, NotEvaluable: []string{"auc"}}},
		{"auc > .5 && epsilon < 3", bare, Outcome{NotEvaluable: []string{"auc"}}},
		{"no_such.path > 1", r, Outcome{NotEvaluable: []string{"no_such.path"}}},
		{"verdict > 3", r, Outcome{NotEvaluable: []string{"verdict > 3"}}},
		{"guarantee < true", r, Outcome{NotEvaluable: []string{"guarantee < true"}}},
		{"best_attack.tpr_at_fpr.0.001.high > .04", r, Outcome{Failed: true}},
	} {
		f, err := ParseFailIf(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		got := f.Evaluate(c.on)
		if got.Failed != c.want.Failed || !slices.Equal(got.NotEvaluable, c.want.NotEvaluable) {
			t.Errorf("%s: %+v, want %+v", c.text, got, c.want)
		}
		if got.Passed() == (c.want.Failed || len(c.want.NotEvaluable) > 0) {
			t.Errorf("%s: passed is %v", c.text, got.Passed())
		}
	}
	for _, text := range []string{"", " ", "auc", "auc >", "> 3", "auc > .5 &&", "auc = .5", "auc > .5 | epsilon > 1", "(auc > 1", "auc > 1)", "auc > 'x",
		"auc > 1 auc > 2", "1 < 2", "auc > 0x10", "auc > 1e999", "auc > nan5 5", "verdict == violatoin2 &", "verdict == 'violatoin'", "a;b", "auc > -",
		strings.Repeat("(", 100) + "auc > 1" + strings.Repeat(")", 100), strings.Repeat("x", 5000)} {
		if _, err := ParseFailIf(text); err == nil {
			t.Errorf("%.40q passed", text)
		} else if strings.Contains(err.Error(), "\n") {
			t.Errorf("error of more than one line: %q", err)
		}
	}
}

func FuzzFailIf(f *testing.F) {
	for _, text := range []string{"auc_high > .6", "verdict == 'no guarantee' || (epsilon > 3 && guarantee == false)", "a.b<=-1e-5", "\"", "((("} {
		f.Add(text)
	}
	r := sample()
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseFailIf(text)
		if err != nil {
			return
		}
		if len(text) < 200 { // every Lookup marshals the result
			c.Evaluate(r)
		}
	})
}

func FuzzResult(f *testing.F) {
	text, err := MarshalResult(sample())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"schema":"hush.result/1","twin":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := ParseResult(text)
		if err != nil {
			return
		}
		if _, err := MarshalResult(r); err != nil {
			t.Fatal(err)
		}
	})
}
