package editing

import (
	"fmt"
	"slices"
	"strings"

	"outrigger/policy/language"
	"outrigger/policy/openapi"
)

// Item is something that could be written.
type Item struct {
	// Label is what is written; Insert is the same with what follows it, such as the colon of a key.
	Label, Insert string
	// Text explains it, in Markdown.
	Text string
	// Operation says that it is an operation of a spec, Key that it is a key; neither is a value.
	Operation, Key bool
	// Deprecated says that the spec calls the operation so.
	Deprecated bool
	// Typed is how much of the label stands before the cursor already, in runes.
	Typed int
}

// maxItems bounds what is offered at once. The largest spec known has 1,223 operations.
const maxItems = 5000

// Complete returns what could be written at a line and column, both counted from 1, the column in runes. Catalogs are as in Schema.
// The text need not be YAML: lines above and indentation tell where the cursor is.
func Complete(text string, line, column int, catalogs map[string]*openapi.Catalog) []Item {
	lines := strings.Split(text, "\n")
	c := contextAt(lines, line, column)
	spot := Spot{Path: slices.Clone(c.path)}
	spot.name()
	shape, at, ok := shapeAt(c.path)
	if !ok || c.outside {
		return nil
	}
	var items []Item
	switch {
	case c.value && shape.Kind == language.Use:
		items = namedPolicies(lines)
	case c.value && (c.inList == (shape.Kind == language.List) || shape.Single):
		items = values(shape, declaredAt(spot, catalogs))
	case c.value:
	case shape.Kind == language.Operations:
		items = operationItems(catalogs[spot.Upstream])
	case shape.Kind == language.Mapping:
		items = keyItems(shape, at)
	}
	typed := len([]rune(c.typed))
	for i := range items {
		items[i].Typed = typed
		if (items[i].Key || items[i].Operation) && !strings.HasSuffix(items[i].Insert, ":") {
			items[i].Insert += ": "
		}
	}
	return items[:min(len(items), maxItems)]
}

// shapeAt walks the language by the keys of a path, and returns the shape of what stands there with its position.
func shapeAt(path []string) (language.Shape, language.Position, bool) {
	shape, at := language.File, language.Outside
	for i := 0; i < len(path); i++ {
		key := shape.Find(path[i])
		if key == nil || key.Later {
			return shape, at, false
		}
		shape, at = key.ShapeAt(at), language.Step(at, key.Name)
		if (shape.Kind == language.Named || shape.Kind == language.Operations) && i+1 < len(path) {
			i++
			shape = *shape.Item
		}
	}
	return shape, at, true
}

func keyItems(shape language.Shape, at language.Position) []Item {
	var items []Item
	for _, key := range shape.Keys {
		if !key.Later && key.Allows(at) {
			items = append(items, Item{Label: key.Name, Insert: key.Name, Text: Describe(key), Key: true})
		}
	}
	return items
}

// operationItems are the operations of a catalog, by id where they have one.
func operationItems(catalog *openapi.Catalog) []Item {
	if catalog == nil {
		return nil
	}
	var items []Item
	for _, op := range catalog.Operations {
		if op.CoveredBy != nil {
			continue
		}
		label := op.ID
		if label == "" {
			label = op.Method + " " + op.Path
		}
		items = append(items, Item{Label: label, Insert: keyText(label), Text: DescribeOperation(op), Operation: true, Deprecated: op.Deprecated})
	}
	return items
}

// keyText writes a key so that YAML reads it back.
func keyText(key string) string {
	if strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r == 0x7f || r == '"' || r == '\\' }) {
		return fmt.Sprintf("%q", key)
	}
	if strings.Contains(key, ": ") || strings.Contains(key, " #") || strings.HasSuffix(key, ":") || strings.IndexAny(key, "-?:,[]{}#&*!|>'%@` ") == 0 {
		return `"` + key + `"`
	}
	return key
}

// values are the words that a value may be, with the statuses that specs declare.
func values(shape language.Shape, declared []int) []Item {
	var items []Item
	add := func(words ...string) {
		for _, w := range words {
			items = append(items, Item{Label: w, Insert: w})
		}
	}
	if shape.Item != nil && shape.Kind == language.List {
		shape = *shape.Item
	}
	if shape.Short != nil {
		add(shape.Short.Words...)
	}
	add(shape.Words...)
	switch shape.Kind {
	case language.Truth:
		add("true", "false")
	case language.Requests:
		add("all", "failures", "sample 1%")
	case language.Condition:
		for _, code := range declared {
			items = append(items, Item{Label: fmt.Sprint(code), Insert: fmt.Sprint(code), Text: "Declared in the spec."})
		}
	}
	if shape.Off {
		add("off")
	}
	return items
}

// namedPolicies are the names below "policies" that stand on lines of their own.
func namedPolicies(lines []string) []Item {
	var items []Item
	inside, indent := false, 0
	for _, line := range lines {
		m := keyLine.FindStringSubmatch(strings.TrimRight(line, "\r"))
		if len(m) == 0 {
			continue
		}
		switch depth := len(m[1]); {
		case depth == 0:
			inside, indent = unquote(m[3]) == "policies", 0
		case inside && (indent == 0 || depth == indent):
			indent = depth
			items = append(items, Item{Label: unquote(m[3]), Insert: keyText(unquote(m[3]))})
		}
	}
	return items
}

// declaredAt are the statuses that the operation at a spot declares, or all operations of its upstream.
func declaredAt(spot Spot, catalogs map[string]*openapi.Catalog) []int {
	catalog := catalogs[spot.Upstream]
	if catalog == nil {
		return nil
	}
	var codes []int
	for _, op := range catalog.Operations {
		if spot.Operation == "" || spot.Operation == op.ID || spot.Operation == op.Method+" "+op.Path {
			codes = append(codes, failures(op)...)
		}
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// OperationAt returns the operation of a catalog that a spot's key names, nil where there is none.
func OperationAt(spot Spot, catalogs map[string]*openapi.Catalog) *openapi.Operation {
	catalog := catalogs[spot.Upstream]
	if catalog == nil || spot.Operation == "" {
		return nil
	}
	if op := catalog.Find(spot.Operation); op != nil {
		return op
	}
	for _, op := range catalog.Operations {
		if spot.Operation == op.Method+" "+op.Path {
			return op
		}
	}
	return nil
}
