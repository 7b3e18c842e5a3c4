package differ

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"outrigger/bench/internal/differ/cases"
	"outrigger/bench/internal/lab"
)

const (
	workers = 12
	// quiet is how long a proxy may be silent before it counts as waiting; a disagreement is confirmed with six times as much, since a busy
	// machine makes everybody slow.
	quiet     = 400 * time.Millisecond
	confirmed = 6
)

// Plan is one comparison.
type Plan struct {
	Seed uint64
	// Duration bounds the run, Cases the cases made by the generator; the corpus comes first. Zero is no bound for Cases.
	Duration time.Duration
	Cases    int
	// Found is the directory that receives the cases of unexplained disagreements, "" for none.
	Found string
}

// Report is what a comparison found.
type Report struct {
	Cases, Observations int
	// Others are the proxies that took part beside Outrigger.
	Others []string
	// Explained counts disagreements by the name of their explanation.
	Explained map[string]int
	// Unstable counts disagreements that were gone when they were looked at again.
	Unstable    int
	Unexplained []Disagreement
	// Leaks are cases in which bytes of another case arrived, or an answer was not the one asked for.
	Leaks []Disagreement
}

// mostUnexplained ends a run: more would say nothing new.
const mostUnexplained = 200

var tokens = regexp.MustCompile(`t[0-9a-f]{16}`)

type run struct {
	plan         Plan
	origin       *origin
	ours         entrant
	others       []entrant
	explanations []Explanation

	mu     sync.Mutex
	issued map[string]bool
	report Report
}

// Run compares until the plan is through. Missing nginx or HAProxy take no part.
func (p Plan) Run(ctx context.Context, l *lab.Lab) (Report, error) {
	explanations, err := Explained()
	if err != nil {
		return Report{}, err
	}
	source, err := startOrigin()
	if err != nil {
		return Report{}, err
	}
	defer source.close()
	r := &run{plan: p, origin: source, explanations: explanations, issued: map[string]bool{}, report: Report{Explained: map[string]int{}}}
	end, err := r.start(ctx, l)
	if err != nil {
		return Report{}, err
	}
	defer end()
	ctx, cancel := context.WithTimeout(ctx, p.Duration)
	defer cancel()
	if err := r.work(ctx); err != nil {
		return r.report, err
	}
	return r.report, r.ours.alive()
}

func (r *run) start(ctx context.Context, l *lab.Lab) (end func(), err error) {
	if r.ours, err = startOutrigger(l, r.origin.port()); err != nil {
		return nil, err
	}
	standard, end, err := startStandard(r.origin.port())
	if err != nil {
		return nil, err
	}
	r.others = append(r.others, standard)
	present, _ := Installed()
	for _, name := range present {
		other, err := startOther(ctx, l, name, r.origin.port())
		if err != nil {
			end()
			return nil, err
		}
		r.others = append(r.others, other)
	}
	for _, e := range append([]entrant{r.ours}, r.others...) {
		if err := e.await(ctx); err != nil {
			end()
			return nil, err
		}
	}
	for _, e := range r.others {
		r.report.Others = append(r.report.Others, e.name)
	}
	return end, nil
}

// task is one case and the way it goes.
type task struct {
	direction Direction
	cases.Case
}

func (r *run) work(ctx context.Context) error {
	requests, replies, err := Corpus()
	if err != nil {
		return err
	}
	tasks := make(chan task)
	failed := make(chan error, workers)
	var pool sync.WaitGroup
	for range workers {
		pool.Go(func() {
			for t := range tasks {
				if err := r.try(t); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	err = r.feed(ctx, tasks, failed, cases.New(r.plan.Seed, requests, replies))
	close(tasks)
	pool.Wait()
	select {
	case err = <-failed:
	default:
	}
	return err
}

// feed hands out the corpus and then what the generator makes, in both directions by turns.
func (r *run) feed(ctx context.Context, tasks chan<- task, failed <-chan error, g *cases.Generator) error {
	queue, err := corpusTasks(g)
	if err != nil {
		return err
	}
	for n := 0; r.plan.Cases == 0 || n < r.plan.Cases+len(queue); n++ {
		next := task{Requests, cases.Case{}}
		switch {
		case n < len(queue):
			next = queue[n]
		case n%3 == 0:
			next = task{Replies, g.Reply()}
		default:
			next.Case = g.Request()
		}
		r.mu.Lock()
		r.issued[next.Token] = true
		enough := len(r.report.Unexplained) >= mostUnexplained
		r.mu.Unlock()
		if enough {
			return nil
		}
		select {
		case tasks <- next:
		case <-ctx.Done():
			return nil
		case err := <-failed:
			return err
		}
	}
	return nil
}

// try observes a case at every proxy and judges.
func (r *run) try(t task) error {
	if t.direction == Replies {
		defer r.origin.offer(t.Case)()
	}
	ours, err := r.observe(r.ours, t, quiet)
	if err != nil {
		return err
	}
	if leak := r.leak(ours, t.Token); leak != "" {
		ours.Leak = leak
		r.keep(Disagreement{t.direction, "leak", "", ours, Observation{}, t.Case})
	}
	for _, other := range r.others {
		theirs, err := r.observe(other, t, quiet)
		if err != nil {
			return err
		}
		if compare(ours, theirs) != "" {
			if err := r.confirm(t, other); err != nil {
				return err
			}
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Cases++
	r.report.Observations += 1 + len(r.others)
	return nil
}

// looks is how often an unexplained disagreement is looked at while one proxy only waits, or the other says that it lost the origin: a
// machine may stand still, and a kept-alive connection may end just when it is used. Neither is anybody's reading of a message.
const looks = 3

// lost reports that a proxy found a request, sent it on and got no answer: it has not said where that request ends.
func lost(t task, o Observation) bool {
	return t.direction == Requests && o.Status == http.StatusBadGateway
}

// confirm looks again, and longer, at what seemed to disagree.
func (r *run) confirm(t task, other entrant) error {
	var ours, theirs Observation
	var kind Kind
	for range looks {
		var err error
		if ours, err = r.observe(r.ours, t, confirmed*quiet); err != nil {
			return err
		}
		if theirs, err = r.observe(other, t, confirmed*quiet); err != nil {
			return err
		}
		kind = compare(ours, theirs)
		d := Disagreement{t.direction, kind, other.name, ours, theirs, t.Case}
		if kind == "" || explain(r.explanations, d) != nil || kind != Waits && kind != Ends && !lost(t, theirs) {
			break
		}
	}
	if kind == "" || kind == Laxer && lost(t, theirs) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.report.Unstable++
		return nil
	}
	r.keep(Disagreement{t.direction, kind, other.name, ours, theirs, t.Case})
	return nil
}

func (r *run) observe(e entrant, t task, quiet time.Duration) (Observation, error) {
	if t.direction == Replies {
		o, err := observeReply(e.address, t.Case, quiet)
		return o, wrap(e, err)
	}
	o, err := observeRequests(e.address, t.Case, quiet)
	return o, wrap(e, err)
}

func wrap(e entrant, err error) error {
	if err == nil {
		return nil
	}
	if ended := e.alive(); ended != nil {
		return ended
	}
	return fmt.Errorf("%s: %w", e.name, err)
}

// leak finds a token of another case in what arrived.
func (r *run) leak(o Observation, own string) string {
	if o.Leak != "" {
		return o.Leak
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range o.Messages {
		for _, token := range tokens.FindAllString(m.Start+" "+m.Body, -1) {
			if token != own && r.issued[token] {
				return token
			}
		}
	}
	return ""
}

// keep files a disagreement under its explanation, or among the unexplained, whose bytes are saved.
func (r *run) keep(d Disagreement) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if d.Kind == "leak" {
		r.report.Leaks = append(r.report.Leaks, d)
	} else if e := explain(r.explanations, d); e != nil {
		r.report.Explained[e.Name]++
		return
	} else {
		r.report.Unexplained = append(r.report.Unexplained, d)
	}
	if r.plan.Found != "" {
		_ = os.MkdirAll(r.plan.Found, 0o755)
		_ = os.WriteFile(filepath.Join(r.plan.Found, d.Case.Token+".txt"), []byte(d.String()), 0o644)
	}
}

// String shows a disagreement with the line that repeats it, for the corpus.
func (d Disagreement) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s %s than %s\n# outrigger: %s\n# %s: %s\n", d.Direction, d.Kind, d.Other, d.Ours, d.Other, d.Theirs)
	if len(d.Case.Cuts) > 0 {
		fmt.Fprintf(&b, "# sent in pieces cut at %v\n", d.Case.Cuts)
	}
	fmt.Fprintf(&b, "%s\n", line(d))
	return b.String()
}

func line(d Disagreement) string {
	text := strings.ReplaceAll(strings.TrimSuffix(string(d.Case.Bytes), cases.End(d.Case.Token)), d.Case.Token, "TOKEN")
	flags := ""
	if d.Case.Head {
		flags += "head "
	}
	if d.Case.Close {
		flags += "close "
	}
	return flags + strconv.Quote(text)
}
