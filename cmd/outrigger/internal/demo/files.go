package demo

import (
	"bytes"
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"text/template"
	"time"

	"outrigger/cmd/outrigger/internal/demo/screen"
)

//go:embed files
var embedded embed.FS

// mark stands on the first line of a policy that may be overwritten.
const mark = "# Written by outrigger demo."

// settings are the numbers of the policy.
type settings struct {
	Mark, Inventory, Spec       string
	Request, Attempt            string
	Window, OpenFor, OpenForMax string
}

// settingsFor fits what depends on time to the phases, so that circuits open, probe and close within them.
func settingsFor(cycle time.Duration, inventory string) settings {
	open := min(max(cycle/100, 50*time.Millisecond), 600*time.Millisecond).Round(10 * time.Millisecond)
	window := min(max(cycle/10, time.Second), 5*time.Second).Round(100 * time.Millisecond)
	return settings{
		Mark: mark, Inventory: inventory, Spec: screen.SpecName,
		Request: "900ms", Attempt: "200ms",
		Window: spell(window), OpenFor: spell(open), OpenForMax: spell(2 * open),
	}
}

// spell writes a duration as policies do: whole milliseconds, no fraction.
func spell(d time.Duration) string {
	if d%time.Second == 0 {
		return fmt.Sprintf("%ds", d/time.Second)
	}
	return fmt.Sprintf("%dms", d.Milliseconds())
}

// folder returns the one to write to: the wanted one, made if need be, or a new temporary one.
func folder(wanted string) (string, error) {
	if wanted == "" {
		return os.MkdirTemp("", "outrigger-demo-")
	}
	dir, err := filepath.Abs(wanted)
	if err != nil {
		return "", err
	}
	return dir, os.MkdirAll(dir, 0o755)
}

// write puts the policy and the spec into a folder. A policy that somebody else wrote is left alone.
func write(dir string, s settings) error {
	policy := filepath.Join(dir, screen.PolicyName)
	if old, err := os.ReadFile(policy); err == nil && !bytes.HasPrefix(old, []byte(mark)) {
		return fmt.Errorf("%s exists and is not the demo's: name another folder", policy)
	}
	text, err := template.ParseFS(embedded, "files/policy.yaml.tmpl")
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := text.Execute(&b, s); err != nil {
		return err
	}
	spec, err := embedded.ReadFile("files/" + screen.SpecName)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, screen.SpecName), spec, 0o600); err != nil {
		return err
	}
	return os.WriteFile(policy, b.Bytes(), 0o600)
}
