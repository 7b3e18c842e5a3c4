package editing

import (
	"regexp"
	"slices"
	"strings"
)

// context is where something is being typed: below which keys, and whether a key or a value. It is found from the lines alone, for
// what is being typed is seldom YAML yet.
type context struct {
	path []string
	// typed is what stands before the cursor of the word that is being typed.
	typed string
	// value says that the value of the last key of the path is typed, inList that a list of it is open.
	value, inList bool
	// outside says that nothing of a policy is typed there, but a comment or what is no YAML.
	outside bool
}

// keyLine is a line that begins with a key: indentation, the dashes of list items, the key, and what follows the colon.
var keyLine = regexp.MustCompile(`^( *)((?:- +)*)("[^"]*"|'[^']*'|[^\s#"'&*!|>%@\-\[{][^#]*?|-[^\s#][^#]*?)\s*:(?:\s+(.*)|)$`)

// maxLinesUp bounds how far up the parents of a line are looked for.
const maxLinesUp = 20_000

// contextAt finds the context of a cursor; column counts runes from 1.
func contextAt(lines []string, line, column int) context {
	if line < 1 || line > len(lines) {
		return context{outside: true}
	}
	runes := []rune(strings.TrimRight(lines[line-1], "\r"))
	before := string(runes[:min(max(column-1, 0), len(runes))])
	if m := keyLine.FindStringSubmatch(before); m != nil {
		c := context{path: append(parents(lines, line, len(m[1])), unquote(m[3])), value: true}
		c.inside(m[4])
		return c
	}
	trimmed := strings.TrimLeft(before, " ")
	indent := len(before) - len(trimmed)
	if item, isItem := strings.CutPrefix(trimmed, "- "); isItem { // an item of a block list, which may stand as far left as its key
		return context{path: parents(lines, line, indent+1), typed: strings.TrimLeft(item, " "), value: true, inList: true}
	}
	return context{path: parents(lines, line, indent), typed: trimmed, outside: strings.HasPrefix(trimmed, "#") || strings.HasPrefix(trimmed, "\t")}
}

// parents are the keys of the lines above that are indented less and less.
func parents(lines []string, line, indent int) []string {
	var path []string
	for i := line - 2; i >= max(0, line-maxLinesUp) && indent > 0; i-- {
		m := keyLine.FindStringSubmatch(strings.TrimRight(lines[i], "\r"))
		if len(m) == 0 || len(m[1]) >= indent {
			continue
		}
		path = append(path, unquote(m[3]))
		indent = len(m[1])
	}
	slices.Reverse(path)
	return path
}

func unquote(key string) string { return strings.Trim(key, `"'`) }

// inside reads what follows the colon of a line: a value, or brackets that are still open.
func (c *context) inside(text string) {
	word, quote := strings.Builder{}, rune(0)
	type level struct {
		list bool
		keys int // of the path, above this level
	}
	var open []level
	for _, r := range text {
		at := strings.TrimSpace(word.String())
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
			word.WriteRune(r)
		case (r == '"' || r == '\'') && at == "":
			quote = r
			word.WriteRune(r)
		case r == '#' && (word.Len() == 0 || strings.HasSuffix(word.String(), " ")):
			*c = context{outside: true} // a comment
			return
		case (r == '{' || r == '[') && at == "":
			open = append(open, level{r == '[', len(c.path)})
			word.Reset()
			c.value = r == '['
		case (r == '}' || r == ']') && len(open) > 0 && (r == ']') == open[len(open)-1].list:
			c.path = c.path[:open[len(open)-1].keys]
			open = open[:len(open)-1]
			word.Reset()
			c.value = true
		case r == ',' && len(open) > 0:
			c.path = c.path[:open[len(open)-1].keys]
			word.Reset()
			c.value = open[len(open)-1].list
		case r == ' ' && strings.HasSuffix(at, ":") && len(open) > 0 && !c.value:
			c.path = append(c.path, unquote(strings.TrimSuffix(at, ":")))
			word.Reset()
			c.value = true
		default:
			word.WriteRune(r)
		}
	}
	c.typed = strings.TrimLeft(word.String(), " \"'")
	c.inList = len(open) > 0 && open[len(open)-1].list
}
