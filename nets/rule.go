package nets

// Rule names how a layer comes to a unit's squared gradient norm and to its clipped sum.
type Rule string

const (
	// RankOne: T = 1, the norm is ‖a‖²·‖δ‖² and the sum one product over the batch.
	RankOne Rule = "rank one"
	// Instantiate: each unit's gradient is made, its squares summed, and c_i times it added.
	Instantiate Rule = "instantiate"
	// Ghost: the norm comes from Gram matrices, the sum from one product over the batch.
	Ghost Rule = "ghost"
	// None: no clipping, the sum is one product over the batch.
	None Rule = "none"
)

// The gradients of a physical batch of 16 units (which convolutional nets like) stay in one megabyte, a common size of a
// core's second-level cache, or at least one of them does. The rule must not look at the real physical batch: rules
// differ in their last bits, and the batch may change speed only.
const (
	cacheUnits = 16
	cacheBytes = 1 << 20
)

// gramPerValue is where instances that leave the cache cost as much as Gram matrices: measured on cnn32-tanh (Zen 4), a
// multiply-add of a Gram matrix takes about .025 ns, writing, squaring and summing a value of an instance .3 ns.
const gramPerValue = 12

// rule picks the rule of a block. Instantiating costs T·p·d and replaces the weight-gradient product; ghost costs
// T²(p+d)/2 on top of it, and saves the traffic of p·d values per unit. Where 2T² > p·d the Gram matrices are larger
// than the gradient (Bu et al. 2022, the mixed rule), and nothing is saved.
func (b *block) rule(slots int, clip bool) Rule {
	t, bytes := slots*b.pos, b.gradient()*4
	switch {
	case !clip:
		return None
	case t == 1:
		return RankOne
	case bytes*cacheUnits <= cacheBytes, 2*t*t > b.p*b.d,
		bytes <= cacheBytes && t*t*(b.p+b.d)/2 > gramPerValue*b.p*b.d:
		return Instantiate
	}
	return Ghost
}

// gradient is the number of values of one unit's gradient, bias included.
func (b *block) gradient() int { return (b.d + 1) * b.p }
