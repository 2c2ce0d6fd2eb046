package simd

import (
	"math"
	"math/bits"
)

// chachaBlock is the ChaCha20 block function on words: ten double rounds, then the input added (RFC 8439, section 2.3).
func chachaBlock(dst, in *[16]uint32) {
	x0, x1, x2, x3 := in[0], in[1], in[2], in[3]
	x4, x5, x6, x7 := in[4], in[5], in[6], in[7]
	x8, x9, x10, x11 := in[8], in[9], in[10], in[11]
	x12, x13, x14, x15 := in[12], in[13], in[14], in[15]
	for range 10 {
		x0, x4, x8, x12 = quarter(x0, x4, x8, x12) // columns
		x1, x5, x9, x13 = quarter(x1, x5, x9, x13)
		x2, x6, x10, x14 = quarter(x2, x6, x10, x14)
		x3, x7, x11, x15 = quarter(x3, x7, x11, x15)
		x0, x5, x10, x15 = quarter(x0, x5, x10, x15) // diagonals
		x1, x6, x11, x12 = quarter(x1, x6, x11, x12)
		x2, x7, x8, x13 = quarter(x2, x7, x8, x13)
		x3, x4, x9, x14 = quarter(x3, x4, x9, x14)
	}
	*dst = [16]uint32{
		x0 + in[0], x1 + in[1], x2 + in[2], x3 + in[3],
		x4 + in[4], x5 + in[5], x6 + in[6], x7 + in[7],
		x8 + in[8], x9 + in[9], x10 + in[10], x11 + in[11],
		x12 + in[12], x13 + in[13], x14 + in[14], x15 + in[15],
	}
}

// quarter is the quarter round of RFC 8439, section 2.1.
func quarter(a, b, c, d uint32) (uint32, uint32, uint32, uint32) {
	a += b
	d = bits.RotateLeft32(d^a, 16)
	c += d
	b = bits.RotateLeft32(b^c, 12)
	a += b
	d = bits.RotateLeft32(d^a, 8)
	c += d
	b = bits.RotateLeft32(b^c, 7)
	return a, b, c, d
}

// normalPortable fills dst, whole groups of 256, from the cipher blocks that begin at state.
// It is the definition of the stream; the assembly is tested against it bit by bit.
func normalPortable(dst []float32, state *[16]uint32) {
	in := *state
	var x [16]uint32
	for g := 0; g < len(dst); g += groupValues {
		for l := range 16 {
			in[12] = state[12] + uint32(g/16+l)
			chachaBlock(&x, &in)
			for p := 0; p < 16; p += 2 {
				i := g + p*16 + l
				var r float32
				if x[p] < tailLimit {
					r = tailRadius(x[p], x[p+1], tailWord(state, i))
				} else {
					r = radius(x[p], x[p+1])
				}
				dst[i], dst[i+16] = boxMuller(r, x[p+1])
			}
		}
	}
}

// tailLimit: radius words below it (one in 2²⁸) take 32 more bits w2: u = (k·2³² + w2 + ½)/2⁷², k the 40-bit radius.
const tailLimit = 16

// tailWord is the tail word of the pair whose first value is i places after the group at which state begins.
func tailWord(state *[16]uint32, i int) uint32 {
	in := *state
	// The counter's low byte is 16 cipher blocks per group; the place of a value in its block, over 16, is the same number.
	in[12] = 1<<31 | (state[12] + uint32(i>>4))
	var x [16]uint32
	chachaBlock(&x, &in)
	return x[i&15]
}

const (
	m2ln2 = float32(-2 * math.Ln2)
	p2m23 = float32(1.0 / (1 << 23))
	p2m32 = float32(1.0 / (1 << 32))
	p2m40 = float32(1.0 / (1 << 40))
	p2m41 = float32(1.0 / (1 << 41))
)

// Minimax polynomials (Remez, fit/noise.py), rising degree, the float32 values exactly.
const (
	logC0 = float32(-0x1.5555a2p-01) // (−2·log1p(f) + 2f − f²)/f³ on [−¼, ½]
	logC1 = float32(0x1.000082p-01)
	logC2 = float32(-0x1.996ae4p-02)
	logC3 = float32(0x1.54dd2ap-02)
	logC4 = float32(-0x1.284c7cp-02)
	logC5 = float32(0x1.0e112ap-02)
	logC6 = float32(-0x1.b1776cp-03)
	logC7 = float32(0x1.7a3270p-04)

	sinC0 = float32(0x1.921fb6p+00) // sin(π/2·t)/t in y = t² on [0, ¼]
	sinC1 = float32(-0x1.4abbbap-01)
	sinC2 = float32(0x1.465e92p-04)
	sinC3 = float32(-0x1.2d9302p-08)

	cosC0 = float32(1) // cos(π/2·t) in y = t² on [0, ¼]
	cosC1 = float32(-0x1.3bd3ccp+00)
	cosC2 = float32(0x1.03c1dap-02)
	cosC3 = float32(-0x1.55c4eap-06)
	cosC4 = float32(0x1.d99f52p-11)
)

// radius is √(−2 ln u), u = (k + ½)/2⁴⁰, k = w0·2⁸ + w1>>24.
func radius(w0, w1 uint32) float32 {
	// x = u or u−1, whichever is small, so that 24 significant bits are kept at both ends of u.
	x := fma32(float32(int32(w0)), p2m32, fma32(float32(int32(w1>>24)), p2m40, p2m41))
	u := x
	if int32(w0) < 0 {
		u = 1 + x
	}
	return rootLog(u, x, w0 >= 0xc0000000)
}

// tailRadius is the radius of a pair with 72 bits.
func tailRadius(w0, w1, w2 uint32) float32 {
	v := uint64(w0)<<40 | uint64(w1>>24)<<32 | uint64(w2)
	u := float32((float64(v) + 0.5) * 0x1p-72) // v < 2⁴⁴: one rounding
	return rootLog(u, 0, false)
}

// rootLog is √(−2 ln u); if near1, x = u−1 is exact where u is not.
func rootLog(u, x float32, near1 bool) float32 {
	// u = m·2ᵉ, m in [¾, 3/2);  −2 ln u = −2 ln(1+f) − 2e·ln 2,  f = m−1
	b := math.Float32bits(u)
	e := int32(b>>23) - 127
	b = b&0x7fffff | 127<<23
	if b&0x400000 != 0 {
		b -= 1 << 23
		e++
	}
	f := math.Float32frombits(b) - 1
	if near1 {
		f = x
	}
	// −2 ln(1+f) = f·(−2 + f·(1 + f·P(f)))
	q := fma32(logC7, f, logC6)
	q = fma32(q, f, logC5)
	q = fma32(q, f, logC4)
	q = fma32(q, f, logC3)
	q = fma32(q, f, logC2)
	q = fma32(q, f, logC1)
	q = fma32(q, f, logC0)
	q = fma32(q, f, 1)
	q = fma32(q, f, -2)
	q = float32(q * f)
	q = fma32(float32(e), m2ln2, q)
	return float32(math.Sqrt(float64(q))) // rounding twice is harmless here: 53 ≥ 2·24 + 2 bits
}

// boxMuller is (r cos a, r sin a) in some order and with some sign: bits 0..21 of w1 give the angle within a right
// angle, bit 22 the sign, bit 23 the order; together a uniform angle on the circle.
func boxMuller(r float32, w1 uint32) (z0, z1 float32) {
	r = math.Float32frombits(math.Float32bits(r) ^ (w1<<9)&(1<<31)) // bit 22
	t := fma32(float32(int32(w1<<10)), p2m32, p2m23)                // bits 0..21, in (−½, ½)
	y := float32(t * t)
	s := fma32(fma32(fma32(sinC3, y, sinC2), y, sinC1), y, sinC0)
	s = float32(s * t)
	c := fma32(fma32(fma32(fma32(cosC4, y, cosC3), y, cosC2), y, cosC1), y, cosC0)
	z0, z1 = float32(r*c), float32(r*s)
	if w1&(1<<23) != 0 {
		return z1, z0
	}
	return z0, z1
}

// fma32 is a·b + c, rounded once to float32, where that is not denormal. The product is exact in float64 and the sum is
// rounded there first. A second rounding goes wrong only if the sum has become a tie between two float32, one in 2²⁹.
func fma32(a, b, c float32) float32 {
	p, d := float64(a)*float64(b), float64(c)
	s := p + d
	if math.Float64bits(s)&(1<<29-1) != 1<<28 {
		return float32(s)
	}
	return roundTie(p, d)
}

// roundTie is p + d rounded once to float32: the sum is first rounded to odd in float64, after which rounding it again
// is rounding the exact sum (Boldo & Melquiond 2008).
func roundTie(p, d float64) float32 {
	s := p + d
	t := s - p
	e := (p - (s - t)) + (d - t) // s + e = p + d exactly (Knuth's two-sum)
	u := math.Float64bits(s)
	if e != 0 && u&1 == 0 {
		if (e > 0) == (s > 0) {
			u++
		} else {
			u--
		}
	}
	return float32(math.Float64frombits(u))
}
