package openapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"outrigger/policy"
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

func (j *jsonFile) refusal(offset int, message, expected string) policy.Problem {
	return policy.Problem{Code: CodeUnreadable, Severity: policy.Error, Place: j.place(offset, 0), Message: message, Expected: expected}
}

func (j *jsonFile) skipSeparators(offset int) int {
	for offset < len(j.data) && bytes.IndexByte([]byte(" \t\r\n,:"), j.data[offset]) >= 0 {
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
