package run

// Key is one key of a config, as a flag or an environment variable would set it.
type Key struct {
	Name   string // dotted path, "clip_norm" or "twin.lr"
	Doc    string // meaning and default
	Switch bool   // true or false
}

// Keys lists every key of a config in the order in which it is printed, derived from the struct: a program that makes
// its flags of it cannot fall behind.
func Keys() []Key {
	var list []Key
	for _, l := range leaves() {
		list = append(list, Key{Name: l.path, Doc: l.doc, Switch: l.isSwitch()})
	}
	return list
}
