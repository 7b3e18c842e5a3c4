package outrigger_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strings"
)

const dependenciesPage = "docs/dependencies.md"

// checkDependencyArgued wants a heading for every direct dependency, and no heading for one that is gone.
func checkDependencyArgued(t *tree) []finding {
	required := directRequirements(t.texts["go.mod"])
	argued := moduleHeadings(t.texts[dependenciesPage])
	var found []finding
	for _, m := range required {
		if !slices.Contains(argued, m) {
			found = append(found, finding{path: dependenciesPage, text: m + " is required by go.mod and has no heading"})
		}
	}
	for _, m := range argued {
		if !slices.Contains(required, m) {
			found = append(found, finding{path: dependenciesPage, text: m + " has a heading and is not required by go.mod"})
		}
	}
	return found
}

func directRequirements(gomod string) []string {
	var modules []string
	inBlock := false
	for line := range strings.Lines(gomod) {
		line = strings.TrimSpace(line)
		switch line {
		case "require (":
			inBlock = true
			continue
		case ")":
			inBlock = false
		}
		single, isSingle := strings.CutPrefix(line, "require ")
		if !inBlock && !isSingle || strings.HasSuffix(line, "// indirect") {
			continue
		}
		if fields := strings.Fields(single); len(fields) >= 2 {
			modules = append(modules, fields[0])
		}
	}
	return modules
}

var moduleHeading = regexp.MustCompile("(?m)^#+ `([^`]+)`")

func moduleHeadings(page string) []string {
	var modules []string
	for _, m := range moduleHeading.FindAllStringSubmatch(page, -1) {
		modules = append(modules, m[1])
	}
	return modules
}

var (
	problemCode = regexp.MustCompile(`^OR\d{3}$`)
	failureCode = regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
)

// checkCheckPage reads the problem codes from the string literals of the source.
func checkCheckPage(t *tree) []finding {
	codes := map[string]finding{}
	for _, f := range t.source() {
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok {
				return true
			}
			if text, ok := literal(lit); ok && problemCode.MatchString(text) {
				if _, ok := codes[text]; !ok {
					codes[text] = t.at(f, lit.Pos(), "")
				}
			}
			return true
		})
	}
	return comparePages(t, "docs/checks", codes)
}

// checkFailurePage reads the failure codes from the constants of type Code in package failure.
func checkFailurePage(t *tree) []finding {
	codes := map[string]finding{}
	var exists *goFile
	for _, f := range t.source() {
		if f.dir != "proxy/failure" {
			continue
		}
		exists = f
		for _, decl := range f.syntax.Decls {
			if d, ok := decl.(*ast.GenDecl); ok && d.Tok == token.CONST {
				for _, lit := range codeConstants(d) {
					text, _ := literal(lit)
					codes[text] = t.at(f, lit.Pos(), "")
				}
			}
		}
	}
	if exists != nil && len(codes) == 0 {
		return []finding{{path: exists.dir, text: "no constant of type Code was found: this rule would hold of nothing"}}
	}
	return comparePages(t, "docs/failures", codes)
}

func codeConstants(d *ast.GenDecl) []*ast.BasicLit {
	var literals []*ast.BasicLit
	for _, spec := range d.Specs {
		s, ok := spec.(*ast.ValueSpec)
		if !ok {
			continue
		}
		if id, ok := s.Type.(*ast.Ident); !ok || id.Name != "Code" {
			continue
		}
		for _, v := range s.Values {
			if text, ok := literal(v); ok && failureCode.MatchString(text) {
				literals = append(literals, v.(*ast.BasicLit))
			}
		}
	}
	return literals
}

// comparePages wants a page folder/CODE.md for every code and no page for a code that is gone; README.md is the folder's own.
func comparePages(t *tree, folder string, codes map[string]finding) []finding {
	var found []finding
	for code, where := range codes {
		page := folder + "/" + code + ".md"
		if strings.TrimSpace(t.texts[page]) == "" {
			where.text = fmt.Sprintf("%s has no page %s", code, page)
			found = append(found, where)
		}
	}
	for name := range t.texts {
		code := strings.TrimSuffix(path.Base(name), ".md")
		if path.Dir(name) != folder || code == "README" {
			continue
		}
		if _, ok := codes[code]; !ok {
			found = append(found, finding{path: name, text: "is a page of a code that no source has"})
		}
	}
	slices.SortFunc(found, func(a, b finding) int { return strings.Compare(a.String(), b.String()) })
	return found
}
