package dpsgd

import "hush/accountant"

// Sampler chooses the units of each step and states what that is worth: the two come from one value, so that the
// accountant cannot be told of another sampler than the one that ran.
//
// Samplers are those of this package's catalog. A Mechanism refuses others: how a lot is drawn is half of the proof.
type Sampler interface {
	// Lot appends the units of a step to dst, ascending, each at most once; a function of the sampler and the step.
	Lot(step uint64, dst []int) []int
	// Event is what one release over such a lot is, with noise of σ = noiseMultiplier on a sum to which each unit
	// adds a vector of norm at most 1.
	Event(noiseMultiplier float64) accountant.Event
	// Units is N, the public number of units.
	Units() int
}

// catalog lists every sampler. To add one: write a file with its proof in the comment, add a line here and a case in
// known; the conformance suite does the rest.
func catalog() []entry {
	return []entry{
		{"poisson", func(rate float64, units int, key Key) (Sampler, error) { return NewPoisson(rate, units, key) }},
	}
}

type entry struct {
	name string
	make func(rate float64, units int, key Key) (Sampler, error)
}

// known tells the samplers of the catalog. The type itself is compared, because a foreign type could embed one of
// ours and replace its Lot.
func known(s Sampler) bool {
	switch s := s.(type) {
	case *Poisson:
		return s != nil
	}
	return false
}
