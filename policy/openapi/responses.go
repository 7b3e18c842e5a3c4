package openapi

import (
	"fmt"
	"strconv"
	"strings"

	"outrigger/policy"
)

// responses reads the statuses of an operation, which of them document Retry-After, and whether success streams.
func (r *reading) responses(responses spot, produces tree, op *Operation) {
	var success, fallback streamTally
	for m := range responses.members() {
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
	op.Streams = fallback.verdict()
}

// statusKey is one key of a responses object: a code, a range of a hundred, or default, which has no first.
type statusKey struct{ first, last int }

func (s statusKey) addTo(all *Statuses) {
	switch {
	case s.first == 0:
		all.Default = true
	case s.first == s.last:
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
				r.warn(policy.Problem{Code: CodeStatus, Place: m.place,
					Message:  fmt.Sprintf("status range %q is in lower case; it is read as %sXX", key, key[:1]),
					Expected: key[:1] + "XX", Suggestion: "write it in capitals"})
			}
			return statusKey{low, low + 99}, true
		}
		if code, err := strconv.Atoi(key); err == nil && code >= low {
			return statusKey{code, code}, true
		}
	}
	r.warn(policy.Problem{Code: CodeStatus, Place: m.place,
		Message:  fmt.Sprintf("response %q is no status and is not read", key),
		Expected: "a status such as 404, a range such as 5XX, or default"})
	return statusKey{}, false
}

func (r *reading) retryAfter(response spot) bool {
	for m := range response.get("headers").members() {
		if strings.EqualFold(m.key, "Retry-After") {
			return true
		}
	}
	return false
}
