package run

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Sources are the layers of a configuration, lowest first: defaults, the recipe of the data set, Recipe, File, Env,
// Flags and Set together.
type Sources struct {
	Recipe string            // --recipe; "" for none
	File   string            // --config; "" for none
	Env    map[string]string // key → value, from EnvLayer
	Flags  map[string]string // key → value of each flag that was typed
	Set    []string          // key=value of each --set
}

// Error is a configuration that cannot be used: the caller's to correct (exit code 2).
type Error struct {
	Problem string
	Advice  string // what to do about it; may be empty
}

func (e *Error) Error() string { return "config: " + e.Problem }

// Hint says what to do about it, or "".
func (e *Error) Hint() string { return e.Advice }

func problem(advice, format string, args ...any) error {
	return &Error{Problem: fmt.Sprintf(format, args...), Advice: advice}
}

const (
	fromDefault = "default"
	envPrefix   = "HUSH_"
)

// entry is one key set by one layer.
type entry struct {
	node   *yaml.Node
	origin string
}

// null: "key:" or "key: null" takes back what lower layers set.
func (e entry) null() bool {
	return e.node.Kind == yaml.ScalarNode && e.node.ShortTag() == "!!null"
}

// text is the value as it was typed; "" for null and for no entry at all.
func (e entry) text() string {
	if e.node == nil || e.null() {
		return ""
	}
	return e.node.Value
}

// off: a switch set to false chooses nothing in an exclusive group.
func (e entry) off() bool {
	return e.null() || e.node.Kind == yaml.ScalarNode && slices.Contains([]string{"false", "no", "off"}, strings.ToLower(e.node.Value))
}

// layer maps dotted keys to what one source says about them.
type layer map[string]entry

// EnvLayer picks the HUSH_<KEY> variables out of environ ("NAME=value" each). HUSH_DATA is the data folder and no
// config key, and names in other are left to their readers; any further HUSH_ variable is an error, so that a typo
// does not pass unseen.
func EnvLayer(environ []string, other ...string) (map[string]string, error) {
	all, found := leaves(), map[string]string{}
	for _, v := range environ {
		name, value, _ := strings.Cut(v, "=")
		word, ok := strings.CutPrefix(name, envPrefix)
		if !ok || name == "HUSH_DATA" || slices.Contains(other, name) {
			continue
		}
		key := keyOf(strings.ReplaceAll(word, "__", "."), all)
		if key == "" {
			advice := ""
			if near := nearestKey(strings.ToLower(word), all); near != "" {
				advice = "did you mean " + envName(near) + "?"
			}
			return nil, problem(advice, "unknown variable %s", name)
		}
		found[key] = value
	}
	return found, nil
}

// envName is the variable of a key: twin.lr is HUSH_TWIN__LR.
func envName(key string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "__"))
}

// keyOf returns the key or section that word names, in any case and with dashes, or "".
func keyOf(word string, all []leaf) string {
	k := strings.ReplaceAll(strings.ToLower(word), "-", "_")
	if slices.ContainsFunc(all, func(l leaf) bool { return l.path == k }) || isSection(k, all) {
		return k
	}
	return ""
}

// Resolve merges the layers, fills in defaults and checks every value. Errors are *Error or *Missing.
func Resolve(s Sources) (Config, error) {
	var file layer
	if s.File != "" {
		text, err := os.ReadFile(s.File)
		if err != nil {
			return Config{}, problem("", "cannot read the config file: %v", unwrapPath(err, s.File))
		}
		if file, err = readLayer(text, filepath.Base(s.File)); err != nil {
			return Config{}, err
		}
	}
	env, err := mapLayer(s.Env, envName)
	if err != nil {
		return Config{}, err
	}
	flags, err := flagLayer(s.Flags, s.Set)
	if err != nil {
		return Config{}, err
	}
	return resolve(s.Recipe, file, env, flags)
}

// ReadResolved reads a config that Print wrote (internal/config.yaml). No recipe is applied again: it is in there.
func ReadResolved(text []byte) (Config, error) {
	l, err := readLayer(text, "config.yaml")
	if err != nil {
		return Config{}, err
	}
	name := l["recipe"].text()
	delete(l, "recipe")
	merged, err := merge([]layer{defaultLayer(), l})
	if err != nil {
		return Config{}, err
	}
	c, err := build(merged)
	if err != nil {
		return Config{}, err
	}
	c.Recipe = name
	return c, c.check()
}

func unwrapPath(err error, path string) error {
	if p := (*os.PathError)(nil); errors.As(err, &p) {
		return fmt.Errorf("%s: %w", path, p.Err)
	}
	return err
}

// resolve puts the recipes under the three upper layers and builds the config.
func resolve(recipe string, upper ...layer) (Config, error) {
	if recipe == "" { // a recipe may also be named in a file or by a variable; the highest wins
		for _, l := range upper {
			if e, ok := l["recipe"]; ok {
				recipe = e.text()
			}
		}
	}
	layers := []layer{defaultLayer()}
	var named *Recipe
	if recipe != "" {
		r, err := LookupRecipe(recipe)
		if err != nil {
			return Config{}, err
		}
		named = &r
	}
	data := "digits"
	if named != nil {
		data = named.dataName(data)
	}
	for _, l := range upper {
		if e, ok := l["data"]; ok && !e.null() {
			data = e.node.Value
		}
	}
	if own, ok := recipeOf(data); ok && (named == nil || named.Name != own.Name) {
		layers = append(layers, own.layer())
		if named == nil {
			recipe = own.Name
		}
	}
	if named != nil {
		layers = append(layers, named.layer())
	}
	layers = append(layers, upper...)
	merged, err := merge(layers)
	if err != nil {
		return Config{}, err
	}
	delete(merged, "recipe")
	c, err := build(merged)
	if err != nil {
		return Config{}, err
	}
	c.Recipe = recipe
	return c, c.check()
}

func defaultLayer() layer {
	l := layer{}
	for _, d := range defaults {
		must(l.set(d[0], scalar(d[1]), fromDefault, leaves()))
	}
	return l
}

// must is for layers that ship with the program and are covered by tests.
func must(err error) {
	if err != nil {
		panic("run: internal error: " + err.Error())
	}
}

// merge lays the layers over each other. A layer that sets one member of an exclusive group clears the others below
// it; two members in one layer are an error. What belongs to a lower layer's choice goes with it: a schedule's
// parameters, the momentum under adam. no_dp also clears the clip norm of lower layers: clipping without noise
// has to be asked for beside it or above it.
func merge(layers []layer) (layer, error) {
	merged := layer{}
	for _, l := range layers {
		for _, group := range exclusive {
			set := slices.DeleteFunc(slices.Clone(group), func(k string) bool { e, ok := l[k]; return !ok || e.off() })
			if len(set) > 1 {
				return nil, problem("keep one of them", "%s (%s) and %s (%s) exclude each other",
					set[0], l[set[0]].origin, set[1], l[set[1]].origin)
			}
			if len(set) == 1 {
				for _, k := range group {
					delete(merged, k)
				}
			}
		}
		if e, ok := l["no_dp"]; ok && !e.off() {
			delete(merged, "clip_norm")
		}
		if e, ok := l["optimizer"]; ok && e.node.Value == "adam" {
			delete(merged, "momentum") // sgd's
		}
		for k, e := range l {
			if section, _, ok := cutLast(k); ok && strings.HasSuffix(section, "lr_schedule") && strings.HasSuffix(k, ".name") {
				for _, part := range []string{".drop", ".drops"} { // parameters belong to the schedule they were given for
					if _, ok := l[section+part]; !ok {
						delete(merged, section+part)
					}
				}
			}
			if e.null() {
				delete(merged, k)
				if i := slices.IndexFunc(defaults[:], func(d [2]string) bool { return d[0] == k }); i >= 0 {
					merged[k] = entry{scalar(defaults[i][1]), fromDefault}
				}
				continue
			}
			merged[k] = e
		}
	}
	return merged, nil
}

func cutLast(key string) (section, name string, ok bool) {
	i := strings.LastIndexByte(key, '.')
	if i < 0 {
		return "", key, false
	}
	return key[:i], key[i+1:], true
}

// build decodes every entry into its field.
func build(l layer) (Config, error) {
	c := Config{origin: map[string]string{}}
	for _, f := range leaves() {
		e, ok := l[f.path]
		if !ok {
			continue
		}
		if err := f.assign(&c, e.node); err != nil {
			return Config{}, problem(f.doc, "%s: %s is %s, %s", e.origin, f.path, nodeText(e.node), err)
		}
		c.origin[f.path] = e.origin
	}
	return c, nil
}

// nodeText is a short form of a value for an error line.
func nodeText(n *yaml.Node) string {
	switch n.Kind {
	case yaml.ScalarNode:
		if n.Value == "" {
			return "empty"
		}
		if len(n.Value) > 60 {
			return fmt.Sprintf("%.60q…", n.Value)
		}
		return fmt.Sprintf("%q", n.Value)
	case yaml.SequenceNode:
		return "a list"
	}
	return "a map"
}

// readLayer reads one strict YAML document; file is the name that errors carry.
func readLayer(text []byte, file string) (layer, error) {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc, second yaml.Node
	if err := decodeYAML(dec, &doc); errors.Is(err, io.EOF) {
		return layer{}, nil
	} else if err != nil {
		return nil, problem("", "%s: %s", file, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := decodeYAML(dec, &second); !errors.Is(err, io.EOF) {
		return nil, problem("", "%s: holds more than one document", file)
	}
	l := layer{}
	return l, l.addMap("", doc.Content[0], file, leaves())
}

// decodeYAML turns a panic of the parser on foreign bytes into an error.
func decodeYAML(dec *yaml.Decoder, n *yaml.Node) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("cannot be parsed: %v", r)
		}
	}()
	return dec.Decode(n)
}

// addMap adds the keys of a YAML map under prefix ("" or "twin.").
func (l layer) addMap(prefix string, m *yaml.Node, file string, all []leaf) error {
	where := func(n *yaml.Node) string { return fmt.Sprintf("%s line %d", file, n.Line) }
	if m.Kind == yaml.ScalarNode && m.ShortTag() == "!!null" {
		return nil
	}
	if m.Kind != yaml.MappingNode {
		return problem("", "%s: must be keys with values", where(m))
	}
	for i := 0; i+1 < len(m.Content); i += 2 {
		k, v := m.Content[i], m.Content[i+1]
		path := prefix + k.Value
		for _, n := range []*yaml.Node{k, v} {
			if n.Kind == yaml.AliasNode || n.Anchor != "" {
				return problem("", "%s: anchors and aliases are not read", where(n))
			}
		}
		if isSection(path, all) && v.Kind == yaml.MappingNode {
			if err := l.addMap(path+".", v, file, all); err != nil {
				return err
			}
			continue
		}
		if err := l.set(path, v, where(k), all); err != nil {
			return err
		}
	}
	return nil
}

// set adds one key. A scalar for a section is shorthand: "step:drop=.1,drops=2" sets name, drop and drops.
func (l layer) set(path string, v *yaml.Node, origin string, all []leaf) error {
	if isSection(path, all) {
		if v.Kind != yaml.ScalarNode {
			return problem("", "%s: %s must be a word or keys with values", origin, path)
		}
		if v.ShortTag() == "!!null" { // takes back the whole section
			for _, f := range all {
				if strings.HasPrefix(f.path, path+".") {
					if err := l.set(f.path, v, origin, all); err != nil {
						return err
					}
				}
			}
			return nil
		}
		word, params, _ := strings.Cut(v.Value, ":")
		head := *v
		head.Value = word
		if err := l.set(shorthand(path, all), &head, origin, all); err != nil {
			return err
		}
		for p := range strings.SplitSeq(params, ",") {
			if p == "" {
				continue
			}
			name, value, _ := strings.Cut(p, "=")
			if err := l.set(path+"."+strings.TrimSpace(name), scalar(strings.TrimSpace(value)), origin, all); err != nil {
				return err
			}
		}
		return nil
	}
	if !slices.ContainsFunc(all, func(f leaf) bool { return f.path == path }) {
		advice := ""
		if near := nearestKey(path, all); near != "" {
			advice = "did you mean " + near + "?"
		}
		return problem(advice, "%s: unknown key %s", origin, path)
	}
	if old, ok := l[path]; ok {
		return problem("", "%s: %s was already set by %s", origin, path, old.origin)
	}
	l[path] = entry{v, origin}
	return nil
}

// mapLayer makes a layer of key → text.
func mapLayer(m map[string]string, origin func(key string) string) (layer, error) {
	l, all := layer{}, leaves()
	for _, word := range slices.Sorted(maps.Keys(m)) {
		key := keyOf(word, all)
		if key == "" {
			key = word // refused by set, with the nearest key
		}
		if err := l.set(key, scalar(m[word]), origin(key), all); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// flagName is the flag of a key: --clip-norm; keys inside a section are reached by --set.
func flagName(key string) string {
	if strings.Contains(key, ".") {
		return "--set " + key
	}
	return "--" + strings.ReplaceAll(key, "_", "-")
}

// flagLayer makes one layer of flags and --set pairs.
func flagLayer(flags map[string]string, set []string) (layer, error) {
	l, err := mapLayer(flags, flagName)
	if err != nil {
		return nil, err
	}
	all := leaves()
	for _, pair := range set {
		word, value, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, problem("write --set key=value", "--set %s: has no =", pair)
		}
		key := keyOf(strings.TrimSpace(word), all)
		if key == "" {
			key = strings.TrimSpace(word)
		}
		if err := l.set(key, scalar(strings.TrimSpace(value)), "--set "+key, all); err != nil {
			return nil, err
		}
	}
	return l, nil
}
