package policy

import "time"

// Policy is every effective setting of one operation. All defaults are filled in.
type Policy struct {
	Timeouts    Timeouts    `json:"timeouts"`
	Retry       Retry       `json:"retry"`
	Breaker     Breaker     `json:"breaker"`
	Concurrency Concurrency `json:"concurrency"`
	Validate    Validate    `json:"validate"`
	// Origins tells for each key in dotted form ("timeouts.request") where its value was written.
	// A key that is missing has the built-in default.
	Origins map[string]Origin `json:"origins,omitempty"`
}

// Origin is where an effective value comes from.
type Origin struct {
	Place Place `json:"place,omitzero"`
	// From is the level that decided: default, defaults, upstream, operation, policy (a named one) or spec.
	From string `json:"from"`
}

// Source returns what decisions and explain print for key: file:line, or "default".
func (p *Policy) Source(key string) string {
	return p.Origins[key].Place.String()
}

// Timeouts are durations; 0 means off.
type Timeouts struct {
	// Request runs from the head of the request received to the end of the reply, for streams to its head.
	Request time.Duration `json:"request"`
	// Attempt is one try, from permit to head of the reply; 0 where only Request bounds it.
	Attempt time.Duration `json:"attempt"`
	Connect time.Duration `json:"connect"`
	// Idle is the longest time without a byte in either direction.
	Idle time.Duration `json:"idle"`
	// Body is the longest time reading the request's body may take.
	Body time.Duration `json:"body"`
}

// Retry says when an attempt is followed by another one.
type Retry struct {
	Retries int        `json:"retries"` // extra tries
	When    Conditions `json:"when"`
	Backoff Backoff    `json:"backoff"`
	// RespectRetryAfter is the longest Retry-After that is waited for; 0 ignores the header.
	RespectRetryAfter time.Duration  `json:"respectRetryAfter"`
	IdempotencyKey    IdempotencyKey `json:"idempotencyKey"`
	MaxBody           int64          `json:"maxBody"` // bytes kept for replay
}

// Backoff is full-jitter exponential: before retry n a random time in [0, min(Max, Base·2ⁿ⁻¹)).
type Backoff struct {
	Base time.Duration `json:"base"`
	Max  time.Duration `json:"max"`
}

// Conditions is a set of things that can happen to an attempt.
type Conditions struct {
	Connect  bool      `json:"connect,omitempty"` // no connection, so nothing was sent
	Refused  bool      `json:"refused,omitempty"` // the upstream said that it did not process the request
	Reset    bool      `json:"reset,omitempty"`   // connection lost before the head of a reply
	Timeout  bool      `json:"timeout,omitempty"` // the attempt timeout ended
	Statuses StatusSet `json:"statuses,omitzero"`
}

// KeyMode says what happens with the idempotency key of an operation.
type KeyMode string

// Forward passes the caller's key on, Inject makes one per exchange where the caller sent none, Require refuses requests without one.
const (
	KeyForward KeyMode = "forward"
	KeyInject  KeyMode = "inject"
	KeyRequire KeyMode = "require"
)

// IdempotencyKey is the key header of an operation that makes a non-idempotent method repeatable.
type IdempotencyKey struct {
	Mode   KeyMode `json:"mode"`
	Header string  `json:"header"`
	// Honoured says that the operation documents the key (spec or policy), so that a request that carries one may be repeated.
	Honoured bool `json:"honoured,omitempty"`
}

// Scope says what one breaker watches.
type Scope string

// The scopes of a breaker.
const (
	ScopeOperation Scope = "operation"
	ScopeUpstream  Scope = "upstream"
)

// Breaker opens on a failure rate over a time window or on consecutive failures.
type Breaker struct {
	Off                 bool          `json:"off,omitempty"`
	FailureRate         float64       `json:"failureRate"` // 0.5 is 50 %
	Window              time.Duration `json:"window"`
	MinimumRequests     int           `json:"minimumRequests"`
	ConsecutiveFailures int           `json:"consecutiveFailures"` // 0 means the rule is off
	Failures            Conditions    `json:"failures"`
	OpenFor             time.Duration `json:"openFor"`
	OpenForMax          time.Duration `json:"openForMax"`
	Probes              int           `json:"probes"`
	Scope               Scope         `json:"scope"`
}

// Concurrency bounds the exchanges of one operation that are in flight.
type Concurrency struct {
	Off          bool          `json:"off,omitempty"`
	Max          int           `json:"max"`
	Queue        int           `json:"queue"` // how many may wait for a slot
	QueueTimeout time.Duration `json:"queueTimeout"`
}

// Top returns the end of the range from which the wait before retry n is drawn, n from 1.
func (b Backoff) Top(n int) time.Duration {
	top := b.Base
	for ; n > 1 && top < b.Max; n-- {
		top *= 2
	}
	return min(top, b.Max)
}

// Validation says what becomes of a message that breaks its contract.
type Validation string

// A message is not looked at; one that breaks its contract is counted and passes; a request that does is refused; a reply that does
// passes and counts as a failure of the upstream.
const (
	ValidationOff     Validation = "off"
	ValidationReport  Validation = "report"
	ValidationEnforce Validation = "enforce" // requests only
	ValidationCount   Validation = "count"   // replies only
)

// On reports whether messages are looked at at all.
func (v Validation) On() bool { return v != "" && v != ValidationOff }

// Validate says which messages are held against what the spec says of them.
type Validate struct {
	Request  Validation `json:"request"`
	Response Validation `json:"response"`
}
