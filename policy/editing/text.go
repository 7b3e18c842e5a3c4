package editing

import (
	"strings"

	"outrigger/policy/language"
)

// Describe tells a key in Markdown: what it means, what it may be, what holds without it and an example.
func Describe(key language.Key) string {
	if key.Later {
		return "Not supported yet; only `off` is accepted. " + key.Text
	}
	var b strings.Builder
	b.WriteString(key.Text)
	if value := language.Describe(key.Shape); value != "" {
		b.WriteString("\n\nValue: " + value)
	}
	if standard := language.DefaultOf(key); standard != "" {
		b.WriteString("\n\nDefault: " + standard)
	}
	if key.Example != "" {
		b.WriteString("\n\nExample: `" + key.Name + ": " + key.Example + "`")
	}
	return b.String()
}
