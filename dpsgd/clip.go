package dpsgd

import (
	"math"

	"hush/internal/check"
)

// FlatClip returns the function that bounds each unit's whole gradient by C = clipNorm > 0 in the L2 norm: for each
// unit i it sets
//
//	c_i = min(1, C/‖g_i‖),  rounded down, C first taken (1 − 2⁻²⁰) times
//
// so that c_i·‖g_i‖ ≤ C in exact arithmetic, and still after a float32 multiplication of every coordinate by c_i,
// whose rounding is at most 2⁻²⁴ of it. The slices have one element per unit; sqNorms holds upper bounds of ‖g_i‖²,
// mask is 0 where no record stands. The returned function is pure, allocates nothing and may be used by several
// goroutines.
//
//	mask         sqNorm                factor
//	0            any                   0
//	else         0                     1 (a zero gradient stays zero), if C > 2⁻⁵⁹
//	else         up to C²              1
//	else         above, finite         rounded down, 0 if no float32 is small enough
//	else         +Inf, NaN, negative   0 (the unit counts as null; its gradient must be overwritten, 0·NaN is NaN)
//
// Squares of coordinates below 2⁻⁷⁵ vanish in float32. They are at most 2⁻¹²⁰ together for 2³⁰ parameters, which is
// added to every squared norm.
func FlatClip(clipNorm float64) (func(factors, sqNorms, mask []float32), error) {
	if err := check.Positive(room, "clip norm", clipNorm); err != nil {
		return nil, err
	}
	bound := clipNorm * (1 - 0x1p-20)
	return func(factors, sqNorms, mask []float32) {
		sqNorms, mask = sqNorms[:len(factors)], mask[:len(factors)]
		for i, s := range sqNorms {
			if mask[i] == 0 || !(s >= 0 && s <= math.MaxFloat32) {
				factors[i] = 0
				continue
			}
			factors[i] = min(1, roundDown(bound/math.Sqrt(float64(s)+0x1p-120)))
		}
	}, nil
}

// roundDown is the largest float32 ≤ x, for x ≥ 0.
func roundDown(x float64) float32 {
	y := float32(x)
	if float64(y) > x {
		y = math.Nextafter32(y, 0)
	}
	return y
}

// roundUp is the smallest float32 ≥ x, for x ≥ 0.
func roundUp(x float64) float32 {
	y := float32(x)
	if float64(y) < x {
		y = math.Nextafter32(y, float32(math.Inf(1)))
	}
	return y
}
