package audit_test

import (
	"context"
	"fmt"

	"hush/audit"
)

// A model that is sure of its members' labels and claims ε = ½ all the same.
func ExampleEvaluate() {
	pool := audit.Signals{Classes: 2}
	for i := range 400 {
		in := i*7919%1009%2 == 0 // stands for a fair coin
		logit := float32(i%13) / 13
		if in {
			logit += 2
		}
		pool.Logits = append(pool.Logits, logit, 0)
		pool.Labels = append(pool.Labels, 0)
		pool.Index = append(pool.Index, i)
		pool.Member = append(pool.Member, in)
	}
	signals, err := audit.NewSignals(pool)
	if err != nil {
		fmt.Println(err)
		return
	}
	report, err := audit.Evaluate(context.Background(), audit.Input{
		Signals: signals,
		Claim:   &audit.Claim{Epsilon: .5, Delta: 1e-5, Private: true},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	best := report.BestAttack
	fmt.Printf("%s: AUC %.2f (%.3f to %.3f), ceiling %.2f\n", best.Name, best.AUC, best.AUCLow, best.AUCHigh, *report.Bounds.AUCCeiling)
	fmt.Printf("ε ≥ %.2f\n", *report.Bounds.EpsilonLower)
	fmt.Println(report.Verdict)
	// Output:
	// loss: AUC 1.00 (0.971 to 1.000), ceiling 0.62
	// ε ≥ 3.88
	// violation
}

// What a spent (ε, δ) means in words.
func ExampleClaim() {
	c := audit.Claim{Epsilon: 3, Delta: 1e-5, Private: true}
	fmt.Printf("no attack has an AUC above %.3f\n", c.AUCCeiling())
	fmt.Printf("a suspicion of 1 %% can become at most %.0f %%\n", 100*c.PosteriorCeiling(.01))
	// Output:
	// no attack has an AUC above 0.953
	// a suspicion of 1 % can become at most 17 %
}

func ExampleOneRun() {
	// 1,000 units in by coins, 100 guesses, 90 right.
	e, _ := audit.OneRun{Pool: 1000, Guesses: 100, Right: 90}.EpsilonLower(1e-5, .95)
	fmt.Printf("ε ≥ %.2f\n", e)
	// Output: ε ≥ 1.63
}
