package accountant

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestAddMergesNeighbors(t *testing.T) {
	e := SampledGaussian{.01, 1}
	var s Spending
	for range 1000 {
		s = s.Add(e, 1)
	}
	before := s
	s = s.Add(e, 5).Add(Gaussian{2}, 1).Add(e, 0).Add(e, 2)
	if want := (Spending{{e, 1005}, {Gaussian{2}, 1}, {e, 2}}); !slices.Equal(s, want) {
		t.Errorf("got %v, want %v", s, want)
	}
	if before[0].Count != 1000 {
		t.Errorf("Add changed the spending that it was called on: %v", before)
	}
	if s.Steps() != 1008 {
		t.Errorf("%d steps, want 1008", s.Steps())
	}
}

func TestSpendingRoundTrip(t *testing.T) {
	var s Spending
	for i, e := range catalogCases() {
		s = append(s, Charge{e, int64(i)})
	}
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	back, err := DecodeSpending(data)
	if err != nil || !slices.Equal(back, s) {
		t.Errorf("%s decodes to %v, %v", data, back, err)
	}
	var again Spending
	if err := json.Unmarshal(data, &again); err != nil || !slices.Equal(again, s) {
		t.Errorf("json.Unmarshal gives %v, %v", again, err)
	}
	one := Spending{}.Add(SampledGaussian{.004, 1.1}, 15000)
	if data, err = json.Marshal(one); err != nil {
		t.Fatal(err)
	}
	if want := `{"version":1,"charges":[{"event":{"kind":"sampled-gaussian","sample_rate":0.004,"noise_multiplier":1.1},"count":15000}]}`; string(data) != want {
		t.Errorf("file form is %s, want %s: a change needs a new version", data, want)
	}
	if _, err := json.Marshal(Spending{{Gaussian{math.NaN()}, 1}}); err == nil {
		t.Error("a charge that is no release was written")
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, c := range []struct{ what, text, want string }{
		{"another version", `{"version":2,"charges":[]}`, "version of the spending is 2, must be 1"},
		{"no version", `{"charges":[]}`, "version"},
		{"unknown key", `{"version":1,"charges":[],"epsilon":1}`, "unknown field"},
		{"unknown kind", `{"version":1,"charges":[{"event":{"kind":"magic"},"count":1}]}`, "must be one of gaussian, sampled-gaussian, non-private"},
		{"no kind", `{"version":1,"charges":[{"event":{"noise_multiplier":1},"count":1}]}`, "has no kind"},
		{"no event", `{"version":1,"charges":[{"count":1}]}`, "event"},
		{"missing field", `{"version":1,"charges":[{"event":{"kind":"sampled-gaussian","noise_multiplier":1},"count":1}]}`, `"sample_rate" is missing`},
		{"field of another kind", `{"version":1,"charges":[{"event":{"kind":"gaussian","noise_multiplier":1,"sample_rate":0.1},"count":1}]}`, "unknown field"},
		{"σ = 0", `{"version":1,"charges":[{"event":{"kind":"gaussian","noise_multiplier":0},"count":1}]}`, "must be positive"},
		{"negative count", `{"version":1,"charges":[{"event":{"kind":"gaussian","noise_multiplier":1},"count":-1}]}`, "steps is -1"},
		{"fractional count", `{"version":1,"charges":[{"event":{"kind":"gaussian","noise_multiplier":1},"count":1.5}]}`, "cannot unmarshal"},
		{"two values", `{"version":1,"charges":[]} {}`, "more than one"},
		{"cut short", `{"version":1,"cha`, "unexpected EOF"},
	} {
		t.Run(c.what, func(t *testing.T) {
			if s, err := DecodeSpending([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, error %v, want %q", s, err, c.want)
			}
		})
	}
}

func FuzzDecodeSpending(f *testing.F) {
	for _, e := range catalogCases() {
		data, err := json.Marshal(Spending{{e, 3}})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"version":1,"charges":[{"event":{"kind":"gaussian","noise_multiplier":1e999},"count":1}]}`))
	f.Add([]byte(`{"version":1,"charges":[{"event":{"KIND":"gaussian","kind":"gaussian","Noise_Multiplier":1,"noise_multiplier":2},"count":1}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := DecodeSpending(data)
		if err != nil {
			return
		}
		if err := s.Check(); err != nil {
			t.Fatalf("decoded what it must refuse: %v", err)
		}
		again, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		back, err := DecodeSpending(again)
		if err != nil || !slices.Equal(back, s) {
			t.Fatalf("%s gives %v, %v", again, back, err)
		}
	})
}

func TestParseSchedule(t *testing.T) {
	s, err := ParseSchedule(strings.NewReader("noise_multiplier, sample_rate, steps\n# warm-up\n1, 0.01 ,500\n\n2,256/60000,7\n"))
	if want := (Spending{{SampledGaussian{.01, 1}, 500}, {SampledGaussian{256. / 60000, 2}, 7}}); err != nil || !slices.Equal(s, want) {
		t.Errorf("got %v, %v, want %v", s, err, want)
	}
	for text, want := range map[string]string{
		"":                   "no stage",
		"# nothing\n":        "no stage",
		"1,0.01,500\n1,0.01": "line 2",
		"1,0.01,2.5":         "must be a whole number",
		"x,0.01,2":           "noise multiplier is \"x\"",
		"1,1/0,2":            "sample rate is +Inf",
		"1,a/b,2":            "sample rate is \"a/b\"",
		"0,0.1,2":            "must be positive",
		"1,0.1,9000000000000000\n1,.1,9000000000000000": "steps",
	} {
		if s, err := ParseSchedule(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, error %v, want %q", text, s, err, want)
		}
	}
}

func FuzzParseSchedule(f *testing.F) {
	f.Add([]byte("1,0.01,500\n2,256/60000,7\n"))
	f.Add([]byte("noise_multiplier,sample_rate,steps\n1,NaN,1\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := ParseSchedule(bytes.NewReader(data))
		if err == nil && (len(s) == 0 || s.Check() != nil) {
			t.Fatalf("%q gives %v", data, s)
		}
	})
}
