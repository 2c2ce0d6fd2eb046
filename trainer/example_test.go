package trainer_test

import (
	"fmt"

	"hush/trainer"
)

// A schedule knows the step index and nothing else.
func ExampleSchedule_Rate() {
	s, err := trainer.NewSchedule(trainer.Schedule{Name: "cosine", Base: 2})
	if err != nil {
		fmt.Println(err)
	}
	for _, t := range []uint64{0, 50, 99} {
		fmt.Printf("%.3f\n", s.Rate(t, 100))
	}
	// Output:
	// 2.000
	// 1.000
	// 0.000
}
