package diff

import (
	"fmt"
	"strings"

	"outrigger/policy/spelling"
)

// Markdown is the changes as a table for a comment on a pull request, with the summary above it. What a policy or a spec brought
// in is escaped, so that it is text and nothing else.
func Markdown(changes []Change) string {
	var b strings.Builder
	fmt.Fprintf(&b, "**%s**\n", Summarize(changes))
	if len(changes) > 0 {
		b.WriteString("\n| effect | where | what |\n|---|---|---|\n")
	}
	for _, c := range changes {
		effect := string(c.Effect)
		if c.Effect == Riskier {
			effect = "**" + effect + "**"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", effect, literal(c.where()), literal(c.sentence()))
	}
	return b.String()
}

var markdownMarks = strings.NewReplacer(
	"&", "&amp;", "<", "&lt;", ">", "&gt;", "@", "&#64;", "#", "&#35;", "\\", "\\\\", "`", "\\`", "*", "\\*", "_", "\\_", "|", "\\|", "[", "\\[", "]", "\\]", "~", "\\~",
	"\n", " ",
)

// literal is text that Markdown shows as it is, on one line.
func literal(text string) string { return markdownMarks.Replace(spelling.Printable(text)) }
