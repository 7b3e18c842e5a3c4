package explain

import (
	"fmt"
	"strconv"
	"time"

	"outrigger/policy"
)

// Worst is the most attempts an exchange can have and the longest it can take. The two need not meet: where nothing but the
// request timeout bounds an attempt, the longest exchange has one, and further ones follow fast failures only.
type Worst struct {
	Retries  int `json:"retries"`
	Attempts int `json:"attempts"`
	// DurationMS is 0 where nothing bounds the exchange.
	DurationMS int64  `json:"duration_ms"`
	Unbounded  bool   `json:"unbounded,omitempty"`
	Steps      []Step `json:"steps"`
}

// Step is one stretch of the worst case, in milliseconds from the head of the request. To is 0 where nothing ends the step.
type Step struct {
	What string `json:"what"`
	From int64  `json:"from_ms"`
	To   int64  `json:"to_ms"`
	Note string `json:"note,omitempty"`
}

// request is one request in the light of one operation: what of the policy can come to bear on it.
type request struct {
	upstream *policy.Upstream
	op       *policy.Operation
	method   string
	length   int64 // of the body as announced; -1 when unknown
	key      bool  // it will carry an idempotency key that is honoured
	header   bool  // it carries the key's header itself
}

func newCase(u *policy.Upstream, op *policy.Operation, q Question) *request {
	k := op.Policy.Retry.IdempotencyKey
	r := &request{upstream: u, op: op, method: q.Method, length: -1, header: q.Header[k.Header] != ""}
	r.key = k.Honoured && (r.header || k.Mode == policy.KeyInject)
	if n, err := strconv.ParseInt(q.Header["Content-Length"], 10, 64); err == nil && n >= 0 {
		r.length = n
	}
	return r
}

// repeatable reports whether the request may be sent again though an attempt may have been processed.
func (r *request) repeatable() bool { return r.op.MayRepeat(r.method) || r.key }

// tooLarge reports whether the announced body is not kept for another attempt.
func (r *request) tooLarge() bool { return r.length > r.op.Policy.Retry.MaxBody }

// worst lays the attempts end to end: each takes its whole time, each back-off is at the top of its jitter, and the request
// timeout cuts what is beyond it.
func (r *request) worst() Worst {
	t, retry := r.op.Policy.Timeouts, r.op.Policy.Retry
	retries, each := r.worstRetries()
	w := Worst{Retries: retries, Attempts: retries + 1, Steps: []Step{}}
	at := time.Duration(0)
	step := func(what string, length time.Duration) bool {
		s := Step{What: what, From: at.Milliseconds()}
		cut := t.Request > 0 && at+length >= t.Request
		switch {
		case length == 0 && t.Request == 0:
			s.Note = "nothing bounds it"
			if t.Idle > 0 {
				s.Note += " but timeouts.idle " + policy.Spell(t.Idle)
			}
			w.Unbounded = true
			w.Steps = append(w.Steps, s)
			return false
		case length == 0 || cut:
			cutShort := length > 0 && at+length > t.Request
			at = t.Request
			if length == 0 || cutShort {
				s.Note = "cut by timeouts.request " + policy.Spell(t.Request)
			}
			cut = true
		default:
			at += length
		}
		s.To = at.Milliseconds()
		w.Steps = append(w.Steps, s)
		return !cut
	}
	if c := r.op.Policy.Concurrency; !c.Off && c.Queue > 0 {
		step("wait for a slot", c.QueueTimeout)
	}
	for n := 1; n <= retries+1; n++ {
		length := each
		if n == retries+1 {
			length = t.Attempt // the last may do its work
		}
		if !step(fmt.Sprintf("attempt %d", n), length) {
			break
		}
		if top := retry.Backoff.Top(n); n <= retries && top > 0 && !step(fmt.Sprintf("back-off %d", n), top) {
			break
		}
	}
	if !w.Unbounded {
		w.DurationMS = at.Milliseconds()
	}
	return w
}

// worstRetries is how many retries can happen, and how long an attempt that is retried can take; 0 where nothing but the request
// timeout bounds it.
func (r *request) worstRetries() (int, time.Duration) {
	t, retry := r.op.Policy.Timeouts, r.op.Policy.Retry
	beyond := retry.When.Reset || retry.When.Timeout || !retry.When.Statuses.IsZero()
	if beyond && r.repeatable() && !r.tooLarge() {
		return retry.Retries, t.Attempt
	}
	if !retry.When.Connect && !retry.When.Refused || retry.Retries == 0 {
		return 0, t.Attempt
	}
	// Only what was never sent is retried, which takes no longer than connecting does.
	each := t.Connect
	if t.Attempt > 0 && (each == 0 || t.Attempt < each) {
		each = t.Attempt
	}
	return retry.Retries, each
}
