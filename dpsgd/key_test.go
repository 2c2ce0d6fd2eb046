package dpsgd

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"hush/internal/stattest"
)

func TestKeyIs256BitsFromTheSystem(t *testing.T) { // trap T18
	// Over 64 keys each of the 256 bits is a fair coin. A bit stuck, as after a seed of 31 or 64 bits in the low bytes,
	// gives 2^-63; 256 tests at 1e-12 raise a false alarm once in 4e9 runs.
	const keys = 64
	var ones [256]int64
	seen := map[Key]bool{}
	for range keys {
		k, err := NewKey()
		if err != nil {
			t.Fatal(err)
		}
		seen[k] = true
		for i := range ones {
			ones[i] += int64(k[i/8] >> (i % 8) & 1)
		}
	}
	if len(seen) != keys {
		t.Errorf("%d different keys of %d", len(seen), keys)
	}
	for i, n := range ones {
		stattest.Accept(t, fmt.Sprintf("bit %d", i), stattest.Binomial(n, keys, 0.5), 1e-12)
	}
	stattest.Reject(t, "a stuck bit", stattest.Binomial(0, keys, 0.5), 1e-12)
}

func TestInsecureKeyRepeats(t *testing.T) {
	if a, b := InsecureKey(1), InsecureKey(1); a != b || a == InsecureKey(2) {
		t.Error("a seed must fix the key, and another seed another key")
	}
	if err := InsecureKey(0).check(); err != nil {
		t.Error(err)
	}
}

func TestPurposesHaveKeysOfTheirOwn(t *testing.T) { // trap T17
	k := InsecureKey(1)
	seen := map[Key]string{k: "the key itself"}
	for _, purpose := range []string{forSampling, forNoise, forCoins, ""} {
		d := k.Derive(purpose)
		if other, ok := seen[d]; ok {
			t.Errorf("%q has the key of %q", purpose, other)
		}
		seen[d] = purpose
		if d != k.Derive(purpose) || d == InsecureKey(2).Derive(purpose) {
			t.Errorf("%q: not a function of key and purpose", purpose)
		}
	}
	// What the parts hold are these keys, not the run's.
	s := settings(t)
	p, m := s.Sampler.(*Poisson), build(t, s)
	if *p.key != s.Key.Derive(forSampling) || *m.noise.key != s.Key.Derive(forNoise) {
		t.Error("sampler and noise must each derive their key")
	}
	a, b := stream{key: *p.key}, stream{key: *m.noise.key}
	if a.next() == b.next() {
		t.Error("sampling and noise read one key stream")
	}
}

// A stream's words never repeat over 2000 words, nor does another number's stream meet them (chance: 1e-12).
func TestStreamsDoNotOverlap(t *testing.T) { // trap T17
	seen := map[uint64]string{}
	for number := range uint64(4) {
		for _, high := range []uint64{0, 1 << 32} {
			s := stream{key: InsecureKey(1), number: number | high}
			for i := range 250 {
				w := s.next()
				at := fmt.Sprintf("number %d+%d word %d", high, number, i)
				if other, ok := seen[w]; ok {
					t.Fatalf("%s equals %s", at, other)
				}
				seen[w] = at
			}
		}
	}
}

func TestKeyIsNeverPrinted(t *testing.T) {
	s := settings(t)
	var out bytes.Buffer
	m := build(t, s)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%X", "%d", "%q"} {
		for _, v := range []any{s.Key, &s.Key, s, &s, s.Sampler, m, []any{s.Sampler, m}, struct{ p *Poisson }{s.Sampler.(*Poisson)}} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("run", "key", s.Key, "settings", s, "sampler", s.Sampler)
	for _, v := range []any{s.Key, struct{ K Key }{s.Key}, map[string]any{"k": &s.Key}} {
		if b, err := json.Marshal(v); err == nil {
			t.Errorf("encoded as %s", b)
		}
	}
	text := strings.ToLower(out.String())
	for what, k := range map[string]Key{"run": s.Key, "sampling": s.Key.Derive(forSampling), "noise": s.Key.Derive(forNoise)} {
		decimal := strings.Trim(fmt.Sprint(k[:4]), "[]")
		source := strings.Trim(strings.TrimPrefix(fmt.Sprintf("%#v", k[:4]), "[]byte"), "{}")
		for _, form := range []string{hex.EncodeToString(k[:4]), decimal, source} {
			if strings.Contains(text, form) {
				t.Errorf("%s key printed as %q", what, form)
			}
		}
	}
	if !strings.Contains(text, "secret") {
		t.Error("nothing was printed")
	}
}

func TestCoins(t *testing.T) {
	const n, alarm = 100_000, 1e-6
	key := InsecureKey(3)
	coins := Coins(key, n)
	var heads, changes int64
	for i, c := range coins {
		if c {
			heads++
		}
		if i > 0 && c != coins[i-1] {
			changes++ // independent of each other and of the first coin
		}
	}
	stattest.Accept(t, "heads", stattest.Binomial(heads, n, 0.5), alarm)
	stattest.Accept(t, "changes", stattest.Binomial(changes, n-1, 0.5), alarm)
	stattest.Reject(t, "coins that alternate", stattest.Binomial(n-1, n-1, 0.5), alarm)
	for i, c := range Coins(key, 70) {
		if c != coins[i] {
			t.Fatalf("coin %d depends on the number of coins", i)
		}
	}
	var same int64
	for i, c := range Coins(InsecureKey(4), n) {
		if c == coins[i] {
			same++
		}
	}
	stattest.Accept(t, "agreement of two keys", stattest.Binomial(same, n, 0.5), alarm)
	if len(Coins(key, 0)) != 0 {
		t.Error("no coins asked, some given")
	}
}
