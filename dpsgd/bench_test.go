package dpsgd

import (
	"fmt"
	"testing"
)

func BenchmarkPoissonLot(b *testing.B) {
	for _, c := range []struct {
		rate  float64
		units int
	}{{240.0 / 60000, 60000}, {0.5, 1300}, {1e-5, 100_000_000}} {
		b.Run(fmt.Sprintf("q=%.3g/N=%d", c.rate, c.units), func(b *testing.B) {
			p := poisson(b, c.rate, c.units, InsecureKey(1))
			var lot []int
			units := 0
			for step := uint64(0); b.Loop(); step++ {
				lot = p.Lot(step, lot[:0])
				units += len(lot)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(units), "ns/unit")
		})
	}
}

func BenchmarkRelease(b *testing.B) {
	for _, d := range []int{26_010, 1_000_000} {
		for _, workers := range []int{1, 2} {
			b.Run(fmt.Sprintf("d=%d/workers=%d", d, workers), func(b *testing.B) {
				s := settings(b)
				s.Ledger, s.Workers = quiet{}, workers
				m := build(b, s)
				sums := zeros(d)
				for step := uint64(0); b.Loop(); step++ {
					m.Lot(step, nil)
					if err := m.Release(step, sums); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(d), "ns/param")
			})
		}
	}
}

func BenchmarkClip(b *testing.B) {
	clip, err := FlatClip(1)
	if err != nil {
		b.Fatal(err)
	}
	f, sq, mask := make([]float32, 128), make([]float32, 128), make([]float32, 128)
	for i := range sq {
		sq[i], mask[i] = float32(i), 1
	}
	for b.Loop() {
		clip(f, sq, mask)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/128, "ns/unit")
}
