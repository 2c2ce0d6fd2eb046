package experiment_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hush/accountant"
	"hush/data"
	"hush/experiment"
	"hush/run"
	"hush/trainer"
)

// values gathers records as they are.
func values(s *data.Set, index ...int) []float32 {
	x := make([]float32, len(index)*s.Shape().Size())
	s.Gather(x, index)
	return x
}

// on makes the plan of c on a set.
func on(t *testing.T, s *data.Set, c run.Config) *trainer.Plan {
	t.Helper()
	p, err := trainer.PlanFor(s, c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Trap T5: one record of the training units is made null or garbage and the whole program run again. N, q, B, T, σ and ε
// stay to the bit, and so does every byte of public/ but the weights. A record that is not in training does not even
// change those.
func TestPublicConstantsDoNotDependOnARecord(t *testing.T) {
	type change struct {
		name   string
		weight bool // in training: the weights must change
		record func(p *trainer.Plan) int
		apply  func(s *data.Set, i int)
	}
	null := func(s *data.Set, i int) { s.Labels()[i] = data.Null }
	relabel := func(s *data.Set, i int) { s.Labels()[i] = (s.Labels()[i] + 1) % 10 }
	always := func(p *trainer.Plan) int { return p.Split.Always[7] }
	test := func(p *trainer.Plan) int { return p.Split.Test[3] }
	byCoin := func(in bool) func(p *trainer.Plan) int {
		return func(p *trainer.Plan) int {
			key, err := p.NewKey()
			if err != nil {
				t.Fatal(err)
			}
			return p.Records[p.InPool[slices.Index(p.Coins(key), in)]]
		}
	}
	base := plan(t, config(t, nil))
	want := finished(t, base)
	for _, c := range []change{
		{"null", true, always, null}, {"another label", true, always, relabel}, {"null, in by coin", true, byCoin(true), null},
		{"null, out by coin", false, byCoin(false), null}, {"another label, out by coin", false, byCoin(false), relabel},
		{"null, test", false, test, null}, {"another label, test", false, test, relabel},
	} {
		set := digits(t)
		c.apply(set, c.record(base))
		p := on(t, set, config(t, nil))
		got := finished(t, p)
		samePublic(t, c.name, want, got, c.weight)
		if p.NoiseMultiplier != base.NoiseMultiplier || p.SampleRate != base.SampleRate || p.Steps != base.Steps || p.Lot != base.Lot || len(p.Records) != len(base.Records) {
			t.Errorf("%s: σ, q, T, B or N moved", c.name)
		}
	}
}

// Trap T5, features: the record's values go beyond the range of all others, to zero, or to what is hardly a number.
func TestPublicConstantsDoNotDependOnFeatures(t *testing.T) {
	src := digits(t)
	all := make([]int, 400)
	for i := range all {
		all[i] = i
	}
	build := func(change func(row []float32)) *data.Set {
		x, d := values(src, all...), src.Shape().Size()
		change(x[11*d : 12*d])
		s, err := data.New("digits", src.Shape(), src.Classes(), x, slices.Clone(src.Labels()[:400]), 400)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for _, c := range []struct {
		transform string
		value     float32
	}{{"none", math.MaxFloat32}, {"none", 0}, {"unit-norm", 1000}, {"unit-norm", 1e-42}} {
		flags := map[string]string{"lot": "100", "audit_units": "0", "transform": c.transform}
		base := on(t, build(func([]float32) {}), config(t, flags))
		if !slices.Contains(base.Records, 11) {
			t.Fatal("record 11 is no training unit: choose another")
		}
		garbage := on(t, build(func(row []float32) {
			for j := range row {
				row[j] = c.value * float32(j%2)
			}
		}), config(t, flags))
		out := finished(t, garbage)
		samePublic(t, fmt.Sprintf("%g, %s", c.value, c.transform), finished(t, base), out, true)
		if u := out.Result.Utility; u.TrainAccuracy == nil || u.TrainLoss == nil || u.CalibrationError == nil {
			t.Errorf("%g, %s: one bad record leaves train accuracy %v, loss %v, calibration %v", c.value, c.transform, u.TrainAccuracy, u.TrainLoss, u.CalibrationError)
		}
	}
}

// Trap T5, rows: with a declared number of units it does not matter how many rows the file has.
func TestPublicConstantsDoNotDependOnTheNumberOfRows(t *testing.T) {
	src := digits(t)
	build := func(n int) *data.Set {
		var index []int
		for i := range n {
			index = append(index, i)
		}
		labels := append(slices.Clone(src.Labels()[:n]), src.Labels()[1000:1100]...)
		for i := 1000; i < 1100; i++ {
			index = append(index, i)
		}
		s, err := data.New("digits", src.Shape(), src.Classes(), values(src, index...), labels, n)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	flags := map[string]string{"lot": "100", "public_n": "300", "split": "100"}
	want := finished(t, on(t, build(300), config(t, flags)))
	for _, n := range []int{299, 250} {
		samePublic(t, "fewer rows", want, finished(t, on(t, build(n), config(t, flags))), true)
	}
	if _, err := trainer.PlanFor(build(301), config(t, flags)); err == nil {
		t.Error("301 rows were accepted where 300 were declared")
	}
}

// samePublic compares the public folders of two runs on neighboring data sets.
func samePublic(t *testing.T, name string, a, b experiment.Outcome, weights bool) {
	t.Helper()
	for _, dir := range []string{a.Dir, b.Dir} {
		if got := below(tree(t, dir), "public/"); !slices.Equal(got, []string{run.CardFile, run.ModelFile, run.StatementFile}) {
			t.Errorf("%s: public/ holds %v", name, got)
		}
	}
	for _, file := range []string{run.StatementFile, run.CardFile, run.LedgerFile} {
		if !same(t, file, a.Dir, b.Dir) {
			t.Errorf("%s: %s differs", name, file)
		}
	}
	if same(t, run.ModelFile, a.Dir, b.Dir) == weights {
		t.Errorf("%s: the weights changed: %t, want %t", name, !weights, weights)
	}
}

// Trap T18: what a fixed seed made says everywhere that it has no guarantee; without one, the key comes from the system
// and two runs differ.
func TestInsecureSeedIsNoGuarantee(t *testing.T) {
	statement := func(dir string) string { return string(read(t, dir, run.StatementFile)) }
	seeded, again := finished(t, plan(t, config(t, nil))), finished(t, plan(t, config(t, nil)))
	if p := seeded.Result.Privacy; p.Guarantee || !strings.Contains(p.WhyNot, "--insecure-seed") || p.Epsilon == nil {
		t.Errorf("result of a seeded run: guarantee %t, why not %q", p.Guarantee, p.WhyNot)
	}
	if s := statement(seeded.Dir); !strings.Contains(s, `"guarantee": false`) || !strings.Contains(s, "--insecure-seed") {
		t.Errorf("statement of a seeded run: %s", s)
	}
	if v, err := run.Open(seeded.Dir); err != nil {
		t.Error(err)
	} else if r, err := v.ReadResult(); err != nil || r.Privacy.Guarantee || r.Privacy.WhyNot == "" {
		t.Errorf("result file of a seeded run: %+v, %v", r.Privacy, err)
	}
	if !same(t, run.ModelFile, seeded.Dir, again.Dir) {
		t.Error("the same seed gave other weights")
	}
	secret := map[string]string{"insecure_seed": "null"}
	a, b := finished(t, plan(t, config(t, secret))), finished(t, plan(t, config(t, secret)))
	if p := a.Result.Privacy; !p.Guarantee || p.WhyNot != "" || !strings.Contains(statement(a.Dir), `"guarantee": true`) {
		t.Errorf("a run without a seed: guarantee %t, why not %q", p.Guarantee, p.WhyNot)
	}
	if same(t, run.ModelFile, a.Dir, b.Dir) || same(t, "internal/coins.json", a.Dir, b.Dir) {
		t.Error("two runs without a seed gave the same weights or coins")
	}
	none := finished(t, plan(t, config(t, map[string]string{"no_dp": "true"})))
	if p := none.Result.Privacy; p.Guarantee || p.Epsilon != nil || p.WhyNot != trainer.NoNoise {
		t.Errorf("a run without noise: guarantee %t, ε %v, why not %q", p.Guarantee, p.Epsilon, p.WhyNot)
	}
}

// Trap T24: every number that an input goes through is in public/card.yaml with its source and who declares it public,
// and the statement quotes the same list. Nothing there was read from the records' file.
func TestPublicCardNamesItsSources(t *testing.T) {
	p := plan(t, config(t, nil))
	out := finished(t, p)
	f, err := run.Open(out.Dir)
	if err != nil {
		t.Fatal(err)
	}
	card, err := f.ReadCard()
	if err != nil {
		t.Fatal(err)
	}
	if len(card.Constants) == 0 || len(card.DeclaredPublic) == 0 {
		t.Error("the card lists no constants, though pixels are scaled")
	}
	for _, k := range card.Constants {
		if k.Source == "" || k.DeclaredBy == "" || len(k.Values) == 0 {
			t.Errorf("constant %+v lacks its source or who declares it", k)
		}
		if want := p.Set.Card().Constant(k.Name); want == nil || !slices.Equal(want.Values, k.Values) {
			t.Errorf("constant %+v is not the data set's card's", k)
		}
	}
	for _, line := range card.DeclaredPublic {
		if what, by, ok := strings.Cut(strings.TrimSuffix(line, ")"), "; declared by "); !ok || by == "" || strings.HasSuffix(what, "(") {
			t.Errorf("declared public without source or author: %q", line)
		}
	}
	if !slices.Equal(card.DeclaredPublic, out.Result.Privacy.DeclaredPublic) {
		t.Error("card and statement do not list the same")
	}
	for _, file := range []string{run.CardFile, run.StatementFile, run.ModelFile} {
		text := read(t, out.Dir, file)
		for what, secret := range map[string]string{"a hash of the records": p.Set.Hash(), "a path": out.Dir} {
			if bytes.Contains(text, []byte(secret)) {
				t.Errorf("%s holds %s", file, what)
			}
		}
	}
}

// Trap T24: a scale fitted to the records at hand cannot be asked for. Where the card declares no mean and deviation,
// standardizing is refused.
func TestStandardizeNeedsDeclaredConstants(t *testing.T) {
	if _, err := trainer.NewPlan(context.Background(), config(t, map[string]string{"transform": "standard"})); err == nil {
		t.Error("digits were standardized, though their card declares no mean and deviation")
	}
}

// Trap T29: nothing that reads a private metric can be configured.
func TestNothingStopsOnAMetric(t *testing.T) {
	for _, set := range []string{"early_stop=true", "patience=3", "stop.metric=loss", "stop=loss", "select=best", "lr_schedule=plateau",
		"lr_schedule.name=plateau", "lr_schedule.metric=loss", "lr_schedule.patience=2", "min_loss=0.1", "target_accuracy=0.9", "keep_best=true"} {
		_, err := run.Resolve(run.Sources{Flags: map[string]string{"data": "digits"}, Set: []string{set}})
		if e := (*run.Error)(nil); !errors.As(err, &e) {
			t.Errorf("--set %s: %v, want a config error", set, err)
		}
	}
}

// Traps T11 and T29: the ledger of a finished run holds T events at q = B/N with the plan's noise, whatever became of the
// loss, for lots of any size and however they are cut into physical batches.
func TestLedgerHoldsThePlannedSteps(t *testing.T) {
	for _, flags := range []map[string]string{
		{}, {"lr": "1e-9"}, {"lr": "1e6"}, {"physical_batch": "1", "lot": "3"}, {"physical_batch": "7", "workers": "3"}, {"lot": "1438"},
		{"steps": "null", "epochs": "2.5", "lot": "300"}, {"lot": "0.01"}, {"optimizer": "adam", "momentum": "0", "lr": "0.01"},
		{"audit_units": "0"}, {"twin.run": "yes", "twin.steps": "3", "twin.lot": "50"},
	} {
		p := plan(t, config(t, flags))
		out := finished(t, p)
		s := ledger(t, out.Dir)
		n := float64(len(p.Records))
		var want accountant.Event = accountant.SampledGaussian{SampleRate: p.Config.Lot / n, NoiseMultiplier: p.NoiseMultiplier}
		if p.Config.Lot == n {
			want = accountant.Gaussian{NoiseMultiplier: p.NoiseMultiplier}
		}
		if len(s) != 1 || s[0].Event != want || s[0].Count != int64(p.Steps) {
			t.Errorf("%v: the ledger holds %v, want %d × %v", flags, s, p.Steps, want)
		}
		if flags["epochs"] != "" && p.Steps != 12 { // ⌈2.5·1438/300⌉
			t.Errorf("2.5 epochs are %d steps", p.Steps)
		}
		g, err := accountant.Epsilon(s, 1e-5, accountant.ZeroOut)
		if err != nil || out.Result.Privacy.Epsilon == nil || *out.Result.Privacy.Epsilon != g.Epsilon || g.Epsilon > 3 {
			t.Errorf("%v: ε is %v, the ledger's is %g (%v)", flags, out.Result.Privacy.Epsilon, g.Epsilon, err)
		}
		if got := out.Result.Privacy.Steps; got != s.Steps() {
			t.Errorf("%v: the result says %d steps", flags, got)
		}
	}
}

// Outputs that are no numbers cannot be attacked: the run says that training diverged, and what it spent stays on record.
func TestDivergedRunIsAnError(t *testing.T) {
	for name, flags := range map[string]map[string]string{
		"with DP":    {"net": "mlp:64", "lr": "1e38"},
		"without DP": {"net": "mlp:64", "lr": "1e20", "no_dp": "true", "clip_norm": "null", "steps": "30"},
	} {
		out, err := experiment.Run(context.Background(), plan(t, config(t, flags)), experiment.Options{Version: "test"})
		if !errors.Is(err, trainer.ErrDiverged) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(filepath.Join(out.Dir, run.DoneFile)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: the run passes for done", name)
		}
		if name == "with DP" && ledger(t, out.Dir).Steps() != 8 {
			t.Errorf("%s: the ledger holds %v", name, ledger(t, out.Dir))
		}
	}
}

// A run without noise is charged as such, step by step, and its ε is infinite.
func TestLedgerWithoutNoise(t *testing.T) {
	out := finished(t, plan(t, config(t, map[string]string{"no_dp": "true"})))
	s := ledger(t, out.Dir)
	if len(s) != 1 || s[0].Event.Kind() != (accountant.NonPrivate{}).Kind() || s[0].Count != 8 {
		t.Errorf("the ledger holds %v", s)
	}
	if v := out.Result.Report.Verdict; v != "no guarantee" {
		t.Errorf("verdict %q", v)
	}
}

// Twin and control train on the same records without noise: from their first step on, neither the run's ledger nor
// public/ moves.
func TestTwinStaysInternal(t *testing.T) {
	p := plan(t, config(t, map[string]string{"twin.run": "yes"}))
	dir := p.Config.Out
	var before map[string]string
	out := finishedOn(t, p, experiment.Watch{Stage: func(name string) {
		if name == "twin" {
			before = tree(t, dir)
		}
	}})
	if before == nil || out.Result.Twin == nil {
		t.Fatal("no twin was trained")
	}
	end := tree(t, dir)
	names := append(below(before, "public/"), run.LedgerFile)
	if len(names) != 4 || !slices.Equal(below(end, "public/"), names[:3]) {
		t.Errorf("public/ held %v, holds %v", names[:len(names)-1], below(end, "public/"))
	}
	for _, n := range names {
		if before[n] != end[n] {
			t.Errorf("%s changed when the twin was trained", n)
		}
	}
	for n, text := range end { // the twin's weights are no file of the run
		if n != run.ModelFile && strings.Contains(text, end[run.ModelFile][len(end[run.ModelFile])-40:]) {
			t.Errorf("%s holds weights", n)
		}
	}
	without := finished(t, plan(t, config(t, nil)))
	if !slices.Equal(ledger(t, out.Dir), ledger(t, without.Dir)) {
		t.Error("with a twin the ledger is another")
	}
	a, _, err := mustOpen(t, out.Dir).ReadModel()
	if err != nil {
		t.Fatal(err)
	}
	b, _, err := mustOpen(t, without.Dir).ReadModel()
	if err != nil {
		t.Fatal(err)
	}
	for i := range a {
		if !slices.Equal(a[i].Data, b[i].Data) {
			t.Errorf("with a twin the weights %s are others", a[i].Name)
		}
	}
	if r, s := out.Result.Privacy, without.Result.Privacy; *r.Epsilon != *s.Epsilon || out.Result.Report.Verdict == "" {
		t.Error("with a twin the claim is another")
	}
}

func mustOpen(t *testing.T, dir string) *run.Folder {
	t.Helper()
	f, err := run.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// The key is gone when a run is done, and no other file ever held it.
func TestKeyIsGone(t *testing.T) {
	p := plan(t, config(t, map[string]string{"insecure_seed": "null"}))
	var key []byte
	var during map[string]string
	out := finishedOn(t, p, experiment.Watch{Stage: func(string) {
		key = read(t, p.Config.Out, run.KeyFile)[:32]
		during = tree(t, p.Config.Out)
	}})
	if _, err := os.Stat(filepath.Join(out.Dir, "secret")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("secret/ is still there: %v", err)
	}
	for _, files := range []map[string]string{during, tree(t, out.Dir)} {
		for n, text := range files {
			for _, form := range []string{string(key[:8]), hex.EncodeToString(key[:8]), base64.StdEncoding.EncodeToString(key[:9]), base64.URLEncoding.EncodeToString(key[:9])} {
				if n != run.KeyFile && strings.Contains(strings.ToLower(text), strings.ToLower(form)) {
					t.Errorf("%s holds the key", n)
				}
			}
		}
	}
}

// A run that cannot write its first files leaves nothing behind; one whose folder cannot be made says so.
func TestNoFolderIsHalfMade(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := experiment.Run(context.Background(), plan(t, config(t, map[string]string{"out": filepath.Join(file, "run")})), experiment.Options{})
	if f := (*experiment.FolderError)(nil); !errors.As(err, &f) || out.Dir != "" {
		t.Errorf("below a file: %v, folder %q", err, out.Dir)
	}
}
