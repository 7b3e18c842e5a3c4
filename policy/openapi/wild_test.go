package openapi

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"outrigger/policy"
)

// wildFolder is where real documents are kept beside the checkout; they are read there and never copied.
func wildFolder(t testing.TB) string {
	t.Helper()
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			break
		}
		if folder == filepath.Dir(folder) {
			t.Fatal("no module root")
		}
		folder = filepath.Dir(folder)
	}
	folder = filepath.Join(folder, "..", "shared", "specs")
	if _, err := os.Stat(filepath.Join(folder, "INDEX.tsv")); err != nil {
		t.Skip("real documents are not kept beside this checkout (../shared/specs)")
	}
	return folder
}

// wildDocument is a row of INDEX.tsv.
type wildDocument struct {
	file, main                 string
	operations, withoutID, row int
}

func wildDocuments(t testing.TB, folder string) []wildDocument {
	t.Helper()
	index, err := os.ReadFile(filepath.Join(folder, "INDEX.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	var all []wildDocument
	for i, line := range strings.Split(strings.TrimSpace(string(index)), "\n")[1:] {
		fields := strings.Split(line, "\t")
		file, main, _ := strings.Cut(strings.TrimSuffix(fields[0], ")"), " (main: ")
		operations, err1 := strconv.Atoi(fields[3])
		withoutID, err2 := strconv.Atoi(fields[4])
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		all = append(all, wildDocument{file: file, main: main, operations: operations, withoutID: withoutID, row: i})
	}
	return all
}

// files returns the document's main file and how to read it and those beside it.
func (d wildDocument) files(t testing.TB, folder string) (main string, read func(string) ([]byte, error)) {
	t.Helper()
	full := filepath.Join(folder, strings.TrimSuffix(d.file, "/"))
	switch {
	case strings.HasSuffix(d.file, ".tar.gz"):
		content := untar(t, gunzip(t, full))
		return d.main, func(name string) ([]byte, error) {
			if data, ok := content[name]; ok {
				return data, nil
			}
			return nil, fmt.Errorf("%s: no such file", name)
		}
	case strings.HasSuffix(d.file, ".gz"):
		name := strings.TrimSuffix(d.file, ".gz")
		data := gunzip(t, full)
		return name, func(string) ([]byte, error) { return data, nil }
	case d.main != "":
		return d.main, func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(full, name)) }
	}
	return d.file, func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(folder, name)) }
}

func gunzip(t testing.TB, file string) []byte {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func untar(t testing.TB, data []byte) map[string][]byte {
	t.Helper()
	content := map[string][]byte{}
	for r := tar.NewReader(bytes.NewReader(data)); ; {
		header, err := r.Next()
		if err == io.EOF {
			return content
		}
		if err != nil {
			t.Fatal(err)
		}
		if content[path.Clean(header.Name)], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRealDocumentsGiveTheirCatalogWithoutErrors(t *testing.T) {
	folder := wildFolder(t)
	for _, d := range wildDocuments(t, folder) {
		t.Run(d.file, func(t *testing.T) {
			main, read := d.files(t, folder)
			catalog, problems := Reader{ReadFile: read}.Read(main)
			if catalog == nil {
				t.Fatalf("no catalog: %v", problems)
			}
			withoutID := 0
			for _, op := range catalog.Operations {
				if op.ID == "" {
					withoutID++
				}
				if op.Place.Line == 0 || op.ID != "" && op.IDPlace.Line == 0 || op.Statuses == (Statuses{}) && d.file != "oai-mega-3.2.yaml" {
					t.Errorf("%s %s lacks a place or statuses: %+v", op.Method, op.Path, op)
				}
			}
			if len(catalog.Operations) != d.operations || withoutID != d.withoutID {
				t.Errorf("%d operations, %d without id; the index says %d and %d", len(catalog.Operations), withoutID, d.operations, d.withoutID)
			}
			for _, p := range problems {
				if p.Severity == policy.Error {
					t.Errorf("error: %s", p)
				} else {
					t.Log(p)
				}
			}
		})
	}
}
