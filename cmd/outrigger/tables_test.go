package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

// TestPoliciesOfExamplesDoWhatTheirTablesSay runs the tables that stand beside policies of examples.
func TestPoliciesOfExamplesDoWhatTheirTablesSay(t *testing.T) {
	tables, err := filepath.Glob("../../examples/*/*/*.test.yaml")
	if err != nil || len(tables) == 0 {
		t.Fatalf("no tables: %v", err)
	}
	var stdout, stderr bytes.Buffer
	if code := run(append([]string{"test"}, tables...), &stdout, &stderr); code != 0 || strings.Contains(stdout.String(), "✗") {
		t.Errorf("exit %d\n%s%s", code, stdout.String(), stderr.String())
	}
}
