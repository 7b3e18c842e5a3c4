package load

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"
)

// Steady makes requests at a fixed rate, whether or not earlier ones were answered.
type Steady struct {
	URL       string
	PerSecond int
	Duration  time.Duration
	// Most bounds the requests under way; one more is counted as dropped and not made.
	Most int
}

// Reply is one answered or failed request of a Steady run.
type Reply struct {
	Sent, Done time.Time
	// Status is 0 when there was no answer.
	Status int
	// Reason is the Proxy-Status field of the answer.
	Reason string
	Err    error
}

// Run returns a reply for each request that was made, in no order, and how many were dropped.
func (s Steady) Run(ctx context.Context) ([]Reply, int) {
	client := &http.Client{Timeout: answerTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: s.Most}}
	defer client.CloseIdleConnections()
	var (
		mu      sync.Mutex
		replies []Reply
		dropped int
		active  sync.WaitGroup
	)
	slots := make(chan struct{}, s.Most)
	begun := time.Now()
	for i := 0; ; i++ {
		due := begun.Add(time.Duration(i) * time.Second / time.Duration(s.PerSecond))
		if due.Sub(begun) >= s.Duration || ctx.Err() != nil {
			break
		}
		time.Sleep(time.Until(due))
		select {
		case slots <- struct{}{}:
		default:
			dropped++
			continue
		}
		active.Go(func() {
			defer func() { <-slots }()
			reply := ask(ctx, client, s.URL)
			mu.Lock()
			defer mu.Unlock()
			replies = append(replies, reply)
		})
	}
	active.Wait()
	return replies, dropped
}

func ask(ctx context.Context, client *http.Client, url string) Reply {
	reply := Reply{Sent: time.Now()}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		reply.Err = err
		return reply
	}
	response, err := client.Do(request)
	reply.Done, reply.Err = time.Now(), err
	if err == nil {
		reply.Status, reply.Reason = response.StatusCode, response.Header.Get("Proxy-Status")
		// Only a body read to its end leaves the connection for the next request.
		_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<20))
		_ = response.Body.Close()
	}
	return reply
}
