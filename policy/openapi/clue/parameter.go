package clue

import "strings"

// separators are what spellings of one name differ by, besides case.
var separators = strings.NewReplacer("_", "", "-", "", ".", "")

// Waits knows the query parameters by which clients of long polls say how long an answer may take.
func Waits(name string) bool {
	switch separators.Replace(strings.ToLower(name)) {
	case "wait", "waitms", "waitseconds", "waittime", "waittimeseconds", "waitfor", "maxwait", "longpoll", "longpolling", "longpolltimeout",
		"poll", "polltimeout", "timeout", "timeoutms", "timeoutseconds":
		return true
	}
	return false
}

// Follows knows the query parameters by which clients have a reply go on with what comes next. They are switches: one of the same
// name that is no boolean means something else.
func Follows(name string) bool {
	switch separators.Replace(strings.ToLower(name)) {
	case "watch", "follow", "stream", "tailf", "hang", "block":
		return true
	}
	return false
}

// IdempotencyKey knows the header parameters by which a service tells a repetition from a new request: Idempotency-Key
// (draft-ietf-httpapi-idempotency-key-header) and its relations, such as X-Idempotency-Key, Idempotence-Key, X-Idempotency-Token.
func IdempotencyKey(header string) bool {
	name := separators.Replace(strings.ToLower(header))
	for _, word := range []string{"idempotency", "idempotence", "idempotent"} {
		before, after, found := strings.Cut(name, word)
		if !found || strings.HasPrefix(before, "no") {
			continue
		}
		switch after {
		case "key", "keyid", "id", "token", "requestid":
			return true
		}
	}
	return false
}
