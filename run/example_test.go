package run_test

import (
	"fmt"

	"hush/run"
)

// A flag lies over the recipe, and a request for noise takes the place of the recipe's request for ε.
func ExampleResolve() {
	c, err := run.Resolve(run.Sources{Recipe: "digits", Flags: map[string]string{"noise-multiplier": "2", "epochs": "40"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.Data, c.Net, c.NoiseMultiplier, c.Epsilon, c.Epochs, c.Origin("noise_multiplier"))

	_, err = run.Resolve(run.Sources{Set: []string{"epsilon=3", "no_dp=true"}})
	fmt.Println(err)
	// Output:
	// digits linear 2 0 40 --noise-multiplier
	// config: epsilon (--set epsilon) and no_dp (--set no_dp) exclude each other
}

// The short name epsilon is infinite where no guarantee holds, so a gate on it does not pass by accident.
func ExampleFailIf() {
	f, err := run.ParseFailIf("epsilon > 3 || auc_high > 0.6")
	if err != nil {
		fmt.Println(err)
		return
	}
	r := &run.Result{Privacy: run.Privacy{Epsilon: run.Finite(2.5)}}
	fmt.Println(f.Evaluate(r).Failed, f.Evaluate(r).NotEvaluable)
	// Output: true [auc_high]
}
