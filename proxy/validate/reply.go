package validate

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"outrigger/policy"
	"outrigger/proxy/exchange"
)

// Replies looks at the reply of each attempt while it goes by. The client gets it as it came, whatever is found; where the policy says
// count, one that breaks its contract counts as a failure of the upstream. It is judged when the attempt ends, which must be before
// whoever counts attempts is told: the layer stands inside the breaker. An operation whose replies are not validated has no such layer.
func Replies(s Settings) func(next http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		mode := s.Operation.Policy.Validate.Response
		if s.idle(mode) {
			return next
		}
		return &replies{Settings: s, count: mode == policy.ValidationCount, next: next}
	}
}

type replies struct {
	Settings
	count bool
	next  http.RoundTripper
}

const replyKey = "validate.response"

func (l *replies) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := l.next.RoundTrip(req)
	if err == nil && req.Method != http.MethodHead && resp.StatusCode != http.StatusPartialContent {
		l.follow(exchange.AttemptOf(req.Context()), resp)
	}
	return resp, err
}

// follow puts a body that listens in the place of one that can be judged.
func (l *replies) follow(a *exchange.Attempt, resp *http.Response) {
	reply := l.Operation.Contract.Reply(resp.StatusCode)
	if reply == nil || resp.Body == nil || resp.Body == http.NoBody || resp.ContentLength == 0 {
		return
	}
	media, ok := mediaOf(reply.Media, strings.Join(resp.Header["Content-Type"], ","))
	if !ok || media.Schema == "" {
		return // what a spec does not list is drift, not a broken contract
	}
	t := &tee{layer: l, body: resp.Body, schema: media.Schema, length: resp.ContentLength}
	skipped := ""
	switch {
	case encoded(resp.Header):
		skipped = skippedEncoded
	case t.length > MaxBody:
		skipped = skippedLarge
	case !t.grow(1):
		skipped = skippedMemory
	}
	if skipped != "" {
		told(a.Exchange, exchange.Check{Kind: exchange.CheckedReply, Skipped: skipped}, replyKey)
		return
	}
	resp.Body = t
	a.OnEnd(t, 0)
}

// tee is the body of a reply with a copy of what went by.
type tee struct {
	layer   *replies
	body    io.ReadCloser
	schema  string
	length  int64 // announced, or less than 0
	taken   int64
	text    []byte
	whole   bool
	skipped string // why there is no copy any more
}

// grow makes room for n more bytes of the copy.
func (t *tee) grow(n int) bool {
	need, most := int64(len(t.text)+n), int64(MaxBody)
	if t.length >= 0 {
		most = t.length
	}
	if need <= t.taken {
		return true
	}
	size := max(need, min(max(2*t.taken, firstRoom), most))
	if !t.layer.Memory.Take(size - t.taken) {
		return false
	}
	t.taken = size
	t.text = append(make([]byte, 0, size), t.text...)
	return true
}

// skip gives the copy up.
func (t *tee) skip(why string) {
	t.layer.Memory.Give(t.taken)
	t.skipped, t.text, t.taken = why, nil, 0
}

// Read reads the body and keeps a copy within the bound.
func (t *tee) Read(p []byte) (int, error) {
	n, err := t.body.Read(p)
	switch {
	case t.skipped != "":
	case len(t.text)+n > MaxBody:
		t.skip(skippedLarge)
	case !t.grow(n):
		t.skip(skippedMemory)
	default:
		t.text = append(t.text, p[:n]...)
		t.whole = errors.Is(err, io.EOF) || int64(len(t.text)) == t.length
	}
	return n, err
}

// Close closes the body.
func (t *tee) Close() error { return t.body.Close() }

// readier is a body that knows whether a read would wait; the wire's do.
type readier interface{ Ready() bool }

// Ready reports whether a read would not wait.
func (t *tee) Ready() bool {
	r, ok := t.body.(readier)
	return ok && r.Ready()
}

// Await waits until a read would not, but no longer than patience, where the body can.
func (t *tee) Await(patience time.Duration) error {
	if b, ok := t.body.(interface{ Await(time.Duration) error }); ok {
		return b.Await(patience)
	}
	return nil
}

// EndAttempt judges the reply, if all of it went by.
func (t *tee) EndAttempt(a *exchange.Attempt, _ uint64) {
	l := t.layer
	check := exchange.Check{Kind: exchange.CheckedReply}
	switch {
	case t.skipped != "":
		check.Skipped = t.skipped
	case t.whole:
		found, err := l.Schemas.JSON(t.schema, t.text)
		check.Violations = found
		if err != nil {
			check.Skipped = skippedComplex
		}
	}
	t.skip("it is over") // whatever is still read is not kept
	a.Violates = l.count && len(check.Violations) > 0
	told(a.Exchange, check, replyKey)
}
