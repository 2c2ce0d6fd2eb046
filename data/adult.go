package data

import (
	"bytes"
	"io"
	"slices"
	"strings"
)

// adult is UCI's census income table: does a person earn above 50,000 dollars a year? Categories are those of the
// description that comes with the table; ranges are those of the survey's questionnaire, or round.
func adult() *Card {
	const names = "UCI Adult, adult.names"
	category := func(name string, values string) Column {
		return Column{Name: name, Categories: strings.Split(values, ", "), Missing: Missing{Tokens: []string{"?"}, Action: AsIndicator},
			Provenance: Provenance{"the attribute's list of values", names}}
	}
	number := func(name string, low, high float64, log bool, source string) Column {
		return Column{Name: name, Low: low, High: high, Log: log, Provenance: Provenance{source, "hush, from the survey and not from the records"}}
	}
	c := &Card{
		Name: "adult", Title: "census income, 14 attributes",
		Classes: []string{"<=50K", ">50K"}, Order: Provenance{"low income first", "hush, for " + names},
		Train: 32561, Test: 16281, Counts: Provenance{"32561 and 16281 instances", names},
		Columns: []Column{
			number("age", 17, 90, false, "persons above 16 (adult.names); the survey's top code is 90"),
			category("workclass", "Private, Self-emp-not-inc, Self-emp-inc, Federal-gov, Local-gov, State-gov, Without-pay, Never-worked"),
			number("fnlwgt", 0, 1.5e6, false, "a sampling weight; round upper end"),
			category("education", "Bachelors, Some-college, 11th, HS-grad, Prof-school, Assoc-acdm, Assoc-voc, 9th, 7th-8th, 12th, Masters, 1st-4th, 10th, Doctorate, 5th-6th, Preschool"),
			number("education-num", 1, 16, false, "16 levels of education (adult.names)"),
			category("marital-status", "Married-civ-spouse, Divorced, Never-married, Separated, Widowed, Married-spouse-absent, Married-AF-spouse"),
			category("occupation", "Tech-support, Craft-repair, Other-service, Sales, Exec-managerial, Prof-specialty, Handlers-cleaners, Machine-op-inspct, Adm-clerical, Farming-fishing, Transport-moving, Priv-house-serv, Protective-serv, Armed-Forces"),
			category("relationship", "Wife, Own-child, Husband, Not-in-family, Other-relative, Unmarried"),
			category("race", "White, Asian-Pac-Islander, Amer-Indian-Eskimo, Other, Black"),
			category("sex", "Female, Male"),
			number("capital-gain", 0, 99999, true, "the survey's field of five digits; log scale"),
			number("capital-loss", 0, 9999, true, "the survey's field of four digits; log scale"),
			number("hours-per-week", 1, 99, false, "the survey's field of two digits"),
			category("native-country", "United-States, Cambodia, England, Puerto-Rico, Canada, Germany, Outlying-US(Guam-USVI-etc), India, Japan, Greece, South, China, Cuba, Iran, Honduras, Philippines, Italy, Poland, Jamaica, Vietnam, Mexico, Portugal, Ireland, France, Dominican-Republic, Laos, Ecuador, Taiwan, Haiti, Columbia, Hungary, Guatemala, Nicaragua, Scotland, Thailand, Yugoslavia, El-Salvador, Trinadad&Tobago, Peru, Hong, Holand-Netherlands"),
		},
		Folders: []string{"adult"},
		Files: []File{
			{Name: "adult.data", Size: 3974305, URLs: []string{"https://archive.ics.uci.edu/ml/machine-learning-databases/adult/adult.data"}, Variants: []Variant{{Hashes: []Hash{
				{ContentSHA256, "5b00264637dbfec36bdeaab5676b0b309ff9eb788d63554ca0a249491c86603d"}, {ContentMD5, "5d7c39d7b8804f071cdd1f2a7c460872"}}}}},
			{Name: "adult.test", Size: 2003153, URLs: []string{"https://archive.ics.uci.edu/ml/machine-learning-databases/adult/adult.test"}, Variants: []Variant{{Hashes: []Hash{
				{ContentSHA256, "a2a9044bc167a35b2361efbabec64e89d69ce82d9790d2980119aac5fd7e9c05"}, {ContentMD5, "35238206dfdf7f1fe215bbb874adecdc"}}}}},
		},
		License:  "CC BY 4.0 (UCI)",
		Citation: "B. Becker, R. Kohavi, Adult, UCI Machine Learning Repository, 1996, doi:10.24432/C5XW20",
		read:     readAdultSet,
	}
	c.Shape = Shape{1, 1, newTable(c.Columns).width}
	return c
}

func readAdultSet(in *input) (*decoded, error) {
	out := new(decoded)
	err := in.walk(func(name string, r io.Reader) (err error) {
		part, limit := 0, in.card.Train
		if name == "adult.test" {
			part, limit = 2, in.card.Test
		}
		out[part], err = readAdult(r, in.card.Columns, in.card.Classes, limit)
		return err
	})
	return out, err
}

// readAdult reads lines of comma-separated attributes and the class, which in adult.test ends in a period. Lines that
// begin with "|", as adult.test's first, are remarks.
func readAdult(r io.Reader, columns []Column, classes []string, limit int) (block, error) {
	t := newTable(columns)
	l := newLines(r, 1<<16)
	for l.next() {
		if l.text[0] == '|' {
			continue
		}
		if len(t.labels) == limit {
			return block{}, &Error{Kind: Excess, Message: "has more records than the card declares"}
		}
		fields := splitFields(l.text)
		if len(fields) != len(columns)+1 {
			return block{}, l.errorf("has %d fields, want %d", len(fields), len(columns)+1)
		}
		label := strings.TrimSuffix(fields[len(columns)], ".")
		class := slices.Index(classes, label)
		if class < 0 {
			return block{}, l.errorf("class is %q, must be one of %s", clip([]byte(label)), strings.Join(classes, ", "))
		}
		if err := t.add(fields, class); err != nil {
			return block{}, l.errorf("%s", message(err))
		}
	}
	return t.block(), l.err()
}

// splitFields cuts a line at commas and trims spaces.
func splitFields(line []byte) []string {
	var out []string
	for field := range bytes.SplitSeq(line, comma) {
		out = append(out, string(bytes.TrimSpace(field)))
	}
	return out
}

// message is the text of an error without the room's name, to be put behind a line number.
func message(err error) string {
	if e, ok := err.(*Error); ok {
		return e.Message
	}
	return err.Error()
}
