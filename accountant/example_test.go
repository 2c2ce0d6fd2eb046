package accountant_test

import (
	"fmt"

	"hush/accountant"
)

// What a training spends: 15,000 steps on lots of 240 of 60,000 records with noise 1.1.
func ExampleEpsilon() {
	step := accountant.SampledGaussian{SampleRate: 240. / 60000, NoiseMultiplier: 1.1}
	spent := accountant.Spending{}.Add(step, 15000)
	g, err := accountant.Epsilon(spent, 1e-5, accountant.ZeroOut)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("ε = %.3f at δ = %g (%s, %s)\n", g.Epsilon, g.Delta, g.Accountant, g.Relation)
	// Output: ε = 2.503 at δ = 1e-05 (rdp, zero-out)
}

// How much noise a target needs.
func ExampleCalibrateNoise() {
	steps, err := accountant.StepsForEpochs("40", 60000, 512)
	if err != nil {
		fmt.Println(err)
		return
	}
	sigma, err := accountant.CalibrateNoise(512./60000, steps, accountant.Target{Epsilon: 3, Delta: 1e-5}, accountant.ZeroOut)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d steps, σ = %.3f\n", steps, sigma)
	// Output: 4688 steps, σ = 1.123
}
