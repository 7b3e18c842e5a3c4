package outrigger_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// checkPackageComment wants one file of each package to say what the package is.
func checkPackageComment(t *tree) []finding {
	var found []finding
	for _, files := range t.packages() {
		compiled := slices.DeleteFunc(slices.Clone(files), (*goFile).isTest)
		if len(compiled) == 0 {
			continue
		}
		opening := "Package " + compiled[0].syntax.Name.Name + " "
		if compiled[0].syntax.Name.Name == "main" {
			opening = "Command "
		}
		if !slices.ContainsFunc(compiled, func(f *goFile) bool { return strings.HasPrefix(f.syntax.Doc.Text(), opening) }) {
			found = append(found, finding{path: compiled[0].dir, text: fmt.Sprintf("no package comment that begins with %q", opening)})
		}
	}
	return found
}

// wellKnown are methods whose contract is told by the interface that everybody knows them from.
var wellKnown = []string{"Error", "String", "Unwrap"}

func checkExportedComment(t *tree) []finding {
	var found []finding
	for _, f := range t.source() {
		if f.generated || f.syntax.Name.Name == "main" {
			continue
		}
		for _, decl := range f.syntax.Decls {
			for _, id := range undocumented(decl) {
				found = append(found, t.at(f, id.Pos(), id.Name+" is exported and says nothing of itself"))
			}
		}
	}
	return found
}

func undocumented(decl ast.Decl) []*ast.Ident {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		reachable := d.Recv == nil || ast.IsExported(receiver(d))
		if d.Name.IsExported() && reachable && d.Doc == nil && !(d.Recv != nil && slices.Contains(wellKnown, d.Name.Name)) {
			return []*ast.Ident{d.Name}
		}
	case *ast.GenDecl:
		return undocumentedSpecs(d)
	}
	return nil
}

// undocumentedSpecs lets one comment speak for a group of constants or variables, but not for a group of types.
func undocumentedSpecs(d *ast.GenDecl) []*ast.Ident {
	var found []*ast.Ident
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			if s.Name.IsExported() && s.Doc == nil && s.Comment == nil && (d.Doc == nil || len(d.Specs) > 1) {
				found = append(found, s.Name)
			}
		case *ast.ValueSpec:
			if s.Doc != nil || s.Comment != nil || d.Doc != nil || d.Tok == token.IMPORT {
				continue
			}
			for _, id := range s.Names {
				if id.IsExported() {
					found = append(found, id)
				}
			}
		}
	}
	return found
}

func receiver(fn *ast.FuncDecl) string {
	e := fn.Recv.List[0].Type
	for {
		switch x := e.(type) {
		case *ast.StarExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.IndexListExpr:
			e = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}
