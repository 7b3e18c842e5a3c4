// Package suggest proposes values for a policy from what a running sidecar measured.
//
// It decides what the figures call for, and says why in numbers. It refuses to know where they come from and how a file is
// changed. A timeout belongs above what nearly all calls take: Google's SRE book (chapter 22) and Amazon's builders' library both
// argue for a high percentile of the latency with room above it, which is what the proposals follow.
package suggest

import (
	"fmt"
	"time"

	"outrigger/policy"
)

const (
	// enough samples let one in a thousand be known.
	enough = 1000
	// many exchanges show what a peak is.
	many = 10 * enough
	// loose is how many times what is called for a value must be before a lower one is proposed: figures of a quiet day are
	// no reason to tighten what fits.
	loose = 4
	// shortest timeouts, below which a pause of the machine would look like a failure.
	shortestAttempt, shortestRequest = 20 * time.Millisecond, 100 * time.Millisecond
	// leastConcurrency is never undercut.
	leastConcurrency = 20
)

// Latency is how long things took.
type Latency struct {
	Count               uint64
	P50, P95, P99, P999 time.Duration
}

// Evidence is what was seen of one operation.
type Evidence struct {
	Direction           policy.Direction
	Upstream, Operation string
	Exchanges, Attempts Latency
	// Peak is the most exchanges that were in flight at once.
	Peak int
}

// Proposal is one value that the evidence calls for.
type Proposal struct {
	Upstream  *policy.Upstream
	Operation *policy.Operation
	// Key in dotted form, as in Origins.
	Key      string
	From, To string
	Why      string
}

// Note is what the evidence says beyond values that can be written.
type Note struct {
	Upstream, Operation string
	Text                string
}

// Suggest returns proposals in the order of the set, and what else is worth knowing. It is pure and safe for concurrent use.
func Suggest(set *policy.Set, evidence []Evidence) (proposals []Proposal, notes []Note) {
	type name struct {
		direction           policy.Direction
		upstream, operation string
	}
	seen := map[name]Evidence{}
	for _, e := range evidence {
		seen[name{e.Direction, e.Upstream, e.Operation}] = e
	}
	for _, u := range set.All() {
		for _, op := range u.Operations {
			e, there := seen[name{u.Direction, u.Name, op.ID}]
			if !there {
				continue
			}
			delete(seen, name{u.Direction, u.Name, op.ID}) // an operation with two base paths stands twice
			v := view{u, op, e}
			proposals = append(proposals, v.proposals()...)
			notes = append(notes, v.notes()...)
		}
	}
	return proposals, notes
}

// view is one operation beside what was seen of it.
type view struct {
	upstream  *policy.Upstream
	operation *policy.Operation
	seen      Evidence
}

func (v view) proposals() []Proposal {
	var all []Proposal
	add := func(key, from, to, why string) {
		all = append(all, Proposal{v.upstream, v.operation, key, from, to, why})
	}
	attempt := v.operation.Policy.Timeouts.Attempt
	if wanted, why := v.attempt(); wanted > 0 {
		add("timeouts.attempt", policy.Spell(attempt), policy.Spell(wanted), why)
		attempt = wanted
	}
	if wanted, why := v.request(attempt); wanted > 0 {
		add("timeouts.request", policy.Spell(v.operation.Policy.Timeouts.Request), policy.Spell(wanted), why)
	}
	if wanted, why := v.concurrency(); wanted > 0 {
		add("concurrency.max", fmt.Sprint(v.operation.Policy.Concurrency.Max), fmt.Sprint(wanted), why)
	}
	return all
}

// attempt is the timeout that one try should have; 0 leaves what holds. Only where a retry may follow does it help to end an
// attempt before the request.
func (v view) attempt() (time.Duration, string) {
	seen, holds := v.seen.Attempts, v.operation.Policy.Timeouts.Attempt
	if seen.Count < enough || v.operation.Streaming == policy.StreamAlways || v.operation.Policy.Retry.Retries == 0 || v.upstream.Direction == policy.Inbound {
		return 0, ""
	}
	wanted := roundUp(max(shortestAttempt, seen.P999*3/2, seen.P99*2))
	figures := fmt.Sprintf("of %d attempts 99 %% took up to %s and 99.9 %% up to %s", seen.Count, short(seen.P99), short(seen.P999))
	request := v.operation.Policy.Timeouts.Request
	switch {
	case holds == 0 && (request == 0 || wanted <= request/2):
		return wanted, figures + "; without an attempt timeout a slow attempt leaves its retry no time"
	case holds > 0 && holds < seen.P999:
		return wanted, figures + ": more than one in a thousand is cut off"
	case holds > loose*wanted:
		return wanted, figures + ": a hanging attempt is waited for in vain"
	}
	return 0, ""
}

// request is the timeout that the whole exchange should have, when an attempt may take that long.
func (v view) request(attempt time.Duration) (time.Duration, string) {
	seen, p := v.seen.Exchanges, v.operation.Policy
	if seen.Count < enough || v.operation.Streaming == policy.StreamAlways || p.Timeouts.Request == 0 {
		return 0, ""
	}
	worst := worstCase(p.Retry, attempt)
	wanted := roundUp(max(shortestRequest, worst, seen.P999*3))
	figures := fmt.Sprintf("of %d exchanges 99.9 %% took up to %s", seen.Count, short(seen.P999))
	if worst > 0 {
		figures += fmt.Sprintf("; %d attempts with their back-offs need %s", p.Retry.Retries+1, short(worst))
	}
	switch {
	case p.Timeouts.Request < max(worst, seen.P999):
		return wanted, figures
	case p.Timeouts.Request > loose*wanted:
		return wanted, figures + ": callers of a dead upstream wait in vain"
	}
	return 0, ""
}

// worstCase is the time of all attempts with every back-off at the top of its jitter; 0 where an attempt has no bound of its own.
func worstCase(r policy.Retry, attempt time.Duration) time.Duration {
	if attempt == 0 {
		return 0
	}
	all, pause := attempt, r.Backoff.Base
	for range r.Retries {
		all += attempt + min(pause, r.Backoff.Max)
		pause *= 2
	}
	return all
}

// concurrency is the limit that leaves room above the peak, and no more than that by far.
func (v view) concurrency() (int, string) {
	c := v.operation.Policy.Concurrency
	if c.Off || v.seen.Peak == 0 || v.seen.Exchanges.Count < enough {
		return 0, ""
	}
	wanted := max(leastConcurrency, roundUpCount(3*v.seen.Peak))
	figures := fmt.Sprintf("at most %d of %d exchanges were in flight at once", v.seen.Peak, v.seen.Exchanges.Count)
	switch {
	case v.seen.Peak >= c.Max*9/10:
		return wanted, figures + ", which the limit nearly refused"
	case c.Max > loose*wanted && v.seen.Exchanges.Count >= many:
		return wanted, figures + ": an upstream that hangs would hold many more"
	}
	return 0, ""
}

func (v view) notes() []Note {
	var all []Note
	note := func(format string, values ...any) {
		all = append(all, Note{v.upstream.Name, v.operation.ID, fmt.Sprintf(format, values...)})
	}
	if n := v.seen.Exchanges.Count; n > 0 && n < enough {
		note("%d exchanges are too few to judge by; %d are enough", n, enough)
	}
	if a := v.seen.Attempts; a.Count >= enough && v.operation.Idempotent && v.operation.Streaming == policy.StreamNo && a.P99 > 3*a.P95 {
		note("the slowest attempts take much longer than most: a hedge after %s would repeat 5 %% of them (hedge is not supported yet)", short(a.P95))
	}
	return all
}
