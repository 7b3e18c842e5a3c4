package retry

import (
	"crypto/rand"
	"fmt"
	"net/http"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/failure"
)

// key sees to the idempotency key before the first attempt, so that it is the same on every one.
func (l *layer) key(req *http.Request, ex *exchange.Exchange) error {
	switch l.IdempotencyKey.Mode {
	case policy.KeyInject:
		if !l.hasKey(req) {
			req.Header[l.keyField] = ex.Field(newKey())
			ex.Decide("retry", "the caller sent no "+l.keyField+": one was made for this exchange", "retry.idempotencyKey")
		}
	case policy.KeyRequire:
		if !l.hasKey(req) {
			ex.Decide("retry", "refused: no "+l.keyField, "retry.idempotencyKey")
			return &failure.Error{
				Code: failure.RequestInvalid, Status: http.StatusBadRequest,
				Detail: "idempotency key missing: this operation requires one, send the field " + l.keyField,
			}
		}
	}
	return nil
}

func (l *layer) hasKey(req *http.Request) bool {
	values := req.Header[l.keyField]
	return len(values) > 0 && values[0] != ""
}

// newKey is a random UUID, version 4 (RFC 9562 section 5.4).
func newKey() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}
