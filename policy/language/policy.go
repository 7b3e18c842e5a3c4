package language

import (
	"slices"
	"time"
)

// longest is the upper end of durations that have no bound of their own.
const longest = 24 * time.Hour

// MaxRetries keeps an exchange at 5 attempts at most, whatever a policy says.
const MaxRetries = 4

// Policy are the keys of a policy, wherever it stands; Where says which of them stand where.
var Policy = mapping(
	Key{
		Name: "use", Shape: of(Use), Where: NotNamed, Example: "patient",
		Text: "Takes over the values of a policy under `policies`. Values beside it win.",
	},
	Key{
		Name: "timeouts", Shape: mapping(timeouts...).OrOff(), Example: "{request: 2s, attempt: 500ms}",
		Text: "How long anything may take. `off` switches all of them off.",
	},
	Key{
		Name: "retry", Shape: mapping(retry...).OrOff(), Example: "{retries: 2, when: [connect, reset, 503]}",
		Text: "What is tried again, how often and when. `off` is no retries.",
	},
	Key{
		Name: "breaker", Shape: mapping(breaker...).OrOff(), DefaultText: "on; on inbound off unless `inbound.policy` or an operation of it writes one",
		Example: "{failureRate: 50%, window: 10s, minimumRequests: 20, openFor: 5s}",
		Text:    "The circuit that fails fast while an upstream is down.",
	},
	Key{
		Name: "concurrency", Shape: mapping(concurrency...).OrOff(), Example: "{max: 200, queue: 50}",
		Text: "How many exchanges of an operation run at one moment. `off` is no limit.",
	},
	Key{
		Name: "balance", Shape: mapping(Key{
			Name: "choice", Shape: wordYet("leastBusy", "roundRobin"), Default: "leastBusy", Example: "leastBusy",
			Text: "How an attempt chooses its endpoint: `leastBusy` takes the less busy of two chosen at random. `roundRobin` and `hash:HEADER` are not supported yet.",
		}), Example: "{choice: leastBusy}", Text: "How endpoints share the load.",
	},
	Key{
		Name: "streaming", Shape: of(Truth), DefaultText: "by the spec and the reply", Example: "true",
		Text: "`true`: replies last as long as they like, and the request timeout holds to their head. Declared event streams, and replies with such a media type, count without it.",
	},
	Key{
		Name: "mode", Shape: wordYet("enforce", "shadow"), Default: "enforce", Example: "enforce",
		Text: "Whether the policy acts. `shadow`, which only says what it would do, is not supported yet.",
	},
	Key{
		Name: "criticality", Shape: wordYet("default", "critical", "sheddable"), Default: "default", Example: "default",
		Text: "What is refused first when there is too much. `critical` and `sheddable` are not supported yet.",
	},
	Key{
		Name: "validate", Shape: mapping(validation...).OrOff(), Default: "off", Example: "{request: enforce, response: report}",
		Text: "Holds messages against what the spec says of them: parameters, and JSON bodies of up to 64KiB. What cannot be looked at passes and is counted. " +
			"`off` looks at nothing.",
	},
	later("rate", "Requests per time."),
	later("hedge", "A second attempt before the first has ended."),
	later("outlier", "Ejecting an endpoint that does worse than the others."),
	later("healthCheck", "Asking endpoints whether they are well."),
	later("fallback", "Another answer instead of a failure."),
	later("faults", "Injected delays and failures."),
	later("deduplicate", "One answer for requests with the same key."),
)

var validation = []Key{
	{
		Name: "request", Shape: words("report", "enforce").OrOff(), Default: "off", Example: "enforce",
		Text: "`report` counts requests that break the spec and lets them pass, `enforce` answers 400 `request_invalid` with every violation, and the upstream never sees them.",
	},
	{
		Name: "response", Shape: words("report", "count").OrOff(), Default: "off", Example: "report",
		Text: "`report` counts replies that break the spec, `count` counts them as failures in the breaker too. The client gets the reply as it came.",
	},
}

func later(name, text string) Key { return Key{Name: name, Later: true, Text: text} }

var timeouts = []Key{
	{
		Name: "request", Shape: duration(time.Millisecond, longest).OrOff(), Default: "10s", Example: "2s",
		Text: "From the head of the request to the end of the reply: waiting, attempts and the pauses between them. For streams to the head of the reply. " +
			"A trusted caller's `Outrigger-Timeout-Ms` shortens it. Ends in 504 `deadline`.",
	},
	{
		Name: "attempt", Shape: duration(time.Millisecond, longest).OrOff(), Default: "off", Example: "500ms",
		Text: "One attempt, from its permit to the head of the reply. Off: the first attempt may use the whole time, and retries help quick failures only. Ends in `upstream_timeout`.",
	},
	{
		Name: "connect", Shape: duration(time.Millisecond, 5*time.Minute).OrOff(), Default: "2s", Example: "1s",
		Text: "Finding the address, connecting, and TLS.",
	},
	{
		Name: "idle", Shape: duration(time.Millisecond, longest).OrOff(), Default: "5m", Example: "1m",
		Text: "The longest silence of a reply, a stream or a tunnel.",
	},
	{
		Name: "body", Shape: duration(time.Millisecond, longest).OrOff(), Default: "30s", Example: "2m",
		Text: "Reading the body of the request. Ends in 408, and is never the upstream's fault.",
	},
}

// conditionWords are the words for what an attempt ended with.
var conditionWords = []string{"connect", "refused", "reset", "timeout", "5xx", "gateway"}

// grpcCodes are known so that they can be told from misspelt words; they have no meaning yet.
var grpcCodes = []string{
	"CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
	"RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
}

func conditions(never ...int) Shape {
	return Shape{Kind: List, Low: 1, Item: &Shape{Kind: Condition, Words: conditionWords, WordsLater: grpcCodes, Never: never}}
}

// clientErrors are answers that speak against the client: another attempt cannot change them, and they never count against the upstream.
var clientErrors = []int{400, 401, 403, 404, 405, 406, 410, 411, 413, 414, 415, 422, 431}

var notSent = Shape{Kind: List, Low: 1, Item: &Shape{Kind: Word, Words: []string{"connect", "refused"}}}

var retry = []Key{
	{
		Name: "retries", Shape: integer(0, MaxRetries).OrOff(), Default: "1", Example: "2",
		Text: "Extra attempts: 2 means at most 3 attempts. On inbound only what was never sent is tried again.",
	},
	{
		// 501 and 505 say that the upstream will never know the request.
		Name: "when", Shape: conditions(append(slices.Clone(clientErrors), 501, 505)...), Inbound: &notSent,
		Default: "[connect, refused, reset, timeout, 408, 425, 429, 502, 503, 504]", DefaultText: "on inbound `[connect, refused]`",
		Example: "[connect, reset, timeout, 503]",
		Text: "After what another attempt is made, if the request may be sent twice. `connect`: no connection; `refused`: the upstream says that it did not process the request; " +
			"`reset`: the connection ended before a reply; `timeout`: `timeouts.attempt` ended; `5xx`: 500 to 599 but 501 and 505; `gateway`: 502, 503, 504; or a status.",
	},
	{
		Name: "backoff", Shape: mapping(backoff...).OrOff(), Example: "{base: 25ms, max: 250ms}",
		Text: "The pause before a retry: random, between nothing and a top that doubles. `off` is no pause.",
	},
	{
		Name: "budget", Shape: mapping(budget...).OrOff(), Where: NotAtOperation, Example: "{ratio: 20%, floor: 10}",
		Text: "Extra attempts in proportion to the traffic of the whole upstream, so that a failing one is not buried in retries. Stands at an upstream or in `defaults`.",
	},
	{
		Name: "respectRetryAfter", Shape: duration(time.Second, time.Hour).OrOff(), Default: "5s", Example: "2s",
		Text: "The longest `Retry-After` that is waited for. With a longer one, or one that does not fit the deadline, the answer is passed on at once. `off` ignores the field.",
	},
	{
		Name: "idempotent", Shape: of(Truth), Where: AtOperation, DefaultText: "by the method and the spec", Example: "true",
		Text: "Whether this operation may be sent twice, whatever its method is.",
	},
	{
		Name: "idempotencyKey", Shape: withShort(mapping(idempotencyKey...).OrOff(), "mode"), Example: "inject",
		Text: "The field by which an upstream recognises a request that it has seen. `inject` and its like are short for `mode`; `off` says that the key is not honoured.",
	},
	{
		Name: "maxBody", Shape: size(0, 16<<20).OrOff(), Default: "64KiB", Example: "256KiB",
		Text: "Of the request's body, kept for another attempt. A longer one is passed through, and retried only if nothing was sent.",
	},
}

// withShort lets a scalar stand for a mapping, as one of its keys.
func withShort(s Shape, key string) Shape {
	short := s.Find(key).Shape
	s.Short, s.ShortFor = &short, key
	return s
}

var backoff = []Key{
	{
		Name: "base", Shape: duration(time.Millisecond, time.Minute).OrOff(), Default: "25ms", Example: "50ms",
		Text: "Top of the pause before the first retry; it doubles with each further one.",
	},
	{
		Name: "max", Shape: duration(time.Millisecond, 10*time.Minute).OrOff(), Default: "250ms", Example: "1s",
		Text: "Top of any pause.",
	},
}

var budget = []Key{
	{Name: "ratio", Shape: share(0), Default: "20%", Example: "10%", Text: "Extra attempts as a share of the upstream's requests in the window."},
	{Name: "floor", Shape: integer(0, 100_000), Default: "10", Example: "10", Text: "Extra attempts per window that are always allowed."},
	{Name: "window", Shape: duration(time.Second, 10*time.Minute), Default: "10s", Example: "30s", Text: "The sliding time that the budget counts over."},
}

var idempotencyKey = []Key{
	{
		Name: "mode", Shape: words("forward", "inject", "require"), Default: "forward", Example: "inject",
		Text: "`forward` passes a key on; `inject` makes one per exchange where none came; `require` answers 400 where none came.",
	},
	{Name: "header", Shape: of(Header), Default: "Idempotency-Key", DefaultText: "or that of the spec", Example: "X-Request-Key", Text: "The field that carries the key."},
}

var breaker = []Key{
	{Name: "failureRate", Shape: share(1), Default: "50%", Example: "25%", Text: "Share of failures in the window that opens the circuit."},
	{Name: "window", Shape: duration(time.Second, 10*time.Minute), Default: "10s", Example: "30s", Text: "The sliding time that failures are counted over, in ten parts."},
	{Name: "minimumRequests", Shape: integer(1, 1_000_000), Default: "20", Example: "50", Text: "Attempts in the window below which the rate says nothing."},
	{Name: "consecutiveFailures", Shape: integer(1, 1_000_000).OrOff(), Default: "5", Example: "10", Text: "This many failures in a row open the circuit, however quiet the service is."},
	{
		Name: "failures", Shape: conditions(clientErrors...), Default: "[connect, reset, timeout, 429, 5xx]", Example: "[connect, timeout, 5xx]",
		Text: "What counts as a failure, in the words of `retry.when`. 429 counts in the rate and fails a probe, but not in a row; 501, other 4xx and a client that went away never count.",
	},
	{Name: "openFor", Shape: duration(time.Millisecond, time.Hour), Default: "5s", Example: "10s", Text: "How long the circuit stays open before probes are let through. Until then the answer is 503 `circuit_open`."},
	{Name: "openForMax", Shape: duration(time.Millisecond, longest), Default: "1m", Example: "2m", Text: "A failed probe doubles the open time, up to this."},
	{Name: "probes", Shape: integer(1, 1000), Default: "3", Example: "1", Text: "Attempts let through while half-open; all must succeed."},
	{
		Name: "scope", Shape: Shape{Kind: Word, Words: []string{"operation", "upstream"}, WordsLater: []string{"endpoint"}}, Default: "operation", Example: "upstream",
		Text: "What shares a circuit. `endpoint` is not supported yet.",
	},
	later("slowerThan", "How slow an attempt must be to count as slow."),
	later("slowRate", "Share of slow attempts that opens the circuit."),
}

var concurrency = []Key{
	{Name: "max", Shape: integer(1, 1_000_000), Default: "1000", Example: "200", Text: "Exchanges of an operation at one moment; more are refused with 503 `bulkhead_full`."},
	{Name: "queue", Shape: integer(0, 1_000_000).OrOff(), Default: "0", Example: "50", Text: "How many may wait for a place."},
	{Name: "queueTimeout", Shape: duration(time.Millisecond, time.Minute), Default: "100ms", Example: "250ms", Text: "How long they wait."},
	{
		Name: "adaptive", Shape: Shape{Kind: Word}.OrOff(), Default: "off", Example: "off",
		Text: "A limit that finds itself by what the upstream stands. Only `off` so far.",
	},
}
