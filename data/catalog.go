package data

// catalog lists every data set, in the order in which `hush data list` shows them. To add one: write a file with its
// card and reader, add a line here and a sample file to the conformance suite.
func catalog() []*Card {
	return []*Card{
		digits(),
		mnist(),
		fashionMNIST(),
		cifar10(),
		location30(),
		adult(),
		wdbc(),
		pima(),
		pneumoniaMNIST(),
		purchase100(),
		texas100(),
	}
}

// Catalog returns the cards of all data sets. They are fresh copies.
func Catalog() []*Card { return catalog() }

// Names returns the names of all data sets, in the order of the catalog.
func Names() []string {
	var names []string
	for _, c := range catalog() {
		names = append(names, c.Name)
	}
	return names
}

// Lookup returns the card of that name, or an *UnknownError.
func Lookup(name string) (*Card, error) {
	for _, c := range catalog() {
		if c.Name == name {
			return c, nil
		}
	}
	return nil, &UnknownError{Name: name, Known: Names()}
}
