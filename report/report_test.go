package report

import (
	"bytes"
	"encoding/csv"
	"errors"
	"flag"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"hush/audit"
	"hush/internal/check"
	"hush/run"
)

var update = flag.Bool("update", false, "write the golden files anew; then read them")

func text(t testing.TB, format string, r *run.Result, o Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, format, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestGolden compares every format, byte for byte, with files that a person has read.
func TestGolden(t *testing.T) {
	tests := []struct {
		file, format, sample string
		o                    Options
	}{
		{"inconclusive.txt", "table", "inconclusive", Options{Folder: "runs/20260101T120000Z-digits-linear-1f2e3d4c"}},
		{"consistent-all.txt", "table", "consistent", Options{All: true}},
		{"narrow.txt", "table", "inconclusive", Options{Width: 40, All: true, Folder: "runs/x"}},
		{"overfit.txt", "table", "overfit", Options{}},
		{"insecure.txt", "table", "insecure", Options{}},
		{"indicative.txt", "table", "indicative", Options{}},
		{"violation.txt", "table", "violation", Options{}},
		{"bare.txt", "table", "bare", Options{}},
		{"inconclusive.md", "markdown", "inconclusive", Options{All: true, Folder: "runs/x"}},
		{"inconclusive.csv", "csv", "inconclusive", Options{}},
		{"overfit.csv", "csv", "overfit", Options{}},
		{"overfit.json", "json", "overfit", Options{}},
	}
	seen := map[string]bool{}
	for _, tt := range tests {
		seen[tt.format] = true
		t.Run(tt.file, func(t *testing.T) {
			got := text(t, tt.format, samples()[tt.sample], tt.o)
			path := filepath.Join("testdata", tt.file)
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
	for _, f := range Formats() {
		if !seen[f] {
			t.Errorf("format %s has no golden file", f)
		}
	}
}

// TestConformance holds what every format owes, over every sample and several widths.
func TestConformance(t *testing.T) {
	for _, format := range Formats() {
		for name, r := range samples() {
			for _, width := range []int{0, 20, 33, 79, 80, 200} {
				before, err := run.MarshalResult(r)
				if err != nil {
					t.Fatal(err)
				}
				got := text(t, format, r, Options{Width: width, All: true})
				if after, _ := run.MarshalResult(r); !bytes.Equal(before, after) {
					t.Fatalf("%s %s: writing changed the result", format, name)
				}
				if again := text(t, format, r, Options{Width: width, All: true}); again != got {
					t.Errorf("%s %s: written twice, two texts", format, name)
				}
				if !strings.HasSuffix(got, "\n") || strings.HasSuffix(got, "\n\n") || !utf8.ValidString(got) || strings.ContainsRune(got, 0) {
					t.Errorf("%s %s: must be text that ends in one newline", format, name)
				}
			}
		}
	}
}

// TestTableFitsTheTerminal: no line of a table is wider than asked, but words that cannot be broken.
func TestTableFitsTheTerminal(t *testing.T) {
	for name, r := range samples() {
		for width := 34; width <= 130; width++ {
			for _, line := range strings.Split(text(t, "table", r, Options{Width: width, All: true}), "\n") {
				if n := utf8.RuneCountInString(line); n > width {
					t.Errorf("%s at %d columns: %d in %q", name, width, n, line)
				}
			}
		}
		// 80 columns, the terminal that does not tell, hold the table itself.
		if got := text(t, "table", r, Options{}); !strings.Contains(got, "──────") {
			t.Errorf("%s: 80 columns show a list, want the table:\n%s", name, got)
		}
	}
}

func TestUnknownFormat(t *testing.T) {
	var b bytes.Buffer
	err := Write(&b, "html5", sample(), Options{})
	if a := (*check.Argument)(nil); !errors.As(err, &a) || b.Len() > 0 {
		t.Errorf("error %v, %d bytes written; want a *check.Argument and nothing", err, b.Len())
	}
}

func TestFailingWriterIsAnError(t *testing.T) {
	if err := Write(fullDisk{}, "table", sample(), Options{}); !errors.Is(err, errFull) {
		t.Errorf("error %v, want the writer's", err)
	}
}

var errFull = errors.New("disk full")

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

// TestJSONRoundTrips: what Write writes, run.ParseResult reads back, with nothing lost.
func TestJSONRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		unit := rapid.Float64Range(0, 1)
		r := sample()
		r.Privacy.Epsilon = ref(rapid.Float64Range(0, 1e6).Draw(t, "epsilon"))
		if rapid.Bool().Draw(t, "infinite") {
			r.Privacy.Epsilon = nil
		}
		r.Utility.TestAccuracy = ref(unit.Draw(t, "accuracy"))
		r.BestAttack.AUC = unit.Draw(t, "auc")
		r.Data.Name = rapid.String().Draw(t, "name")
		if !utf8.ValidString(r.Data.Name) {
			r.Data.Name = "x"
		}
		var b bytes.Buffer
		if err := Write(&b, "json", r, Options{}); err != nil {
			t.Fatal(err)
		}
		back, err := run.ParseResult(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(r, back) {
			t.Fatalf("read back:\n%+v\nwant:\n%+v", back, r)
		}
	})
}

// TestRoundingNeverFlatters: ε, δ and ceilings are never printed smaller than they are, lower bounds never larger,
// intervals never narrower, and none is off by more than a unit of its last digit.
func TestRoundingNeverFlatters(t *testing.T) {
	read := func(t *rapid.T, s string) float64 {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatalf("%q is not a number", s)
		}
		return v
	}
	rapid.Check(t, func(t *rapid.T) {
		x := math.Pow(10, rapid.Float64Range(-12, 12).Draw(t, "log x"))
		if v := read(t, Epsilon(&x)); v < x || v > x*(1+1e-3) {
			t.Fatalf("ε = %v is printed as %v", x, v)
		}
		if v := read(t, deltaText(x)); v < x || v > x*(1+1e-2) {
			t.Fatalf("δ = %v is printed as %v", x, v)
		}
		if v := read(t, lowerText(x)); v > x || v < x-.01*(1+1e-9) {
			t.Fatalf("lower bound %v is printed as %v", x, v)
		}
		p := rapid.Float64Range(0, 1).Draw(t, "p")
		if v := read(t, ceilingText(&p)); v < p || v > p+.001*(1+1e-9) {
			t.Fatalf("ceiling %v is printed as %v", p, v)
		}
		low, high := interval(p, p)
		if read(t, low) > p || read(t, high) < p {
			t.Fatalf("interval at %v is printed as %s to %s", p, low, high)
		}
		if v := read(t, strings.TrimSuffix(percent(&p), " %")); math.Abs(v-100*p) > .05+1e-9 {
			t.Fatalf("share %v is printed as %v %%", p, v)
		}
	})
}

func TestEpsilon(t *testing.T) {
	for x, want := range map[float64]string{
		0: "0", 3: "3", 2.9995: "3", 2.99951: "3", 2.99949: "3", 2.9985: "2.999", 2.5: "2.5", .1: "0.1", 1e-5: "1e-5",
		.00123456: "0.001235", .01: "0.01", 10: "10", 12345.6: "12350", 999999: "1e6", 99999.5: "100000", 1e9: "1e9", 1.00001: "1.001",
	} {
		if got := Epsilon(&x); got != want {
			t.Errorf("ε = %v is printed as %s, want %s", x, got, want)
		}
	}
	if got := Epsilon(nil); got != "∞" {
		t.Errorf("infinite ε is printed as %s", got)
	}
}

// TestNoGuaranteeIsSaid: where the guarantee does not hold, every text for people says so before anything else in its
// sentences, and none of them talks of a bound that holds.
func TestNoGuaranteeIsSaid(t *testing.T) {
	for _, format := range []string{"table", "markdown"} {
		for name, want := range map[string]string{
			"overfit":  "This model has no privacy guarantee (trained without noise)",
			"insecure": "THE GUARANTEE DOES NOT HOLD (--insecure-seed fixed sampling, coins and noise)",
		} {
			got := strings.Join(strings.Fields(text(t, format, samples()[name], Options{Width: 200})), " ")
			if format == "markdown" {
				got = strings.ReplaceAll(got, `\`, "")
			}
			if !strings.Contains(got, want) {
				t.Errorf("%s %s does not say %q:\n%s", format, name, want, got)
			}
			if name == "insecure" && strings.Contains(got, "0.953") {
				t.Errorf("%s %s shows a ceiling that does not hold", format, name)
			}
			for _, not := range []string{"no attack, known or not", "can grow to"} {
				if strings.Contains(got, not) {
					t.Errorf("%s %s says %q", format, name, not)
				}
			}
		}
	}
}

// TestIndicativeIsSaid: an AUC that no coin stands behind is labeled in the table and under it.
func TestIndicativeIsSaid(t *testing.T) {
	for format, label := range map[string]string{"table": "indicative\nAUC", "markdown": "indicative AUC"} {
		got := text(t, format, samples()["indicative"], Options{})
		heading, _, _ := strings.Cut(got, "private")
		if !strings.Contains(heading, "indicative") || strings.Count(got, "indicative") < 2 {
			t.Errorf("%s: no %q in heading and text:\n%s", format, label, got)
		}
		if clean := text(t, format, sample(), Options{}); strings.Contains(clean, "indicative") {
			t.Errorf("%s: a pool by coins is called indicative", format)
		}
	}
}

// TestSentencesFollowTheVerdict: each verdict has its words, and no other's.
func TestSentencesFollowTheVerdict(t *testing.T) {
	words := map[audit.Verdict]string{
		audit.Violation:    "Do not release",
		audit.Consistent:   "so it could have",
		audit.Inconclusive: "too small to",
		audit.NotEvaluable: "was not tested",
	}
	for verdict := range words {
		r := sample()
		r.Verdict = verdict
		all := strings.Join(sentences(r), "\n")
		for v, w := range words {
			if strings.Contains(all, w) != (v == verdict) {
				t.Errorf("%s: %q in the text is %v:\n%s", verdict, w, strings.Contains(all, w), all)
			}
		}
	}
}

func TestUnitIsNamed(t *testing.T) {
	r := sample()
	if s := statement(r); !strings.Contains(s, "per record") {
		t.Errorf("statement does not say per record: %s", s)
	}
	r.Privacy.Unit = "patient"
	if s := statement(r) + limits(r); !strings.Contains(s, "per patient") || strings.Contains(s, "record") {
		t.Errorf("statement for patients: %s", s)
	}
}

// TestCSVIsExact: the CSV holds the same bits as the result.
func TestCSVIsExact(t *testing.T) {
	lines, err := csv.NewReader(strings.NewReader(text(t, "csv", sample(), Options{}))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(lines) != 3 {
		t.Fatalf("%d lines, want heading, run and twin", len(lines))
	}
	at := map[string]string{}
	for i, name := range lines[0] {
		at[name] = lines[1][i]
	}
	for name, want := range map[string]float64{"epsilon": 2.99951, "delta": 1e-4, "auc_low": .4571, "auc_ceiling": .95257} {
		if v, err := strconv.ParseFloat(at[name], 64); err != nil || v != want {
			t.Errorf("%s is %q, want %v", name, at[name], want)
		}
	}
}

func TestWrap(t *testing.T) {
	got := wrap("an interval of 95 % and ε = 3 at δ = 1e-4", 12)
	want := []string{"an interval", "of 95 % and", "ε = 3 at", "δ = 1e-4"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("wrap gives %q, want %q", got, want)
	}
	if got := wrap("unbreakable", 4); !reflect.DeepEqual(got, []string{"unbreakable"}) {
		t.Errorf("a long word: %q", got)
	}
}
