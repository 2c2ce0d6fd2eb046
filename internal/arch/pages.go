package arch

import (
	"go/ast"
	"path"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

// checkPages wants one package comment per package, in the form that go doc shows.
func checkPages(t *Tree) []Finding {
	var found []Finding
	for _, dir := range t.dirs() {
		pkg := t.packages[dir]
		if len(pkg.files) == 0 {
			continue
		}
		var docs []string
		name := ""
		for _, file := range pkg.files {
			name = file.Name.Name
			if file.Doc != nil && strings.TrimSpace(file.Doc.Text()) != "" {
				docs = append(docs, file.Doc.Text())
			}
		}
		start := "Package " + name + " "
		if name == "main" {
			start = "Command " + path.Base(dir) + " "
		}
		switch {
		case len(docs) != 1:
			found = append(found, Finding{dir, "page", "needs one package comment, in one file"})
		case !strings.HasPrefix(docs[0], start):
			found = append(found, Finding{dir, "page", "its package comment must begin with " + strings.TrimSpace(start)})
		}
	}
	return found
}

// checkExamples wants an Example with checked output in every room of the map but the program and its benchmark.
func checkExamples(t *Tree) []Finding {
	checked := map[string]bool{}
	for dir, pkg := range t.packages {
		room := roomOf(dir)
		if _, onMap := arrows[room]; onMap && room != "cmd/hush" && room != "bench" {
			checked[room] = checked[room] || hasExample(pkg)
		}
	}
	var found []Finding
	for room, ok := range checked {
		if !ok {
			found = append(found, Finding{room, "example", "needs an Example whose output is checked"})
		}
	}
	return found
}

func hasExample(pkg *folder) bool {
	for _, file := range pkg.tests {
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv != nil || !strings.HasPrefix(f.Name.Name, "Example") || f.Body == nil {
				continue
			}
			for _, g := range file.Comments {
				inside := g.Pos() > f.Body.Lbrace && g.End() <= f.Body.Rbrace
				text := strings.ToLower(strings.TrimSpace(g.Text()))
				if inside && (strings.HasPrefix(text, "output:") || strings.HasPrefix(text, "unordered output:")) {
					return true
				}
			}
		}
	}
	return false
}

// checkVerbs wants a script under cmd/hush/testdata/script that runs each verb.
//
// A verb is the name of the first cli.Command that a function called in App.Commands returns.
func checkVerbs(t *Tree) []Finding {
	const program = "cmd/hush"
	pkg := t.packages[program]
	if pkg == nil {
		return nil
	}
	var all strings.Builder
	for name, text := range t.scripts {
		if strings.HasPrefix(name, program+"/testdata/script/") {
			all.WriteString(text)
			all.WriteByte('\n')
		}
	}
	var found []Finding
	for verb, pos := range t.verbs(pkg) {
		run := regexp.MustCompile(`(?m)^\s*(\[[^\]]*\]\s*)*[!?]?\s*(exec\s+|exits\s+\d+\s+)?hush\s+` + regexp.QuoteMeta(verb) + `(\s|$)`)
		if !run.MatchString(all.String()) {
			found = append(found, Finding{pos, "verb", "no script under " + program + "/testdata/script runs hush " + verb})
		}
	}
	sort.Slice(found, func(i, j int) bool { return found[i].String() < found[j].String() })
	return found
}

// verbs returns the program's verbs with their places.
func (t *Tree) verbs(pkg *folder) map[string]string {
	makers := map[string]bool{}
	verbs := map[string]string{}
	for _, file := range pkg.files {
		ast.Inspect(file, func(n ast.Node) bool {
			lit, ok := n.(*ast.CompositeLit)
			if !ok || !isSelector(lit.Type, "cli", "App") {
				return true
			}
			for _, e := range fieldList(lit, "Commands") {
				if call, ok := e.(*ast.CallExpr); ok {
					if f, ok := call.Fun.(*ast.Ident); ok {
						makers[f.Name] = true
					}
				}
			}
			return true
		})
	}
	for _, file := range pkg.files {
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || !makers[f.Name.Name] {
				continue
			}
			first := true
			ast.Inspect(f, func(n ast.Node) bool {
				if lit, ok := n.(*ast.CompositeLit); ok && first && isSelector(lit.Type, "cli", "Command") {
					first = false
					if v := fieldText(lit, "Name"); v != "" {
						verbs[v] = t.pos(lit.Pos())
					}
				}
				return first
			})
		}
	}
	return verbs
}

func isSelector(e ast.Expr, pkg, name string) bool {
	s, ok := e.(*ast.SelectorExpr)
	return ok && isPackage(s, pkg) && s.Sel.Name == name
}

// field returns the value of a field of a composite literal, or nil.
func field(lit *ast.CompositeLit, name string) ast.Expr {
	for _, e := range lit.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if k, ok := kv.Key.(*ast.Ident); ok && k.Name == name {
				return kv.Value
			}
		}
	}
	return nil
}

func fieldList(lit *ast.CompositeLit, name string) []ast.Expr {
	if l, ok := field(lit, name).(*ast.CompositeLit); ok {
		return l.Elts
	}
	return nil
}

func fieldText(lit *ast.CompositeLit, name string) string {
	if l, ok := field(lit, name).(*ast.BasicLit); ok {
		return strings.Trim(l.Value, `"`)
	}
	return ""
}

// machinePath is an absolute path of somebody's machine: a home, a mount or a temporary folder.
var machinePath = regexp.MustCompile(`(?m)(^|[\s"'` + "`" + `(=:\[])/(home|Users|root|work|mnt|tmp|workspace)/[\w.]`)

// unfinished are the marks of work left for later, as whole words. Spelled apart so that this line does not match.
var unfinished = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X|HA` + `CK)\b`)

// checkTexts refuses paths of one machine everywhere, and marks of unfinished work in code and scripts.
func checkTexts(t *Tree) []Finding {
	var found []Finding
	for name, text := range t.texts {
		for i, line := range strings.Split(text, "\n") {
			at := name + ":" + strconv.Itoa(i+1)
			if m := machinePath.FindString(line); m != "" {
				found = append(found, Finding{at, "path", "a path of one machine: " + strings.TrimSpace(m) + "…"})
			}
			if path.Ext(name) != ".md" && unfinished.MatchString(line) && !strings.Contains(line, "context.TO"+"DO(") {
				found = append(found, Finding{at, "unfinished", unfinished.FindString(line)})
			}
		}
	}
	return found
}
