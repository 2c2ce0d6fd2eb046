package data

import (
	"fmt"
	"strings"
)

// Card describes a data set: what its files are, and every constant that decoding uses. Nothing in it is computed from
// the records at hand.
type Card struct {
	Name    string // in the catalog
	Title   string // for people
	Shape   Shape
	Classes []string   // fixed order
	Order   Provenance // of the class order

	// Train, Validation and Test are the public numbers of records of the parts; Train is public_n. A train file with
	// fewer rows is filled up with null records, one with more is refused.
	Train, Validation, Test int
	Counts                  Provenance

	Split     SplitConfig // shares of a set without a test part, when the user names none
	Constants []Constant
	Columns   []Column // tables only, in the order of the file, without the label

	Folders []string // where the files lie, below a data folder; the first is where fetch puts them
	Home    string   // a folder below the user's home that other tools use for this set; may be empty
	Files   []File
	Archive *File // one archive that holds all of Files, by their names without .gz; may be nil

	License  string
	Citation string

	read reader
}

// Provenance says where a public value comes from and who declares it public. Both are required: under DP a value
// taken from the records without that declaration would have to be charged.
type Provenance struct {
	Source     string
	DeclaredBy string
}

// Constant is a number that decoding uses: "scale", "mean", "std". One value, or one per channel.
type Constant struct {
	Name   string
	Values []float64
	Provenance
}

func (k *Constant) at(channel int) float64 {
	if len(k.Values) == 1 {
		return k.Values[0]
	}
	return k.Values[channel]
}

// Constant returns the constant of that name, or nil.
func (c *Card) Constant(name string) *Constant {
	for i := range c.Constants {
		if c.Constants[i].Name == name {
			return &c.Constants[i]
		}
	}
	return nil
}

// Embedded tells whether the set is inside the program.
func (c *Card) Embedded() bool { return len(c.Files) > 0 && c.Files[0].embedded != nil }

// Records is the number of records of all parts.
func (c *Card) Records() int { return c.Train + c.Validation + c.Test }

// Declaration is one public value of a card in words, for the report.
type Declaration struct {
	What       string
	Source     string
	DeclaredBy string
}

// DeclaredPublic lists every value that the card declares public, and who does.
func (c *Card) DeclaredPublic() []Declaration {
	var out []Declaration
	add := func(what string, p Provenance) { out = append(out, Declaration{what, p.Source, p.DeclaredBy}) }
	add(fmt.Sprintf("number of records: %d", c.Records()), c.Counts)
	add(fmt.Sprintf("class order: %s", strings.Join(c.Classes, ", ")), c.Order)
	for _, k := range c.Constants {
		add(fmt.Sprintf("%s: %v", k.Name, k.Values), k.Provenance)
	}
	for _, k := range c.Columns {
		add(k.describe(), k.Provenance)
	}
	return out
}

// File is one file of a set.
type File struct {
	Name     string // as distributed; a name that ends in .gz is also found without it
	Size     int64  // bytes as distributed; 0 if not known
	URLs     []string
	Variants []Variant // what the file may hold; never empty
	embedded []byte    // the file itself, if it is inside the program
}

// Variant is one accepted content of a file. Any of its hashes is enough.
type Variant struct {
	Hashes  []Hash
	Note    string // "" for the canonical bytes, else what differs
	Exclude []int  // global indices of records that no measurement may use
}

// Hash is a checksum, in hexadecimal.
type Hash struct {
	Kind HashKind
	Sum  string
}

// HashKind says what was hashed and how.
type HashKind string

const (
	ContentSHA256 HashKind = "sha256 of the uncompressed content"
	ContentMD5    HashKind = "md5 of the uncompressed content"
	FileSHA256    HashKind = "sha256 of the file"
	FileMD5       HashKind = "md5 of the file"
	GitBlob       HashKind = "git blob"
)
