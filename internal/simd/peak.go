package simd

import "time"

// Peak measures how many GFLOP/s one core can do with the multiply-adds of this path when nothing waits for memory: the
// limit that shares of peak refer to. It takes about 20 ms and returns the best of several runs, so that a short
// disturbance does not lower the limit. On the portable path it is the speed of scalar Go code.
func (k *Kernels) Peak() float64 {
	best := 0.0
	const rounds = 20000
	for begin := time.Now(); time.Since(begin) < 20*time.Millisecond; {
		start := time.Now()
		flops := k.spin(rounds) * rounds
		best = max(best, flops/time.Since(start).Seconds()/1e9)
	}
	return best
}

// spinPortable is eight independent chains, each product and sum rounded.
func spinPortable(rounds int) float64 {
	s0, s1, s2, s3, s4, s5, s6, s7 := float32(1), float32(2), float32(3), float32(4), float32(5), float32(6), float32(7), float32(8)
	f, g := float32(.5), float32(rounds&1)
	for range rounds {
		s0 = float32(s0*f) + g
		s1 = float32(s1*f) + g
		s2 = float32(s2*f) + g
		s3 = float32(s3*f) + g
		s4 = float32(s4*f) + g
		s5 = float32(s5*f) + g
		s6 = float32(s6*f) + g
		s7 = float32(s7*f) + g
	}
	if s0+s1+s2+s3+s4+s5+s6+s7 < 0 { // never, but the compiler must not know
		return 0
	}
	return 2 * 8
}
