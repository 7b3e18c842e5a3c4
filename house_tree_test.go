package outrigger_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"
)

const module = "outrigger"

// tree describes a checkout to the rules: its Go files parsed, its other files as text.
type tree struct {
	fset  *token.FileSet
	files []*goFile // sorted by path
	texts map[string]string
	// unread are the Go files that do not parse.
	unread []finding
}

type goFile struct {
	path      string // slash separated, from the root
	dir       string // "." for the root
	syntax    *ast.File
	lines     int
	generated bool
}

func (f *goFile) isTest() bool { return strings.HasSuffix(f.path, "_test.go") }

// isTestSupport holds of packages that only tests import, by their names.
func isTestSupport(dir string) bool { return strings.HasSuffix(dir, "test") }

func newTree() *tree { return &tree{fset: token.NewFileSet(), texts: map[string]string{}} }

// readTree reads the module in dir. Nested modules, fixtures and hidden folders are no part of it.
func readTree(dir string) (*tree, error) {
	t := newTree()
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name != dir && skipped(name, entry.Name()) {
				return filepath.SkipDir
			}
			return nil
		}
		if !wanted(name) {
			return nil
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		t.add(filepath.ToSlash(rel), data)
		return nil
	})
	if err != nil {
		return nil, err
	}
	list, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(longFilesList)))
	if err != nil {
		return nil, err
	}
	t.add(longFilesList, list)
	t.sort()
	return t, nil
}

func skipped(name, base string) bool {
	if base == "testdata" || base == "vendor" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
		return true
	}
	_, err := os.Stat(filepath.Join(name, "go.mod"))
	return err == nil
}

func wanted(name string) bool {
	return slices.Contains([]string{".go", ".mod", ".md"}, filepath.Ext(name))
}

func archiveTree(archive *txtar.Archive) *tree {
	t := newTree()
	for _, f := range archive.Files {
		t.add(f.Name, f.Data)
	}
	t.sort()
	return t
}

func (t *tree) add(name string, data []byte) {
	if path.Ext(name) != ".go" {
		t.texts[name] = string(data)
		return
	}
	syntax, err := parser.ParseFile(t.fset, name, data, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.unread = append(t.unread, finding{path: name, text: "does not parse: " + err.Error()})
		return
	}
	t.files = append(t.files, &goFile{
		path: name, dir: path.Dir(name), syntax: syntax,
		lines: strings.Count(string(data), "\n"), generated: ast.IsGenerated(syntax),
	})
}

func (t *tree) sort() {
	slices.SortFunc(t.files, func(a, b *goFile) int { return strings.Compare(a.path, b.path) })
}

func (t *tree) line(pos token.Pos) int { return t.fset.Position(pos).Line }

// source are the files that are no tests.
func (t *tree) source() []*goFile {
	return slices.DeleteFunc(slices.Clone(t.files), func(f *goFile) bool { return f.isTest() })
}

// packages groups the files by folder, in order of the folders' names.
func (t *tree) packages() [][]*goFile {
	var groups [][]*goFile
	index := map[string]int{}
	for _, f := range t.files {
		i, ok := index[f.dir]
		if !ok {
			i = len(groups)
			index[f.dir] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], f)
	}
	return groups
}

func (t *tree) at(f *goFile, pos token.Pos, text string) finding {
	return finding{path: f.path, line: t.line(pos), text: text}
}

func filesParse(t *tree) []finding { return t.unread }

func importPath(spec *ast.ImportSpec) string {
	p, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return spec.Path.Value
	}
	return p
}

// importName is the name under which a file knows a package, "" when it does not import it. It goes by the last element of the
// path, which holds for the standard library.
func importName(f *goFile, importedPath string) string {
	for _, spec := range f.syntax.Imports {
		if importPath(spec) != importedPath {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return path.Base(importedPath)
	}
	return ""
}

// calls finds the uses NAME.Function of an imported package; it allows for no shadowing of the import, which vet refuses.
func calls(f *goFile, importedPath string, functions ...string) []*ast.SelectorExpr {
	name := importName(f, importedPath)
	if name == "" {
		return nil
	}
	var found []*ast.SelectorExpr
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if id, ok := sel.X.(*ast.Ident); ok && id.Name == name && slices.Contains(functions, sel.Sel.Name) {
			found = append(found, sel)
		}
		return true
	})
	return found
}
