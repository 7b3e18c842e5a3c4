package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"outrigger/policy"
)

func TestTheCaretStandsUnderTheToken(t *testing.T) {
	for name, c := range map[string]struct {
		line          string
		column, end   int
		shown, carets string
	}{
		"plain":                      {"a: bcd # e", 4, 7, "a: bcd # e", "   ^^^"},
		"without a known end":        {"a: bcd", 4, 0, "a: bcd", "   ^"},
		"behind a tab":               {"a:\tbcd", 4, 7, "a:\tbcd", "  \t^^^"},
		"behind wide characters":     {"在庫: bcd", 5, 8, "在庫: bcd", "      ^^^"},
		"under wide characters":      {"a: 在庫", 4, 6, "a: 在庫", "   ^^^^"},
		"behind a combining mark":    {"e\u0301: b", 5, 6, "e\u0301: b", "   ^"},
		"behind a control":           {"\x1b: b", 4, 5, `\u001b: b`, "        ^"},
		"at the end of the line":     {"a:", 3, 0, "a:", "  ^"},
		"beyond the end":             {"a: b", 4, 99, "a: b", "   ^"},
		"far out in a long line":     {strings.Repeat("x", 500) + "abc" + strings.Repeat("y", 500), 501, 504, strings.Repeat("x", 100) + "abc" + strings.Repeat("y", 97), strings.Repeat(" ", 100) + "^^^"},
		"in characters of ambiguity": {"größe: b", 8, 9, "größe: b", "       ^"},
	} {
		shown, carets := snippet(policy.Place{Line: 1, Column: c.column, EndColumn: c.end}, c.line)
		if shown != c.shown || carets != c.carets {
			t.Errorf("%s:\n%s|\n%s|\nwant\n%s|\n%s|", name, shown, carets, c.shown, c.carets)
		}
	}
}

func TestAFileThatChangedMeanwhileIsNotMended(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "policy.yaml")
	if err := os.WriteFile(name, []byte("somebody else's"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := replaceFile(name, []byte("ours"), []byte("mended")); err == nil || !strings.Contains(err.Error(), "meanwhile") {
		t.Errorf("replacing it gives %v", err)
	}
	if err := replaceFile(filepath.Join(dir, "gone.yaml"), nil, nil); !os.IsNotExist(err) {
		t.Errorf("replacing what is gone gives %v", err)
	}
	if text, err := os.ReadFile(name); err != nil || string(text) != "somebody else's" {
		t.Errorf("it has %q, %v", text, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("beside it stand %v, %v", left, err)
	}
}
