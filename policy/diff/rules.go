package diff

// verdict is an effect and its reason. In what, {old} and {new} stand for the value, {attempts} for one more than a number of them, {words}
// for the members of a list that came or went.
type verdict struct {
	effect Effect
	what   string
}

// rule says what it means that a value became less or more, was switched on or off, or changed otherwise. A list becomes more by
// the members that it gains and less by those that it loses.
type rule struct {
	less, more, on, off, other verdict
}

// rules is the one place where changes are judged: by the key, or by "key=value" for the change to one value. A key that has no
// rule is neutral.
var rules = map[string]rule{
	"timeouts.request": {
		less: verdict{Riskier, "a call that takes longer than {new} ends with 504; up to {old} it did not"},
		more: verdict{Neutral, "callers wait up to {new} for an answer"},
		on:   verdict{Safer, "no call takes longer than {new}"},
		off:  verdict{Riskier, "nothing bounds a call"},
	},
	"timeouts.attempt": {
		less:  verdict{Riskier, "an attempt that takes longer than {new} is given up; up to {old} it was not"},
		more:  verdict{Neutral, "an attempt may take up to {new}"},
		off:   verdict{Neutral, "an attempt may use all of the request timeout, so that retries help after fast failures only"},
		other: verdict{Neutral, "an attempt that takes longer than {new} is given up"},
	},
	"timeouts.connect": {
		less: verdict{Riskier, "an endpoint that takes longer than {new} to connect counts as unreachable"},
		more: verdict{Neutral, "an endpoint may take up to {new} to connect"},
		on:   verdict{Safer, "an endpoint that takes longer than {new} to connect counts as unreachable"},
		off:  verdict{Riskier, "an endpoint that does not answer is found out by other timeouts only"},
	},
	"timeouts.idle": {
		less: verdict{Riskier, "a reply that is silent for {new} is cut; up to {old} it was not"},
		more: verdict{Neutral, "a reply may be silent for up to {new}"},
		on:   verdict{Safer, "a reply that is silent for {new} is cut"},
		off:  verdict{Riskier, "a reply that falls silent is never cut"},
	},
	"timeouts.body": {
		less: verdict{Riskier, "a caller that takes longer than {new} to send its body gets 408"},
		more: verdict{Neutral, "a caller may take up to {new} to send its body"},
		on:   verdict{Safer, "a caller that takes longer than {new} to send its body gets 408"},
		off:  verdict{Riskier, "a caller may take for ever to send its body"},
	},
	"retry.retries": {
		less: verdict{Neutral, "at most {attempts}: more failures reach callers"},
		more: verdict{Neutral, "up to {attempts}: fewer failures reach callers, and a failing upstream is asked more often"},
	},
	"retry.when": {
		less: verdict{Neutral, "not retried any more: {words}"},
		more: verdict{Neutral, "retried now: {words}"},
	},
	"retry.backoff.base": backoff,
	"retry.backoff.max":  backoff,
	"retry.budget": {
		on:  verdict{Safer, "extra attempts are bounded by a budget"},
		off: verdict{Riskier, "nothing bounds the extra attempts that a failing upstream gets"},
	},
	"retry.budget.ratio":  budget,
	"retry.budget.floor":  budget,
	"retry.budget.window": {other: verdict{Neutral, "extra attempts are counted over {new}"}},
	"retry.respectRetryAfter": {
		on:    verdict{Safer, "a Retry-After of up to {new} is waited for"},
		off:   verdict{Riskier, "Retry-After is ignored: an upstream that asks for time gets none"},
		other: verdict{Neutral, "a Retry-After of up to {new} is waited for; a longer one ends the retries"},
	},
	"retry.idempotent=true":             {other: verdict{Neutral, "doing the work twice is said to be harmless"}},
	"retry.idempotent=false":            {other: verdict{Neutral, "doing the work twice is said to do harm"}},
	"retry.idempotencyKey.mode=require": {other: verdict{Riskier, "a request without its key is refused with 400 request_invalid"}},
	"retry.idempotencyKey.mode=inject":  {other: verdict{Safer, "every request carries a key, made where the caller sends none"}},
	"retry.idempotencyKey.mode=forward": {other: verdict{Neutral, "the caller's key is passed on, none is made"}},
	"retry.idempotencyKey.header":       {other: verdict{Neutral, "the key travels in {new}"}},
	"retry.maxBody":                     {other: verdict{Neutral, "a body of up to {new} is kept for another attempt"}},
	"breaker":                           {on: verdict{Safer, "calls fail fast while the upstream fails"}, off: verdict{Riskier, "a failing upstream is called on and on"}},
	"breaker.failureRate":               opening,
	"breaker.minimumRequests":           opening,
	"breaker.consecutiveFailures":       opening,
	"breaker.window":                    {other: verdict{Neutral, "failures are counted over {new}"}},
	"breaker.failures":                  {less: verdict{Riskier, "no failure any more: {words}"}, more: verdict{Safer, "a failure now: {words}"}},
	"breaker.openFor":                   pause,
	"breaker.openForMax":                pause,
	"breaker.probes":                    {other: verdict{Neutral, "{new} probes must succeed before the circuit closes"}},
	"breaker.scope":                     {other: verdict{Neutral, "one circuit for each {new}"}},
	"retry.idempotencyKey":              {other: verdict{Neutral, "whether a key makes a request repeatable is judged anew"}},
	"deprecated":                        {other: verdict{Neutral, "whether calls of it are counted as deprecated"}},
	"answers":                           {less: verdict{Neutral, "counted as undeclared now: {words}"}, more: verdict{Neutral, "declared now: {words}"}},
	"concurrency":                       {on: verdict{Safer, "calls in flight are bounded"}, off: verdict{Riskier, "nothing bounds the calls in flight"}},
	"concurrency.max":                   {less: verdict{Riskier, "calls beyond {new} at once are refused; up to {old} they were not"}, more: verdict{Neutral, "up to {new} calls at once"}},
	"concurrency.queue":                 {less: verdict{Riskier, "fewer calls may wait for a slot: {new}"}, more: verdict{Neutral, "up to {new} calls wait for a slot"}},
	"concurrency.queueTimeout":          {other: verdict{Neutral, "a call waits up to {new} for a slot"}},
	"streaming=true":                    {other: verdict{Neutral, "the request timeout ends at the head of the reply"}},
	"streaming=false":                   {other: verdict{Riskier, "the request timeout holds to the end of the reply, and cuts a stream"}},
	"streaming=may, as the reply says":  {other: verdict{Neutral, "the reply decides whether the request timeout ends at its head"}},
	"listen":                            {on: verdict{Neutral, "the upstream has a port of its own"}, off: verdict{Riskier, "its own port is closed"}},
	"hosts":                             {less: verdict{Riskier, "not known to the outbound port any more: {words}"}, more: verdict{Neutral, "known to the outbound port now: {words}"}},
	"endpoints":                         {less: verdict{Neutral, "no attempts any more to {words}"}, more: verdict{Neutral, "attempts now to {words}"}},
	"unmatched=refuse":                  {other: verdict{Riskier, "a request that matches no operation is refused with 404 no_route"}},
	"unmatched=pass":                    {other: verdict{Neutral, "a request that matches no operation passes"}},
	"openapi":                           {other: verdict{Neutral, "operations are told apart by what the policy and its spec declare"}},
	"service":                           {other: verdict{Neutral, "logs and decisions name it so"}},
	"inbound.listen":                    {off: verdict{Riskier, "callers find no port"}, on: verdict{Neutral, "callers have a port"}},
	"outbound.listen":                   {off: verdict{Riskier, "the application finds no outbound port"}, on: verdict{Neutral, "the application has an outbound port"}},
	"outbound.unknown=pass":             {other: verdict{Riskier, "calls to hosts that no upstream lists leave the sidecar"}},
	"outbound.unknown=refuse":           {other: verdict{Riskier, "calls to hosts that no upstream lists are refused with 404 no_route"}},
	"admin.listen":                      {off: verdict{Riskier, "probes, decisions and the page have no port"}, on: verdict{Neutral, "probes, decisions and the page have a port"}},
	"metrics.listen":                    {off: verdict{Riskier, "metrics cannot be scraped there any more"}, on: verdict{Neutral, "metrics can be scraped there"}},
	"admin.tokenFile":                   {on: verdict{Safer, "changes by the admin port need the token"}, off: verdict{Riskier, "changes by the admin port need no token"}},
	"limits.headerBytes":                limit,
	"limits.responseHeaderBytes":        limit,
	"limits.headerCount":                limit,
	"limits.interimReplies":             limit,
	"limits.upstreamIdleTimeout":        limit,
	"limits.requestLineBytes":           limit,
	"limits.headerTimeout":              limit,
	"limits.idleTimeout":                limit,
	"limits.connections":                limit,
	"limits.bufferBytes":                {less: verdict{Riskier, "fewer bodies are kept for another attempt at one time"}, more: verdict{Neutral, "more memory may hold bodies and large heads"}},
	"trust.callers":                     {less: verdict{Safer, "not believed any more: {words}"}, more: verdict{Riskier, "their deadlines, attempts and forwarded headers are believed now: {words}"}},
}

var (
	backoff = rule{
		less: verdict{Riskier, "retries follow sooner on a failing upstream"},
		more: verdict{Safer, "retries leave a failing upstream more time"},
	}
	budget = rule{
		less: verdict{Safer, "a failing upstream gets fewer extra attempts"},
		more: verdict{Riskier, "a failing upstream gets more extra attempts"},
	}
	opening = rule{
		less: verdict{Safer, "the circuit opens earlier"},
		more: verdict{Riskier, "the circuit opens later"},
		on:   verdict{Safer, "the circuit opens for this reason too"},
		off:  verdict{Riskier, "the circuit does not open for this reason any more"},
	}
	pause = rule{
		less: verdict{Neutral, "an open circuit probes sooner"},
		more: verdict{Neutral, "an open circuit leaves the upstream alone for longer"},
	}
	limit = rule{
		less: verdict{Riskier, "what is over {new} is refused; up to {old} it was not"},
		more: verdict{Neutral, "up to {new} is let through"},
	}
)
