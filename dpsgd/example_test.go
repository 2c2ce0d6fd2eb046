package dpsgd_test

import (
	"fmt"

	"hush/accountant"
	"hush/dpsgd"
	"hush/internal/simd"
)

// The mean of 1,000 numbers, asked three times: each unit's "gradient" is its own number, here 0.5 for all.
func Example() {
	key := dpsgd.InsecureKey(1) // for a repeatable example; a run takes NewKey
	const units, rate = 1000, 0.2
	sampler, err := dpsgd.NewPoisson(rate, units, key)
	if err != nil {
		fmt.Println(err)
		return
	}
	kernels, err := simd.Select("auto")
	if err != nil {
		fmt.Println(err)
		return
	}
	var ledger spending
	m, err := dpsgd.New(dpsgd.Settings{
		NoiseMultiplier: 1, ClipNorm: 0.75, Lot: rate * units,
		Sampler: sampler, Key: key, Kernels: kernels, Ledger: &ledger,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for step := range uint64(3) {
		sum := []float32{0}
		for range m.Lot(step, nil) {
			const g = 0.5
			c := []float32{0}
			m.Clip()(c, []float32{g * g}, []float32{1})
			sum[0] += c[0] * g
		}
		if err := m.Release(step, [][]float32{sum}); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("step %d: %.3f\n", step, sum[0])
	}
	fmt.Println(len(ledger), "events, as the sampler states them:", ledger[0] == sampler.Event(1))
	// Output:
	// step 0: 0.565
	// step 1: 0.468
	// step 2: 0.473
	// 3 events, as the sampler states them: true
}

type spending []accountant.Event

func (s *spending) Append(e accountant.Event, count int64) error {
	for range count {
		*s = append(*s, e)
	}
	return nil
}
