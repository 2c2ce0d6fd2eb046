// Package arch answers one question: is the tree built as the map says? It reads source files and reports every
// line that breaks a house rule: an arrow between rooms that the map lacks, a module outside of its room, init(),
// mutable state of a package, a panic that a user could see, a room without its page or its example, a verb without
// a script.
//
// It never builds, runs or changes anything, and it never looks at a module outside of the tree.
//
// Invariant: each rule is a function from sources to findings, tested on planted violations beside the clean tree,
// so a rule that stops looking fails its test.
package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"sort"
	"strings"
)

// Finding is one broken rule at one place.
type Finding struct {
	Pos  string // file:line, or a folder
	Rule string // one word, the same for all findings of a rule
	Text string // what is wrong
}

func (f Finding) String() string { return f.Pos + ": " + f.Rule + ": " + f.Text }

// Tree is the parsed source of a module.
type Tree struct {
	Module   string // module path
	packages map[string]*folder
	texts    map[string]string // other files that people read or run: documents, scripts, recipes
	scripts  map[string]string // test scripts
	fset     *token.FileSet
}

// folder is one package folder: its sources by file name.
type folder struct {
	files map[string]*ast.File // without tests
	tests map[string]*ast.File
}

// maxText bounds the files that are read as text: what is larger is data.
const maxText = 1 << 20

// Read parses every Go file under fsys but those of nested modules, of folders named testdata or runs, and those with
// the build constraint "ignore"; module is the module path. A file that does not parse is an error.
func Read(fsys fs.FS, module string) (*Tree, error) {
	t := &Tree{
		Module:   module,
		packages: map[string]*folder{},
		texts:    map[string]string{},
		scripts:  map[string]string{},
		fset:     token.NewFileSet(),
	}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := path.Base(name)
		if d.IsDir() {
			if name == "." {
				return nil
			}
			if base == "runs" || strings.HasPrefix(base, ".") && base != ".ci" {
				return fs.SkipDir
			}
			if _, err := fs.Stat(fsys, name+"/go.mod"); err == nil {
				return fs.SkipDir
			}
			return nil
		}
		if info, err := d.Info(); err != nil || !info.Mode().IsRegular() || info.Size() > maxText {
			return err
		}
		src, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		return t.add(name, src)
	})
	if err != nil {
		return nil, fmt.Errorf("arch: %w", err)
	}
	return t, nil
}

// add files a source under what it is.
func (t *Tree) add(name string, src []byte) error {
	inTestdata := slices.Contains(strings.Split(path.Dir(name), "/"), "testdata")
	switch ext := path.Ext(name); {
	case inTestdata && (ext == ".txt" || ext == ".txtar"):
		t.scripts[name] = string(src)
		return nil
	case inTestdata:
		return nil
	case slices.Contains(textFiles[:], ext) || path.Dir(name) == ".ci":
		t.texts[name] = string(src)
		return nil
	case ext != ".go":
		return nil
	}
	t.texts[name] = string(src)
	file, err := parser.ParseFile(t.fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	for _, g := range file.Comments {
		if g.Pos() < file.Package && strings.HasPrefix(g.List[0].Text, "//go:build ignore") {
			return nil
		}
	}
	dir := path.Dir(name)
	if t.packages[dir] == nil {
		t.packages[dir] = &folder{files: map[string]*ast.File{}, tests: map[string]*ast.File{}}
	}
	if strings.HasSuffix(name, "_test.go") {
		t.packages[dir].tests[name] = file
	} else {
		t.packages[dir].files[name] = file
	}
	return nil
}

// textFiles are the endings of files that are searched as text.
var textFiles = [...]string{".md", ".s", ".sh", ".py", ".yaml", ".yml", ".json", ".html", ".css"}

// Rooms returns the rooms that hold Go files, sorted.
func (t *Tree) Rooms() []string {
	var names []string
	for dir := range t.packages {
		if r := roomOf(dir); !slices.Contains(names, r) {
			names = append(names, r)
		}
	}
	sort.Strings(names)
	return names
}

// Check returns every finding of every rule, sorted by place.
func (t *Tree) Check() []Finding {
	var all []Finding
	for _, rule := range rules {
		all = append(all, rule(t)...)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].String() < all[j].String() })
	return all
}

// rules are all that Check looks at.
var rules = [...]func(*Tree) []Finding{
	checkArrows,
	checkImports,
	checkInit,
	checkState,
	checkPanics,
	checkPages,
	checkExamples,
	checkVerbs,
	checkTexts,
}

// pos renders a position as file:line.
func (t *Tree) pos(p token.Pos) string {
	at := t.fset.Position(p)
	return fmt.Sprintf("%s:%d", at.Filename, at.Line)
}

// dirs returns the package folders, sorted.
func (t *Tree) dirs() []string {
	names := make([]string, 0, len(t.packages))
	for d := range t.packages {
		names = append(names, d)
	}
	sort.Strings(names)
	return names
}

// roomOf names the room that a folder belongs to: its first element, or its first two under internal and cmd.
func roomOf(dir string) string {
	parts := strings.Split(dir, "/")
	if len(parts) > 1 && (parts[0] == "internal" || parts[0] == "cmd") {
		return parts[0] + "/" + parts[1]
	}
	return parts[0]
}
