package audit

import "fmt"

// ViolationLevel is the p-value under which a claim counts as violated: an honest trainer is accused in at most 1 of
// 100 audits (DESIGN.md §4).
const ViolationLevel = .01

// Facts is all that a verdict depends on. P-values are corrected for everything that was tried.
type Facts struct {
	Coins   bool   // membership was drawn by fair coins, unseen by the scorers
	Claim   *Claim // nil: nobody stated one
	PValue  float64
	Tests   int
	Control *ControlFacts // the same audit of the run with σ = 0; nil: not run
}

// ControlFacts is what the same audit shows where only the noise was left out.
type ControlFacts struct {
	PValue       float64 // of the same claim
	EpsilonLower float64 // = detectable ε
}

// Decide returns the verdict and one sentence that says which rule decided. A pure function of f:
//
//	no guarantee   the ledger holds a NonPrivate event
//	not evaluable  no coins, or no claim
//	violation      p < .01 for the claim
//	consistent     not so, and the control without noise is rejected: the audit could have seen something
//	inconclusive   else
func Decide(f Facts) (Verdict, string) {
	switch {
	case f.Claim != nil && !f.Claim.Private:
		return NoGuarantee, "training was not differentially private: ε is infinite, no bound to contradict"
	case f.Claim == nil:
		return NotEvaluable, "no (ε, δ) was claimed, so there is nothing to contradict"
	case !f.Coins:
		return NotEvaluable, "membership was not drawn by coins: every figure is indicative, none is a bound"
	}
	claim := fmt.Sprintf("(ε = %.6g, δ = %.3g)", f.Claim.Epsilon, f.Claim.Delta)
	tests := fmt.Sprintf("corrected for %d tests", f.Tests)
	switch {
	case f.PValue < ViolationLevel:
		return Violation, fmt.Sprintf("training with %s would give guesses this good with p = %.2g < %g, %s", claim, f.PValue, ViolationLevel, tests)
	case f.Control == nil:
		return Inconclusive, fmt.Sprintf("no contradiction to %s found (p = %.2g, %s), but no control without noise was run to show what this audit can see", claim, f.PValue, tests)
	case f.Control.PValue < ViolationLevel:
		return Consistent, fmt.Sprintf("no contradiction found to %s (p = %.2g, %s); without noise this audit shows ε ≥ %.2f", claim, f.PValue, tests, f.Control.EpsilonLower)
	}
	return Inconclusive, fmt.Sprintf("no contradiction to %s found (p = %.2g, %s), but the same audit without noise finds none either (it shows ε ≥ %.2f)", claim, f.PValue, tests, f.Control.EpsilonLower)
}
