package exchange

import (
	"time"

	"outrigger/policy"
)

// maxDecisions bounds the record of one exchange; five attempts with their decisions fit twice.
const maxDecisions = 32

// Decision is one thing that a layer decided, for the person who asks why.
type Decision struct {
	At time.Duration // since the exchange began
	// Rule is the layer that decided: retry, budget, breaker, deadline, limit, match, ...
	Rule string
	What string
	// Key is the policy key that decided, in dotted form; its file and line are looked up when somebody reads the record.
	Key string
}

// Decide records a decision; those beyond the bound are dropped.
func (e *Exchange) Decide(rule, what, key string) {
	if len(e.Decisions) < maxDecisions {
		e.Decisions = append(e.Decisions, Decision{time.Since(e.Start), rule, what, key})
	}
}

// The kinds of messages that are held against the spec; the label kind of the metrics of validation.
const (
	CheckedRequest = "request"
	CheckedReply   = "response"
)

// Check is what validation found of one message that did not simply keep its contract.
type Check struct {
	Kind string // CheckedRequest or CheckedReply
	// Violations are never many. Without any the message was not judged, for the reason Skipped.
	Violations []policy.Violation
	Skipped    string
}

// Violation is the first violation of the exchange, or nil.
func (e *Exchange) Violation() *policy.Violation {
	for i := range e.Checks {
		if v := e.Checks[i].Violations; len(v) > 0 {
			return &v[0]
		}
	}
	return nil
}
