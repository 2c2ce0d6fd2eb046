// Package dpsgd answers one question: what was done to the gradients? It samples a lot, says how far each unit's
// gradient must be scaled down, turns the sum into a noisy release, and writes down the event that says so.
//
// It never computes what the event costs, never sees a model, a record or a file, and offers no way to do one of these
// things without the others: a Mechanism is the only door from private records to weights.
//
// Its invariant: at any moment the ledger holds at least the releases that were handed out, each with the parameters
// that were used; and the result of a step is a function of (key, step, sums) alone. The neighboring relation is
// zero-out: one unit is replaced by one that contributes nothing, and the number of units is public.
//
// The algorithm is DP-SGD (Abadi et al. 2016, arXiv 1607.00133, Algorithm 1) with the sum divided by a public constant.
package dpsgd

import (
	"fmt"
	"math"
	"sync"

	"hush/accountant"
	"hush/internal/check"
	"hush/internal/simd"
)

// Ledger is where a Mechanism writes what it spends. Append returns after the event is recorded; an error means that
// it may or may not be.
type Ledger interface {
	Append(event accountant.Event, count int64) error
}

// Settings are public constants, fixed before any record is read. Every field without a stated default is required.
type Settings struct {
	NoiseMultiplier float64 // σ > 0, standard deviation of the noise on the sum, in units of ClipNorm
	ClipNorm        float64 // C > 0, the most that one unit adds to the sum, L2
	Lot             float64 // B > 0, what the sum is divided by: the declared, never the realized size
	Sampler         Sampler // built from the same Key
	Key             Key     // secret, the run's key
	Kernels         *simd.Kernels
	Ledger          Ledger
	Workers         int    // goroutines that draw noise, speed only; 0 = one per core
	Resume          Resume // the zero value begins at step 0
}

// Resume says where an interrupted run stands.
type Resume struct {
	Step uint64 // the next step: as many are in the weights
	// Charged counts the steps in the ledger, at least Step. Steps from Step up to Charged were paid for, but are lost
	// from the weights; they are redone and not charged again. That is sound only with the same key, program and kernel
	// path: then the same bits are released a second time. With a fresh key the redo is a new release, and Charged
	// must be Step.
	Charged uint64
}

// Mechanism is the only door from private records to weights. For each step, in order, a caller draws the lot, sums
// the units' gradients times the factors of Clip, and calls Release. It is safe for concurrent use, but a step has
// one release.
type Mechanism struct {
	sampler Sampler
	clip    func(factors, sqNorms, mask []float32)
	noise   *gaussian
	event   accountant.Event
	ledger  Ledger
	lot     float64

	mu      sync.Mutex
	next    uint64 // the step that may be released
	charged uint64 // steps below it are in the ledger
	drawn   bool   // the lot of step next was drawn
	broken  error  // set once, then no further step
}

// New returns a mechanism each of whose releases is one event of the sampler with noise multiplier σ. A missing or
// impossible setting is an error; none is replaced or rounded.
func New(s Settings) (*Mechanism, error) {
	if err := check.Positive(room, "noise multiplier", s.NoiseMultiplier); err != nil {
		return nil, err
	}
	if err := check.Positive(room, "clip norm", s.ClipNorm); err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	return s.build(s.Sampler.Event(s.NoiseMultiplier))
}

// NewNonPrivate returns a mechanism without a guarantee: σ may be 0, and ClipNorm may be 0 for no clipping where σ is
// 0. Each release is charged as accountant.NonPrivate with the reason, which must be given.
func NewNonPrivate(s Settings, reason string) (*Mechanism, error) {
	if reason == "" {
		return nil, check.Fail(room, "reason for training without a guarantee", `""`, "must be given")
	}
	if err := check.NonNegative(room, "noise multiplier", s.NoiseMultiplier); err != nil {
		return nil, err
	}
	if err := check.NonNegative(room, "clip norm", s.ClipNorm); err != nil {
		return nil, err
	}
	if s.NoiseMultiplier > 0 && s.ClipNorm == 0 {
		return nil, check.Fail(room, "clip norm", s.ClipNorm, "must be positive where there is noise, which is measured in it")
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	return s.build(accountant.NonPrivate{Reason: reason})
}

const room = "dpsgd"

// smallestClip leaves three decimal places above 2⁻⁶⁰, which is what squares that vanish in float32 may add to a norm.
const smallestClip = 1e-15

// check holds the rules that both constructors share.
func (s *Settings) check() error {
	if err := check.Positive(room, "lot", s.Lot); err != nil {
		return err
	}
	if !known(s.Sampler) {
		return check.Fail(room, "sampler", fmt.Sprintf("%T", s.Sampler), "must be one of this package, which brings its own event")
	}
	if err := s.Key.check(); err != nil {
		return err
	}
	if s.ClipNorm > 0 && s.ClipNorm < smallestClip {
		return check.Fail(room, "clip norm", s.ClipNorm, "must be at least 1e-15: below it, squares that vanish in float32 count")
	}
	if s.ClipNorm*float64(s.Sampler.Units()) > math.MaxFloat32 { // a sum that overflows would be refused after it was seen
		return check.Fail(room, "clip norm times number of units", s.ClipNorm*float64(s.Sampler.Units()), "must be a finite float32")
	}
	if s.Kernels == nil {
		return check.Fail(room, "kernels", nil, "must be given")
	}
	if s.Ledger == nil {
		return check.Fail(room, "ledger", nil, "must be given")
	}
	if s.Workers < 0 {
		return check.Fail(room, "workers", s.Workers, "must not be negative")
	}
	if s.Resume.Charged < s.Resume.Step {
		return check.Fail(room, "number of charged steps", s.Resume.Charged, fmt.Sprintf("must be at least the %d steps in the weights", s.Resume.Step))
	}
	return nil
}

func (s *Settings) build(event accountant.Event) (*Mechanism, error) {
	if err := event.Check(); err != nil {
		return nil, err
	}
	noise, err := newGaussian(s)
	if err != nil {
		return nil, err
	}
	m := &Mechanism{
		sampler: s.Sampler, noise: noise, event: event, ledger: s.Ledger, lot: s.Lot,
		next: s.Resume.Step, charged: s.Resume.Charged,
	}
	if s.ClipNorm > 0 {
		m.clip, err = FlatClip(s.ClipNorm)
	}
	return m, err
}

// Lot appends the units of a step to dst, in ascending order. It is secret, and a function of (key, step).
func (m *Mechanism) Lot(step uint64, dst []int) []int {
	m.mu.Lock()
	if step == m.next {
		m.drawn = true
	}
	m.mu.Unlock()
	return m.sampler.Lot(step, dst)
}

// Clip returns the function that sets each unit's factor (see FlatClip), nil if the mechanism does not clip.
func (m *Mechanism) Clip() func(factors, sqNorms, mask []float32) { return m.clip }

// Event is what each release is charged.
func (m *Mechanism) Event() accountant.Event { return m.event }

// ExpectedLot is the declared B.
func (m *Mechanism) ExpectedLot() float64 { return m.lot }

// Format prints what a release is charged, under every verb: neither key nor sums.
func (m *Mechanism) Format(f fmt.State, verb rune) { fmt.Fprintf(f, "dpsgd.Mechanism(%v)", m.event) }

// Release turns the lot's sums S = Σ_i c_i·g_i, one slice per tensor, into (S + σC·Z)/B in place, Z ~ N(0, I).
// The event is in the ledger before the first value is written, also for an empty lot (sums all 0), also if the caller
// then drops the result. The bits depend on the key, the step and the sums only, not on Workers.
//
// Steps come in ascending order without gaps, each once, each after its Lot. Anything else is refused. If the ledger
// fails, no later step is released. On any error the sums are set to 0, so that a caller who overlooks it does not
// apply what was never made private.
func (m *Mechanism) Release(step uint64, sums [][]float32) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	err := m.admit(step, sums)
	if err == nil && step >= m.charged {
		err = m.charge(step)
	}
	if err != nil {
		for _, s := range sums {
			clear(s)
		}
		return err
	}
	m.next, m.drawn = step+1, false
	m.noise.release(step, sums)
	return nil
}

// admit refuses a step out of order and sums that are not what a lot can give.
func (m *Mechanism) admit(step uint64, sums [][]float32) error {
	switch {
	case m.broken != nil:
		return fmt.Errorf("dpsgd: no step after a failed one: %w", m.broken)
	case step != m.next:
		return check.Fail(room, "step", step, fmt.Sprintf("must be %d: steps are released in order, each once", m.next))
	case !m.drawn:
		return check.Fail(room, "step", step, "must have its lot drawn by Lot before its release")
	}
	return m.noise.admit(sums)
}

// charge writes the event down. A failure is final: the event may or may not be in the ledger.
func (m *Mechanism) charge(step uint64) error {
	if err := m.ledger.Append(m.event, 1); err != nil {
		m.broken = fmt.Errorf("dpsgd: charge step %d: %w", step, err)
		return m.broken
	}
	m.charged = step + 1
	return nil
}
