package observe

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/failure"
)

const (
	// MaxDecisions is how many exchanges are remembered: half of them are ordinary ones, the other half is kept for those
	// that failed or were retried, so that a busy minute does not wash away what somebody will ask about.
	MaxDecisions = 2000
	// maxAttempts bounds the attempts in one record; a policy allows five.
	maxAttempts = 8
	// readAtOnce bounds the records read under one lock, so that a reader never holds a request up for long.
	readAtOnce = 16
)

// Filter chooses decisions. Empty members choose all.
type Filter struct {
	Upstream, Operation string
	Outcome             policy.Outcome // of the exchange
	Trace               string
	Limit               int // at most MaxDecisions; 0 chooses none
}

// decisions remembers the exchanges that ended last.
type decisions struct {
	notable, ordinary ring
	sequence          atomic.Uint64
}

// ring holds records by value and fills the oldest anew, with the memory it has.
type ring struct {
	mu      sync.Mutex
	records []record
	next    uint64 // how many were ever added; the newest is at (next-1) mod len
}

// record is what is kept of one exchange. Everything that may be a part of a request head is copied into text, because a
// string that is kept would keep the whole head.
type record struct {
	sequence            uint64
	start               time.Time
	duration            time.Duration
	direction           policy.Direction
	upstream, operation string
	status              int
	outcome             policy.Outcome
	code                failure.Code
	version             string
	text                []byte
	ends                [4]int // of method, path, trace id and request id in text
	attempts            []attempt
	events              []event
}

type attempt struct {
	number            int
	endpoint          string
	outcome           policy.Outcome
	status            int
	duration, backoff time.Duration
}

type event struct {
	at         time.Duration
	rule, what string
	place      policy.Place
}

func (d *decisions) init() {
	d.notable.records = make([]record, MaxDecisions/2)
	d.ordinary.records = make([]record, MaxDecisions/2)
}

func (d *decisions) add(s *Series, ex *exchange.Exchange, sum *summary) {
	r := &d.ordinary
	if sum.failed || len(ex.Attempts) > 1 || ex.Violation() != nil {
		r = &d.notable
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	rec := &r.records[r.next%uint64(len(r.records))]
	r.next++
	rec.sequence = d.sequence.Add(1)
	rec.fill(s, ex, sum)
}

func (r *record) fill(s *Series, ex *exchange.Exchange, sum *summary) {
	r.start, r.duration = ex.Start, ex.Duration
	r.direction, r.upstream, r.operation = s.direction, s.upstreamOf(ex), s.operationOf(ex)
	r.status, r.outcome, r.code, r.version = ex.Status, ex.Outcome, sum.code, clip(ex.Version, versionDigits)
	r.text = r.text[:0]
	for i, part := range [...]string{clip(ex.Method, 32), clip(ex.Path, maxPath), ex.TraceID, clip(ex.RequestID, maxRequestID)} {
		r.text = append(r.text, part...)
		r.ends[i] = len(r.text)
	}
	r.attempts = r.attempts[:0]
	for _, a := range ex.Attempts[:min(len(ex.Attempts), maxAttempts)] {
		r.attempts = append(r.attempts, attempt{a.Number, a.Endpoint, a.Verdict.Outcome, a.Verdict.Status, a.Duration, a.Backoff})
	}
	clear(r.events) // what is not filled again must not be kept
	r.events = r.events[:0]
	for _, d := range ex.Decisions {
		e := event{at: d.At, rule: d.Rule, what: d.What}
		if ex.Operation != nil {
			e.place = ex.Operation.Policy.Origins[d.Key].Place
		}
		r.events = append(r.events, e)
	}
}

// part returns the i-th string of text.
func (r *record) part(i int) []byte {
	from := 0
	if i > 0 {
		from = r.ends[i-1]
	}
	return r.text[from:r.ends[i]]
}

// Decisions returns what the filter chooses, the exchange that ended last first. It never holds a request up for longer than
// reading a few records takes.
func (o *Observer) Decisions(f Filter) []Decision {
	limit := min(f.Limit, MaxDecisions)
	found := append(o.decisions.notable.newest(f, limit), o.decisions.ordinary.newest(f, limit)...)
	slices.SortFunc(found, func(a, b Decision) int { return cmp.Compare(b.sequence, a.sequence) })
	return found[:min(len(found), limit)]
}

func (r *ring) newest(f Filter, limit int) []Decision {
	var found []Decision
	r.mu.Lock()
	defer r.mu.Unlock()
	for at := r.next; len(found) < limit && at > r.oldest(); {
		at--
		if rec := &r.records[at%uint64(len(r.records))]; rec.chosen(f) {
			found = append(found, rec.decision())
		}
		if at%readAtOnce == 0 {
			r.mu.Unlock()
			r.mu.Lock()
		}
	}
	return found
}

func (r *ring) oldest() uint64 {
	if n := uint64(len(r.records)); r.next > n {
		return r.next - n
	}
	return 0
}

func (r *record) chosen(f Filter) bool {
	return (f.Upstream == "" || f.Upstream == r.upstream) && (f.Operation == "" || f.Operation == r.operation) &&
		(f.Outcome == "" || f.Outcome == r.outcome) && (f.Trace == "" || f.Trace == string(r.part(2)))
}

// Decision is what is remembered of one exchange, in the shape of the admin port's /decisions. Times are milliseconds.
type Decision struct {
	Time      string           `json:"time"` // when it began, RFC 3339 in UTC with milliseconds
	TraceID   string           `json:"trace_id"`
	RequestID string           `json:"request_id"`
	Direction policy.Direction `json:"direction"`
	Upstream  string           `json:"upstream"`
	Operation string           `json:"operation"`
	Method    string           `json:"method"`
	Path      string           `json:"path"`
	Status    int              `json:"status"`
	Outcome   policy.Outcome   `json:"outcome"`
	Code      string           `json:"code"` // empty when all went well
	Duration  float64          `json:"duration_ms"`
	Policy    string           `json:"policy"` // the first digits of the set's version
	Attempts  []AttemptRecord  `json:"attempts"`
	Events    []Event          `json:"events"`

	sequence uint64
}

// AttemptRecord is what is remembered of one attempt. Its endpoint is empty when a layer turned it down before one was chosen,
// its status 0 when no answer came.
type AttemptRecord struct {
	Number   int            `json:"number"`
	Endpoint string         `json:"endpoint"`
	Outcome  policy.Outcome `json:"outcome"`
	Status   int            `json:"status"`
	Duration float64        `json:"duration_ms"`
	Backoff  float64        `json:"backoff_ms"`
}

// Event is one thing that a layer decided. Source is the file:line of the policy that made it decide so, or "default".
type Event struct {
	At     float64 `json:"at_ms"`
	Rule   string  `json:"rule"`
	What   string  `json:"what"`
	Source string  `json:"source"`
}

const timeFormat = "2006-01-02T15:04:05.000Z07:00"

func (r *record) decision() Decision {
	d := Decision{
		Time: r.start.UTC().Format(timeFormat), TraceID: string(r.part(2)), RequestID: string(r.part(3)), Direction: r.direction,
		Upstream: r.upstream, Operation: r.operation, Method: string(r.part(0)), Path: string(r.part(1)), Status: r.status,
		Outcome: r.outcome, Code: string(r.code), Duration: milliseconds(r.duration), Policy: r.version,
		Attempts: make([]AttemptRecord, 0, len(r.attempts)), Events: make([]Event, 0, len(r.events)), sequence: r.sequence,
	}
	for _, a := range r.attempts {
		d.Attempts = append(d.Attempts, AttemptRecord{a.number, a.endpoint, a.outcome, a.status, milliseconds(a.duration), milliseconds(a.backoff)})
	}
	for _, e := range r.events {
		d.Events = append(d.Events, Event{milliseconds(e.at), e.rule, e.what, e.place.String()})
	}
	return d
}
