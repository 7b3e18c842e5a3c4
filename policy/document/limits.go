package document

import (
	"bytes"
	"fmt"

	"outrigger/policy"
)

// limits bounds one kind of file. A break of any of them gives no tree.
type limits struct {
	bytes int
	// marks bounds what becomes a token, counted before parsing: it is what holds memory while the library builds its tree,
	// at about 250 bytes a mark in block style and up to 1,100 in flow style. flowMarks holds for a file that is one flow collection.
	marks, flowMarks int
	// depth bounds nesting, aliases followed; the document itself is depth 1.
	depth int
	// aliases bounds the aliases written, added the values they stand for, all alias levels multiplied out.
	aliases, added int
	// problems bounds the problems reported; a file with more is mended in rounds.
	problems int
	// strict also refuses keys that are not strings and tags of the file's own.
	strict bool
}

// policyLimits keep a policy below 64 MiB of memory. 40,000 marks are 2,500 operations with every setting written out.
var policyLimits = limits{bytes: 4 << 20, marks: 40_000, flowMarks: 40_000, depth: 64, aliases: 1_000, added: 100_000, problems: 200, strict: true}

// streamLimits are for the files of other tools: as much as a policy, with keys of any type.
var streamLimits = limits{bytes: 4 << 20, marks: 40_000, flowMarks: 40_000, depth: 64, aliases: 1_000, added: 100_000, problems: 200}

// specLimits are wider: real specs have 54,000 to 72,000 marks in a megabyte and refer by alias now and then.
var specLimits = limits{bytes: 32 << 20, marks: 2_000_000, flowMarks: 400_000, depth: 1_000, aliases: 10_000, added: 200_000, problems: 20_000}

// tooLarge says why a file is refused before it is parsed, or nil.
func (l limits) tooLarge(file string, data []byte) *policy.Problem {
	at := policy.Place{File: file, Line: 1, Column: 1}
	if len(data) > l.bytes {
		return &policy.Problem{
			Code: CodeTooLarge, Severity: policy.Error, Place: at,
			Message:  fmt.Sprintf("file is too large: %d bytes", len(data)),
			Expected: fmt.Sprintf("at most %d MiB", l.bytes>>20), Suggestion: "split it into several files",
		}
	}
	most := l.marks
	if text := bytes.TrimLeft(data, " \t\r\n"); len(text) > 0 && (text[0] == '{' || text[0] == '[') {
		most = l.flowMarks
	}
	if n := countMarks(data); n > most {
		return &policy.Problem{
			Code: CodeTooLarge, Severity: policy.Error, Place: at,
			Message:  fmt.Sprintf("file holds too much: %d lines, brackets, commas and the like", n),
			Expected: fmt.Sprintf("at most %d", most), Suggestion: "split it into several files",
		}
	}
	return nil
}

// countMarks counts what the library makes a token of, before it does: every value but the first follows a mark, and no
// more than five tokens come of two marks. A flow collection is scanned to its end before its first value is given out
// and a token takes as much memory as a value, so tokens are what to bound. Two quotes make one text. Colons, dashes
// and question marks count only where YAML can take them for a mark, so prose is mostly free.
func countMarks(data []byte) int {
	n, quotes := 0, 0
	for i, c := range data {
		switch c {
		case ',', '[', '{', ']', '}', '*', '&', '!', '\n', '\r':
			n++
		case '"', '\'':
			quotes++
		case ':', '-', '?':
			if i+1 == len(data) || !wordByte(data[i+1]) || i > 0 && closing(data[i-1]) {
				n++
			}
		}
	}
	return n + quotes/2
}

// closing reports whether a colon right behind c ends a key, as in {"a":1}.
func closing(c byte) bool { return c == '"' || c == '\'' || c == ']' || c == '}' }

func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '/' || c == '-' || c == '_'
}
