package accountant

import "testing"

func BenchmarkEpsilon(b *testing.B) {
	for name, s := range map[string]Spending{
		"mnist":   {{SampledGaussian{256. / 60000, 1.1}, 14062}},
		"tiny-q":  {{SampledGaussian{1e-5, 20}, 1000000}},
		"tiny-σ":  {{SampledGaussian{.01, .3}, 100}},
		"large-q": {{SampledGaussian{.5, 20}, 10000}},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := Epsilon(s, 1e-5, ZeroOut); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCalibrateNoise(b *testing.B) {
	for b.Loop() {
		if _, err := CalibrateNoise(256./60000, 14062, Target{3, 1e-5}, ZeroOut); err != nil {
			b.Fatal(err)
		}
	}
}
