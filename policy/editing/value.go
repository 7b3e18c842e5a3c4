package editing

import (
	"math/big"
	"strconv"

	"outrigger/policy/document"
)

// Value returns what JSON makes of a value of a document: numbers, booleans, texts, lists and objects as YAML 1.2 tells them apart.
// It is what a schema judges.
func Value(n *document.Node) any {
	switch n.Kind() {
	case document.Mapping:
		object := make(map[string]any, n.Len())
		for _, e := range n.Entries() {
			object[e.Key] = Value(e.Value)
		}
		return object
	case document.Sequence:
		list := make([]any, 0, n.Len())
		for _, item := range n.Items() {
			list = append(list, Value(item))
		}
		return list
	case document.Null:
		return nil
	}
	return scalarValue(n)
}

func scalarValue(n *document.Node) any {
	switch text := n.Text(); n.Tag() {
	case "!!bool":
		return text == "true" || text == "True" || text == "TRUE"
	case "!!int":
		if i, ok := new(big.Int).SetString(text, 0); ok && i.IsInt64() {
			return i.Int64()
		}
		return text
	case "!!float":
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			return f
		}
		return text
	default:
		return text
	}
}
