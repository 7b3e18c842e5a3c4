package gate

import (
	"strings"
)

// via writes our entry into Via fields and finds it there again.
type via struct {
	pseudonym string
	http11    []string // the whole field where we are the first
	http10    []string
}

func newVia(pseudonym string) via {
	return via{pseudonym, []string{"1.1 " + pseudonym}, []string{"1.0 " + pseudonym}}
}

// append returns the field with our entry at its end.
func (v via) append(lines []string, major, minor int) []string {
	own := v.http11
	if major == 1 && minor == 0 {
		own = v.http10
	}
	if len(lines) == 0 {
		return own
	}
	return []string{strings.Join(lines, ", ") + ", " + own[0]}
}

// came reports whether a message passed here before.
func (v via) came(lines []string) bool {
	for _, line := range lines {
		for entry := range strings.SplitSeq(line, ",") {
			if fields := strings.Fields(entry); len(fields) > 1 && fields[1] == v.pseudonym {
				return true
			}
		}
	}
	return false
}
