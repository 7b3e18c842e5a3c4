package starter

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"outrigger/policy"
	"outrigger/policy/openapi"
	"outrigger/policy/starter/draft"
)

// class is a kind of operation that needs other timeouts than the defaults.
type class struct {
	name, why string
	timeouts  string
}

// The classes, in the order in which they stand in the file.
var classes = []class{
	{"stream", "its reply has no end to wait for: only silence ends it, timeouts.request holds for its head alone", "{idle: 5m}"},
	{"mayStream", "it streams, or makes its caller wait for a long answer", "{request: 2m, idle: 5m}"},
	{"longPoll", "it waits before it answers: for something to happen, or as long as it is told", "{request: 2m}"},
	{"upload", "it takes a file, which is as slow as its sender", "{request: 5m, body: 5m}"},
	{"download", "it answers with a file, and the timeout runs to the end of the reply", "{request: 5m}"},
}

// sorted is what is to be known of one operation.
type sorted struct {
	kind  string // as counted: read, idempotent write, unsafe write
	class string // "" where the default timeouts are right
	why   string // what in the spec says so
	own   draft.Policy
}

// sort finds the class of an operation and what else to write for it.
func sort(op *openapi.Operation, inbound bool) sorted {
	s := sorted{kind: kind(op)}
	s.class, s.why = classOf(op)
	if hint := op.Hints.Timeout; hint != nil && s.class != "" && s.class != "stream" {
		// The service's owner has said it better.
		s.class, s.why = "", ""
	}
	if inbound {
		return s
	}
	var retry []draft.Field
	if keyed(op) && s.class != "stream" {
		retry = append(retry, draft.Field{Key: "idempotencyKey", Value: "inject"})
		s.because("the spec has " + op.IdempotencyKey + ": the sidecar makes one where the caller sends none, so a retry is safe")
	}
	if most := op.UploadMost; s.kind != unsafeWrite && most > keptBody && most <= mostKept {
		retry = append(retry, draft.Field{Key: "maxBody", Value: policy.SpellSize(most)})
		s.because("the spec has at most " + policy.SpellSize(most) + ", which are kept for a retry")
	}
	if later := tryLater(op); len(later) > 0 && s.kind != unsafeWrite {
		retry = append(retry, draft.Field{Key: "when", Value: when(later)})
		s.because("the spec has Retry-After for " + codes(later))
	}
	if len(retry) > 0 {
		s.own = draft.Policy{{Key: "retry", Value: draft.Map(retry...)}}
	}
	return s
}

func (s *sorted) because(why string) {
	if s.why != "" {
		s.why += "; "
	}
	s.why += why
}

// The kinds by which operations are counted.
const (
	read            = "read"
	idempotentWrite = "idempotent write"
	unsafeWrite     = "unsafe write"
)

func kind(op *openapi.Operation) string {
	hinted := op.Hints.Idempotent
	switch idempotent := policy.IdempotentMethod(op.Method); {
	case slices.Contains([]string{"GET", "HEAD", "OPTIONS", "TRACE", "QUERY"}, op.Method) && (hinted == nil || hinted.Text != "false"):
		return read
	case hinted != nil && hinted.Tag == "!!bool" && hinted.Text == "true", keyed(op):
		return idempotentWrite
	case hinted != nil && hinted.Tag == "!!bool", !idempotent:
		return unsafeWrite
	}
	return idempotentWrite
}

// keyed reports whether an operation that may not be repeated by its method takes an idempotency key as a header of its spec.
func keyed(op *openapi.Operation) bool {
	return op.IdempotencyKey != "" && !policy.IdempotentMethod(op.Method)
}

func classOf(op *openapi.Operation) (class, why string) {
	streams := op.Streams.Kind
	hint := op.Hints.Streaming
	hinted := hint != nil && hint.Tag == "!!bool"
	switch {
	case hinted && hint.Text == "true":
		return "stream", "x-outrigger: streaming"
	case streams == policy.StreamAlways && !hinted:
		return "stream", op.Streams.Media
	case streams == policy.StreamMay && !hinted:
		return "mayStream", op.Streams.Media + " beside other replies"
	case op.Upload.Text != "" && (op.UploadMost == 0 || op.UploadMost > smallFile):
		return "upload", op.Upload.Text
	case op.LongPoll.Text != "":
		return "longPoll", "query parameter " + op.LongPoll.Text
	case waits(op.Path):
		return "longPoll", "by the end of its path"
	case op.Download.Text != "":
		return "download", op.Download.Text
	}
	return "", ""
}

// smallFile is up to how many bytes a file is sent as quickly as any other body; keptBody is what is kept of a body for a retry where
// nobody writes a number, mostKept the most that may be written.
const (
	smallFile = 1 << 20
	keptBody  = 64 << 10
	mostKept  = 16 << 20
)

// waits knows paths that end in a word for waiting.
func waits(path string) bool {
	switch strings.ToLower(path[strings.LastIndexByte(path, '/')+1:]) {
	case "wait", "poll", "longpoll", "long-poll", "long_poll":
		return true
	}
	return false
}

// always are the statuses that are retried without a word in the policy.
var always = policy.Statuses(408, 425, 429, 502, 503, 504)

// tryLater returns the statuses that by the spec come with a Retry-After and are not retried by default.
func tryLater(op *openapi.Operation) []int {
	var later []int
	for _, code := range op.RetryAfter.Literal.Codes() {
		if !always.Has(code) && (code == 409 || code == 423 || code == 500 || code > 505) {
			later = append(later, code)
		}
	}
	return later
}

func when(later []int) string {
	all := policy.Statuses(append(always.Codes(), later...)...)
	return "[connect, refused, reset, timeout, " + codes(all.Codes()) + "]"
}

func codes(all []int) string {
	texts := make([]string, len(all))
	for i, code := range all {
		texts[i] = strconv.Itoa(code)
	}
	return strings.Join(texts, ", ")
}

// longestKey is up to what length an operationId is a key; a longer one is named by its path.
const longestKey = 200

// keyOf returns the key of an operation under operations, or "" where it can have none.
func keyOf(op *openapi.Operation) string {
	_, rest, spaced := strings.Cut(op.ID, " ")
	likePath := spaced && strings.HasPrefix(strings.TrimLeft(rest, " "), "/")
	if op.ID != "" && len(op.ID) <= longestKey && !likePath {
		return op.ID
	}
	if key := op.Method + " " + op.Path; len(key) <= 4*longestKey {
		return key
	}
	return ""
}

// title is how an operation is told of in a comment.
func title(op *openapi.Operation) string {
	text := fmt.Sprintf("%s %s", op.Method, op.Path)
	if op.Deprecated {
		text += " (deprecated)"
	}
	return text
}
