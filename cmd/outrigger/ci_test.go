package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	yaml "outrigger/policy/document"
	"outrigger/policy/editing"
)

// hookTools is where "make hooks" puts pre-commit and check-jsonschema, pinned in tools/hooks.
const hookTools = "../../.cache/hooks/bin/"

// tool is the path of a program that the tests may have; without it a test is left out, but not in CI.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(hookTools + name)
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("%s is not installed (make hooks): %v", name, err)
	}
	return path
}

// shellIn runs a script in a folder, with outrigger in the path, and returns what it printed and its exit status.
func shellIn(t *testing.T, dir, script string, env ...string) (out string, status int) {
	t.Helper()
	c := exec.CommandContext(t.Context(), "bash", "-eu", "-o", "pipefail", "-c", script)
	c.Dir = dir
	c.Env = append(append(os.Environ(), "NO_COLOR=1"), env...)
	printed, err := c.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(printed), c.ProcessState.ExitCode()
}

// workflow is what the test knows of a GitHub workflow.
type workflow struct {
	Jobs map[string]struct {
		Steps []struct {
			Name, Uses, Run, If string
			With                map[string]string
		}
	}
}

const workflowFile = "../../docs/ci/github.yml"

func readWorkflow(t *testing.T) workflow {
	t.Helper()
	data, err := os.ReadFile(workflowFile)
	if err != nil {
		t.Fatal(err)
	}
	root, problems := yaml.ParseSpec(workflowFile, data)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	text, err := json.Marshal(editing.Value(root))
	if err != nil {
		t.Fatal(err)
	}
	var w workflow
	if err := json.Unmarshal(text, &w); err != nil {
		t.Fatal(err)
	}
	return w
}

// TestTheWorkflowForUsersDoesWhatItSays runs the commands of the workflow: outrigger is built, and the result that is uploaded
// is SARIF with the mistake in it, though the step fails.
func TestTheWorkflowForUsersDoesWhatItSays(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(root, filepath.Join(dir, ".outrigger")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "policy.yaml"), []byte("version: 1\nservice: a\nupstreams: {a: {endpoints: ['http://a'], timeout: 1s}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	steps := readWorkflow(t).Jobs["check"].Steps
	uploaded := ""
	for _, step := range steps {
		if strings.HasPrefix(step.Uses, "github/codeql-action/upload-sarif@") {
			if uploaded = step.With["sarif_file"]; step.If != "always()" {
				t.Error("a check that fails is not uploaded")
			}
		}
		if step.Run == "" {
			continue
		}
		out, status := shellIn(t, dir, step.Run, "RUNNER_TEMP="+dir, "GITHUB_PATH="+filepath.Join(dir, "path"), "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"))
		if want := map[bool]int{true: 1}[strings.Contains(step.Run, "outrigger check")]; status != want {
			t.Fatalf("%s ends with %d, want %d:\n%s", step.Name, status, want, out)
		}
	}
	data, err := os.ReadFile(filepath.Join(dir, uploaded))
	if err != nil {
		t.Fatal(err)
	}
	var sarif struct {
		Version string
		Runs    []struct{ Results []struct{ RuleID string } }
	}
	if err := json.Unmarshal(data, &sarif); err != nil || sarif.Version != "2.1.0" || len(sarif.Runs) != 1 || len(sarif.Runs[0].Results) == 0 || sarif.Runs[0].Results[0].RuleID != "OR120" {
		t.Errorf("uploaded %s: %v", data, err)
	}
}

func TestTheWorkflowForUsersIsOne(t *testing.T) {
	if out, status := shellIn(t, ".", tool(t, "check-jsonschema")+" --builtin-schema vendor.github-workflows "+workflowFile); status != 0 {
		t.Error(out)
	}
}

// TestTheHookChecksWhatIsCommitted has pre-commit run our hook on a repository with a right and a wrong policy.
func TestTheHookChecksWhatIsCommitted(t *testing.T) {
	preCommit := tool(t, "pre-commit")
	hooks, err := os.ReadFile("../../.pre-commit-hooks.yaml")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files := map[string]string{
		"hooks/.pre-commit-hooks.yaml": string(hooks),
		"work/policy.yaml":             "version: 1\nservice: a\nupstreams: {a: {endpoints: ['http://a']}}\n",
		"work/deep/policy.yml":         "version: 1\nservice: a\nupstreams: {a: {endpoints: ['http://a'], timeout: 1s}}\n",
		"work/other.yaml":              "no: policy\n",
	}
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	out, status := shellIn(t, dir, `
		go build -C "$SOURCE" -o "$PWD/bin/outrigger" ./cmd/outrigger
		export PATH="$PWD/bin:$PATH" HOME="$PWD" PRE_COMMIT_HOME="$PWD/cache" GIT_CONFIG_NOSYSTEM=1
		for repo in hooks work; do
			git -C $repo init -q && git -C $repo add . && git -C $repo -c user.name=a -c user.email=a@example.com commit -q -m one
		done
		cd work
		`+preCommit+` try-repo ../hooks outrigger-check-system --files policy.yaml other.yaml && echo FIRST PASSED
		`+preCommit+` try-repo ../hooks outrigger-check-system --all-files`,
		"SOURCE="+mustAbs(t, "../.."))
	if status != 1 || !strings.Contains(out, "FIRST PASSED") || !strings.Contains(out, "deep/policy.yml:3:") || !strings.Contains(out, "1 error in 2 files") {
		t.Errorf("pre-commit ends with %d, want 1:\n%s", status, out)
	}
	if out, status := shellIn(t, ".", preCommit+" validate-manifest ../../.pre-commit-hooks.yaml"); status != 0 {
		t.Error(out)
	}
}

func mustAbs(t *testing.T, path string) string {
	t.Helper()
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}
