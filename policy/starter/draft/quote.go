package draft

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

var (
	plainForm     = regexp.MustCompile(`^(\.?\./|[A-Za-z_])[A-Za-z0-9_./-]*$`)
	operationForm = regexp.MustCompile(`^[A-Z]+ /[A-Za-z0-9_./{}-]*$`)
	// addressForm is of URLs, hosts and listeners; a colon that no space follows is part of a plain text.
	addressForm = regexp.MustCompile(`^[a-z][a-z0-9+.-]*://[A-Za-z0-9._:-]+$|^[0-9a-z.-]+:[0-9]+$`)
)

// special are words that some YAML tool takes for something else than text.
var special = map[string]bool{
	"true": true, "false": true, "yes": true, "no": true, "on": true, "off": true, "y": true, "n": true, "null": true,
}

// Quote returns text as a YAML scalar that is read as this very text, also in a flow collection unless it is a path template. What
// no terminal should be sent is escaped.
func Quote(text string) string {
	if plainForm.MatchString(text) && !special[strings.ToLower(text)] || operationForm.MatchString(text) || addressForm.MatchString(text) {
		return text
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r <= 0xff:
			fmt.Fprintf(&b, `\x%02X`, r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			fmt.Fprintf(&b, `\U%08X`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// List writes texts as a list on one line, each quoted as it needs.
func List(texts ...string) string {
	quoted := make([]string, len(texts))
	for i, t := range texts {
		quoted[i] = Quote(t)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// longestComment is in runes. Texts of specs may be whole pages.
const longestComment = 160

// Comment returns text as it may stand in a comment: on one line, printable, at most 160 runes.
func Comment(text string) string {
	var b strings.Builder
	n := 0
	for _, r := range text {
		if n++; n > longestComment {
			b.WriteRune('…')
			break
		}
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			b.WriteByte(' ')
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			b.WriteByte('?')
		}
	}
	return strings.TrimRight(b.String(), " ")
}
