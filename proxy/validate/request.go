package validate

import (
	"net/http"
	"strings"
	"time"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/failure"
)

// Requests looks at each request. One that breaks its contract is refused with request_invalid where the policy says enforce, and the
// upstream never sees it. The request that enters belongs to the exchange: its Body may be replaced by one that reads the same. An
// operation whose requests are not validated has no such layer.
func Requests(s Settings) func(next http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		mode := s.Operation.Policy.Validate.Request
		if s.idle(mode) {
			return next
		}
		return &requests{Settings: s, contract: s.Operation.Contract, enforce: mode == policy.ValidationEnforce, next: next}
	}
}

type requests struct {
	Settings
	contract *policy.Contract
	enforce  bool
	next     http.RoundTripper
}

const requestKey = "validate.request"

func (l *requests) RoundTrip(req *http.Request) (*http.Response, error) {
	ex := exchange.Of(req.Context())
	check := exchange.Check{Kind: exchange.CheckedRequest}
	l.parameters(req, ex, &check)
	size, err := l.body(req, ex, &check)
	if err != nil {
		return nil, err
	}
	check.Violations = check.Violations[:min(len(check.Violations), maxTold)]
	told(ex, check, requestKey)
	if l.enforce && len(check.Violations) > 0 {
		ex.BytesIn = size // nothing below counts them
		return nil, &failure.Error{
			Code: failure.RequestInvalid, Violations: check.Violations,
			Detail: "the request breaks what the spec says of it: " + summary(check.Violations),
		}
	}
	return l.next.RoundTrip(req)
}

// body looks at the body and gives its size as far as it was read. The error is a failure that ends the exchange.
func (l *requests) body(req *http.Request, ex *exchange.Exchange, check *exchange.Check) (int64, error) {
	c := l.contract.Body
	if c == nil {
		return 0, nil
	}
	if req.Body == nil || req.Body == http.NoBody || req.ContentLength == 0 {
		if c.Required {
			check.Violations = append(check.Violations, policy.Violation{In: policy.InBody, Reason: "is missing"})
		}
		return 0, nil
	}
	media, ok := mediaOf(c.Media, strings.Join(req.Header["Content-Type"], ","))
	if !ok {
		check.Violations = append(check.Violations, policy.Violation{In: policy.InHeader, Name: "Content-Type", Reason: "must be " + types(c.Media)})
		return 0, nil
	}
	if media.Schema == "" {
		return 0, nil
	}
	switch {
	case encoded(req.Header):
		check.Skipped = skippedEncoded
		return 0, nil
	case req.ContentLength > MaxBody:
		check.Skipped = skippedLarge
		return 0, nil
	}
	return l.read(req, ex, reading{check, media.Schema})
}

// types lists media types for a reason; a spec may list many.
func types(list []policy.Media) string {
	const most = 5
	var names []string
	for _, m := range list[:min(len(list), most)] {
		names = append(names, m.Type)
	}
	text := strings.Join(names, " or ")
	if len(list) > most {
		text += " or others that the spec lists"
	}
	return text
}

// reading is what becomes of a body that is read.
type reading struct {
	check  *exchange.Check
	schema string
}

// read reads a body as far as the bound, judges it, and puts what reads the same in its place.
func (l *requests) read(req *http.Request, ex *exchange.Exchange, r reading) (int64, error) {
	k := &kept{source: req.Body, memory: l.Memory}
	if !k.grow(req.ContentLength) {
		r.check.Skipped = skippedMemory
		return 0, nil
	}
	ex.OnFinish(k)
	l.within(ex)
	whole := k.fill(req.ContentLength)
	req.Body = k
	delete(req.Header, "Expect")                       // it has been answered: the body is here
	if !whole && ex.Err() != nil && !ex.ClientGone() { // it was the client who was waited for, as the wire says of a body that it sends on
		return 0, &failure.Error{Code: failure.RequestInvalid, Status: http.StatusRequestTimeout, Detail: "body too slow", Err: k.err}
	}
	switch {
	case !whole && k.err != nil:
		r.check.Skipped = skippedBroken // who reads on meets the error, and it is told whose fault it is
	case !whole:
		if r.check.Skipped = skippedLarge; k.starved {
			r.check.Skipped = skippedMemory
		}
		l.patience(ex)
	default:
		found, err := l.Schemas.JSON(r.schema, k.text)
		r.check.Violations = append(r.check.Violations, found...)
		if err != nil {
			r.check.Skipped = skippedComplex
		}
	}
	return int64(len(k.text)), nil
}

// within bounds the wait for the body by the total deadline too: no attempt is running yet that would end with it.
func (l *requests) within(ex *exchange.Exchange) {
	deadline, ok := ex.Deadline()
	timeout := l.Operation.Policy.Timeouts.Body
	if !ok || ex.Reply == nil || timeout > 0 && ex.Start.Add(timeout).Before(deadline) {
		return
	}
	_ = http.NewResponseController(ex.Reply).SetReadDeadline(deadline) // a wire that cannot has bounds of its own
}

// patience gives a body that goes on the time that timeouts.body gives it.
func (l *requests) patience(ex *exchange.Exchange) {
	if ex.Reply == nil {
		return
	}
	by := time.Time{}
	if timeout := l.Operation.Policy.Timeouts.Body; timeout > 0 {
		by = ex.Start.Add(timeout)
	}
	_ = http.NewResponseController(ex.Reply).SetReadDeadline(by)
}
