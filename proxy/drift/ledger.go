package drift

import (
	"maps"
	"sync"
	"sync/atomic"

	"outrigger/policy"
	"outrigger/proxy/exchange"
)

// Ledger holds what was seen beside the specs, of all upstreams of a sidecar. It is safe for concurrent use.
type Ledger struct {
	// Deprecated is told the first time that an operation is called which its spec deprecates, once as long as its upstream has it.
	// nil tells nobody. It is set before the first recorder is made.
	Deprecated func(u *policy.Upstream, op *policy.Operation)

	mu        sync.Mutex
	upstreams map[upstreamKey]*pages
}

// Two directions may know a service by the same name.
type upstreamKey struct {
	direction policy.Direction
	name      string
}

type pages struct {
	requests   shapes
	operations map[string]*statuses // made when the first undeclared status is seen
	deprecated map[string]bool      // operations that were told
}

// New returns an empty Ledger.
func New() *Ledger { return &Ledger{upstreams: map[upstreamKey]*pages{}} }

// Recorder takes in the exchanges of one operation under one set. It is safe for concurrent use.
type Recorder struct {
	ledger    *Ledger
	key       upstreamKey
	upstream  *policy.Upstream
	operation *policy.Operation
	unmatched bool
	told      atomic.Bool // that the operation is deprecated
}

// Recorder returns what is told of the exchanges of op. A set that is built anew asks for its own.
func (l *Ledger) Recorder(u *policy.Upstream, op *policy.Operation) *Recorder {
	return &Recorder{
		ledger: l, key: upstreamKey{u.Direction, u.Name}, upstream: u, operation: op,
		unmatched: op == u.Unmatched && len(u.Operations) > 0,
	}
}

// Record takes in an exchange that has ended and keeps nothing of it. What keeps to the spec costs no more than a look.
func (r *Recorder) Record(ex *exchange.Exchange) {
	if r.operation.Deprecated && !r.told.Swap(true) {
		r.ledger.tellDeprecated(r)
	}
	if ex.Answered == nil || ex.Failure != nil {
		return // our own answers are no fact about the upstream
	}
	switch {
	case r.unmatched:
		r.ledger.request(r.key, ex)
	case !r.operation.Answers.IsZero() && !r.operation.Answers.Has(ex.Status):
		r.ledger.status(r.key, r.operation.ID, ex.Status)
	}
}

func (l *Ledger) tellDeprecated(r *Recorder) {
	l.mu.Lock()
	p := l.pages(r.key)
	told := p.deprecated[r.operation.ID]
	p.deprecated[r.operation.ID] = true
	l.mu.Unlock()
	if !told && l.Deprecated != nil {
		l.Deprecated(r.upstream, r.operation)
	}
}

func (l *Ledger) request(key upstreamKey, ex *exchange.Exchange) {
	s := shape{method(ex.Method), Template(ex.Path)}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pages(key).requests.add(s, ex.Status, ex.Start.Add(ex.Duration))
}

func (l *Ledger) status(key upstreamKey, operation string, status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.pages(key)
	s := p.operations[operation]
	if s == nil {
		s = &statuses{}
		p.operations[operation] = s
	}
	s.add(status)
}

// pages of an upstream; the caller holds mu. Upstreams and operations come from sets, which bound them.
func (l *Ledger) pages(key upstreamKey) *pages {
	p := l.upstreams[key]
	if p == nil {
		p = &pages{operations: map[string]*statuses{}, deprecated: map[string]bool{}}
		l.upstreams[key] = p
	}
	return p
}

// Adopt forgets what set has no owner for any more, and what it has come to declare.
func (l *Ledger) Adopt(set *policy.Set) {
	l.mu.Lock()
	defer l.mu.Unlock()
	owned := map[upstreamKey]*policy.Upstream{}
	for _, u := range set.All() {
		owned[upstreamKey{u.Direction, u.Name}] = u
	}
	for key, p := range l.upstreams {
		if u := owned[key]; u != nil {
			p.adopt(u)
		} else {
			delete(l.upstreams, key)
		}
	}
}

func (p *pages) adopt(u *policy.Upstream) {
	answers, deprecated := map[string]*policy.StatusSet{}, map[string]bool{}
	for _, op := range u.Operations {
		answers[op.ID], deprecated[op.ID] = &op.Answers, op.Deprecated
	}
	maps.DeleteFunc(p.deprecated, func(id string, _ bool) bool { return !deprecated[id] })
	for id, s := range p.operations {
		if answers[id] == nil || answers[id].IsZero() {
			delete(p.operations, id)
			continue
		}
		s.forget(answers[id])
	}
	p.requests.forget(func(s shape) bool { return u.Match(s.method, s.template) != u.Unmatched })
}

// Requests tells of the requests to an upstream that matched no operation and were answered by it, the most frequent first, and
// how many more there were than are told of.
func (l *Ledger) Requests(d policy.Direction, upstream string) (told []Requests, others uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p := l.upstreams[upstreamKey{d, upstream}]; p != nil {
		return p.requests.report(), p.requests.others
	}
	return nil, 0
}

// Statuses tells how often an operation answered with a status that its spec does not declare. Beyond maxStatuses different ones,
// 0 stands for the rest. The map is the caller's.
func (l *Ledger) Statuses(d policy.Direction, upstream, operation string) map[int]uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.upstreams[upstreamKey{d, upstream}]
	if p == nil || p.operations[operation] == nil {
		return nil
	}
	return p.operations[operation].report()
}
