package audit

import (
	"fmt"
	"testing"
)

// BenchmarkEvaluate is one whole audit of a pool of 10,000 with control and both negative controls.
func BenchmarkEvaluate(b *testing.B) {
	for _, classes := range []int{10, 100} {
		b.Run(fmt.Sprintf("classes=%d", classes), func(b *testing.B) {
			in := Input{
				Signals: synthetic(10000, classes, .1, 1), Initial: synthetic(10000, classes, 0, 1), Control: synthetic(10000, classes, 3, 1),
				Claim: &Claim{Epsilon: 3, Delta: 1e-5, Private: true},
			}
			for b.Loop() {
				if _, err := Evaluate(b.Context(), in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
