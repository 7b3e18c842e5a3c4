package outrigger_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// emptyNames say nothing of what a package holds.
var emptyNames = []string{
	"util", "utils", "common", "helper", "helpers", "base", "types", "manager", "factory", "misc", "shared", "lib",
}

func checkPackageName(t *tree) []finding {
	var found []finding
	for _, files := range t.packages() {
		dir, name := files[0].dir, files[0].syntax.Name.Name
		switch {
		case slices.Contains(emptyNames, path.Base(dir)):
			found = append(found, finding{path: dir, text: fmt.Sprintf("package name %q names nothing of the domain", path.Base(dir))})
		case slices.Contains(emptyNames, name):
			found = append(found, finding{path: dir, text: fmt.Sprintf("package name %q names nothing of the domain", name)})
		}
	}
	return found
}

// otherWords are words for things that have one name already (GLOSSARY.md). Host, node and target are left alone: HTTP and YAML
// use them for things of their own.
var otherWords = map[string]string{
	"backend": "upstream", "backends": "upstream",
	"cluster": "upstream", "clusters": "upstream",
	"peer": "endpoint", "peers": "endpoint",
}

func checkOneWord(t *tree) []finding {
	var found []finding
	for _, f := range t.source() {
		if !inAny(f.dir, []string{"policy/...", "proxy/..."}) {
			continue
		}
		for _, id := range declared(f) {
			for _, word := range words(id.Name) {
				if right := otherWords[word]; right != "" {
					found = append(found, t.at(f, id.Pos(), fmt.Sprintf("%s: the word is %s, not %s", id.Name, right, word)))
				}
			}
		}
	}
	return found
}

// declared are the names that a file brings into the world.
func declared(f *goFile) []*ast.Ident {
	var names []*ast.Ident
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			names = append(names, n.Name)
		case *ast.TypeSpec:
			names = append(names, n.Name)
		case *ast.ValueSpec:
			names = append(names, n.Names...)
		case *ast.Field:
			names = append(names, n.Names...)
		case *ast.AssignStmt:
			if n.Tok != token.DEFINE {
				break
			}
			for _, left := range n.Lhs {
				if id, ok := left.(*ast.Ident); ok {
					names = append(names, id)
				}
			}
		}
		return true
	})
	return names
}

// words splits a name at its capitals: newBackendPool is new, backend, pool.
func words(name string) []string {
	var split []string
	start := 0
	for i, r := range name {
		if unicode.IsUpper(r) && i > start {
			split = append(split, strings.ToLower(name[start:i]))
			start = i
		}
	}
	return append(split, strings.ToLower(name[start:]))
}

// messageArgument is where the message stands in a call of log/slog.
var messageArgument = map[string]int{
	"Debug": 0, "Info": 0, "Warn": 0, "Error": 0,
	"DebugContext": 1, "InfoContext": 1, "WarnContext": 1, "ErrorContext": 1,
	"Log": 2, "LogAttrs": 2,
}

func checkLogMessage(t *tree) []finding {
	var found []finding
	for _, f := range t.source() {
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if i, ok := messageArgument[sel.Sel.Name]; ok && i < len(call.Args) {
				if text, ok := literal(call.Args[i]); ok && startsUpper(text) {
					found = append(found, t.at(f, call.Args[i].Pos(), fmt.Sprintf("log message %q begins with a capital", text)))
				}
			}
			return true
		})
	}
	return found
}

func literal(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}

// startsUpper lets a whole word in capitals pass: SIGTERM, TLS.
func startsUpper(text string) bool {
	word, _, _ := strings.Cut(text, " ")
	return word != "" && unicode.IsUpper(rune(word[0])) && word != strings.ToUpper(word)
}

// checkSleepReason asks for a comment on the line of a sleep or on the one above: a sleep is a guess, and the guess has a reason.
func checkSleepReason(t *tree) []finding {
	var found []finding
	for _, f := range t.source() {
		commented := map[int]bool{}
		for _, group := range f.syntax.Comments {
			commented[t.line(group.Pos())] = true
			commented[t.line(group.End())] = true
		}
		for _, call := range calls(f, "time", "Sleep") {
			if line := t.line(call.Pos()); !commented[line] && !commented[line-1] {
				found = append(found, t.at(f, call.Pos(), "time.Sleep without a reason beside it"))
			}
		}
	}
	return found
}
