package dpsgd

import (
	"errors"
	"math"
	"reflect"
	"slices"
	"testing"

	"hush/accountant"
	"hush/internal/simd"
)

// memory is a Ledger in memory. before, if set, runs inside Append.
type memory struct {
	events []accountant.Event
	before func() error
}

func (l *memory) Append(e accountant.Event, n int64) error {
	if l.before != nil {
		if err := l.before(); err != nil {
			return err
		}
	}
	for range n {
		l.events = append(l.events, e)
	}
	return nil
}

func settings(t testing.TB) Settings {
	t.Helper()
	k, err := simd.Select("auto")
	if err != nil {
		t.Fatal(err)
	}
	key := InsecureKey(42)
	return Settings{
		NoiseMultiplier: 1.1, ClipNorm: 0.5, Lot: 10, Sampler: poisson(t, 0.1, 100, key),
		Key: key, Kernels: k, Ledger: &memory{}, Workers: 2,
	}
}

func poisson(t testing.TB, rate float64, units int, key Key) *Poisson {
	t.Helper()
	p, err := NewPoisson(rate, units, key)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func build(t testing.TB, s Settings) *Mechanism {
	t.Helper()
	m, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func release(t testing.TB, m *Mechanism, step uint64, sums [][]float32) {
	t.Helper()
	m.Lot(step, nil)
	if err := m.Release(step, sums); err != nil {
		t.Fatal(err)
	}
}

func zeros(sizes ...int) [][]float32 {
	var v [][]float32
	for _, n := range sizes {
		v = append(v, make([]float32, n))
	}
	return v
}

func same(t testing.TB, what string, got, want [][]float32) {
	t.Helper()
	for k := range want {
		for i := range want[k] {
			if math.Float32bits(got[k][i]) != math.Float32bits(want[k][i]) {
				t.Fatalf("%s: tensor %d value %d is %v, want %v", what, k, i, got[k][i], want[k][i])
			}
		}
	}
}

func TestEmptyLotIsANoiseOnlyStep(t *testing.T) { // trap T3
	s := settings(t)
	l := s.Ledger.(*memory)
	s.Sampler = poisson(t, 1e-6, 100, s.Key)
	m := build(t, s)
	empty := 0
	for step := range uint64(100) {
		if len(m.Lot(step, nil)) == 0 {
			empty++
		}
		sums := zeros(5, 1)
		release(t, m, step, sums)
		for _, v := range sums {
			for i, x := range v {
				if x == 0 {
					t.Fatalf("step %d: value %d did not move", step, i)
				}
			}
		}
	}
	if empty < 99 {
		t.Fatalf("only %d lots were empty: nothing is tested", empty)
	}
	if len(l.events) != 100 {
		t.Errorf("%d events after 100 steps", len(l.events))
	}
}

func TestOneStepIsOneEventAtTheLogicalRate(t *testing.T) { // trap T11
	s := settings(t)
	l := s.Ledger.(*memory)
	m := build(t, s)
	want := accountant.SampledGaussian{SampleRate: 0.1, NoiseMultiplier: 1.1}
	for step := range uint64(30) {
		m.Lot(step, nil)
		m.Lot(step, nil) // a lot asked twice is one lot
		m.Clip()([]float32{0}, []float32{4}, []float32{1})
		release(t, m, step, zeros(10))
		if len(l.events) != int(step)+1 {
			t.Fatalf("%d events after %d steps", len(l.events), step+1)
		}
		if l.events[step] != accountant.Event(want) || m.Event() != accountant.Event(want) {
			t.Fatalf("event %v, want %v", l.events[step], want)
		}
	}
}

func TestNullRecordChangesOnlyItsOwnTerm(t *testing.T) { // trap T5
	// Unit 7 becomes a null unit; N stays. Nothing else may move: lots, noise, B, and events are the same, and the
	// releases differ by unit 7's own clipped gradient over B, in its lots, and by nothing in all others.
	const null, steps, d = 7, 200, 3
	run := func(without int) (lots [][]int, out [][]float32, events []accountant.Event) {
		s := settings(t)
		m := build(t, s)
		for step := range uint64(steps) {
			lot := m.Lot(step, nil)
			sum := zeros(d)
			for _, u := range lot {
				if u != without {
					for i := range sum[0] {
						sum[0][i] += float32(u%5+i) / 64 // exact in any order
					}
				}
			}
			if err := m.Release(step, sum); err != nil {
				t.Fatal(err)
			}
			lots, out = append(lots, lot), append(out, sum[0])
		}
		return lots, out, s.Ledger.(*memory).events
	}
	lots, with, events := run(-1)
	lotsNull, out, eventsNull := run(null)
	if !slices.Equal(events, eventsNull) {
		t.Error("the events tell the two data sets apart")
	}
	in := 0
	for step := range lots {
		if !slices.Equal(lots[step], lotsNull[step]) {
			t.Fatalf("step %d: lots %v and %v", step, lots[step], lotsNull[step])
		}
		drawn := slices.Contains(lots[step], null)
		if drawn {
			in++
		}
		for i := range d {
			want := 0.0
			if drawn {
				want = float64(null%5+i) / 64 / 10
			}
			if got := float64(with[step][i] - out[step][i]); math.Abs(got-want) > 1e-6 || !drawn && got != 0 {
				t.Fatalf("step %d: value %d differs by %v, want %v", step, i, got, want)
			}
		}
	}
	if in == 0 {
		t.Error("the unit was never drawn: nothing is tested")
	}
}

func TestResumedRunContinuesTheStream(t *testing.T) { // trap T17
	whole := settings(t)
	m := build(t, whole)
	var lots [][]int
	var want [][][]float32
	for step := range uint64(6) {
		lots = append(lots, m.Lot(step, nil))
		v := zeros(9, 5000)
		release(t, m, step, v)
		want = append(want, v)
	}
	// Three steps are in the weights, five in the ledger: steps 3 and 4 are redone to the same bits and not charged
	// again, step 5 is new.
	rest := settings(t)
	rest.Resume = Resume{Step: 3, Charged: 5}
	l := rest.Ledger.(*memory)
	m = build(t, rest)
	for step := uint64(3); step < 6; step++ {
		if !slices.Equal(m.Lot(step, nil), lots[step]) {
			t.Errorf("step %d: another lot", step)
		}
		v := zeros(9, 5000)
		release(t, m, step, v)
		same(t, "resumed", v, want[step])
		if charged := max(0, int(step)-4); len(l.events) != charged {
			t.Errorf("step %d: %d events, want %d", step, len(l.events), charged)
		}
	}
}

func TestEventIsInTheLedgerBeforeTheRelease(t *testing.T) {
	s := settings(t)
	l := s.Ledger.(*memory)
	m := build(t, s)
	v := [][]float32{{1, 2, 3}}
	called := false
	l.before = func() error {
		called = true
		same(t, "while the ledger is written", v, [][]float32{{1, 2, 3}})
		return nil
	}
	release(t, m, 0, v)
	if !called {
		t.Error("the ledger was not asked")
	}
}

func TestNothingIsReleasedWithoutTheLedger(t *testing.T) {
	s := settings(t)
	l := s.Ledger.(*memory)
	full := errors.New("disk full")
	l.before = func() error { return full }
	m := build(t, s)
	for range 2 { // the second time with a working ledger: a failure is final
		m.Lot(0, nil)
		v := [][]float32{{1, 2, 3}}
		if err := m.Release(0, v); !errors.Is(err, full) {
			t.Errorf("error is %v", err)
		}
		same(t, "sums", v, zeros(3))
		l.before = nil
	}
}

func TestStepsComeInOrderAndOnce(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, c := range []struct {
		what string
		do   func(m *Mechanism, v [][]float32) error
		want string
	}{
		{"repeated", func(m *Mechanism, v [][]float32) error { m.Lot(0, nil); return m.Release(0, v) },
			"dpsgd: step is 0, must be 1: steps are released in order, each once"},
		{"skipped", func(m *Mechanism, v [][]float32) error { m.Lot(2, nil); return m.Release(2, v) },
			"dpsgd: step is 2, must be 1: steps are released in order, each once"},
		{"without a lot", func(m *Mechanism, v [][]float32) error { return m.Release(1, v) },
			"dpsgd: step is 1, must have its lot drawn by Lot before its release"},
		{"with another step's lot", func(m *Mechanism, v [][]float32) error { m.Lot(2, nil); return m.Release(1, v) },
			"dpsgd: step is 1, must have its lot drawn by Lot before its release"},
		{"not finite", func(m *Mechanism, v [][]float32) error { m.Lot(1, nil); v[0][1] = inf; return m.Release(1, v) },
			"dpsgd: sum of tensor 0 is not finite, must be bounded by lot size times clip norm"},
		{"another size", func(m *Mechanism, v [][]float32) error { m.Lot(1, nil); return m.Release(1, [][]float32{v[0][:2]}) },
			"dpsgd: size of tensor 0 is 2, must be 3, as at the first step"},
		{"another number", func(m *Mechanism, v [][]float32) error { m.Lot(1, nil); return m.Release(1, [][]float32{v[0], {1}}) },
			"dpsgd: number of tensors is 2, must be 1, as at the first step"},
	} {
		t.Run(c.what, func(t *testing.T) {
			s := settings(t)
			m := build(t, s)
			release(t, m, 0, zeros(3))
			v := [][]float32{{1, 2, 0}}
			err := c.do(m, v)
			if err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
			same(t, "sums after an error", v, zeros(3))
			if n := len(s.Ledger.(*memory).events); n != 1 {
				t.Errorf("%d events for one release", n)
			}
			release(t, m, 1, zeros(3)) // a refusal is not the end
		})
	}
	// Squares that overflow are not yet sums that did.
	m := build(t, settings(t))
	release(t, m, 0, [][]float32{{3e38, -3e38}})
}

// foreign embeds a sampler of ours and draws its own lots.
type foreign struct{ *Poisson }

func (foreign) Lot(uint64, []int) []int { return []int{0, 1, 2} }

func TestSettingsAreRefusedNotRepaired(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		what string
		bend func(s *Settings)
		want string
	}{
		{"no noise", func(s *Settings) { s.NoiseMultiplier = 0 }, "dpsgd: noise multiplier is 0, must be positive and finite"},
		{"negative noise", func(s *Settings) { s.NoiseMultiplier = -1 }, "dpsgd: noise multiplier is -1, must be positive and finite"},
		{"NaN noise", func(s *Settings) { s.NoiseMultiplier = nan }, "dpsgd: noise multiplier is NaN, must be positive and finite"},
		{"infinite noise", func(s *Settings) { s.NoiseMultiplier = inf }, "dpsgd: noise multiplier is +Inf, must be positive and finite"},
		{"no clipping", func(s *Settings) { s.ClipNorm = 0 }, "dpsgd: clip norm is 0, must be positive and finite"},
		{"infinite clip norm", func(s *Settings) { s.ClipNorm = inf }, "dpsgd: clip norm is +Inf, must be positive and finite"},
		{"no lot", func(s *Settings) { s.Lot = 0 }, "dpsgd: lot is 0, must be positive and finite"},
		{"NaN lot", func(s *Settings) { s.Lot = nan }, "dpsgd: lot is NaN, must be positive and finite"},
		{"lot too small", func(s *Settings) { s.Lot = 1e-40 }, "dpsgd: lot is 1e-40, must have a reciprocal in float32"},
		{"noise too large", func(s *Settings) { s.NoiseMultiplier, s.ClipNorm = 1e8, 1e36 }, "dpsgd: noise multiplier times clip norm is 1e+44, must be a finite float32"},
		{"sum too large", func(s *Settings) { s.ClipNorm = 1e38 }, "dpsgd: clip norm times number of units is 1e+40, must be a finite float32"},
		{"clip norm too small", func(s *Settings) { s.ClipNorm = 1e-16 }, "dpsgd: clip norm is 1e-16, must be at least 1e-15: below it, squares that vanish in float32 count"},
		{"no key", func(s *Settings) { s.Key = Key{} }, "dpsgd: key is zero, must come from NewKey"},
		{"no kernels", func(s *Settings) { s.Kernels = nil }, "dpsgd: kernels is <nil>, must be given"},
		{"no ledger", func(s *Settings) { s.Ledger = nil }, "dpsgd: ledger is <nil>, must be given"},
		{"negative workers", func(s *Settings) { s.Workers = -1 }, "dpsgd: workers is -1, must not be negative"},
		{"fewer charged than done", func(s *Settings) { s.Resume = Resume{Step: 5, Charged: 4} },
			"dpsgd: number of charged steps is 4, must be at least the 5 steps in the weights"},
	} {
		t.Run(c.what, func(t *testing.T) {
			s := settings(t)
			c.bend(&s)
			if _, err := New(s); err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
	for _, c := range []struct {
		rate  float64
		units int
		want  string
	}{
		{0, 10, "dpsgd: sample rate is 0, must be in (0, 1]"},
		{1.5, 10, "dpsgd: sample rate is 1.5, must be in (0, 1]"},
		{-0.1, 10, "dpsgd: sample rate is -0.1, must be in (0, 1]"},
		{nan, 10, "dpsgd: sample rate is NaN, must be in (0, 1]"},
		{1e-12, 10, "dpsgd: sample rate is 1e-12, must be at least 2^-30"},
		{0.1, 0, "dpsgd: number of units is 0, must be at least 1"},
	} {
		if _, err := NewPoisson(c.rate, c.units, InsecureKey(1)); err == nil || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	if _, err := NewPoisson(0.1, 10, Key{}); err == nil {
		t.Error("a sampler without a key")
	}
}

func TestSamplerMustBringItsOwnEvent(t *testing.T) { // trap T38
	for _, c := range []struct {
		what    string
		sampler Sampler
	}{
		{"none", nil},
		{"none, typed", (*Poisson)(nil)},
		{"foreign lots under our event", foreign{poisson(t, 0.1, 100, InsecureKey(42))}},
	} {
		t.Run(c.what, func(t *testing.T) {
			s := settings(t)
			s.Sampler = c.sampler
			if _, err := New(s); err == nil {
				t.Error("New accepts it")
			}
			if _, err := NewNonPrivate(s, "test"); err == nil {
				t.Error("NewNonPrivate accepts it")
			}
		})
	}
	// A sampler is what draws and what states the event; a type without either is no Sampler.
	door := reflect.TypeFor[Sampler]()
	for _, name := range []string{"Lot", "Event"} {
		if _, ok := door.MethodByName(name); !ok {
			t.Errorf("Sampler has no method %s", name)
		}
	}
	if f, _ := reflect.TypeFor[Settings]().FieldByName("Sampler"); f.Type != door {
		t.Errorf("Settings takes a sampler of type %v", f.Type)
	}
}

// Whatever a Mechanism offers besides releases would be a window beside the door: no norm, no loss, no clip share, no
// raw sum (traps T29 and T35). A new method must be argued here.
func TestTheDoorHasNoWindow(t *testing.T) {
	want := []string{"Clip", "Event", "ExpectedLot", "Format", "Lot", "Release"}
	var got []string
	for m := range reflect.TypeFor[*Mechanism]().Methods() {
		got = append(got, m.Name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("methods are %v, want %v", got, want)
	}
}

func TestNonPrivateIsChargedAsSuch(t *testing.T) {
	for _, c := range []struct {
		what     string
		sigma, C float64
		clips    bool
		ok       bool
	}{
		{"plain", 0, 0, false, true},
		{"clipped only", 0, 1, true, true},
		{"noise of unknown scale", 1, 0, false, false},
		{"noise and clipping", 1, 1, true, true},
		{"negative noise", -1, 1, true, false},
		{"NaN clip norm", 0, math.NaN(), true, false},
	} {
		t.Run(c.what, func(t *testing.T) {
			s := settings(t)
			s.NoiseMultiplier, s.ClipNorm = c.sigma, c.C
			m, err := NewNonPrivate(s, "a twin")
			if (err == nil) != c.ok {
				t.Fatalf("error is %v", err)
			}
			if err != nil {
				return
			}
			if (m.Clip() != nil) != c.clips {
				t.Errorf("clips: %v, want %v", m.Clip() != nil, c.clips)
			}
			v := [][]float32{{20}}
			release(t, m, 0, v)
			if c.sigma == 0 && v[0][0] != 2 || c.sigma > 0 && v[0][0] == 2 {
				t.Errorf("20 over 10 gives %v", v[0][0])
			}
			events := s.Ledger.(*memory).events
			if len(events) != 1 || events[0] != accountant.Event(accountant.NonPrivate{Reason: "a twin"}) {
				t.Errorf("events %v", events)
			}
		})
	}
	if _, err := NewNonPrivate(settings(t), ""); err == nil {
		t.Error("no reason is accepted")
	}
}

// quiet is a Ledger that keeps nothing.
type quiet struct{}

func (quiet) Append(accountant.Event, int64) error { return nil }

func TestAStepAllocatesNothing(t *testing.T) {
	for _, workers := range []int{1, 2} {
		s := settings(t)
		s.Ledger, s.Workers = quiet{}, workers
		m := build(t, s)
		sums := zeros(100, 3*simd.NoiseBlock)
		lot := make([]int, 0, 100)
		step := uint64(0)
		if n := testing.AllocsPerRun(20, func() {
			lot = m.Lot(step, lot[:0])
			if err := m.Release(step, sums); err != nil {
				t.Fatal(err)
			}
			step++
		}); n != 0 {
			t.Errorf("%d workers: %v allocations a step", workers, n)
		}
	}
}
