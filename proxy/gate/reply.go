package gate

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"strconv"
	"sync"
	"time"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/failure"
	"outrigger/proxy/http1"
	"outrigger/proxy/verdict"
)

// reply copies an upstream's answer to the client.
func (v *visit) reply(resp *http.Response) {
	v.ex.Status = resp.StatusCode
	if resp.StatusCode == http.StatusSwitchingProtocols {
		v.tunnel(resp)
		return
	}
	defer resp.Body.Close()
	first, err := v.firstBytes(resp)
	if err != nil { // nothing has been sent yet, so the client gets a proper failure
		v.fail(v.bodyBroke(err))
		return
	}
	v.head(resp)
	if err := v.body(resp, first); err != nil {
		v.broken(err)
		return
	}
	for name, values := range resp.Trailer {
		v.w.Header()[http.TrailerPrefix+name] = values
	}
	v.ended = true
	if v.ex.Outcome == "" {
		v.ex.Outcome = v.answered().Verdict.Outcome
	}
}

// headWriter is a client's connection that takes the header of its reply from elsewhere than its own; the wire's are.
type headWriter interface {
	WriteHead(status int, header http.Header)
}

// head makes the client's header of the upstream's, which is not looked at any more, and writes it.
func (v *visit) head(resp *http.Response) {
	upgrade := ""
	if resp.StatusCode == http.StatusUpgradeRequired {
		upgrade = upgradeToken(resp.Header)
	}
	dropHopByHop(resp.Header)
	h := resp.Header
	if upgrade != "" { // it must say to what (RFC 9110 section 15.5.22)
		h["Connection"], h["Upgrade"] = connectionUpgrade, v.ex.Field(upgrade)
	}
	h["Via"] = v.gate.via.append(h["Via"], resp.ProtoMajor, resp.ProtoMinor)
	if len(h["X-Request-Id"]) == 0 {
		h["X-Request-Id"] = v.ex.Field(v.ex.RequestID)
	}
	for name := range resp.Trailer {
		h["Trailer"] = append(h["Trailer"], name)
	}
	if resp.ContentLength >= 0 && len(h["Content-Length"]) == 0 && resp.ContentLength > 0 {
		h["Content-Length"] = v.ex.Field(strconv.FormatInt(resp.ContentLength, 10))
	}
	v.tellAttempts(h, resp.StatusCode)
	if w, ok := v.w.(headWriter); ok {
		w.WriteHead(resp.StatusCode, h)
		return
	}
	maps.Copy(v.w.Header(), h)
	v.w.WriteHeader(resp.StatusCode)
}

// tellAttempts says how hard we tried. After retries that did not help it says so in Proxy-Status, and that an outer hop must not repeat them.
func (v *visit) tellAttempts(h http.Header, status int) {
	last := v.ex.Last()
	attempts := len(v.ex.Attempts)
	if attempts == 1 && last.Verdict.Outcome == policy.OK {
		return
	}
	h["Outrigger-Attempts"] = v.ex.Field(strconv.Itoa(attempts))
	if v.ex.RetryRefused == "" {
		return
	}
	why := failure.Code(v.ex.RetryRefused)
	switch {
	case last.Verdict.Failure != nil: // what followed the answer that is returned
		why = last.Verdict.Failure.Code
	case why == "exhausted":
		why = failure.RetriesExhausted
	}
	if why != notIdempotent { // there nothing was repeated, and whoever knows better may
		h["Outrigger-Retryable"] = retryableNo
	}
	h["Proxy-Status"] = append(h["Proxy-Status"], failure.ProxyStatus(why, last.Endpoint, status))
}

var retryableNo = []string{"false"}

// readier is a reply body that knows whether a read would wait; the wire's do.
type readier interface{ Ready() bool }

func ready(body io.Reader) bool {
	r, ok := body.(readier)
	return ok && r.Ready()
}

// headPatience is how long the head of an answer with a length waits for the first of its content.
const headPatience = 10 * time.Millisecond

const (
	chunkSize = 32 << 10
	pieceSize = 4 << 10
)

// chunks are buffers for what is copied through user space, pieces where they should be small.
var (
	chunks = sync.Pool{New: func() any { b := make([]byte, chunkSize); return &b }}
	pieces = sync.Pool{New: func() any { b := make([]byte, pieceSize); return &b }}
)

// firstBytes holds the head back until the body has begun, but not for long, so that an upstream which dies at once is still a clean
// failure. Where bytes have arrived with the head it has begun. A body of unknown length may be a stream that is silent for long: its
// head does not wait.
func (v *visit) firstBytes(resp *http.Response) (*chunk, error) {
	if resp.ContentLength <= 0 || resp.Body == http.NoBody || v.ex.Method == http.MethodHead || ready(resp.Body) {
		return nil, nil
	}
	if b, ok := resp.Body.(interface{ Await(time.Duration) error }); ok {
		return nil, b.Await(headPatience) // what has come stays with the wire
	}
	c := &chunk{buf: pieces.Get().(*[]byte)}
	n, err := resp.Body.Read(*c.buf)
	c.n, c.end = n, errors.Is(err, io.EOF)
	if err != nil && !c.end {
		c.free()
		return nil, err
	}
	return c, nil
}

// chunk is the beginning of a body, borrowed from pieces.
type chunk struct {
	buf *[]byte
	n   int
	end bool
}

func (c *chunk) free() { pieces.Put(c.buf) }

// body copies what remains after first. The wire sends it as it comes, by the kernel where it can.
func (v *visit) body(resp *http.Response, first *chunk) error {
	if first != nil {
		n, err := v.w.Write((*first.buf)[:first.n])
		v.ex.BytesOut += int64(n)
		end := first.end
		first.free()
		if err != nil {
			return clientError{err}
		}
		if end {
			return nil
		}
	}
	if flusher, ok := v.w.(http.Flusher); ok && resp.Body != http.NoBody && !ready(resp.Body) {
		flusher.Flush() // the head of an answer that is silent yet, or what came of one that comes slowly
	}
	n, err := io.Copy(v.w, resp.Body)
	v.ex.BytesOut += n
	return err
}

// clientError marks a failure to write to the client.
type clientError struct{ error }

func (e clientError) Unwrap() error { return e.error }

// answered is the attempt whose reply goes to the client.
func (v *visit) answered() *exchange.Attempt {
	if v.ex.Answered != nil {
		return v.ex.Answered
	}
	return v.ex.Last()
}

// bodyBroke finds out whose fault it is that a reply's body ended early.
func (v *visit) bodyBroke(err error) *failure.Error {
	var write clientError
	var client *http1.ClientError
	var upload *http1.RequestBodyError // of the client too, but it did not leave
	if errors.As(err, &write) || errors.As(err, &client) && !errors.As(err, &upload) || v.ex.ClientGone() {
		err = failure.Wrap(failure.ClientClosed, err)
	}
	return verdict.BodyBroke(v.answered(), err)
}

// broken ends a reply whose content broke off: as a failure like any other where none of it has left yet.
func (v *visit) broken(err error) {
	if w, ok := v.w.(interface{ Retract() bool }); ok && w.Retract() {
		v.ex.BytesOut = 0
		v.fail(v.bodyBroke(err))
		return
	}
	v.abort(err)
}

// abort ends the client's connection so that a reply which broke off can never look complete (RFC 9112 section 8).
func (v *visit) abort(err error) {
	e := v.bodyBroke(err)
	v.ex.Failure, v.ex.Outcome = e, policy.Failed
	facts := failure.Of(e.Code)
	switch {
	case e.Code == failure.ClientClosed:
		v.ex.Outcome, v.ex.Status = policy.ClientClosed, facts.Status
	case facts.Refusal:
		v.ex.Outcome = policy.Refused
	}
	panic(http.ErrAbortHandler)
}
