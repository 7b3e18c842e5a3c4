package clue_test

import (
	"testing"

	"outrigger/policy/openapi/clue"
)

func holds(t *testing.T, what string, knows func(string) bool, cases map[string]bool) {
	t.Helper()
	for name, want := range cases {
		if knows(name) != want {
			t.Errorf("%s(%q) is %v", what, name, !want)
		}
	}
}

func TestMediaTypesOfFilesAreKnown(t *testing.T) {
	holds(t, "File", clue.File, map[string]bool{
		"application/octet-stream": true, "Application/Zip": true, "video/mp4; codecs=avc1": true, "audio/mpeg": true,
		"image/png": false, "application/json": false, "text/csv": false, "*/*": false, "": false,
	})
	holds(t, "Text", clue.Text, map[string]bool{"text/csv": true, "application/json; charset=utf-8": true, "application/geo+json": true, "application/pdf": false, "*/*": false})
	holds(t, "Multipart", clue.Multipart, map[string]bool{"multipart/form-data": true, "Multipart/mixed": true, "application/zip": false})
}

func TestParametersByWhichClientsWaitAreKnown(t *testing.T) {
	holds(t, "Waits", clue.Waits, map[string]bool{
		"wait": true, "timeoutSeconds": true, "wait_time": true, "long-poll": true, "poll.timeout": true,
		"waitlist": false, "page": false, "timeoutPolicy": false, "": false,
	})
	holds(t, "Follows", clue.Follows, map[string]bool{"watch": true, "Follow": true, "stream": true, "followers": false, "streamType": false, "is_blocking": false})
}

func TestHeadersThatCarryAnIdempotencyKeyAreKnown(t *testing.T) {
	holds(t, "IdempotencyKey", clue.IdempotencyKey, map[string]bool{
		"Idempotency-Key": true, "X-Idempotency-Key": true, "Idempotence-Key": true, "idempotent-key": true, "X-Acme-Idempotency-Token": true, "Idempotency_Id": true,
		"Idempotency-Replayed": false, "Idempotency": false, "X-Request-Id": false, "Non-Idempotent-Id": false, "Idempotency-Key-Expires": false, "": false,
	})
}
