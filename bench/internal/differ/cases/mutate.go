package cases

import (
	"strings"
)

// inserted are the bytes on which parsers have differed before.
var inserted = []string{
	"\r", "\n", "\r\n", " ", "\t", "\x00", "\x0b", "\x0c", "\x7f", "\x85", "\xa0", ":", ";", ",", "0", "1", "a", "\"", "\\", "+", "-", "_", "x", "#", "%", "\r\n\r\n", "\r\n ", "chunked", "HTTP/1.1", ": ",
}

// mutate makes one small change. The token is left whole, so that leaks of one case into another can be told from changes.
func (g *Generator) mutate(s string) string {
	if s == "" {
		return pick(g, inserted)
	}
	at := g.rng.IntN(len(s))
	if inToken(s, at) {
		at = max(strings.LastIndexByte(s[:at], '\n'), 0) // the end of the line before
	}
	switch g.rng.IntN(9) {
	case 0, 1:
		return s[:at] + pick(g, inserted) + s[at:]
	case 2:
		return s[:at] + s[at+1:]
	case 3:
		return s[:at] + pick(g, inserted) + s[at+1:]
	case 4:
		return g.line(s, func(line string) string { return line + line })
	case 5:
		return g.line(s, func(string) string { return "" })
	case 6:
		return g.line(s, func(line string) string {
			return strings.TrimSuffix(line, "\r\n") + pick(g, []string{"\n", "\r", " \r\n", "\r\n\t", "\r\r\n"})
		})
	case 7:
		return g.line(s, func(line string) string {
			return strings.Replace(line, ":", pick(g, []string{" :", ":\t", ":\r\n ", "", "::"}), 1)
		})
	}
	return g.line(s, g.caseOf)
}

// line applies a change to one line of s.
func (g *Generator) line(s string, change func(string) string) string {
	lines := strings.SplitAfter(s, "\n")
	i := g.rng.IntN(len(lines))
	lines[i] = change(lines[i])
	return strings.Join(lines, "")
}

// caseOf turns the case of the letters before the first colon: those behind it may belong to a token.
func (g *Generator) caseOf(line string) string {
	name, rest, found := strings.Cut(line, ":")
	if !found {
		return line
	}
	return pick(g, []string{strings.ToUpper(name), strings.ToLower(name)}) + ":" + rest
}

const tokenLength = 17

// inToken reports whether the byte at i belongs to a token.
func inToken(s string, i int) bool {
	for start := max(0, i-tokenLength+1); start <= i; start++ {
		if start+tokenLength <= len(s) && isToken(s[start:start+tokenLength]) {
			return true
		}
	}
	return false
}

func isToken(s string) bool {
	return s[0] == 't' && strings.Trim(s[1:], "0123456789abcdef") == ""
}
