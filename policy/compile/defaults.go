package compile

import (
	"time"

	"outrigger/policy"
)

// builtin are the settings that hold where nobody writes anything: safe for a request that may have been processed, and bounded
// everywhere. The reasons for the numbers are in docs/policy.md.
func builtin(direction policy.Direction) settings {
	s := settings{
		Policy: policy.Policy{
			Timeouts: policy.Timeouts{Request: 10 * time.Second, Connect: 2 * time.Second, Idle: 5 * time.Minute, Body: 30 * time.Second},
			Retry: policy.Retry{
				Retries: 1,
				When: policy.Conditions{
					Connect: true, Refused: true, Reset: true, Timeout: true,
					Statuses: policy.Statuses(408, 425, 429, 502, 503, 504),
				},
				Backoff:           policy.Backoff{Base: 25 * time.Millisecond, Max: 250 * time.Millisecond},
				RespectRetryAfter: 5 * time.Second,
				IdempotencyKey:    policy.IdempotencyKey{Mode: policy.KeyForward, Header: "Idempotency-Key"},
				MaxBody:           64 << 10,
			},
			Breaker: policy.Breaker{
				FailureRate: 0.5, Window: 10 * time.Second, MinimumRequests: 20, ConsecutiveFailures: 5,
				Failures: policy.Conditions{Connect: true, Reset: true, Timeout: true, Statuses: failing},
				OpenFor:  5 * time.Second, OpenForMax: 60 * time.Second, Probes: 3, Scope: policy.ScopeOperation,
			},
			Concurrency: policy.Concurrency{Max: 1000, QueueTimeout: 100 * time.Millisecond},
			Validate:    policy.Validate{Request: policy.ValidationOff, Response: policy.ValidationOff},
		},
		budget: policy.Budget{Ratio: 0.2, Floor: 10, Window: 10 * time.Second},
	}
	s.Breaker.Failures.Statuses.Add(429)
	if direction == policy.Inbound {
		// The caller's sidecar retries the rest; two of them would multiply. The application beside us has no other endpoint that
		// a breaker could spare it for.
		s.Retry.When = notSent
		s.Breaker.Off = true
	}
	return s
}

// notSent are the failures that every method may be repeated after.
var notSent = policy.Conditions{Connect: true, Refused: true}

// Addresses that hold where a policy writes none.
const (
	defaultAdmin    = "127.0.0.1:9901"
	defaultOutbound = "127.0.0.1:15001"
)

// builtinSet is a set in which nothing is written yet.
func builtinSet() *policy.Set {
	return &policy.Set{
		Admin: policy.Admin{Listen: policy.Address{HostPort: defaultAdmin}},
		Log:   policy.Log{Level: "info", Format: "json", Requests: policy.LogAll},
		Limits: policy.Limits{
			HeaderBytes: 60 << 10, ResponseHeaderBytes: 60 << 10, HeaderCount: 100, RequestLineBytes: 16 << 10, InterimReplies: 10,
			HeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute, UpstreamIdleTimeout: 55 * time.Second,
			Connections: 10_000, BufferBytes: 32 << 20,
		},
		Trust: policy.Trust{Callers: []string{"127.0.0.0/8", "::1/128"}, Forwarded: policy.ForwardedAppend},
	}
}
