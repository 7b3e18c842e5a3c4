package arithmetic

import (
	"fmt"

	"outrigger/policy"
	"outrigger/policy/rules"
)

// checkLongQueue warns of a wait for a place that lasts as long as the whole request may: whoever gets the place has no time left.
func checkLongQueue(o *rules.Operation, report rules.Report) {
	c, request := o.Settings.Concurrency, o.Settings.Timeouts.Request
	v, ok := o.Written("concurrency.queueTimeout", rules.Defaults)
	if !ok || c.Off || c.Queue == 0 || request == 0 || c.QueueTimeout < request {
		return
	}
	bound, written := o.Value("timeouts.request")
	if written && bound.Level > v.Level {
		return
	}
	at := rules.Spot(v)
	if written {
		at = rules.Spot(v, bound)
	}
	report(policy.Problem{
		Code: CodeLongQueue, Severity: policy.Warning, Place: at, Because: bound.Origin,
		Message:    fmt.Sprintf("concurrency.queueTimeout %s is no shorter than the request timeout of %s, which the wait is a part of", spell(c.QueueTimeout), spell(request)),
		Expected:   "a wait that leaves time for an attempt",
		Suggestion: fmt.Sprintf("write less than %s", spell(request)),
	})
}

// checkNoQueue remarks on a wait without a queue: an upstream's or an operation's queueTimeout where nobody wrote how many may wait.
func checkNoQueue(u *rules.Upstream, report rules.Report) {
	queues := false
	for _, o := range u.Operations {
		queues = queues || o.Settings.Concurrency.Queue > 0
	}
	for _, o := range u.Operations {
		v, ok := o.Written("concurrency.queueTimeout", rules.Shared)
		_, sized := o.Value("concurrency.queue")
		if !ok || sized || o.Unread || o.Settings.Concurrency.Off || v.Level == rules.Shared && queues {
			continue
		}
		report(policy.Problem{
			Code: CodeNoQueue, Severity: policy.Info, Place: rules.Spot(v),
			Message:  "concurrency.queueTimeout does nothing: the queue has no places",
			Expected: "concurrency.queue beside it", Suggestion: fmt.Sprintf("write how many may wait, such as queue: %d, or remove it", max(1, o.Settings.Concurrency.Max/10)),
		})
	}
}
