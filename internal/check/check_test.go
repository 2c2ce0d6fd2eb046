package check

import (
	"errors"
	"math"
	"testing"
)

func TestRules(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		what string
		got  error
		want string
	}{
		{"positive", Positive("dpsgd", "noise multiplier", 1.1), ""},
		{"negative", Positive("dpsgd", "noise multiplier", -1), "dpsgd: noise multiplier is -1, must be positive and finite"},
		{"NaN", Positive("dpsgd", "clip norm", nan), "dpsgd: clip norm is NaN, must be positive and finite"},
		{"infinite", Positive("dpsgd", "clip norm", inf), "dpsgd: clip norm is +Inf, must be positive and finite"},
		{"zero may stand", NonNegative("audit", "weight", 0), ""},
		{"NaN is not ≥ 0", NonNegative("audit", "weight", nan), "audit: weight is NaN, must be zero or positive, and finite"},
		{"rate one", Rate("dpsgd", "sample rate", 1), ""},
		{"rate zero", Rate("dpsgd", "sample rate", 0), "dpsgd: sample rate is 0, must be in (0, 1]"},
		{"rate NaN", Rate("dpsgd", "sample rate", nan), "dpsgd: sample rate is NaN, must be in (0, 1]"},
		{"delta one", Open("accountant", "delta", 1), "accountant: delta is 1, must be above 0 and below 1"},
		{"delta", Open("accountant", "delta", 1e-5), ""},
		{"steps", AtLeast("dpsgd", "steps", 0, 1), "dpsgd: steps is 0, must be at least 1"},
		{"one step", AtLeast("dpsgd", "steps", 1, 1), ""},
	} {
		t.Run(c.what, func(t *testing.T) {
			var got string
			if c.got != nil {
				got = c.got.Error()
				if a := (*Argument)(nil); !errors.As(c.got, &a) {
					t.Errorf("%T is not an *Argument", c.got)
				}
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
