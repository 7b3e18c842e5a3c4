package outrigger_test

import (
	"fmt"
	"go/ast"
	"slices"
	"strconv"
	"strings"
)

const (
	fileCeiling       = 400
	longFileCeiling   = 600
	medianCeiling     = 120
	functionCeiling   = 80
	parameterCeiling  = 4
	interfaceCeiling  = 3
	packageFiles      = 8
	packageFilesFloor = 2
)

// longFilesList names the files above fileCeiling, a line each: path, length of today, reason. It may only shrink: the length
// is exact, so that a line more or less shows in review.
const longFilesList = "testdata/house/long-files"

// largePackages may have more than packageFiles files, up to the number given.
var largePackages = map[string]int{
	"proxy/http1":   32, // two sides of one wire over shared parsing, kept as small files
	"cmd/outrigger": 30, // each command is one small file
	// One file per family of checks and per concept of the language; the family is where a reader looks for a rule.
	"policy/compile": 23,
	"policy":         10, // the vocabulary, which everything else imports as one
}

func checkFileLength(t *tree) []finding {
	listed, found := longFiles(t.texts[longFilesList])
	for _, f := range t.source() {
		length, ok := listed[f.path]
		delete(listed, f.path)
		switch {
		case f.generated:
		case !ok && f.lines > fileCeiling:
			found = append(found, finding{path: f.path, text: fmt.Sprintf("%d lines, %d at most", f.lines, fileCeiling)})
		case ok && f.lines > longFileCeiling:
			found = append(found, finding{path: f.path, text: fmt.Sprintf("%d lines, %d at most even for a listed file", f.lines, longFileCeiling)})
		case ok && f.lines <= fileCeiling:
			found = append(found, finding{path: f.path, text: "is listed as long and is not any more: take it off the list"})
		case ok && f.lines != length:
			found = append(found, finding{path: f.path, text: fmt.Sprintf("%d lines, listed with %d: correct the list", f.lines, length)})
		}
	}
	for name := range listed {
		found = append(found, finding{path: longFilesList, text: name + " is listed and does not exist"})
	}
	return found
}

func longFiles(list string) (map[string]int, []finding) {
	lengths := map[string]int{}
	var found []finding
	n := 0
	for line := range strings.Lines(list) {
		n++
		if strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" {
			continue
		}
		fields := strings.Fields(line)
		length, err := 0, error(nil)
		if len(fields) >= 3 {
			length, err = strconv.Atoi(fields[1])
		}
		if len(fields) < 3 || err != nil {
			found = append(found, finding{path: longFilesList, line: n, text: "write: path, number of lines, reason"})
			continue
		}
		lengths[fields[0]] = length
	}
	return lengths, found
}

func checkMedianLength(t *tree) []finding {
	var lengths []int
	for _, f := range t.source() {
		if !f.generated {
			lengths = append(lengths, f.lines)
		}
	}
	if len(lengths) == 0 {
		return nil
	}
	slices.Sort(lengths)
	if median := lengths[len(lengths)/2]; median > medianCeiling {
		return []finding{{path: ".", text: fmt.Sprintf("median of all source files is %d lines, %d at most", median, medianCeiling)}}
	}
	return nil
}

func checkFunctionLength(t *tree) []finding {
	var found []finding
	eachFunction(t, func(f *goFile, fn *ast.FuncDecl) {
		if n := t.line(fn.End()) - t.line(fn.Pos()) + 1; n > functionCeiling {
			found = append(found, t.at(f, fn.Pos(), fmt.Sprintf("%s has %d lines, %d at most", fn.Name.Name, n, functionCeiling)))
		}
	})
	return found
}

func checkParameters(t *tree) []finding {
	var found []finding
	eachFunction(t, func(f *goFile, fn *ast.FuncDecl) {
		n := 0
		for _, field := range fn.Type.Params.List {
			n += max(1, len(field.Names))
		}
		if n > parameterCeiling {
			found = append(found, t.at(f, fn.Pos(), fmt.Sprintf("%s takes %d parameters, %d at most: make a struct of them", fn.Name.Name, n, parameterCeiling)))
		}
	})
	return found
}

func eachFunction(t *tree, visit func(*goFile, *ast.FuncDecl)) {
	for _, f := range t.source() {
		if f.generated {
			continue
		}
		for _, decl := range f.syntax.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok {
				visit(f, fn)
			}
		}
	}
}

func checkInterfaceSize(t *tree) []finding {
	var found []finding
	for _, f := range t.source() {
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			methods, ok := spec.Type.(*ast.InterfaceType)
			if !ok {
				return true
			}
			if n := methods.Methods.NumFields(); n > interfaceCeiling {
				found = append(found, t.at(f, spec.Pos(), fmt.Sprintf("interface %s asks for %d methods, %d at most", spec.Name.Name, n, interfaceCeiling)))
			}
			return true
		})
	}
	return found
}

// checkPackageSize counts the files that declare something against the ceiling, and all files against the floor: a package of
// one file and its test is whole.
func checkPackageSize(t *tree) []finding {
	var found []finding
	for _, files := range t.packages() {
		dir, compiled := files[0].dir, 0
		for _, f := range files {
			if !f.isTest() && len(f.syntax.Decls) > 0 {
				compiled++
			}
		}
		ceiling := max(packageFiles, largePackages[dir])
		if compiled > ceiling {
			found = append(found, finding{path: dir, text: fmt.Sprintf("%d files, %d at most: it is more than one thing", compiled, ceiling)})
		}
		if compiled > 0 && len(files) < packageFilesFloor && files[0].syntax.Name.Name != "main" {
			found = append(found, finding{path: dir, text: "one file and no test: it is untested, or part of its neighbour"})
		}
	}
	return found
}
