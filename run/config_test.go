package run

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// full is a config file that lacks nothing.
const full = "data: mnist\nnet: linear\nepsilon: 3\ndelta: 1e-5\nclip_norm: 1\nlot: 240\nsteps: 100\nlr: .5\n"

func writeFile(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func mustResolve(t testing.TB, s Sources) Config {
	t.Helper()
	c, err := Resolve(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestLayers(t *testing.T) {
	file := writeFile(t, full+"momentum: .3\nlr_schedule: {name: step, drop: .1, drops: 2}\n")
	for _, c := range []struct {
		what string
		in   Sources
		key  string
		want string
		from string
	}{
		{"nothing at all is the embedded data set's recipe", Sources{}, "data", "digits", "recipe digits"},
		{"defaults lie lowest", Sources{}, "lanes", "4", "default"},
		{"a named recipe lies over the data set's", Sources{Recipe: "mnist-opacus"}, "data", "mnist", "recipe mnist-opacus"},
		{"and leaves other data's recipe out", Sources{Recipe: "mnist-opacus"}, "momentum", "0", ""},
		{"a file lies over a recipe", Sources{Recipe: "mnist-opacus", File: file}, "lr", "0.5", "run.yaml line 8"},
		{"a variable over a file", Sources{File: file, Env: map[string]string{"lr": "2"}}, "lr", "2", "HUSH_LR"},
		{"a flag over a variable", Sources{File: file, Env: map[string]string{"lr": "2"}, Flags: map[string]string{"lr": "3"}}, "lr", "3", "--lr"},
		{"flags may be spelled with dashes", Sources{Flags: map[string]string{"clip-norm": "3"}}, "clip_norm", "3", "--clip-norm"},
		{"set reaches nested keys", Sources{Set: []string{"twin.lr=4"}}, "twin.lr", "4", "--set twin.lr"},
		{"a word for a section", Sources{Flags: map[string]string{"twin": "no"}}, "twin.run", `"no"`, "--twin"},
		{"a word with parameters", Sources{Flags: map[string]string{"lr-schedule": "step:drop=.5,drops=3"}}, "lr_schedule.drops", "3", "--lr-schedule"},
		{"another schedule drops the parameters", Sources{File: file, Flags: map[string]string{"lr-schedule": "cosine"}}, "lr_schedule.drops", "0", ""},
		{"null takes back", Sources{File: file, Set: []string{"momentum=null"}}, "momentum", "0", ""},
		{"null takes back to the default", Sources{Env: map[string]string{"lanes": "8"}, Set: []string{"lanes=null"}}, "lanes", "4", "default"},
		{"null takes back a section", Sources{File: file, Set: []string{"lr_schedule=null"}}, "lr_schedule.name", "constant", "default"},
		{"a list as a flag", Sources{Flags: map[string]string{"class-weights": "1,30"}}, "class_weights", "[1, 30]", "--class-weights"},
		{"adam leaves the recipe's momentum", Sources{Flags: map[string]string{"optimizer": "adam"}}, "momentum", "0", ""},
		{"a recipe named by variable", Sources{Env: map[string]string{"recipe": "mnist-opacus"}}, "lot", "240", "recipe mnist-opacus"},
		{"a recipe in a file lies below one by variable", Sources{File: writeFile(t, "recipe: mnist-opacus"), Env: map[string]string{"recipe": "mnist-tramer"}}, "lot", "512", "recipe mnist-tramer"},
		{"and one by variable below the flag", Sources{Recipe: "mnist-opacus", Env: map[string]string{"recipe": "mnist-tramer"}}, "lot", "240", "recipe mnist-opacus"},
		{"no audit units differs from unset", Sources{Flags: map[string]string{"audit-units": "0"}}, "audit_units", "0", "--audit-units"},
	} {
		t.Run(c.what, func(t *testing.T) {
			got := mustResolve(t, c.in)
			if text := got.text(c.key); text != c.want {
				t.Errorf("%s is %s, want %s", c.key, text, c.want)
			}
			if o := got.Origin(c.key); o != c.from {
				t.Errorf("%s comes from %q, want %q", c.key, o, c.from)
			}
		})
	}
}

func TestExclusiveGroups(t *testing.T) {
	file := writeFile(t, full)
	for _, c := range []struct {
		what  string
		in    Sources
		check func(Config) bool
	}{
		{"a flag's σ clears a file's ε", Sources{File: file, Flags: map[string]string{"noise-multiplier": "2"}},
			func(c Config) bool { return c.Epsilon == 0 && c.NoiseMultiplier == 2 && !c.NoDP }},
		{"a file's ε clears a recipe's σ", Sources{Recipe: "mnist-opacus", File: file},
			func(c Config) bool { return c.Epsilon == 3 && c.NoiseMultiplier == 0 }},
		{"no DP clears both, and the clip norm below it", Sources{File: file, Flags: map[string]string{"no-dp": "true"}},
			func(c Config) bool { return c.Epsilon == 0 && c.NoDP && c.ClipNorm == 0 }},
		{"clipping without noise is asked for beside it", Sources{File: file, Flags: map[string]string{"no-dp": "true", "clip-norm": "2"}},
			func(c Config) bool { return c.NoDP && c.ClipNorm == 2 }},
		{"ε above no DP", Sources{File: writeFile(t, strings.Replace(full, "epsilon: 3", "no_dp: true", 1)), Env: map[string]string{"epsilon": "1"}},
			func(c Config) bool { return c.Epsilon == 1 && !c.NoDP }},
		{"no_dp: false chooses nothing", Sources{File: file, Flags: map[string]string{"no-dp": "false"}},
			func(c Config) bool { return c.Epsilon == 3 && !c.NoDP && c.ClipNorm == 1 }},
		{"epochs clear steps", Sources{File: file, Flags: map[string]string{"epochs": "2.5"}},
			func(c Config) bool { return c.Steps == 0 && c.Epochs.String() == "2.5" }},
		{"a split file clears a split", Sources{Flags: map[string]string{"split-file": "s.json"}},
			func(c Config) bool { return c.Split == nil && c.SplitFile == "s.json" }},
	} {
		t.Run(c.what, func(t *testing.T) {
			if got := mustResolve(t, c.in); !c.check(got) {
				t.Errorf("got %+v", got.Guarantee)
			}
		})
	}
	for _, c := range []struct {
		what string
		in   Sources
		want []string
	}{
		{"two flags", Sources{Flags: map[string]string{"epsilon": "1", "noise-multiplier": "1"}}, []string{"--epsilon", "--noise-multiplier"}},
		{"a flag and a set", Sources{Flags: map[string]string{"epsilon": "1"}, Set: []string{"no_dp=true"}}, []string{"--epsilon", "--set no_dp"}},
		{"two lines", Sources{File: writeFile(t, full+"noise_multiplier: 1\n")}, []string{"epsilon (run.yaml line 3)", "noise_multiplier (run.yaml line 9)"}},
		{"steps and epochs", Sources{Flags: map[string]string{"steps": "1", "epochs": "1"}}, []string{"--steps", "--epochs"}},
		{"in the twin", Sources{Set: []string{"twin.no_dp=true", "twin.noise_multiplier=0"}}, []string{"twin.noise_multiplier", "twin.no_dp"}},
	} {
		t.Run(c.what, func(t *testing.T) { wantError(t, c.in, c.want...) })
	}
}

func wantError(t *testing.T, in Sources, words ...string) error {
	t.Helper()
	_, err := Resolve(in)
	if err == nil {
		t.Fatal("no error")
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error of more than one line: %q", err)
	}
	hint := ""
	if h, ok := err.(interface{ Hint() string }); ok {
		hint = h.Hint()
	} else {
		t.Errorf("%T has no hint", err)
	}
	for _, w := range words {
		if !strings.Contains(err.Error()+"\n"+hint, w) {
			t.Errorf("error %q, hint %q: want %q", err, hint, w)
		}
	}
	return err
}

func TestBadConfigs(t *testing.T) {
	with := func(line string) Sources { return Sources{File: writeFile(t, full+line+"\n")} }
	flag := func(k, v string) Sources { return Sources{Flags: map[string]string{k: v}} }
	for _, c := range []struct {
		what string
		in   Sources
		want []string
	}{
		{"unknown key", with("epsylon: 3"), []string{"run.yaml line 9", "unknown key epsylon", "did you mean epsilon?"}},
		{"unknown nested key", with("twin:\n  lrr: 3"), []string{"run.yaml line 10", "unknown key twin.lrr", "did you mean twin.lr?"}},
		{"unknown key far from all", with("zzzzzzzzzz: 3"), []string{"unknown key zzzzzzzzzz"}},
		{"unknown set", Sources{Set: []string{"nett=linear"}}, []string{"--set nett", "did you mean net?"}},
		{"a set without =", Sources{Set: []string{"net"}}, []string{"key=value"}},
		{"twice in one file", with("net: linear"), []string{"line 9", "line 2"}},
		{"not YAML", with("\t:::"), []string{"run.yaml"}},
		{"a list for a map", Sources{File: writeFile(t, "- 1\n- 2\n")}, []string{"line 1"}},
		{"two documents", with("---\nnet: linear"), []string{"more than one document"}},
		{"an alias", with("out: &x a\ndata_dir: *x"), []string{"anchors"}},
		{"no such file", Sources{File: filepath.Join(t.TempDir(), "no.yaml")}, []string{"no.yaml", "no such file"}},
		{"σ = 0", flag("noise-multiplier", "0"), []string{"noise_multiplier is 0, must be positive", "--no-dp"}},
		{"σ < 0", flag("noise-multiplier", "-1"), []string{"must be positive"}},
		{"σ = NaN", flag("noise-multiplier", "NaN"), []string{"must be a finite number"}},
		{"σ = inf", flag("noise-multiplier", "inf"), []string{"must be a finite number"}},
		{"σ = hexadecimal", flag("noise-multiplier", "0x1p4"), []string{"must be a finite number"}},
		{"ε = 0", flag("epsilon", "0"), []string{"epsilon is 0, must be positive"}},
		{"δ = 0", flag("delta", "0"), []string{"delta is 0, must be above 0 and below 1"}},
		{"δ = 1", flag("delta", "1"), []string{"delta is 1, must be above 0 and below 1"}},
		{"C = 0", flag("clip-norm", "0"), []string{"clip_norm is 0, must be positive"}},
		{"B = 0", flag("lot", "0"), []string{"lot is 0"}},
		{"T = 0", flag("steps", "0"), []string{"steps is 0, must be at least 1"}},
		{"T = 1.5", flag("steps", "1.5"), []string{"must be an integer"}},
		{"E = 0", flag("epochs", "0.0"), []string{"epochs is 0, must be above 0"}},
		{"E = 1e9", flag("epochs", "1e9"), []string{"must be a decimal number"}},
		{"negative audit units", flag("audit-units", "-1"), []string{"audit_units is -1"}},
		{"momentum 1", flag("momentum", "1"), []string{"momentum is 1, must be in [0, 1)"}},
		{"momentum with adam", Sources{Flags: map[string]string{"optimizer": "adam", "momentum": ".9"}}, []string{"momentum is 0.9"}},
		{"unknown optimizer", flag("optimizer", "lion"), []string{"be one of sgd, adam"}},
		{"unknown schedule", flag("lr-schedule", "linear"), []string{"constant, cosine, step"}},
		{"a step schedule without its numbers", flag("lr-schedule", "step"), []string{"step:drop=.1,drops=2"}},
		{"a class weight of 0", flag("class-weights", "1,0"), []string{"class_weights is [1, 0]"}},
		{"split of 90", flag("split", "60/30"), []string{"add up to 100"}},
		{"a split of words", flag("split", "a/b"), []string{"add up to 100"}},
		{"unit", flag("unit", "patient"), []string{"unit is patient"}},
		{"a noisy twin", Sources{Set: []string{"twin.noise_multiplier=1"}}, []string{"twin.noise_multiplier is 1"}},
		{"a condition that cannot be read", flag("fail-if", "auc >"), []string{"fail_if"}},
		{"unknown recipe", Sources{Recipe: "mnist-opacs"}, []string{"unknown recipe", "did you mean mnist-opacus?"}},
		{"a map for a number", with("workers: {a: 1}"), []string{"workers is a map"}},
	} {
		t.Run(c.what, func(t *testing.T) { wantError(t, c.in, c.want...) })
	}
}

func TestMissingIsListedAtOnce(t *testing.T) {
	_, err := Resolve(Sources{Flags: map[string]string{"data": "mnist", "net": "cnn28-tanh", "class-weights": "1,30"}})
	var m *Missing
	if !errors.As(err, &m) {
		t.Fatalf("got %v", err)
	}
	if want := []string{"epsilon | noise_multiplier | no_dp", "delta", "clip_norm", "lot", "steps | epochs", "lr"}; !slices.Equal(m.Keys, want) {
		t.Errorf("missing %q, want %q", m.Keys, want)
	}
	// The command must be complete: parsed again, it resolves.
	flags := map[string]string{}
	words := strings.Fields(m.Command)
	if len(words) < 2 || words[0] != "hush" || words[1] != "train" {
		t.Fatalf("command %q", m.Command)
	}
	for i := 2; i+1 < len(words); i += 2 {
		flags[strings.TrimPrefix(words[i], "--")] = words[i+1]
	}
	c := mustResolve(t, Sources{Flags: flags})
	if c.Net != "cnn28-tanh" || c.Data != "mnist" || len(c.ClassWeights) != 2 {
		t.Errorf("the command loses what was given: %q", m.Command)
	}
	// Without DP no privacy parameter is asked for.
	_, err = Resolve(Sources{Flags: map[string]string{"data": "mnist", "net": "linear", "no-dp": "true", "lr": "1"}})
	if !errors.As(err, &m) || !slices.Equal(m.Keys, []string{"lot", "steps | epochs"}) {
		t.Errorf("got %v", err)
	}
}

func TestEnvLayer(t *testing.T) {
	got, err := EnvLayer([]string{"HOME=/x", "HUSH_DATA=/d", "HUSH_CLIP_NORM=2", "HUSH_TWIN__LR=3", "HUSH_DATA_DIR=/e", "HUSH_OTHER=1"}, "HUSH_OTHER")
	if want := map[string]string{"clip_norm": "2", "twin.lr": "3", "data_dir": "/e"}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	_, err = EnvLayer([]string{"HUSH_EPSYLON=1"})
	if err == nil || !strings.Contains(err.(*Error).Hint(), "HUSH_EPSILON") {
		t.Errorf("a misspelled variable passed: %v", err)
	}
}

func TestStepsAreExact(t *testing.T) { // trap T6
	for _, c := range []struct {
		epochs, lot string
		n           int
		want        int64
	}{
		{"60", "240", 60000, 15000},
		{"40", "9990", 60000, 241}, // 240.24…
		{"1.1", "1", 100, 110},     // in binary 1.1·100 is above 110
		{"1.1", "10", 50000, 5500}, // likewise
		{"0.7", "0.7", 30, 30},
		{"1.1", "0.1", 10, 110},
		{"3", "0.3", 1, 10},
		{"1", "7", 20, 3},
		{"1", "3", 9, 3},
	} {
		got, err := mustResolve(t, Sources{Flags: map[string]string{"epochs": c.epochs, "lot": c.lot}}).TotalSteps(c.n)
		if err != nil || got != c.want {
			t.Errorf("ceil(%s·%d/%s) = %d, %v; want %d", c.epochs, c.n, c.lot, got, err, c.want)
		}
	}
	for n := 1; n <= 20000; n++ { // an epoch of lots of one is n steps
		c := Config{Guarantee: Guarantee{Lot: 1, Epochs: Decimal{"1"}}}
		if got, err := c.TotalSteps(n); got != int64(n) || err != nil {
			t.Fatalf("%d steps for %d units", got, n)
		}
	}
}

func TestSampleRate(t *testing.T) {
	c := mustResolve(t, Sources{Recipe: "mnist-opacus"})
	if q, err := c.SampleRate(60000); err != nil || q != 240./60000 {
		t.Errorf("q = %v, %v", q, err)
	}
	if _, err := c.SampleRate(239); err == nil || !strings.Contains(err.Error(), "must be in (0, 1]") {
		t.Errorf("q > 1 passed: %v", err)
	}
	if _, err := c.SampleRate(0); err == nil {
		t.Error("no units passed")
	}
}

// drawConfig makes a valid config from a random choice of sources.
func drawConfig(t *rapid.T) (Config, Sources) {
	s := Sources{Recipe: rapid.SampledFrom(append(catalog[:], "")).Draw(t, "recipe"), Flags: map[string]string{}}
	add := func(key string, values ...string) {
		if rapid.Bool().Draw(t, key) {
			s.Flags[key] = rapid.SampledFrom(values).Draw(t, key+" value")
		}
	}
	add("lr", "1", ".25", "1e-3", "1e10")
	add("epochs", "1", "2.50", "0.001")
	add("class_weights", "1,30", "[1, 2, 3]")
	add("out", "a b", "it's", `"x"`, "true", "null x", "# no", "ü/ñ", "-", "2024-01-01", "1e5", "a: b", "y")
	add("audit_units", "0", "10")
	add("insecure_seed", "0", "18446744073709551615")
	add("lr_schedule", "cosine", "step:drop=.5,drops=3", "constant")
	add("twin", "no", "yes", "auto")
	add("twin.momentum", "0", ".5")
	add("twin.lr_schedule", "step:drop=.5,drops=1")
	add("split", "60/20/20", "50/50", "33.4/33.3/33.3")
	add("fail_if", "auc > .6", "auc > .6\nverdict == 'no guarantee'")
	c, err := Resolve(s)
	if err != nil {
		t.Fatalf("%+v: %v", s, err)
	}
	return c, s
}

func TestPrintedConfigReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, _ := drawConfig(t)
		var b bytes.Buffer
		if err := c.Print(&b, rapid.Bool().Draw(t, "origins")); err != nil {
			t.Fatal(err)
		}
		back, err := ReadResolved(b.Bytes())
		if err != nil {
			t.Fatalf("%v in\n%s", err, b.String())
		}
		c.origin, back.origin = nil, nil
		c.Epochs, back.Epochs = Decimal{c.Epochs.String()}, Decimal{back.Epochs.String()}
		c.Twin.Epochs, back.Twin.Epochs = Decimal{}, Decimal{}
		if !reflect.DeepEqual(c, back) {
			t.Fatalf("wrote %+v\nread %+v\nfrom\n%s", c, back, b.String())
		}
		if c.Hash() != back.Hash() {
			t.Fatal("the hash changed on the way")
		}
	})
}

func TestHashCoversGuaranteeAndBitsOnly(t *testing.T) {
	base := mustResolve(t, Sources{})
	if h := base.Hash(); len(h) != 64 || h != mustResolve(t, Sources{Recipe: "digits"}).Hash() {
		t.Errorf("hash %q", h)
	}
	for key, value := range map[string]string{
		"delta": "1e-6", "epsilon": "2", "noise_multiplier": "1", "no_dp": "true", "clip_norm": ".2", "lot": "900", "steps": "99",
		"epochs": "3", "audit_units": "0", "max_epsilon": "9", "insecure_seed": "0", "public_n": "5", "split": "50/50", "split_file": "x",
		"data": "mnist", "net": "mlp:5", "transform": "none", "optimizer": "adam", "lr": "3", "momentum": "0", "weight_decay": ".1",
		"lr_schedule": "cosine", "class_weights": "1,2", "seed": "3", "kernels": "portable", "lanes": "2", "twin": "no", "twin.lr": "3",
	} {
		s := Sources{Recipe: "digits", Flags: map[string]string{key: value}}
		if mustResolve(t, s).Hash() == base.Hash() {
			t.Errorf("%s = %s does not change the hash", key, value)
		}
	}
	for key, value := range map[string]string{
		"data_dir": "x", "workers": "3", "physical_batch": "7", "out": "y", "save_every": "3", "format": "json", "quiet": "true",
		"log_format": "json", "fail_if": "auc > 1",
	} {
		if mustResolve(t, Sources{Flags: map[string]string{key: value}}).Hash() != base.Hash() {
			t.Errorf("%s = %s changes the hash", key, value)
		}
	}
	for _, l := range leaves() { // a key in no section would escape the hash unseen
		if l.section == "" && l.path != "recipe" {
			t.Errorf("%s is in no section", l.path)
		}
	}
}

// TestHashIsStable fails when the canonical form changes without hashVersion being changed too.
func TestHashIsStable(t *testing.T) {
	const want = "303742d9a5fa55c9e2c9edfcffc6f081dbb6d6856b9b3e3557ec90bdaf35f633"
	c := Config{Guarantee: Guarantee{Data: "digits", Epsilon: 3, Epochs: Decimal{"2.50"}}, Bits: Bits{Net: "mlp:128,64", ClassWeights: []float64{1, 30}}}
	if h := c.Hash(); h != want {
		t.Errorf("hash %s, want %s", h, want)
	}
}

func TestTwinConfig(t *testing.T) {
	c := mustResolve(t, Sources{Set: []string{"twin.epochs=5", "twin.optimizer=adam", "twin.lr=.001", "seed=7"}})
	tw := c.TwinConfig()
	if tw.Epsilon != 0 || !tw.NoDP || tw.ClipNorm != c.ClipNorm || tw.Steps != 0 || tw.Epochs.String() != "5" ||
		tw.Optimizer != "adam" || tw.LR != .001 || tw.Momentum != 0 || tw.Seed != 7 || tw.Data != c.Data || tw.Twin.Run != "no" {
		t.Errorf("twin %+v", tw)
	}
	if c.Epsilon != 3 || c.Twin.Run != "auto" {
		t.Error("the run's own config changed")
	}
	if tw := mustResolve(t, Sources{Set: []string{"twin.no_dp=true"}}).TwinConfig(); tw.ClipNorm != 0 {
		t.Errorf("a twin without DP still clips at %v", tw.ClipNorm)
	}
}

func TestRecipes(t *testing.T) {
	files, err := recipeFiles.ReadDir("recipes")
	if err != nil || len(files) == 0 || len(files) != len(catalog) {
		t.Fatalf("%d files, %d in the catalog, %v", len(files), len(catalog), err)
	}
	for _, r := range Recipes() {
		t.Run(r.Name, func(t *testing.T) {
			if !slices.Contains(catalog[:], r.Name) || r.Summary == "" || r.Answers.Figure == "" || r.Answers.Source == "" {
				t.Errorf("incomplete: %+v", r)
			}
			c := mustResolve(t, Sources{Recipe: r.Name})
			if c.Recipe != r.Name {
				t.Errorf("resolved recipe is %q", c.Recipe)
			}
			if _, ok := c.Answer(); !ok {
				t.Error("the recipe as it is shows no figure")
			}
			if c := mustResolve(t, Sources{Recipe: r.Name, Flags: map[string]string{"seed": "5", "workers": "1"}}); c.Recipe != "" {
				if _, ok := c.Answer(); !ok {
					t.Error("another seed hides the figure")
				}
			}
			other := mustResolve(t, Sources{Recipe: r.Name, Flags: map[string]string{"data": "other"}})
			if _, ok := other.Answer(); ok {
				t.Error("shows its figure on other data")
			}
		})
	}
	if c := mustResolve(t, Sources{File: writeFile(t, full)}); c.Recipe != "" {
		t.Errorf("a file that names no recipe has %q", c.Recipe)
	}
}

func FuzzConfig(f *testing.F) {
	f.Add([]byte(full))
	f.Add([]byte("twin: {run: no, lr_schedule: step:drop=.1}\nepochs: 2.5\nclass_weights: [1, 30]\n"))
	f.Add([]byte("a: &x [*x]\n--- \n? {}"))
	f.Add([]byte("split: 60/20/20\nfail_if: [auc > 1]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := readLayer(text, "f.yaml")
		if err != nil {
			return
		}
		c, err := resolve("", l)
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := c.Print(&b, true); err != nil {
			t.Fatal(err)
		}
		back, err := ReadResolved(b.Bytes())
		if err != nil || back.Hash() != c.Hash() {
			t.Fatalf("%v\n%s", err, b.String())
		}
	})
}

// The command of a Missing error can be copied as it is: "mlp:8" has no quotes that a shell would keep.
func TestMissingCommandIsForAShell(t *testing.T) {
	_, err := Resolve(Sources{Flags: map[string]string{"data": "mnist", "net": "mlp:8"}})
	var m *Missing
	if !errors.As(err, &m) || !strings.Contains(m.Command, "--net mlp:8 ") {
		t.Errorf("got %v, want a command with --net mlp:8", err)
	}
}
