package arch

import (
	"errors"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strconv"
	"strings"
)

// checkInit refuses func init(), in tests too.
func checkInit(t *Tree) []Finding {
	var found []Finding
	for _, dir := range t.dirs() {
		for _, file := range t.all(dir) {
			for _, d := range file.Decls {
				if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
					found = append(found, Finding{t.pos(f.Pos()), "init", "func init(): work at import time"})
				}
			}
		}
	}
	return found
}

// all returns the files of a folder, tests included.
func (t *Tree) all(dir string) []*ast.File {
	var files []*ast.File
	for _, m := range []map[string]*ast.File{t.packages[dir].files, t.packages[dir].tests} {
		for _, f := range m {
			files = append(files, f)
		}
	}
	return files
}

// checkState refuses package-level variables that can change. One that cannot is
//
//	_ = …                        a compile-time assertion
//	Err… = errors.New(…)         an error value, the only exported kind
//	a literal, or a call of pure an unexported table that no line of its package assigns to, or takes the address of
//	//go:embed                   bytes of the program
func checkState(t *Tree) []Finding {
	var found []Finding
	for _, dir := range t.dirs() {
		any := false
		var files []*ast.File
		for _, file := range t.packages[dir].files {
			files = append(files, file)
			for _, d := range file.Decls {
				g, ok := d.(*ast.GenDecl)
				if !ok || g.Tok != token.VAR {
					continue
				}
				for _, s := range g.Specs {
					spec := s.(*ast.ValueSpec)
					for i, name := range spec.Names {
						if name.Name == "_" {
							continue
						}
						any = true
						if why := judgeVar(g, spec, i); why != "" && !constant(dir, name.Name) {
							found = append(found, Finding{t.pos(name.Pos()), "state", "package variable " + name.Name + " " + why})
						}
					}
				}
			}
		}
		if any {
			found = append(found, t.writes(dir, files)...)
		}
	}
	return found
}

// constants are variables that only the language makes variable: assembly reads them by their address, and nothing
// writes to them. Each was judged by a person; one that is gone from the code must go from here (see the test).
var constants = [...]struct{ dir, name string }{
	{"internal/simd", "zeros"}, // where a chain of multiply-adds begins that continues nothing
}

// constant says whether a package variable is one of them.
func constant(dir, name string) bool {
	for _, c := range constants {
		if c.dir == dir && c.name == name {
			return true
		}
	}
	return false
}

// pure lists the functions whose result a package variable may hold: it is the same on every call and nobody changes it.
var pure = [...]string{
	"errors.New", "fmt.Errorf", "regexp.MustCompile", "strings.NewReplacer", "template.Must",
	"sync.OnceValue", "sync.OnceValues", "big.NewInt", "big.NewFloat",
}

// judgeVar says what is wrong with the declaration of the i-th name of spec, or "".
func judgeVar(g *ast.GenDecl, spec *ast.ValueSpec, i int) string {
	name := spec.Names[i].Name
	for _, doc := range []*ast.CommentGroup{g.Doc, spec.Doc} {
		if doc != nil && slices.ContainsFunc(doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed ") }) {
			return ""
		}
	}
	if i >= len(spec.Values) {
		return "has no value yet: it can only be set later"
	}
	if ast.IsExported(name) && !strings.HasPrefix(name, "Err") {
		return "is exported: every room could change it"
	}
	switch v := spec.Values[i].(type) {
	case *ast.BasicLit, *ast.Ident, *ast.BinaryExpr, *ast.UnaryExpr, *ast.SelectorExpr:
		if u, ok := v.(*ast.UnaryExpr); ok && u.Op == token.AND {
			break // &T{…}: a pointer invites changes
		}
		return ""
	case *ast.CompositeLit:
		if s, ok := v.Type.(*ast.SelectorExpr); ok && (isPackage(s, "sync") || isPackage(s, "atomic")) {
			break
		}
		return ""
	case *ast.CallExpr:
		if s, ok := v.Fun.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && (x.Name == "math" || slices.Contains(pure[:], x.Name+"."+s.Sel.Name)) {
				return ""
			}
		}
	}
	return "is not a literal: a package keeps no state"
}

func isPackage(s *ast.SelectorExpr, name string) bool {
	x, ok := s.X.(*ast.Ident)
	return ok && x.Name == name
}

// byAddress is the one thing that may be done to a constant.
const byAddress = "has its address taken"

// writes reports every line of a package that changes one of its package-level variables. The type checker resolves
// names; that it cannot see imports does not matter for that.
func (t *Tree) writes(dir string, files []*ast.File) []Finding {
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}, Selections: map[*ast.SelectorExpr]*types.Selection{}}
	conf := types.Config{Importer: noImports{}, Error: func(error) {}}
	pkg, _ := conf.Check(dir, t.fset, files, info)
	var found []Finding
	report := func(e ast.Expr, how string) {
		id := root(e)
		if id == nil || pkg == nil {
			return
		}
		if v, ok := info.Uses[id].(*types.Var); ok && v.Parent() == pkg.Scope() && (how != byAddress || !constant(dir, id.Name)) {
			found = append(found, Finding{t.pos(e.Pos()), "state", "package variable " + id.Name + " " + how})
		}
	}
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				if n.Tok != token.DEFINE {
					for _, e := range n.Lhs {
						report(e, "is assigned to")
					}
				}
			case *ast.IncDecStmt:
				report(n.X, "is assigned to")
			case *ast.RangeStmt:
				if n.Tok == token.ASSIGN {
					report(n.Key, "is assigned to")
					report(n.Value, "is assigned to")
				}
			case *ast.SelectorExpr: // a method that may change what it is called on
				if m := info.Selections[n]; m != nil && m.Kind() == types.MethodVal && !isPointer(m.Recv()) {
					if r := m.Obj().(*types.Func).Signature().Recv(); isPointer(r.Type()) {
						report(n.X, "has its address taken by a method")
					}
				}
			case *ast.UnaryExpr:
				if n.Op == token.AND {
					report(n.X, byAddress)
				}
			case *ast.CallExpr:
				if f, ok := n.Fun.(*ast.Ident); ok && len(n.Args) > 0 && slices.Contains([]string{"delete", "clear", "copy"}, f.Name) {
					report(n.Args[0], "is changed by "+f.Name)
				}
			}
			return true
		})
	}
	return found
}

func isPointer(t types.Type) bool {
	_, ok := t.Underlying().(*types.Pointer)
	return ok
}

// root returns the variable that an expression is a part of: x for x, x[i], x.f, *x and (x); nil for a literal.
func root(e ast.Expr) *ast.Ident {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x
		case *ast.IndexExpr:
			e = x.X
		case *ast.SliceExpr:
			e = x.X
		case *ast.SelectorExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		default:
			return nil
		}
	}
}

// noImports is an importer that knows no package.
type noImports struct{}

func (noImports) Import(string) (*types.Package, error) { return nil, errors.New("not looked up") }

// checkPanics wants every panic to say "internal error", and only a program to end the process.
func checkPanics(t *Tree) []Finding {
	var found []Finding
	for _, dir := range t.dirs() {
		messages := t.values(dir)
		for _, file := range t.packages[dir].files {
			program := file.Name.Name == "main"
			ast.Inspect(file, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				switch f := call.Fun.(type) {
				case *ast.Ident:
					if f.Name == "panic" && !says(call, "internal error", messages) {
						found = append(found, Finding{t.pos(call.Pos()), "panic", `must be for states that cannot occur and say "internal error"`})
					}
				case *ast.SelectorExpr:
					exit := isPackage(f, "os") && f.Sel.Name == "Exit" || isPackage(f, "log") && strings.HasPrefix(f.Sel.Name, "Fatal")
					if exit && !program {
						found = append(found, Finding{t.pos(call.Pos()), "exit", "only a program may end the process"})
					}
				}
				return true
			})
		}
	}
	return found
}

// values returns what the constants of a folder are set to, by name.
func (t *Tree) values(dir string) map[string]ast.Expr {
	values := map[string]ast.Expr{}
	for _, file := range t.packages[dir].files {
		for _, d := range file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.CONST {
				continue
			}
			for _, s := range g.Specs {
				spec := s.(*ast.ValueSpec)
				for i, name := range spec.Names {
					if i < len(spec.Values) {
						values[name.Name] = spec.Values[i]
					}
				}
			}
		}
	}
	return values
}

// says reports whether a string literal inside the call, or a constant named there, holds the words.
func says(call *ast.CallExpr, words string, constants map[string]ast.Expr) bool {
	yes := false
	holds := func(n ast.Node) bool {
		if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
			s, err := strconv.Unquote(l.Value)
			yes = yes || err == nil && strings.Contains(s, words)
		}
		return true
	}
	for _, a := range call.Args {
		ast.Inspect(a, holds)
		if id, ok := a.(*ast.Ident); ok && constants[id.Name] != nil {
			ast.Inspect(constants[id.Name], holds)
		}
	}
	return yes
}
