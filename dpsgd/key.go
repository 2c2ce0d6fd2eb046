package dpsgd

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"hush/internal/check"
	"hush/internal/simd"
)

// Key is the secret of one run: all its lots, noise and coins follow from it. Whoever has it can subtract the noise
// from the weights, so it is never logged, exported or kept longer than resuming needs it; it prints as "secret" and
// refuses to be encoded as text.
type Key [32]byte

// NewKey returns 256 bits from the operating system.
func NewKey() (Key, error) {
	var k Key
	if _, err := rand.Read(k[:]); err != nil {
		return Key{}, fmt.Errorf("dpsgd: key: %w", err)
	}
	return k, nil
}

// InsecureKey returns a key that anyone can guess. It makes a run repeatable, in tests and behind a flag that says
// so; no guarantee holds for what was made with it.
func InsecureKey(seed uint64) Key {
	return sha256.Sum256(binary.LittleEndian.AppendUint64([]byte("hush dpsgd insecure key "), seed))
}

// Derive returns a key for one purpose: HMAC-SHA256 with the key of a label and the purpose. HMAC is a pseudo-random
// function, so keys of different purposes are as good as independent, and none tells anything about k.
func (k Key) Derive(purpose string) Key {
	h := hmac.New(sha256.New, k[:])
	io.WriteString(h, "hush dpsgd 1 "+purpose) // a hash never fails
	return Key(h.Sum(nil))
}

// The purposes of this package. Each has its own key, so that no key stream is used twice.
const (
	forSampling = "sampling"
	forNoise    = "noise"
	forCoins    = "coins"
)

// check refuses the zero key, which is what a forgotten field holds.
func (k Key) check() error {
	if k == (Key{}) {
		return check.Fail(room, "key", "zero", "must come from NewKey")
	}
	return nil
}

const hidden = "dpsgd.Key(secret)"

// Format prints a fixed word under every verb.
func (k Key) Format(f fmt.State, verb rune) { io.WriteString(f, hidden) }

// LogValue logs a fixed word.
func (k Key) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText refuses: a configuration or result that holds a key cannot be written by accident.
func (k Key) MarshalText() ([]byte, error) {
	return nil, errors.New("dpsgd: a key is secret and has no text form")
}

// Coins returns n ≥ 0 independent fair coins. They decide who enters training in an audit (true is in) and are secret
// from every scorer until it has scored; the same key gives the same coins.
func Coins(key Key, n int) []bool {
	s := stream{key: key.Derive(forCoins)}
	coins := make([]bool, n)
	var word uint64
	for i := range coins {
		if i%64 == 0 {
			word = s.next()
		}
		coins[i] = word>>(i%64)&1 == 1
	}
	return coins
}

// stream reads the ChaCha20 key stream of (key, number) in words of 64 bits.
type stream struct {
	key    Key
	number uint64 // in the nonce: streams of different numbers never overlap
	block  uint64 // next cipher block
	words  [16]uint32
	left   int // unread words
}

func (s *stream) next() uint64 {
	if s.left == 0 {
		nonce := [3]uint32{uint32(s.block >> 32), uint32(s.number), uint32(s.number >> 32)}
		simd.ChaCha20(&s.words, (*[32]byte)(&s.key), uint32(s.block), nonce)
		s.block++
		s.left = 16
	}
	at := 16 - s.left
	s.left -= 2
	return uint64(s.words[at]) | uint64(s.words[at+1])<<32
}
