package policy

// Outcome is the verdict on one attempt, or on a whole exchange: one word, the same in metrics, logs and decisions.
type Outcome string

// Outcomes that are not failures of ours; see surface.md. An attempt that failed has a Code as its outcome.
const (
	OK            Outcome = "ok"
	UpstreamError Outcome = "upstream_error" // 5xx and the like from the upstream
	ClientError   Outcome = "client_error"   // 4xx from the upstream
	Failed        Outcome = "failed"         // an exchange: we produced the failure
	Refused       Outcome = "refused"        // an exchange: we said no on purpose
	ClientClosed  Outcome = "client_closed"  // the client went away
	Cancelled     Outcome = "cancelled"      // an attempt that we gave up for another reason
	Stale         Outcome = "stale_connection"
)

// Sent says what the upstream may have seen of an attempt's request, which decides whether it may be repeated.
type Sent uint8

// In ascending order of what the upstream may have done; the first two are safe to repeat for every method.
const (
	NotSent        Sent = iota // no byte left us on a connection that the upstream accepted
	NotProcessed               // the upstream said that it did not process it
	MaybeProcessed             // the request, or a part of it, left us and no answer came
	Answered                   // a status arrived
)

// Safe reports whether an attempt that ended so may be repeated for every method.
func (s Sent) Safe() bool { return s <= NotProcessed }
