// Package audit answers one question: what do scores say about membership? Signals of a trained model go in; attacks,
// statistics with intervals, lower bounds on ε, controls and one verdict come out.
//
// It never trains the target, never reads a file and never looks at gradients' origin: how the model came to be is not
// its business. It never turns a fitted score into a bound.
//
// Invariant: what drives a bound or a verdict was scored without sight of the coins. The types hold it: a scorer
// receives an *Observed, which has no membership, and an attack that was fitted on membership says so and yields an
// AUC only.
package audit
