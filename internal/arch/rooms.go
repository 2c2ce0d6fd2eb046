package arch

import (
	"go/ast"
	"slices"
	"strconv"
	"strings"
)

// arrows is the map: each room and the rooms that it may import. internal/* may be imported by all and imports
// nothing else. Keep it in step with the design page.
var arrows = map[string][]string{
	"accountant": {},
	"dpsgd":      {"accountant"},
	"nets":       {},
	"data":       {},
	"defense":    {},
	"audit":      {"accountant"},
	"run":        {"accountant", "audit"},
	"trainer":    {"accountant", "dpsgd", "nets", "data", "defense", "run"},
	"experiment": {"trainer", "accountant", "audit", "data", "defense", "run"},
	"report":     {"run", "audit", "accountant"},
	"bench":      {"accountant", "dpsgd", "nets", "data", "defense", "audit", "run", "trainer", "experiment", "report"},
	"cmd/hush":   {"accountant", "dpsgd", "nets", "data", "defense", "audit", "run", "trainer", "experiment", "report", "bench"},
}

// owned lists import paths (and all below them) that only the named rooms may import, in tests too.
var owned = [...]struct {
	path  string
	rooms []string
}{
	{"gorgonia.org", []string{"nets"}},
	{"github.com/chewxy", []string{"nets"}},
	{"github.com/olekukonko", []string{"report"}},
	{"github.com/urfave/cli", []string{"cmd/hush"}},
	{"os/signal", []string{"cmd/hush"}},
	{"github.com/rogpeppe/go-internal", []string{"cmd/hush"}}, // the program's script tests
}

// closed lists rooms that never touch files or the network outside of their tests, with what they must not import.
var closed = map[string][]string{
	"accountant": {"os", "io/fs", "net"},
	"dpsgd":      {"os", "io/fs", "net"},
	"nets":       {"os", "io/fs", "net"},
	"audit":      {"os", "io/fs", "net"},
	"defense":    {"os", "io/fs", "net"},
}

// checkArrows holds the map. Tests may reach into other rooms: the language itself keeps them out of the program.
func checkArrows(t *Tree) []Finding {
	var found []Finding
	for _, dir := range t.dirs() {
		room := roomOf(dir)
		allowed, known := arrows[room]
		internal := strings.HasPrefix(room, "internal/")
		if !known && !internal {
			found = append(found, Finding{dir, "room", "is not on the map"})
			continue
		}
		for _, file := range t.packages[dir].files {
			for _, spec := range file.Imports {
				to, inside := strings.CutPrefix(importPath(spec), t.Module+"/")
				if !inside {
					continue
				}
				to = roomOf(to)
				if to != room && !strings.HasPrefix(to, "internal/") && !slices.Contains(allowed, to) {
					found = append(found, Finding{t.pos(spec.Pos()), "arrow", room + " must not import " + to})
				}
			}
		}
	}
	return found
}

// checkImports holds who owns which module, which rooms are closed to files, and that no import is blank or dot.
func checkImports(t *Tree) []Finding {
	var found []Finding
	for _, dir := range t.dirs() {
		room, pkg := roomOf(dir), t.packages[dir]
		for _, file := range pkg.files {
			for _, spec := range file.Imports {
				p := importPath(spec)
				found = append(found, t.owners(room, spec, p)...)
				for _, c := range closed[room] {
					if under(p, c) {
						found = append(found, Finding{t.pos(spec.Pos()), "closed", room + " must not import " + p})
					}
				}
			}
		}
		for _, file := range pkg.tests {
			for _, spec := range file.Imports {
				found = append(found, t.owners(room, spec, importPath(spec))...)
			}
		}
	}
	return found
}

// owners judges one import: its owner, and its name.
func (t *Tree) owners(room string, spec *ast.ImportSpec, p string) []Finding {
	var found []Finding
	for _, o := range owned {
		if under(p, o.path) && !slices.Contains(o.rooms, room) {
			found = append(found, Finding{t.pos(spec.Pos()), "owned", room + " must not import " + p + ": only " + strings.Join(o.rooms, ", ") + " may"})
		}
	}
	if spec.Name != nil && (spec.Name.Name == "." || spec.Name.Name == "_" && p != "embed") {
		found = append(found, Finding{t.pos(spec.Pos()), "import", "blank or dot import of " + p})
	}
	return found
}

// under says whether import path p is root or below it.
func under(p, root string) bool { return p == root || strings.HasPrefix(p, root+"/") }

func importPath(spec *ast.ImportSpec) string {
	p, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return spec.Path.Value
	}
	return p
}
