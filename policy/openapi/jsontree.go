package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"

	"outrigger/policy"
	"outrigger/policy/document"
)

// jsonTree is one value of a jsonFile.
type jsonTree struct {
	file *jsonFile
	at   int32
}

func (t jsonTree) value() jsonValue { return t.file.values[t.at] }

func (t jsonTree) Kind() document.Kind {
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

func (t jsonTree) Place() policy.Place {
	v := t.value()
	if v.kind == jsonObject || v.kind == jsonArray {
		return t.file.place(int(v.start), 0)
	}
	return t.file.place(int(v.start), int(v.end))
}

func (t jsonTree) Tag() string {
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

func (t jsonTree) Text() string {
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
			return jsonTree{t.file, at + 1}
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
			if !yield(member{key: key.Text(), place: key.Place(), value: jsonTree{t.file, at + 1}}) {
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
			if !yield(jsonTree{t.file, at}) {
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
			problems = append(problems, policy.Problem{Code: CodeDuplicateKey, Severity: policy.Error, Place: jsonTree{j, at}.Place(),
				Message: fmt.Sprintf("duplicate key %q", key), Expected: "every key once",
				Suggestion: fmt.Sprintf("remove this one or the first, in line %d", jsonTree{j, earlier}.Place().Line)})
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
