package document

import (
	"fmt"

	"outrigger/policy"
)

// limits bounds one kind of file. A break of any of them gives no tree.
type limits struct {
	bytes int
	// marks bounds the characters that can begin a value, counted before parsing: it is what holds memory while the
	// library builds its tree, at about 200 bytes a value.
	marks int
	// depth bounds nesting, aliases followed; the document itself is depth 1.
	depth int
	// aliases bounds the aliases written, added the values they stand for, all alias levels multiplied out.
	aliases, added int
	// values bounds the values of the tree, aliases followed.
	values int
	// strict also refuses keys that are not strings and tags of the file's own.
	strict bool
}

var policyLimits = limits{bytes: 4 << 20, marks: 100_000, depth: 64, aliases: 1_000, added: 100_000, values: 100_000, strict: true}

// specLimits are wider: real specs reach 13 MB and 600,000 values, and refer to their schemas by alias now and then.
var specLimits = limits{bytes: 32 << 20, marks: 2_000_000, depth: 1_000, aliases: 10_000, added: 200_000, values: 2_500_000}

// maxProblems is how many problems one file may report; a file with more is mended in rounds.
const maxProblems = 200

// tooLarge says why a file is refused before it is parsed, or nil.
func (l limits) tooLarge(file string, data []byte) *policy.Problem {
	at := policy.Place{File: file, Line: 1, Column: 1}
	if len(data) > l.bytes {
		return &policy.Problem{Code: CodeTooLarge, Severity: policy.Error, Place: at,
			Message:  fmt.Sprintf("file is too large: %d bytes", len(data)),
			Expected: fmt.Sprintf("at most %d MiB", l.bytes>>20), Suggestion: "split it into several files"}
	}
	if n := countMarks(data); n > l.marks {
		return &policy.Problem{Code: CodeTooLarge, Severity: policy.Error, Place: at,
			Message:  fmt.Sprintf("file holds too many values: about %d", n),
			Expected: fmt.Sprintf("at most %d", l.marks), Suggestion: "split it into several files"}
	}
	return nil
}

// countMarks counts what can begin a value: every value but the first follows one of these characters.
// Colons and dashes count only where YAML can take them for a mark, so prose is mostly free.
func countMarks(data []byte) int {
	n := 0
	for i, c := range data {
		switch c {
		case ',', '[', '{', '\n', '\r':
			n++
		case ':', '-', '?':
			if i+1 == len(data) || !wordByte(data[i+1]) || i > 0 && closing(data[i-1]) {
				n++
			}
		}
	}
	return n
}

// closing reports whether a colon right behind c ends a key, as in {"a":1}.
func closing(c byte) bool { return c == '"' || c == '\'' || c == ']' || c == '}' }

func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '/' || c == '-' || c == '_'
}
