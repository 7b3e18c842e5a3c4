package retry

import (
	"bytes"
	"io"
	"net/http"

	"outrigger/proxy/exchange"
)

// keepBytes bounds what is copied of an answer that may yet be the one that counts.
const keepBytes = 64 << 10

// answer is a reply that another attempt followed. It is kept until a later one has an answer too.
type answer struct {
	attempt *exchange.Attempt
	resp    *http.Response
}

// buffered is a body that knows how many bytes it gives without waiting; the wire's does.
type buffered interface{ Buffered() int }

// keep takes the place of the answer kept before. A small body that has arrived already is copied, so that its connection is free
// for the next attempt. Any other stays where it is, unread, with its connection: waiting for it could take as long as the upstream
// likes, and copying it as much memory.
func (r *run) keep(a *exchange.Attempt, resp *http.Response) {
	r.discard()
	if arrived(resp, r.req.Method) {
		resp = copied(resp)
	}
	r.kept = &answer{a, resp}
}

// discard gives up the answer that is kept, if any. The wire drains what has arrived and closes the connection otherwise.
func (r *run) discard() {
	if r.kept != nil {
		_ = r.kept.resp.Body.Close()
		r.kept = nil
	}
}

func arrived(resp *http.Response, method string) bool {
	if resp.Body == http.NoBody || resp.ContentLength == 0 || method == http.MethodHead {
		return true
	}
	body, ok := resp.Body.(buffered)
	return ok && resp.ContentLength > 0 && resp.ContentLength <= keepBytes && int64(body.Buffered()) >= resp.ContentLength
}

// copied returns a reply that owns its memory, and closes the one it was made from. A body that breaks off nevertheless breaks off
// in the copy too.
func copied(resp *http.Response) *http.Response {
	own := *resp
	own.Header = resp.Header.Clone()
	own.Body = http.NoBody
	if resp.Body != http.NoBody {
		body, err := io.ReadAll(io.LimitReader(resp.Body, keepBytes))
		own.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), breaking{err}))
	}
	_ = resp.Body.Close()
	return &own
}

// breaking gives the error that ended the original body.
type breaking struct{ err error }

func (b breaking) Read([]byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	return 0, io.EOF
}
