package language

import (
	"fmt"
	"strings"
)

// Reference is the page of all keys, in Markdown.
func Reference() string {
	w := &page{}
	w.line("# Reference of the policy file")
	w.line("")
	w.line("Every key, as the program reads it: this page, the [schema for editors](editor.md) and the texts that editors show are made from the table that the compiler")
	w.line("reads by (`policy/language`), and a test fails when this page is older. [The policy file](policy.md) tells how the keys work together.")
	w.line("")
	w.line("`off` may be written `false`. In the paths, NAME and KEY stand for names of yours.")
	w.kinds()
	w.section("Top level", "", File.Keys)
	for _, part := range File.Keys {
		switch {
		case part.Name == "upstreams":
			w.section("upstreams.NAME", "", part.Shape.Item.Keys)
		case part.Shape.Kind == Mapping && part.Shape.Find("use") == nil:
			w.section(part.Name, "", part.Shape.Keys)
		}
	}
	w.section("operations.KEY", "An operation has the keys of [a policy](#a-policy), and one of its own.", []Key{*Operation.Find("formerly")})
	w.section("A policy", "Under `defaults`, `policies.NAME`, `inbound.policy`, `upstreams.NAME.policy` and at an operation.", Policy.Keys)
	w.nested("", Policy.Keys)
	w.later()
	return w.text.String()
}

// page is a page that is being written.
type page struct {
	text     strings.Builder
	notBuilt []string // rows of keys without a meaning yet
}

func (w *page) line(format string, args ...any) {
	fmt.Fprintf(&w.text, format+"\n", args...)
}

// kindTexts tell the forms of texts.
var kindTexts = [][2]string{
	{"duration", "whole numbers with `h`, `m`, `s` or `ms`: `250ms`, `1m30s`"},
	{"share", "a percentage with at most four decimals: `20%`, `0.5%`"},
	{"size", "a whole number with `B`, `KiB`, `MiB` or `GiB`: `64KiB`"},
	{"address", "host and port: `127.0.0.1:8080`, `:8080`, `[::1]:8080`; port 0 is any free one"},
	{"URL", "scheme, host and port, nothing more: `http://inventory:8080`"},
	{"host", "a name or an IP address, with a port or without: `inventory:8080`"},
	{"network", "an address with the length of its prefix: `10.0.0.0/8`"},
	{"path", "a file, relative to the policy file it stands in"},
	{"name", "letters, digits, dots, dashes and underscores, at most 128"},
	{"condition", "`connect`, `refused`, `reset`, `timeout`, `5xx`, `gateway`, or a status from 400 to 599"},
}

func (w *page) kinds() {
	w.line("\n## Kinds of values\n")
	w.line("| kind | is written as |")
	w.line("|---|---|")
	for _, k := range kindTexts {
		w.line("| %s | %s |", k[0], k[1])
	}
	w.line("\nAddresses, URLs, hosts, networks and paths may hold `${NAME}` and `${NAME:-default}`, which stand for environment variables.")
}

// section writes the table of the keys of one mapping.
func (w *page) section(title, text string, keys []Key) {
	w.line("\n## %s\n", title)
	if text != "" {
		w.line("%s\n", text)
	}
	w.table(pathOf(title), keys)
}

// pathOf is the path that the keys of a section stand below.
func pathOf(title string) string {
	if strings.Contains(title, " ") {
		return ""
	}
	return title + "."
}

func (w *page) table(prefix string, keys []Key) {
	w.line("| key | value | default | meaning | example |")
	w.line("|---|---|---|---|---|")
	for _, k := range keys {
		if k.Later {
			w.notBuilt = append(w.notBuilt, fmt.Sprintf("| `%s%s` | %s |", prefix, k.Name, k.Text))
			continue
		}
		text := k.Text
		if where := whereText[k.Where]; where != "" {
			text += " " + where
		}
		example := ""
		if k.Example != "" {
			example = "`" + k.Name + ": " + k.Example + "`"
		}
		w.line("| `%s%s` | %s | %s | %s | %s |", prefix, k.Name, linked(k), DefaultOf(k), text, example)
	}
}

// linked says what a value may be, with a link where a table tells more.
func linked(k Key) string {
	text := Describe(k.Shape)
	if k.Shape.Kind == Operations {
		return "[" + text + "](#operationskey)"
	}
	if text == "a policy" || strings.HasSuffix(text, "to policies") {
		return "[" + text + "](#a-policy)"
	}
	return text
}

var whereText = map[Where]string{
	NotAtOperation: "Not at an operation.",
	AtOperation:    "At an operation, or in a named policy that operations use.",
	NotNamed:       "Not in a named policy.",
}

// nested writes the tables of the mappings below a policy.
func (w *page) nested(prefix string, keys []Key) {
	for _, k := range keys {
		if k.Shape.Kind != Mapping {
			continue
		}
		path := prefix + k.Name
		w.line("\n### %s\n", path)
		w.table(path+".", k.Shape.Keys)
		w.nested(path+".", k.Shape.Keys)
	}
}

func (w *page) later() {
	w.line("\n## Not supported yet\n")
	w.line("These keys are known, and refused with [OR125](checks/OR125.md), so that nothing is believed to work that does not. Only `off` is accepted.\n")
	w.line("| key | what it will be |")
	w.line("|---|---|")
	for _, row := range w.notBuilt {
		w.line("%s", row)
	}
}
