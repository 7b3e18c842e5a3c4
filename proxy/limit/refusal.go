package limit

import (
	"strconv"
	"time"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/failure"
)

// retryAfter is what a refused client is told: long enough to be no second wave at once, short enough not to idle.
const retryAfter = time.Second

// reasonQueueTimeout refines bulkhead_full: a place in the queue was there, a slot in time was not.
const reasonQueueTimeout = "queue_timeout"

func full(ex *exchange.Exchange, s policy.Concurrency, held int) error {
	what := strconv.Itoa(held) + " exchanges are in flight, the limit is " + strconv.Itoa(s.Max)
	if s.Queue > 0 {
		what += ", and the queue of " + strconv.Itoa(s.Queue) + " is full"
	}
	ex.Decide("limit", "refused: "+what, "concurrency.max")
	return &failure.Error{Code: failure.BulkheadFull, Detail: what, RetryAfter: retryAfter}
}

// gaveUp tells why an exchange left the queue: it asks the client and the deadline, not an error's text.
func gaveUp(ex *exchange.Exchange, s policy.Concurrency, waited time.Duration) error {
	after := " after " + waited.Round(time.Millisecond).String() + " in the queue of the concurrency limit"
	switch {
	case ex.ClientGone():
		return failure.New(failure.ClientClosed, "the client left"+after)
	case ex.Err() != nil:
		return failure.New(failure.Deadline, "the deadline passed"+after)
	}
	what := "no slot was free within " + s.QueueTimeout.String()
	ex.Decide("limit", "refused: "+what, "concurrency.queueTimeout")
	return &failure.Error{Code: failure.BulkheadFull, Detail: what, RetryAfter: retryAfter, Reason: reasonQueueTimeout}
}
