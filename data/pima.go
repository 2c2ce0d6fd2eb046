package data

import (
	"io"
	"slices"
	"strings"
)

// pima is the diabetes table of the NIDDK: eight measures of women of Pima heritage. A zero in plas, pres, skin, insu
// or mass means that the measure is missing; the middle of the declared range stands in.
func pima() *Card {
	number := func(name string, low, high float64, zeroMissing bool, source string) Column {
		c := Column{Name: name, Low: low, High: high, Provenance: Provenance{source, "hush, from what is clinically plausible and not from the records"}}
		if zeroMissing {
			c.Missing = Missing{Tokens: []string{"0"}, Action: AsConstant, Value: (low + high) / 2}
		}
		return c
	}
	return &Card{
		Name: "pima", Title: "diabetes, 8 measures", Shape: Shape{1, 1, 8},
		Classes: []string{"tested_negative", "tested_positive"}, Order: Provenance{"the file's declaration of the class attribute", "Weka, diabetes.arff"},
		Train: 768, Counts: Provenance{"768 instances", "Weka, diabetes.arff"},
		Split: SplitConfig{Train: 70, Test: 30},
		Columns: []Column{
			number("preg", 0, 20, false, "pregnancies"),
			number("plas", 40, 200, true, "plasma glucose after two hours, mg/dl; above 200 is diabetes by definition"),
			number("pres", 20, 130, true, "diastolic blood pressure, mm Hg"),
			number("skin", 0, 100, true, "triceps skin fold, mm"),
			number("insu", 0, 900, true, "serum insulin after two hours, µU/ml"),
			number("mass", 15, 70, true, "body mass index, kg/m²"),
			number("pedi", 0, 2.5, false, "pedigree function"),
			number("age", 21, 90, false, "years; the study took women of at least 21"),
		},
		Folders: []string{"pima", "medical-tabular"},
		Files: []File{{
			Name: "pima_diabetes.arff", Size: 37443,
			URLs:     []string{"https://raw.githubusercontent.com/bnjmn/weka/5f12404511a3eaeb2415ec1311bc510f14eae52b/wekadocs/data/diabetes.arff"},
			Variants: []Variant{{Hashes: []Hash{{ContentSHA256, "01c38ba089121a39a4ee5bafb3c9bddd71e4337d8f0268c85a999a37c1a027e6"}}}},
		}},
		License:  "National Institute of Diabetes and Digestive and Kidney Diseases, via Weka's examples",
		Citation: "J. Smith, J. Everhart, W. Dickson, W. Knowler, R. Johannes, Using the ADAP learning algorithm to forecast the onset of diabetes mellitus, 1988",
		read: func(in *input) (*decoded, error) {
			out := new(decoded)
			err := in.walk(func(_ string, r io.Reader) (err error) {
				out[0], err = readARFF(r, in.card.Columns, in.card.Classes, in.card.Train)
				return err
			})
			return out, err
		},
	}
}

// readARFF reads Weka's format: remarks after "%", one "@attribute" line per column and one for the class, which is
// last, then "@data" and comma-separated rows. Names and classes must be those declared, in that order.
func readARFF(r io.Reader, columns []Column, classes []string, limit int) (block, error) {
	t := newTable(columns)
	l := newLines(r, 1<<16)
	attributes, inData := 0, false
	for l.next() {
		if l.text[0] == '%' {
			continue
		}
		if !inData {
			word, rest, _ := strings.Cut(string(l.text), " ")
			switch strings.ToLower(word) {
			case "@relation":
			case "@attribute":
				if err := checkAttribute(rest, attributes, columns, classes); err != nil {
					return block{}, l.errorf("%s", message(err))
				}
				attributes++
			case "@data":
				if attributes != len(columns)+1 {
					return block{}, l.errorf("data after %d attributes, want %d", attributes, len(columns)+1)
				}
				inData = true
			default:
				return block{}, l.errorf("begins with %q, want @relation, @attribute or @data", clip([]byte(word)))
			}
			continue
		}
		if len(t.labels) == limit {
			return block{}, &Error{Kind: Excess, Message: "has more records than the card declares"}
		}
		fields := splitFields(l.text)
		if len(fields) != len(columns)+1 {
			return block{}, l.errorf("has %d fields, want %d", len(fields), len(columns)+1)
		}
		class := slices.Index(classes, fields[len(columns)])
		if class < 0 {
			return block{}, l.errorf("class is %q, must be one of %s", clip([]byte(fields[len(columns)])), strings.Join(classes, ", "))
		}
		if err := t.add(fields, class); err != nil {
			return block{}, l.errorf("%s", message(err))
		}
	}
	if err := l.err(); err != nil {
		return block{}, err
	}
	if !inData {
		return block{}, corrupt("has no @data line")
	}
	return t.block(), nil
}

// checkAttribute compares the n-th declaration ("'name' numeric" or "'class' { a, b}") with what is expected there.
func checkAttribute(text string, n int, columns []Column, classes []string) error {
	name, kind, _ := strings.Cut(strings.TrimSpace(text), " ")
	name, kind = strings.Trim(name, `'"`), strings.TrimSpace(kind)
	switch {
	case n < len(columns):
		if name != columns[n].Name || !slices.Contains([]string{"numeric", "real", "integer"}, strings.ToLower(kind)) {
			return corrupt("attribute %d is %q of kind %q, want %q, numeric", n+1, clip([]byte(name)), clip([]byte(kind)), columns[n].Name)
		}
	case n == len(columns):
		if !slices.Equal(splitFields([]byte(strings.Trim(kind, "{} "))), classes) {
			return corrupt("the class attribute is %q, want %s", clip([]byte(kind)), strings.Join(classes, ", "))
		}
	default:
		return corrupt("has more than %d attributes", len(columns)+1)
	}
	return nil
}
