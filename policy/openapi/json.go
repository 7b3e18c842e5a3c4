package openapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"unicode/utf8"

	"outrigger/policy"
	"outrigger/policy/document"
)

// jsonFile is a JSON text as a flat list of its values in file order: a key, then its value. A value is 16 bytes and its
// text stays in data until somebody asks, so a spec of 10 MB costs little more than itself.
type jsonFile struct {
	*lines
	values []jsonValue
}

type jsonValue struct {
	start, end int32 // in data
	next       int32 // the value behind this one and all it holds
	kind       jsonKind
}

type jsonKind uint8

const (
	jsonNull jsonKind = iota
	jsonBool
	jsonNumber
	jsonString
	jsonObject
	jsonArray
)

const (
	maxJSONValues = 4_000_000
	maxJSONDepth  = 1_000
)

// parseJSON reads one JSON text by tokens. Problems carry codes of this package; duplicate keys are reported and kept,
// the first one being found. The result is nil when the text is no JSON or breaks a bound.
func parseJSON(file string, data []byte) (*jsonFile, policy.Problems) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	j := &jsonFile{lines: newLines(file, data)}
	if !utf8.Valid(data) {
		return nil, policy.Problems{j.refusal(j.firstInvalid(), "text is not UTF-8", "a file in UTF-8")}
	}
	if p := j.scan(); p != nil {
		return nil, policy.Problems{*p}
	}
	return j, j.duplicates()
}

// scan fills values from the decoder's tokens. The decoder says where a token ends; it starts behind what separates it.
func (j *jsonFile) scan() *policy.Problem {
	dec := json.NewDecoder(bytes.NewReader(j.data))
	dec.UseNumber()
	var open []int32
	for {
		before := int(dec.InputOffset())
		token, err := dec.Token()
		start := j.skipSeparators(before)
		if errors.Is(err, io.EOF) && len(open) == 0 && len(j.values) > 0 {
			return nil
		}
		if err != nil {
			p := j.refusal(start, "not JSON: "+jsonReason(err), "JSON (RFC 8259)")
			p.Suggestion = jsonAdvice(err)
			return &p
		}
		if len(open) == 0 && len(j.values) > 0 {
			p := j.refusal(start, "text goes on after the document", "one JSON value in a file")
			p.Code = CodeSecondDocument
			return &p
		}
		end := int(dec.InputOffset())
		if d, ok := token.(json.Delim); ok && (d == '}' || d == ']') {
			closed := open[len(open)-1]
			open = open[:len(open)-1]
			j.values[closed].end, j.values[closed].next = int32(end), int32(len(j.values))
			continue
		}
		kind := kindOf(token)
		j.values = append(j.values, jsonValue{start: int32(start), end: int32(end), next: int32(len(j.values) + 1), kind: kind})
		if kind == jsonObject || kind == jsonArray {
			open = append(open, int32(len(j.values)-1))
		}
		if len(open) > maxJSONDepth || len(j.values) > maxJSONValues {
			p := j.refusal(start, "document is nested too deep or holds too many values",
				fmt.Sprintf("at most %d levels and %d values", maxJSONDepth, maxJSONValues))
			p.Code = CodeTooLarge
			return &p
		}
	}
}

func kindOf(token json.Token) jsonKind {
	switch t := token.(type) {
	case json.Delim:
		if t == '{' {
			return jsonObject
		}
		return jsonArray
	case string:
		return jsonString
	case json.Number:
		return jsonNumber
	case bool:
		return jsonBool
	}
	return jsonNull
}

// jsonReason keeps the decoder's words without its package's name.
func jsonReason(err error) string {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return syntax.Error()
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "the text ends in the middle of a value"
	}
	return err.Error()
}

// jsonAdvice knows the slips behind the decoder's most frequent words.
func jsonAdvice(err error) string {
	text := err.Error()
	switch {
	case strings.Contains(text, "after object key:value pair") || strings.Contains(text, "after array element"):
		return "put a comma between this and what stands before it"
	case strings.Contains(text, "after object key"):
		return "put a colon behind the key"
	case strings.Contains(text, "beginning of object key string"):
		return "put keys in double quotes, and no comma behind the last one"
	case strings.Contains(text, "looking for beginning of value"):
		return "put text in double quotes, and no comma behind the last value"
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return "was the file written to the end?"
	}
	return ""
}

func (j *jsonFile) refusal(offset int, message, expected string) policy.Problem {
	return policy.Problem{Code: CodeUnreadable, Severity: policy.Error, Place: j.place(offset, 0), Message: message, Expected: expected}
}

func (j *jsonFile) skipSeparators(offset int) int {
	for offset < len(j.data) && strings.IndexByte(" \t\r\n,:", j.data[offset]) >= 0 {
		offset++
	}
	return offset
}

func (j *jsonFile) firstInvalid() int {
	for i := 0; i < len(j.data); {
		r, size := utf8.DecodeRune(j.data[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(j.data)
}

// jsonTree is one value of a jsonFile.
type jsonTree struct {
	file *jsonFile
	at   int32
}

func (t jsonTree) value() jsonValue { return t.file.values[t.at] }

func (t jsonTree) kind() document.Kind {
	switch t.value().kind {
	case jsonNull:
		return document.Null
	case jsonObject:
		return document.Mapping
	case jsonArray:
		return document.Sequence
	}
	return document.Scalar
}

func (t jsonTree) place() policy.Place {
	v := t.value()
	if v.kind == jsonObject || v.kind == jsonArray {
		return t.file.place(int(v.start), 0)
	}
	return t.file.place(int(v.start), int(v.end))
}

func (t jsonTree) tag() string {
	switch t.value().kind {
	case jsonString:
		return "!!str"
	case jsonBool:
		return "!!bool"
	case jsonNumber:
		if bytes.ContainsAny(t.file.bytesOf(t.at), ".eE") {
			return "!!float"
		}
		return "!!int"
	case jsonObject:
		return "!!map"
	case jsonArray:
		return "!!seq"
	}
	return "!!null"
}

func (t jsonTree) text() string {
	switch t.value().kind {
	case jsonString, jsonBool, jsonNumber:
		return t.file.text(t.at)
	}
	return ""
}

func (t jsonTree) get(key string) tree {
	v := t.value()
	if v.kind != jsonObject {
		return absent
	}
	for at := t.at + 1; at < v.next; at = t.file.values[at+1].next {
		if t.file.keyIs(at, key) {
			return tree{json: jsonTree{t.file, at + 1}}
		}
	}
	return absent
}

func (t jsonTree) members() iter.Seq[member] {
	return func(yield func(member) bool) {
		v := t.value()
		if v.kind != jsonObject {
			return
		}
		for at := t.at + 1; at < v.next; at = t.file.values[at+1].next {
			key := jsonTree{t.file, at}
			if !yield(member{key: key.text(), place: key.place(), value: tree{json: jsonTree{t.file, at + 1}}}) {
				return
			}
		}
	}
}

func (t jsonTree) items() iter.Seq[tree] {
	return func(yield func(tree) bool) {
		v := t.value()
		if v.kind != jsonArray {
			return
		}
		for at := t.at + 1; at < v.next; at = t.file.values[at].next {
			if !yield(tree{json: jsonTree{t.file, at}}) {
				return
			}
		}
	}
}

func (j *jsonFile) bytesOf(at int32) []byte { return j.data[j.values[at].start:j.values[at].end] }

// text returns the decoded text of a scalar.
func (j *jsonFile) text(at int32) string {
	raw := j.bytesOf(at)
	if j.values[at].kind != jsonString {
		return string(raw)
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1])
	}
	var s string
	// The decoder accepted this very token before; what it cannot pair of \u escapes becomes U+FFFD.
	_ = json.Unmarshal(raw, &s)
	return s
}

func (j *jsonFile) keyIs(at int32, key string) bool {
	raw := j.bytesOf(at)
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1:len(raw)-1]) == key
	}
	return j.text(at) == key
}

// duplicates reports the keys that stand twice in one object; every decoder keeps the last and says nothing.
func (j *jsonFile) duplicates() policy.Problems {
	var problems policy.Problems
	for i, v := range j.values {
		if v.kind != jsonObject {
			continue
		}
		first := keySet{file: j}
		for at := int32(i + 1); at < v.next; at = j.values[at+1].next {
			earlier, twice := first.add(at)
			if !twice {
				continue
			}
			key := j.text(at)
			if len(problems) == maxDuplicates {
				return problems
			}
			problems = append(problems, policy.Problem{
				Code: CodeDuplicateKey, Severity: policy.Error, Place: jsonTree{j, at}.place(),
				Message: fmt.Sprintf("duplicate key %q", key), Expected: "every key once",
				Suggestion: fmt.Sprintf("remove this one or the first, in line %d", jsonTree{j, earlier}.place().Line),
			})
		}
	}
	return problems
}

// keySet holds the keys of one object. Nearly all have a few, for which comparing is cheaper than a map.
type keySet struct {
	file *jsonFile
	few  [12]int32
	n    int
	many map[string]int32
}

// add puts in a key, or returns the earlier one of the same text.
func (k *keySet) add(at int32) (earlier int32, twice bool) {
	if k.many == nil {
		key := k.file.text(at)
		for _, earlier := range k.few[:k.n] {
			if k.file.keyIs(earlier, key) {
				return earlier, true
			}
		}
		if k.n < len(k.few) {
			k.few[k.n] = at
			k.n++
			return 0, false
		}
		k.many = make(map[string]int32, 4*len(k.few))
		for _, earlier := range k.few {
			k.many[k.file.text(earlier)] = earlier
		}
	}
	key := k.file.text(at)
	if earlier, twice := k.many[key]; twice {
		return earlier, true
	}
	k.many[key] = at
	return 0, false
}
