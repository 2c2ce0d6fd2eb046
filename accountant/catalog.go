package accountant

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"hush/internal/check"
)

// catalog lists every kind of event, each by its zero value. To add one: write a file with the type and its proofs,
// add a line here; the conformance suite runs over all lines.
var catalog = [...]Event{
	Gaussian{},
	SampledGaussian{},
	NonPrivate{},
}

// EncodeEvent returns the event as one JSON object: its kind, then its fields.
func EncodeEvent(e Event) ([]byte, error) {
	if e == nil {
		return nil, check.Fail("accountant", "event", "missing", "must be one of the catalog")
	}
	if err := e.Check(); err != nil {
		return nil, err
	}
	kind, err := json.Marshal(e.Kind())
	if err != nil {
		return nil, err
	}
	fields, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	head := append([]byte(`{"kind":`), kind...)
	if rest := fields[1:]; rest[0] != '}' {
		head = append(head, ',')
		return append(head, rest...), nil
	}
	return append(head, '}'), nil
}

// DecodeEvent reads what EncodeEvent wrote. It refuses an unknown kind, a field that is unknown or missing, and
// parameters that describe no release.
func DecodeEvent(data []byte) (Event, error) {
	var fields map[string]json.RawMessage
	if err := decodeStrict(data, &fields); err != nil {
		return nil, fmt.Errorf("accountant: event: %w", err)
	}
	var kind string
	if err := json.Unmarshal(fields["kind"], &kind); err != nil {
		return nil, errors.New("accountant: event: has no kind")
	}
	delete(fields, "kind")
	var known []string
	for _, e := range catalog {
		known = append(known, e.Kind())
		if e.Kind() != kind {
			continue
		}
		return decodeFields(e, fields)
	}
	return nil, check.Fail("accountant", "kind of event", fmt.Sprintf("%q", kind), "must be one of "+strings.Join(known, ", "))
}

// decodeFields fills a new value of zero's type. Every field must be given: a default would be a silent one.
func decodeFields(zero Event, fields map[string]json.RawMessage) (Event, error) {
	v := reflect.New(reflect.TypeOf(zero))
	t := v.Elem().Type()
	for i := range t.NumField() {
		name := t.Field(i).Tag.Get("json")
		if _, given := fields[name]; !given {
			return nil, fmt.Errorf("accountant: event %s: field %q is missing", zero.Kind(), name)
		}
	}
	data, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	if err := decodeStrict(data, v.Interface()); err != nil {
		return nil, fmt.Errorf("accountant: event %s: %w", zero.Kind(), err)
	}
	e := v.Elem().Interface().(Event)
	return e, e.Check()
}

// decodeStrict reads exactly one JSON value without unknown fields.
func decodeStrict(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}
