package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"outrigger/policy/explain"
)

const policyPage = "../../docs/policy.md"

// row is a row of a table of keys.
type row struct{ key, standard string }

var (
	keyCell = regexp.MustCompile("^\\| ((?:`[a-zA-Z0-9.]+`(?:, )?)+) \\|")
	keyName = regexp.MustCompile("`([a-zA-Z0-9.]+)`")
)

// keyRows reads the tables of the policy page: what exists, and what does not yet.
func keyRows(t *testing.T) (exist []row, later []string) {
	t.Helper()
	text, err := os.ReadFile(policyPage)
	if err != nil {
		t.Fatal(err)
	}
	section, inTable := "", false
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			section = strings.TrimSpace(strings.TrimLeft(line, "#"))
		}
		inTable = strings.HasPrefix(line, "| key |") || inTable && strings.HasPrefix(line, "|")
		m := keyCell.FindStringSubmatch(line)
		if m == nil || !inTable {
			continue
		}
		cells := strings.Split(line, " | ")
		for _, name := range keyName.FindAllStringSubmatch(m[1], -1) {
			if section == "Not supported yet" {
				later = append(later, name[1])
				continue
			}
			exist = append(exist, row{name[1], strings.Trim(cells[2], "`")})
		}
	}
	return exist, later
}

// checkPolicy runs check on a policy and returns its problems.
func checkPolicy(t *testing.T, text string) (problems []struct{ Code, Message, Expected string }) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "policy.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	run([]string{"check", "--output", "json", name}, &out, &errs)
	var answer struct {
		Problems []struct{ Code, Message, Expected string }
	}
	if err := json.Unmarshal(out.Bytes(), &answer); err != nil {
		t.Fatalf("%v: %s%s", err, out.String(), errs.String())
	}
	return answer.Problems
}

// document writes a value under a dotted key of the policy file. Keys that stand in no part of the file are a policy's.
func document(key, value string) string {
	path := strings.Split(key, ".")
	switch path[0] {
	case "version", "service", "inbound", "outbound", "upstreams", "defaults", "policies", "admin", "metrics", "log", "limits", "trust":
	case "operations":
		path = append([]string{"inbound"}, path...)
	default:
		path = append([]string{"defaults"}, path...)
	}
	text := "{" + strings.Join(path, ": {") + ": " + value + strings.Repeat("}", len(path))
	return strings.NewReplacer("NAME", "some", "KEY", "GET /some").Replace(text)
}

// accepted are the keys that a mapping may have, as check says it of a key that it may not have. It is nil where key is no mapping.
func accepted(t *testing.T, key string) []string {
	t.Helper()
	text := "{no-such-key: 1}"
	if key != "" {
		text = document(key+".no-such-key", "1")
	}
	for _, p := range checkPolicy(t, text) {
		if p.Code == "OR120" && strings.Contains(p.Message, `"no-such-key"`) {
			return strings.FieldsFunc(strings.ReplaceAll(p.Expected, " or ", ", "), func(r rune) bool { return r == ',' || r == ' ' })
		}
	}
	return nil
}

// TestPolicyPageListsEveryKeyThatIsAccepted finds the keys by asking, from the top of the file down.
func TestPolicyPageListsEveryKeyThatIsAccepted(t *testing.T) {
	exist, _ := keyRows(t)
	var listed []string
	for _, r := range exist {
		listed = append(listed, r.key)
	}
	found := accepted(t, "")
	var walk func(key, shown string)
	walk = func(key, shown string) {
		children := accepted(t, key)
		if children == nil {
			found = append(found, shown)
		}
		for _, c := range children {
			walk(key+"."+c, strings.TrimPrefix(shown+"."+c, "."))
		}
	}
	for _, part := range []string{"inbound", "outbound", "upstreams.NAME", "admin", "metrics", "log", "limits", "trust"} {
		for _, c := range accepted(t, part) {
			found = append(found, part+"."+c)
		}
	}
	walk("defaults", "")
	found = append(found, "operations.KEY", "operations.KEY.formerly") // the rest of an operation is a policy
	slices.Sort(found)
	slices.Sort(listed)
	found = slices.Compact(found)
	for _, key := range found {
		if !slices.Contains(listed, key) {
			t.Errorf("%s: no row for the key %s", policyPage, key)
		}
	}
	for _, key := range listed {
		if !slices.Contains(found, key) {
			t.Errorf("%s: a row for %s, which is not accepted", policyPage, key)
		}
	}
	if len(found) < 70 {
		t.Errorf("found only %d keys: %v", len(found), found)
	}
}

func TestPolicyPageSaysWhatIsNotSupportedYet(t *testing.T) {
	_, later := keyRows(t)
	if len(later) < 10 {
		t.Fatalf("found only %v", later)
	}
	for _, key := range later {
		problems := checkPolicy(t, document(key, "1"))
		if !slices.ContainsFunc(problems, func(p struct{ Code, Message, Expected string }) bool { return p.Code == "OR125" }) {
			t.Errorf("%s: %s is said to be not supported yet, and check says %v", policyPage, key, problems)
		}
	}
}

func TestPolicyPageTellsTheDefaults(t *testing.T) {
	exist, _ := keyRows(t)
	name := filepath.Join(t.TempDir(), "policy.yaml")
	if err := os.WriteFile(name, []byte("version: 1\nservice: some\nupstreams: {some: {endpoints: [http://some]}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	if code := run([]string{"explain", "--policy", name, "--output", "json", "GET", "/"}, &out, &errs); code != 0 {
		t.Fatal(errs.String())
	}
	var answer explain.Answer
	if err := json.Unmarshal(out.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	if len(answer.Effective) < 25 {
		t.Fatalf("explain tells only %d values", len(answer.Effective))
	}
	for _, e := range answer.Effective {
		i := slices.IndexFunc(exist, func(r row) bool { return r.key == e.Key })
		if i < 0 || exist[i].standard != e.Value {
			t.Errorf("%s: the default of %s is %s, the page has %v", policyPage, e.Key, e.Value, exist[max(i, 0)])
		}
	}
}
