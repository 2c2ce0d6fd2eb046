package audit

import "fmt"

// mustBe and unitRule word the rules of argument errors that carry a number.
func mustBe(want, n, k int) string {
	return fmt.Sprintf("must be %d (%d units, %d classes)", want, n, k)
}

func unitRule(unit int) string {
	return fmt.Sprintf("must be a number, ±Inf included (unit %d)", unit)
}
