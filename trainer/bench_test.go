package trainer

import (
	"context"
	"fmt"
	"testing"
	"time"

	"hush/dpsgd"
	"hush/internal/simd"
	"hush/nets"
)

// BenchmarkLot reports how many units a second whole lots go through, by net, lot and workers: graphs, norms, clipped
// sums and lanes, on made-up records, without noise and update.
func BenchmarkLot(b *testing.B) {
	k, err := simd.Select("auto")
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		net string
		in  nets.Shape
		lot int
	}{{"opacus-mnist", nets.Shape{H: 28, W: 28, C: 1}, 240}, {"opacus-mnist", nets.Shape{H: 28, W: 28, C: 1}, 4096}, {"fcn", nets.Shape{H: 1, W: 1, C: 600}, 1024}} {
		for _, workers := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s/lot=%d/workers=%d", c.net, c.lot, workers), func(b *testing.B) {
				net, err := nets.Lookup(c.net, c.in, 10)
				if err != nil {
					b.Fatal(err)
				}
				key := dpsgd.InsecureKey(1)
				sampler, err := dpsgd.NewPoisson(.5, 2*c.lot, key)
				if err != nil {
					b.Fatal(err)
				}
				m, err := dpsgd.New(dpsgd.Settings{NoiseMultiplier: 1, ClipNorm: 1, Lot: float64(c.lot), Sampler: sampler, Key: key, Kernels: k, Ledger: Discard{}})
				if err != nil {
					b.Fatal(err)
				}
				j := Job{Net: net, Units: []int{0}, Mechanism: m, Steps: 1, Kernels: k, Workers: workers}
				best := 0.
				for b.Loop() {
					rate, err := j.Rate(context.Background(), net.Init(1), 200*time.Millisecond)
					if err != nil {
						b.Fatal(err)
					}
					best = max(best, rate)
				}
				b.ReportMetric(best, "best-units/s")
			})
		}
	}
}
