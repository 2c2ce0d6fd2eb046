package audit

// Catalog returns every attack, in the order in which a report lists them. To add one: write a file with its score,
// add a line here; the conformance suite does the rest.
func Catalog() []Attack {
	return []Attack{
		gap(),
		loss(),
		confidence(),
		entropy(),
		modifiedEntropy(),
		modifiedEntropyPerClass(),
		scaledLogit(),
		hinge(),
	}
}
