package run

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"hush/internal/nearest"
)

// leaf is one key of Config: its dotted path, what it means, and where it lives.
type leaf struct {
	path, doc string
	index     []int  // for reflect.Value.FieldByIndex on a Config
	section   string // "", "Guarantee", "Bits" or "Speed"
}

// leaves lists every key of Config in the order of the struct. It is derived from the struct, so a key cannot be
// known to one of decoding, printing and hashing and unknown to another.
func leaves() []leaf { return walk(reflect.TypeFor[Config](), "", "", nil) }

func walk(t reflect.Type, prefix, section string, index []int) (list []leaf) {
	for f := range t.Fields() {
		at := append(append([]int{}, index...), f.Index...)
		key := f.Tag.Get("key")
		switch {
		case f.Anonymous:
			list = append(list, walk(f.Type, prefix, f.Name, at)...)
		case key == "":
		case f.Type.Kind() == reflect.Struct && f.Type != reflect.TypeFor[Decimal]():
			list = append(list, walk(f.Type, prefix+key+".", section, at)...)
		default:
			list = append(list, leaf{path: prefix + key, doc: f.Tag.Get("doc"), index: at, section: section})
		}
	}
	return list
}

// isSection says whether path has keys below it ("twin", "lr_schedule", "twin.lr_schedule").
func isSection(path string, all []leaf) bool {
	for _, l := range all {
		if strings.HasPrefix(l.path, path+".") {
			return true
		}
	}
	return false
}

// shorthand returns the first key below a section: the one that a bare word sets ("twin: yes" is twin.run).
func shorthand(section string, all []leaf) string {
	for _, l := range all {
		if strings.HasPrefix(l.path, section+".") {
			return l.path
		}
	}
	return ""
}

// isSwitch says whether the key is true or false.
func (l leaf) isSwitch() bool {
	return reflect.TypeFor[Config]().FieldByIndex(l.index).Type.Kind() == reflect.Bool
}

// nearestKey returns the known key or section closest to word, or "" if none is close.
func nearestKey(word string, all []leaf) string {
	var names []string
	for _, l := range all {
		names = append(names, l.path)
		if i := strings.LastIndexByte(l.path, '.'); i >= 0 {
			names = append(names, l.path[:i])
		}
	}
	return nearest.Name(word, names)
}

// assign decodes node into the field of c that l names. Errors say what is wrong with the value, not where it stood.
// Numbers are read strictly: 1.5 is no integer, and there is no NaN.
func (l leaf) assign(c *Config, node *yaml.Node) error {
	return decodeValue(reflect.ValueOf(c).Elem().FieldByIndex(l.index), node)
}

func decodeValue(v reflect.Value, node *yaml.Node) error {
	if v.Kind() == reflect.Pointer {
		p := reflect.New(v.Type().Elem())
		if err := decodeValue(p.Elem(), node); err != nil {
			return err
		}
		v.Set(p)
		return nil
	}
	if v.Type() == reflect.TypeFor[Split]() {
		s, err := parseSplit(node)
		v.Set(reflect.ValueOf(s))
		return err
	}
	if v.Kind() == reflect.Slice {
		items, err := listItems(v, node)
		if err != nil {
			return err
		}
		v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
		for i, n := range items {
			if err := decodeValue(v.Index(i), n); err != nil {
				return err
			}
		}
		return nil
	}
	if node.Kind != yaml.ScalarNode {
		return errors.New("must be a single value")
	}
	s := node.Value
	if v.Type() == reflect.TypeFor[Decimal]() {
		d, err := ParseDecimal(s)
		if err != nil {
			return errors.New("must be a decimal number such as 40 or 2.5")
		}
		v.Set(reflect.ValueOf(d))
		return nil
	}
	return decodeScalar(v, s)
}

func decodeScalar(v reflect.Value, s string) error {
	switch v.Kind() {
	case reflect.String:
		v.SetString(s)
	case reflect.Bool:
		switch strings.ToLower(s) {
		case "true", "yes", "on", "1":
			v.SetBool(true)
		case "false", "no", "off", "0":
			v.SetBool(false)
		default:
			return errors.New("must be true or false")
		}
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || v.OverflowInt(n) {
			return errors.New("must be an integer")
		}
		v.SetInt(n)
	case reflect.Uint64:
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			return errors.New("must be an integer from 0 to 2^64 − 1")
		}
		v.SetUint(n)
	case reflect.Float64:
		x, err := strconv.ParseFloat(s, 64)
		if err != nil || math.IsNaN(x) || math.IsInf(x, 0) || strings.ContainsAny(s, "xX_") {
			return errors.New("must be a finite number")
		}
		v.SetFloat(x)
	default:
		panic("run: internal error: no decoder for a config field of kind " + v.Kind().String())
	}
	return nil
}

// listItems returns the items of a list: a YAML list, or one scalar "1,30" (for texts: one per line).
func listItems(v reflect.Value, node *yaml.Node) ([]*yaml.Node, error) {
	if node.Kind == yaml.SequenceNode {
		return node.Content, nil
	}
	if node.Kind != yaml.ScalarNode {
		return nil, errors.New("must be a list")
	}
	sep := ","
	if v.Type().Elem().Kind() == reflect.String {
		sep = "\n"
	}
	s := strings.TrimSpace(node.Value)
	if inner, ok := strings.CutPrefix(s, "["); ok && sep == "," {
		s = strings.TrimSuffix(inner, "]")
	}
	if s == "" {
		return nil, nil
	}
	var items []*yaml.Node
	for part := range strings.SplitSeq(s, sep) {
		items = append(items, scalar(strings.TrimSpace(part)))
	}
	return items, nil
}

func scalar(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: s} }

// parseSplit reads 60/20/20 or a list of percentages that add up to 100.
func parseSplit(node *yaml.Node) (Split, error) {
	rule := errors.New("must be up to five percentages that add up to 100, such as 60/20/20")
	var parts []string
	switch node.Kind {
	case yaml.ScalarNode:
		parts = strings.Split(node.Value, "/")
	case yaml.SequenceNode:
		for _, n := range node.Content {
			parts = append(parts, n.Value)
		}
	}
	var s Split
	sum := 0.0
	for _, p := range parts {
		x, err := strconv.ParseFloat(strings.TrimSpace(p), 64)
		if err != nil || !(x >= 0 && x <= 100) {
			return nil, rule
		}
		s = append(s, x)
		sum += x
	}
	// 1e-9: a sum of five decimals rounds by less than 5·100·2^-53.
	if len(s) == 0 || len(s) > len(splitNames) || math.Abs(sum-100) > 1e-9 {
		return nil, rule
	}
	return s, nil
}

// show returns the value of l in c as YAML on one line, and whether it differs from the zero value (a pointer that
// is set counts as different whatever it points at).
func (l leaf) show(c *Config) (text string, set bool) {
	v := reflect.ValueOf(c).Elem().FieldByIndex(l.index)
	set = !v.IsZero()
	if v.Kind() == reflect.Slice {
		set = v.Len() > 0
	}
	return showValue(v), set
}

func showValue(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case Decimal:
		return x.String()
	case Split:
		var parts []string
		for _, p := range x {
			parts = append(parts, formatFloat(p))
		}
		return strings.Join(parts, "/")
	case string:
		return quote(x)
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return "null"
		}
		return showValue(v.Elem())
	case reflect.Slice:
		var parts []string
		for i := range v.Len() {
			parts = append(parts, showValue(v.Index(i)))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case reflect.Float64:
		return formatFloat(v.Float())
	}
	return fmt.Sprint(v.Interface())
}

// quote writes a string so that YAML reads it back as the same string, bare where that is safe.
func quote(s string) string {
	bare := s != "" && s != "-"
	for i, r := range s {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z':
		case i > 0 && (r >= '0' && r <= '9' || strings.ContainsRune("-_./", r)):
		case r == '.' || r == '/':
		default:
			bare = false
		}
	}
	switch strings.ToLower(s) {
	case "null", "true", "false", "yes", "no", "on", "off", "y", "n", ".nan", ".inf", ".", "..":
		bare = false
	}
	if bare {
		return s
	}
	return strconv.Quote(s)
}
