package nets_test

import (
	"fmt"
	"math"

	"hush/internal/simd"
	"hush/nets"
)

// One clipped step of a linear model on two records: each unit's gradient is scaled to at most norm 1.
func Example() {
	net, err := nets.Lookup("linear", nets.Shape{H: 1, W: 1, C: 2}, 2)
	if err != nil {
		fmt.Println(err)
		return
	}
	k, err := simd.Select("portable")
	if err != nil {
		fmt.Println(err)
		return
	}
	weights := net.Init(1)
	clear(weights.Tensors[0]) // logits 0: both classes have probability ½
	clear(weights.Tensors[1])
	w, err := net.NewWorker(weights, nets.Options{Units: 2, Slots: 1, Kernels: k,
		Clip: func(factors, sqNorms, mask []float32) {
			for i, n := range sqNorms {
				factors[i] = mask[i] * float32(min(1, 1/math.Sqrt(float64(n))))
			}
		}})
	if err != nil {
		fmt.Println(err)
		return
	}
	copy(w.X(), []float32{1, 0 /* unit 1: */, 0, 5})
	copy(w.Target(), []float32{1, 0 /* unit 1: */, 0, 1})
	copy(w.Mask(), []float32{1, 1})
	if err := w.Step(); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("squared norms %.3f\n", w.SqNorms())
	fmt.Printf("factors %.3f\n", w.Factors())
	fmt.Printf("sum for W %.3f\n", w.Sums()[0])
	// Output:
	// squared norms [1.000 13.000]
	// factors [1.000 0.277]
	// sum for W [-0.500 0.500 0.693 -0.693]
}
