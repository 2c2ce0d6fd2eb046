package nearest

import "testing"

func TestName(t *testing.T) {
	names := []string{"train", "budget", "data", "epsilon", "noise-multiplier", "o"}
	for word, want := range map[string]string{
		"trian": "train", "epsilom": "epsilon", "noise-multipler": "noise-multiplier", "dat": "data", "xyzzy": "", "": "", "p": "",
	} {
		if got := Name(word, names); got != want {
			t.Errorf("Name(%q) = %q, want %q", word, got, want)
		}
	}
}
