package gate

import (
	"net/http"
	"strconv"
	"time"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/failure"
	"outrigger/proxy/live"
)

// visit is one request at the gate, from its open exchange to its record.
type visit struct {
	gate     *Gate
	snapshot *live.Snapshot
	entry    *Entry
	target   *live.Target
	route    *live.Route
	ex       *exchange.Exchange
	w        http.ResponseWriter
	// ended is set when the reply ended as the upstream or we meant it; a visit that is unwound without it broke off.
	ended bool
}

// run sends the request through the operation's stack and answers the client.
func (v *visit) run(r *http.Request) {
	v.boundBody(r)
	v.boundReader()
	v.ex.Reply = (*interim)(v)
	out := v.ex.Request(r)
	out.Close = false // it speaks of the client's connection
	if v.entry.Upstream != "" || v.entry.Direction == policy.Outbound && r.Host == "" {
		out.Host = "" // the endpoint's
	}
	resp, err := v.route.Stack.RoundTrip(out)
	if err != nil {
		v.fail(failure.From(err))
		return
	}
	v.reply(resp)
}

// interim is what an upstream's interim replies go through on their way to the client.
type interim visit

// Header is that of the reply to come, empty until it begins.
func (i *interim) Header() http.Header { return i.w.Header() }

// Write is for final replies, which do not come this way.
func (i *interim) Write([]byte) (int, error) { return 0, http.ErrBodyNotAllowed }

// WriteHeader sends an interim reply with the fields that are not for one hop.
func (i *interim) WriteHeader(status int) {
	dropHopByHop(i.w.Header())
	i.w.WriteHeader(status)
}

// Unwrap lets a layer that reads the request's body bound its wait (http.ResponseController).
func (i *interim) Unwrap() http.ResponseWriter { return i.w }

// boundBody gives the client timeouts.body for its request's body, counted from the head.
func (v *visit) boundBody(r *http.Request) {
	if timeout := v.ex.Operation.Policy.Timeouts.Body; timeout > 0 && r.Body != nil && r.Body != http.NoBody {
		_ = http.NewResponseController(v.w).SetReadDeadline(v.ex.Start.Add(timeout)) // a wire that cannot has bounds of its own
	}
}

// boundReader gives the client timeouts.idle to take anything of what is written to it. A wire that cannot has bounds of its own.
func (v *visit) boundReader() {
	if w, ok := v.w.(interface{ SetWriteIdle(time.Duration) }); ok {
		w.SetWriteIdle(v.ex.Operation.Policy.Timeouts.Idle)
	}
}

// fail answers with a failure of ours, or breaks the connection where nobody listens any more.
func (v *visit) fail(e *failure.Error) {
	v.ex.Failure = e
	v.ex.Outcome = policy.Failed
	facts := failure.Of(e.Code)
	switch {
	case e.Code == failure.ClientClosed:
		v.ex.Outcome, v.ex.Status = policy.ClientClosed, facts.Status
		panic(http.ErrAbortHandler)
	case facts.Refusal:
		v.ex.Outcome = policy.Refused
	}
	v.ex.Status = e.HTTPStatus()
	h := v.w.Header()
	h["X-Request-Id"] = v.ex.Field(v.ex.RequestID)
	if v.ex.Status == http.StatusMethodNotAllowed {
		h.Set("Allow", usualMethods) // RFC 9110 section 15.5.6 wants it
	}
	attempts := len(v.ex.Attempts)
	if attempts > 0 {
		h["Outrigger-Attempts"] = v.ex.Field(strconv.Itoa(attempts))
	}
	n, _ := failure.Write(v.w, e, v.report(e))
	v.ex.BytesOut = int64(n)
	v.ended = true
}

func (v *visit) report(e *failure.Error) failure.Report {
	report := failure.Report{
		Upstream: v.ex.Upstream.Name, Operation: v.ex.Operation.ID, Attempts: len(v.ex.Attempts),
		TraceID: v.ex.TraceID, RequestID: v.ex.RequestID, Instance: v.ex.Path, Retryable: v.retryable(e),
	}
	if a := v.ex.Last(); a != nil {
		report.NextHop = a.Endpoint
	}
	return report
}

// retryable tells an outer hop whether another try may help: not where we tried again ourselves or had a reason of our own not to,
// or where time is up or the request is wrong, and after an attempt that may have been processed only for an idempotent operation.
func (v *visit) retryable(e *failure.Error) bool {
	switch e.Code {
	case failure.Deadline, failure.RequestInvalid, failure.NoRoute, failure.LoopDetected, failure.Internal:
		return false
	}
	if v.tries() > 1 || len(v.ex.Attempts) > 0 && v.heldBack() {
		return false
	}
	if a := v.ex.Last(); a != nil && !a.Verdict.Sent.Safe() {
		return v.ex.Operation.MayRepeat(v.ex.Method)
	}
	return true
}

// heldBack says that another attempt was refused for a reason that holds for an outer hop too.
func (v *visit) heldBack() bool { return v.ex.RetryRefused != "" && v.ex.RetryRefused != notIdempotent }

// notIdempotent is the reason for no retry that is ours alone.
const notIdempotent = "not_idempotent"

// tries counts the attempts that met the upstream; one over a dead pooled connection did not.
func (v *visit) tries() int {
	n := 0
	for _, a := range v.ex.Attempts {
		if a.Verdict.Outcome != policy.Stale {
			n++
		}
	}
	return n
}

// end closes the exchange, whatever happened, and hands it to its recorder. It runs also while a panic unwinds.
func (v *visit) end() {
	ex := v.ex
	ex.Duration = time.Since(ex.Start)
	if !v.ended && ex.Outcome == "" {
		v.broke()
	}
	ex.Finish()
	v.target.InFlight.Add(-1)
	v.route.Recorder.Record(ex)
}

// broke is for an exchange that a panic unwinds before anything was decided about it.
func (v *visit) broke() {
	if v.ex.ClientGone() {
		v.ex.Outcome, v.ex.Status, v.ex.Failure = policy.ClientClosed, failure.Of(failure.ClientClosed).Status, failure.New(failure.ClientClosed, "")
		return
	}
	v.ex.Outcome, v.ex.Status, v.ex.Failure = policy.Failed, http.StatusInternalServerError, failure.New(failure.Internal, "a panic ended the exchange")
}
