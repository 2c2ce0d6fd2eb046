package arch

import (
	"fmt"
	"go/ast"
	"go/token"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// TestTree holds the rules over the module itself.
func TestTree(t *testing.T) {
	tree, err := Read(os.DirFS("../.."), "hush")
	if err != nil {
		t.Fatal(err)
	}
	// A walk that sees nothing finds nothing: these rooms must have been read.
	for _, room := range []string{
		"accountant", "dpsgd", "nets", "data", "audit", "run", "trainer", "experiment", "report", "cmd/hush",
		"internal/arch", "internal/check", "internal/simd",
	} {
		if !slices.Contains(tree.Rooms(), room) {
			t.Errorf("room %s was not read", room)
		}
	}
	if verbs := tree.verbs(tree.packages["cmd/hush"]); verbs["train"] == "" || verbs["version"] == "" {
		t.Errorf("verbs were not read: %v", verbs)
	}
	for _, c := range constants {
		if !slices.ContainsFunc(tree.files(c.dir), func(f *ast.File) bool { return declares(f, c.name) }) {
			t.Errorf("%s no longer has a variable %s: take it from the list of constants", c.dir, c.name)
		}
	}
	for _, f := range tree.Check() {
		t.Error(f)
	}
}

func (t *Tree) files(dir string) []*ast.File {
	if t.packages[dir] == nil {
		return nil
	}
	return slices.Collect(maps.Values(t.packages[dir].files))
}

func declares(f *ast.File, name string) bool {
	for _, d := range f.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR {
			for _, s := range g.Specs {
				for _, id := range s.(*ast.ValueSpec).Names {
					if id.Name == name {
						return true
					}
				}
			}
		}
	}
	return false
}

// TestMapHasNoCycle: rooms that may only import along the map cannot form a cycle if the map has none.
func TestMapHasNoCycle(t *testing.T) {
	const entered, left = 1, 2
	state := map[string]int{}
	var visit func(room string, path []string)
	visit = func(room string, path []string) {
		switch state[room] {
		case entered:
			t.Fatalf("cycle: %s", strings.Join(append(path, room), " → "))
		case left:
			return
		}
		state[room] = entered
		for _, to := range arrows[room] {
			if _, ok := arrows[to]; !ok {
				t.Errorf("%s may import %s, which is not on the map", room, to)
			}
			visit(to, append(path, room))
		}
		state[room] = left
	}
	for room := range arrows {
		visit(room, nil)
	}
}

// clean is a small tree that breaks no rule and uses everything that is allowed.
func clean() map[string]string {
	return map[string]string{
		"nets/nets.go": `// Package nets is a page.
package nets

import (
	_ "embed"
	"errors"
	"math"
	"regexp"
	"sync"

	"gorgonia.org/tensor"
	"hush/internal/check"
)

// ErrShape is an error value.
var ErrShape = errors.New("nets: shape")

//go:embed page.txt
var page []byte

var (
	catalog         = []entry{{"linear", func() int { return 1 }}}
	errSmall        = errors.New("small")
	word            = regexp.MustCompile("a+")
	weights         = [...]float64{1, 2}
	half            = math.Sqrt(.25)
	table           = sync.OnceValue(func() []int { return nil })
	_ interface{}   = entry{}
)

const impossible = "internal error: page"

type entry struct { name string; make func() int }

func (e entry) read() string { return e.name }

func use(weights []int) {
	weights[0] = 1 // a local of the same name
	half := 0
	half++
	for _, e := range catalog { e.name = "copy"; _ = e.read() }
	if len(table()) > 9 { panic("internal error: table") }
	if len(page) > 9 { panic(impossible) }
	check.Fail("x", "y", 1, "must")
	tensor.New()
}
`,
		"nets/nets_test.go": `package nets

import "os"

var update = false // tests may keep state

func Example() {
	println(1)
	// Output: 1
}

func TestMain() { os.Exit(1) }
`,
		"trainer/trainer.go":      "// Package trainer is a page.\npackage trainer\n\nimport \"hush/nets\"\n\nvar x = nets.A\n",
		"trainer/trainer_test.go": "package trainer_test\n\nimport \"hush/report\"\n\nfunc ExampleX() {\n\tprintln()\n\t// Unordered output:\n\t// a\n}\n",
		"internal/check/check.go": "// Package check is a page.\npackage check\n",
		"cmd/hush/main.go": `// Command hush is the program.
package main

import ("os"; "os/signal"; "github.com/urfave/cli/v2")

func main() { app(); signal.Stop(nil); os.Exit(1) }

func app() *cli.App { return &cli.App{Commands: []*cli.Command{train(), budgetCommand()}} }

func train() *cli.Command { return &cli.Command{Name: "train"} }

func budgetCommand() *cli.Command {
	return &cli.Command{Name: "budget", Subcommands: []*cli.Command{{Name: "epsilon"}}}
}
`,
		"cmd/hush/testdata/script/train.txtar": "exec hush train --quiet\nstdout x\n",
		"cmd/hush/testdata/script/more.txt":    "[!short] ! exec hush budget\n",
		"tool/go.mod":                          "module other\n", // another module: not ours to judge
		"tool/main.go":                         "package main\n\nfunc init() {}\n",
		"data.bin":                             "\x00\x01",
		"README.md":                            "Run `go run ./cmd/hush train`.\n",
	}
}

func findings(t *testing.T, files map[string]string) []Finding {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	tree, err := Read(fsys, "hush")
	if err != nil {
		t.Fatal(err)
	}
	return tree.Check()
}

func TestCleanTreeHasNoFindings(t *testing.T) {
	for _, f := range findings(t, clean()) {
		t.Error(f)
	}
}

// TestPlanted adds one violation at a time to the clean tree: exactly that one must be found.
func TestPlanted(t *testing.T) {
	code := func(body string) string { return "package nets\n\n" + body + "\n" }
	tests := []struct {
		name, file, text string
		rule, says       string
	}{
		{"lower room imports higher", "nets/a.go", code(`import "hush/trainer"`), "arrow", "nets must not import trainer"},
		{"a room inside a room", "nets/deep/a.go", "// Package deep is a page.\npackage deep\n\nimport \"hush/data\"\n", "arrow", "nets must not import data"},
		{"internal imports a room", "internal/check/a.go", "package check\n\nimport \"hush/nets\"\n", "arrow", "internal/check must not import nets"},
		{"a room off the map", "util/a.go", "// Package util is a page.\npackage util\n", "room", "not on the map"},
		{"gorgonia outside of nets", "trainer/a.go", "package trainer\n\nimport \"gorgonia.org/gorgonia\"\n", "owned", "only nets may"},
		{"tensor in a test outside of nets", "trainer/a_test.go", "package trainer\n\nimport \"gorgonia.org/tensor\"\n", "owned", "only nets may"},
		{"tables outside of report", "cmd/hush/a.go", "package main\n\nimport \"github.com/olekukonko/tablewriter/tw\"\n", "owned", "only report may"},
		{"signals outside of cmd", "trainer/a.go", "package trainer\n\nimport \"os/signal\"\n", "owned", "only cmd/hush may"},
		{"files in a closed room", "nets/a.go", code(`import "os"`), "closed", "must not import os"},
		{"network in a closed room", "nets/a.go", code(`import "net/http"`), "closed", "must not import net/http"},
		{"blank import", "nets/a.go", code(`import _ "image/png"`), "import", "blank or dot"},
		{"dot import", "nets/a.go", code(`import . "fmt"`), "import", "blank or dot"},
		{"init", "nets/a.go", code("func init() {}"), "init", "init()"},
		{"init in a test", "nets/a_test.go", code("func init() {}"), "init", "init()"},
		{"a variable to set later", "nets/a.go", code("var level int"), "state", "level has no value"},
		{"an exported variable", "nets/a.go", code("var Level = 1"), "state", "exported"},
		{"a lock", "nets/a.go", code("import \"sync\"\n\nvar mu = sync.Mutex{}"), "state", "not a literal"},
		{"a pointer", "nets/a.go", code("var e = &entry{}"), "state", "not a literal"},
		{"a map by make", "nets/a.go", code("var m = make(map[int]int)"), "state", "not a literal"},
		{"a literal that is assigned to", "nets/a.go", code("var on = true\n\nfunc f() { on = false }"), "state", "on is assigned to"},
		{"an element that is assigned to", "nets/a.go", code("func f() { weights[1] = 3 }"), "state", "weights is assigned to"},
		{"a field of an element", "nets/a.go", code("func f() { catalog[0].name = \"x\" }"), "state", "catalog is assigned to"},
		{"an address", "nets/a.go", code("func f() *float64 { return &weights[0] }"), "state", "weights has its address taken"},
		{"a method with a pointer", "nets/a.go", code("type n struct{ i int }\n\nvar count = n{}\n\nfunc (c *n) up() { c.i++ }\n\nfunc f() { count.up() }"), "state", "by a method"},
		{"an increment", "nets/a.go", code("var count = 0\n\nfunc f() { count++ }"), "state", "count is assigned to"},
		{"a map that loses keys", "nets/a.go", code("var m = map[int]int{}\n\nfunc f() { delete(m, 1) }"), "state", "changed by delete"},
		{"a range that assigns", "nets/a.go", code("var i = 0\n\nfunc f() { for i = range 3 {} }"), "state", "i is assigned to"},
		{"a constant that is written to", "internal/simd/a.go", "// Package simd is a page.\npackage simd\n\nvar zeros [4]float32\n\nfunc f() *float32 { zeros[0] = 1; return &zeros[0] }\n", "state", "zeros is assigned to"},
		{"a panic for the user", "nets/a.go", code("func f() { panic(\"bad shape\") }"), "panic", "internal error"},
		{"a panic with an error", "nets/a.go", code("func f() { panic(ErrShape) }"), "panic", "internal error"},
		{"an exit in a room", "trainer/a.go", "package trainer\n\nimport \"os\"\n\nfunc f() { os.Exit(1) }\n", "exit", "only a program"},
		{"log.Fatal in a room", "trainer/a.go", "package trainer\n\nimport \"log\"\n\nfunc f() { log.Fatalf(\"\") }\n", "exit", "only a program"},
		{"no page", "internal/x/a.go", "package x\n", "page", "one package comment"},
		{"two pages", "nets/a.go", "// Package nets again.\npackage nets\n", "page", "one package comment"},
		{"a page in another form", "internal/x/a.go", "// This is x.\npackage x\n", "page", "must begin with Package x"},
		{"no example", "data/a.go", "// Package data is a page.\npackage data\n", "example", "needs an Example"},
		{"an example without output", "nets/nets_test.go", code("func Example() {}\n\n// Output: far away"), "example", "needs an Example"},
		{"a verb without a script", "cmd/hush/testdata/script/train.txtar", "exec hush training\n", "verb", "runs hush train"},
		{"a path of one machine", "trainer/a.go", "package trainer\n\nconst p = \"" + "/home" + "/me/x\"\n", "path", "a path of one machine"},
		{"a path in a document", "docs/a.md", "See `" + "/root" + "/x`.\n", "path", "a path of one machine"},
		{"work left over", "nets/a.go", code("// TO" + "DO: later"), "unfinished", "TO"},
	}
	seen := map[string]bool{}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files := clean()
			files[tt.file] = tt.text
			found := findings(t, files)
			if len(found) != 1 || found[0].Rule != tt.rule || !strings.Contains(found[0].Text, tt.says) {
				t.Errorf("found %v, want one %q that says %q", found, tt.rule, tt.says)
			}
		})
		seen[tt.rule] = true
	}
	for _, rule := range []string{
		"room", "arrow", "owned", "closed", "import", "init", "state", "panic", "exit", "page", "example", "verb",
		"path", "unfinished",
	} {
		if !seen[rule] {
			t.Errorf("rule %q has no planted violation", rule)
		}
	}
}

// TestEveryForbiddenArrow plants each arrow that the map lacks, and each that it has.
func TestEveryForbiddenArrow(t *testing.T) {
	for from := range arrows {
		for to := range arrows {
			name := from[strings.LastIndex(from, "/")+1:]
			tree, err := Read(fstest.MapFS{
				from + "/a.go": {Data: fmt.Appendf(nil, "package %s\n\nimport \"hush/%s\"\n", name, to)},
			}, "hush")
			if err != nil {
				t.Fatal(err)
			}
			allowed := from == to || slices.Contains(arrows[from], to)
			if found := checkArrows(tree); (len(found) == 0) != allowed {
				t.Errorf("%s imports %s, allowed %v: found %v", from, to, allowed, found)
			}
		}
	}
}

func TestReadRefusesBrokenSource(t *testing.T) {
	files := maps.Clone(clean())
	files["nets/broken.go"] = "package nets\nfunc {"
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	if _, err := Read(fsys, "hush"); err == nil || !strings.Contains(err.Error(), "broken.go") {
		t.Errorf("error %v, want one that names the file", err)
	}
}
