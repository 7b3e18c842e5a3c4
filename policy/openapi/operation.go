package openapi

import (
	"fmt"
	"strconv"
	"strings"

	"outrigger/policy"
	"outrigger/policy/openapi/clue"
)

// operation reads one operation, its parameters, responses, callbacks and hints.
func (r *reading) operation(s spot, key member, p *pathItem) {
	method := strings.ToUpper(key.key)
	if p.seen[method] {
		return
	}
	p.seen[method] = true
	if len(r.catalog.Operations) >= maxOperations {
		r.full = true
		r.fail(policy.Problem{
			Code: CodeTooLarge, Place: key.place,
			Message:  fmt.Sprintf("spec has more than %d operations", maxOperations),
			Expected: fmt.Sprintf("at most %d", maxOperations), Suggestion: "split the document by service",
		})
		return
	}
	body, ok := r.follow(s, "operation", policy.Error)
	if !ok {
		return
	}
	if !body.isMapping() {
		r.fail(policy.Problem{
			Code: CodeField, Place: key.place,
			Message:  fmt.Sprintf("operation %s %s is %s", method, p.path, body.Kind()),
			Expected: "a mapping with responses",
		})
		return
	}
	op := &Operation{Method: method, Path: p.path, Place: key.place, PathPlace: p.place, BasePaths: p.basePaths}
	if malformed(p.path) == "" {
		op.PathParameters = parameterNames(p.path)
	}
	r.fields(body, op)
	if r.consumes = body.get("consumes"); !r.consumes.isSequence() {
		r.consumes = r.allConsumes
	}
	if own := body.get("security"); own.isSequence() {
		r.needs(own)
	} else {
		r.needs(r.security)
	}
	lists := p.parameters
	if own := body.at("parameters"); own.isSequence() {
		lists = append([]spot{own}, lists...)
	}
	r.parameters(op, lists)
	r.catalog.Operations = append(r.catalog.Operations, op)
}

// fields reads what stands in the operation itself.
func (r *reading) fields(body spot, op *Operation) {
	for m := range r.membersOf(body) {
		value := spot{m.value, body.file}
		switch m.key {
		case "operationId":
			if m.value.isScalar() {
				op.ID, op.IDPlace = m.value.Text(), m.value.Place()
			}
		case "deprecated":
			op.Deprecated = m.value.Text() == "true"
		case "servers":
			if own := serverPaths(m.value); own != nil {
				op.BasePaths = own
			}
		case "requestBody":
			r.requestBody(value, op)
		case "responses":
			if responses, ok := r.follow(value, "responses", policy.Warning); ok {
				r.responses(responses, body.get("produces"), op)
			}
		case "callbacks":
			for callback := range r.membersOf(value) {
				if target, ok := r.follow(spot{callback.value, body.file}, "callback", policy.Warning); ok {
					r.elsewhere(target, "callback")
				}
			}
		case "x-outrigger":
			r.hints(value, op)
		default:
			if word, known := operationFields[strings.ToLower(m.key)]; known && word != m.key {
				r.warn(policy.Problem{
					Code: CodeField, Place: m.place,
					Message:  fmt.Sprintf("field %q is not read", m.key),
					Expected: word, Suggestion: "write it as " + word,
				})
			}
		}
	}
}

// operationFields are the fields that the catalog comes from, by their lower case.
var operationFields = map[string]string{
	"operationid": "operationId", "deprecated": "deprecated", "servers": "servers", "responses": "responses",
	"callbacks": "callbacks", "parameters": "parameters", "produces": "produces", "x-outrigger": "x-outrigger",
}

// parameters reads the header parameters from the operation's list and the path item's, the nearer one of a name winning.
func (r *reading) parameters(op *Operation, lists []spot) {
	seen := map[string]bool{}
	for _, list := range lists {
		for item := range r.itemsOf(list) {
			parameter, ok := r.follow(spot{item, list.file}, "parameter", policy.Warning)
			if ok {
				r.bodyParameter(parameter, op)
			}
			if !ok || parameter.get("in").Text() != "header" {
				continue
			}
			name := canonicalHeader(parameter.get("name").Text())
			if name == "" || seen[name] {
				continue
			}
			seen[name] = true
			op.Headers = append(op.Headers, Header{Name: name, Required: parameter.get("required").Text() == "true", Place: parameter.get("name").Place()})
			if op.IdempotencyKey == "" && clue.IdempotencyKey(name) {
				op.IdempotencyKey = name
			}
		}
	}
}

// canonicalHeader brings a field name to the form net/http uses, which this package may not import: a capital at the
// start and behind every hyphen, the rest small. A name that is no token is left as it is, as there.
func canonicalHeader(name string) string {
	b := []byte(name)
	upper := true
	for i, c := range b {
		switch {
		case c <= ' ' || c >= 0x7F || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0:
			return name
		case upper && c >= 'a' && c <= 'z':
			b[i] = c - 'a' + 'A'
		case !upper && c >= 'A' && c <= 'Z':
			b[i] = c - 'A' + 'a'
		}
		upper = c == '-'
	}
	return string(b)
}

// responses reads the statuses of an operation, which of them document Retry-After, and whether success streams.
func (r *reading) responses(responses spot, produces tree, op *Operation) {
	var success, fallback streamTally
	for m := range r.membersOf(responses) {
		if strings.HasPrefix(m.key, "x-") || m.key == "$ref" {
			continue
		}
		status, ok := r.status(m)
		if !ok {
			continue
		}
		status.addTo(&op.Statuses)
		response, ok := r.follow(spot{m.value, responses.file}, "response", policy.Warning)
		if !ok {
			continue
		}
		if r.retryAfter(response) {
			status.addTo(&op.RetryAfter)
		}
		switch {
		case status == statusKey{101, 101}:
			success.stream("101", m.place)
		case status.first >= 200 && status.first < 300:
			success.declared = true
			r.content(response, produces, &success)
		case status.first == 0:
			r.content(response, produces, &fallback)
		}
	}
	// Beside a declared success, default is the errors; some documents declare nothing else.
	if success.declared || success.streams > 0 {
		fallback = success
	}
	op.Streams, op.Download = fallback.verdict(), success.file
}

// statusKey is one key of a responses object: a code, a range of a hundred, or default, which has no first.
type statusKey struct{ first, last int }

func (s statusKey) addTo(all *Statuses) {
	switch s.first {
	case 0:
		all.Default = true
	case s.last:
		all.Literal.Add(s.first)
	default:
		all.Ranges.AddRange(s.first, s.last)
	}
}

func (r *reading) status(m member) (statusKey, bool) {
	key := m.key
	if key == "default" {
		return statusKey{}, true
	}
	if len(key) == 3 && key[0] >= '1' && key[0] <= '5' {
		low := int(key[0]-'0') * 100
		if strings.EqualFold(key[1:], "xx") {
			if key[1:] != "XX" {
				r.warn(policy.Problem{
					Code: CodeStatus, Place: m.place,
					Message:  fmt.Sprintf("status range %q is in lower case; it is read as %sXX", key, key[:1]),
					Expected: key[:1] + "XX", Suggestion: "write it in capitals",
				})
			}
			return statusKey{low, low + 99}, true
		}
		if code, err := strconv.Atoi(key); err == nil && code >= low {
			return statusKey{code, code}, true
		}
	}
	r.warn(policy.Problem{
		Code: CodeStatus, Place: m.place,
		Message:  fmt.Sprintf("response %q is no status and is not read", key),
		Expected: "a status such as 404, a range such as 5XX, or default",
	})
	return statusKey{}, false
}

func (r *reading) retryAfter(response spot) bool {
	for m := range r.membersOf(response.at("headers")) {
		if strings.EqualFold(m.key, "Retry-After") {
			return true
		}
	}
	return false
}

// streamTally counts what the replies of one operation may be.
type streamTally struct {
	declared        bool // a success is declared, with content or without
	streams, others int
	media           string
	place           policy.Place
	file            Sign // the first that is a file
}

func (t *streamTally) stream(media string, place policy.Place) {
	if t.streams == 0 {
		t.media, t.place = media, place
	}
	t.streams++
}

func (t *streamTally) verdict() Streams {
	switch {
	case t.streams == 0:
		return Streams{}
	case t.others == 0:
		return Streams{Kind: policy.StreamAlways, Media: t.media, Place: t.place}
	}
	return Streams{Kind: policy.StreamMay, Media: t.media, Place: t.place}
}

// content tallies the media types of one response. In 2.0 they are the operation's or the document's, and a response
// has a body when it has a schema, or when the types say that its body cannot be described by one.
func (r *reading) content(response spot, produces tree, seen *streamTally) {
	if r.swagger2 {
		if !produces.isSequence() {
			produces = r.produces
		}
		for item := range r.itemsOf(spot{produces, response.file}) {
			switch media := item.Text(); {
			case policy.StreamType(media):
				seen.stream(media, item.Place())
			case response.get("schema").isMapping():
				seen.others++
				if seen.file.Text == "" && (clue.File(media) || response.get("schema").get("type").Text() == "file") {
					seen.file = Sign{media, item.Place()}
				}
			}
		}
		return
	}
	content, ok := r.follow(response.at("content"), "content", policy.Warning)
	if !ok {
		return
	}
	for m := range r.membersOf(content) {
		if policy.StreamType(m.key) || r.itemSchema(spot{m.value, content.file}) {
			seen.stream(m.key, m.place)
			continue
		}
		seen.others++
		if seen.file.Text == "" && r.isDownload(m.key, spot{m.value, content.file}) {
			seen.file = Sign{m.key, m.place}
		}
	}
}

// isDownload reports whether a reply of a media type is a file.
func (r *reading) isDownload(name string, media spot) bool {
	return clue.File(name) || !clue.Text(name) && isBinary(r.peek(r.peek(media).at("schema")))
}

// itemSchema reports whether a media type describes its items one by one, which 3.2 has for streams alone.
func (r *reading) itemSchema(s spot) bool {
	media, ok := r.follow(s, "media type", policy.Warning)
	return ok && media.get("itemSchema").isMapping()
}

// requestBody takes down whether the body is a file. It looks into files that are open already and no others: the fact is worth
// no further file, and no warning.
func (r *reading) requestBody(body spot, op *Operation) {
	content := r.peek(r.peek(body).at("content"))
	for m := range r.membersOf(content) {
		if op.Upload.Text == "" && !policy.StreamType(m.key) && r.isUpload(m.key, spot{m.value, content.file}) {
			op.Upload = Sign{m.key, m.place}
			schema := r.peek(r.peek(spot{m.value, content.file}).at("schema"))
			op.UploadMost, _ = strconv.ParseInt(schema.get("maxLength").Text(), 10, 64)
		}
	}
}

// isUpload reports whether a request body of a media type is a file, by its name or by its schema.
func (r *reading) isUpload(name string, media spot) bool {
	schema := r.peek(r.peek(media).at("schema"))
	switch {
	case clue.Multipart(name):
		return r.hasFilePart(schema)
	case clue.File(name):
		return true
	}
	return isBinary(schema) && !clue.Text(name)
}

// hasFilePart reports whether a multipart body has a part of binary content by its schema.
func (r *reading) hasFilePart(schema spot) bool {
	for m := range r.membersOf(schema.at("properties")) {
		part := r.peek(spot{m.value, schema.file})
		if part.isSequence() || part.get("type").Text() == "array" {
			part = r.peek(part.at("items"))
		}
		if isBinary(part) {
			return true
		}
	}
	return false
}

// isBinary reports whether a schema is that of a file: of 3.0 by its format, of later ones by the media type of its content.
func isBinary(schema spot) bool {
	return schema.get("format").Text() == "binary" || clue.File(schema.get("contentMediaType").Text())
}

// bodyParameter takes down what a parameter says of files and of waiting. In 2.0 bodies are parameters.
func (r *reading) bodyParameter(parameter spot, op *Operation) {
	name := parameter.get("name")
	switch in := parameter.get("in").Text(); {
	case in == "query" && op.LongPoll.Text == "" && (clue.Waits(name.Text()) || clue.Follows(name.Text()) && r.isSwitch(parameter)):
		op.LongPoll = Sign{name.Text(), name.Place()}
	case !r.swagger2 || op.Upload.Text != "":
	case in == "formData" && parameter.get("type").Text() == "file":
		op.Upload = Sign{"multipart/form-data", parameter.get("type").Place()}
	case in == "body":
		// Of several types nobody knows which is meant for files alone, beside JSON least of all.
		for item := range r.itemsOf(spot{r.consumes, parameter.file}) {
			if !clue.File(item.Text()) {
				op.Upload = Sign{}
				return
			}
			if op.Upload.Text == "" {
				op.Upload = Sign{item.Text(), item.Place()}
			}
		}
	}
}

// isSwitch reports whether a parameter is true or false.
func (r *reading) isSwitch(parameter spot) bool {
	if r.swagger2 {
		return parameter.get("type").Text() == "boolean"
	}
	return r.peek(parameter.at("schema")).get("type").Text() == "boolean"
}
