package soak

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// kind is one sort of request. The chances of a kind follow its weight.
type kind struct {
	name   string
	weight int
	method string
	path   string
	// bytes is how many come back, body how many go out; chunked sends them without a length.
	bytes, body int
	chunked     bool
	// broken goes to the upstream that fails; leaves makes the client go away somewhere on the way.
	broken, leaves bool
}

// kinds is the mixture. Weights make it mostly small requests, as traffic is.
var kinds = []kind{
	{name: "get", weight: 40, method: "GET", path: "/item", bytes: 300},
	{name: "head", weight: 3, method: "HEAD", path: "/item", bytes: 300},
	{name: "larger get", weight: 10, method: "GET", path: "/item", bytes: 20_000},
	{name: "post", weight: 15, method: "POST", path: "/upload", body: 700},
	{name: "chunked post", weight: 8, method: "POST", path: "/upload", body: 30_000, chunked: true},
	{name: "upload", weight: 1, method: "PUT", path: "/upload", body: 1 << 20},
	{name: "download", weight: 1, method: "GET", path: "/item", bytes: 1 << 20},
	{name: "stream", weight: 4, method: "GET", path: "/stream"},
	{name: "slow", weight: 3, method: "GET", path: "/slow"},
	{name: "gone while waiting", weight: 3, method: "GET", path: "/slow", leaves: true},
	{name: "gone amid a download", weight: 1, method: "GET", path: "/item", bytes: 1 << 20, leaves: true},
	{name: "gone amid an upload", weight: 1, method: "POST", path: "/upload", body: 1 << 20, chunked: true, leaves: true},
	{name: "upstream unwell", weight: 4, method: "GET", path: "/unwell", broken: true},
	{name: "upstream resets", weight: 3, method: "GET", path: "/reset", broken: true},
	{name: "upstream truncates", weight: 3, method: "GET", path: "/truncated", broken: true},
}

// tally is what the clients saw. Its methods are safe for concurrent use.
type tally struct {
	mu       sync.Mutex
	done     map[string]int64
	failures []string
	mixed    []string
}

// most bounds what is kept of failures: more would say nothing new.
const most = 50

func (t *tally) count(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done[name]++
}

func (t *tally) fail(list *[]string, format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(*list) < most {
		*list = append(*list, fmt.Sprintf(format, args...))
	}
}

// traffic sends the mixture to the two ports of the sidecar.
type traffic struct {
	shop, broken string
	tally        tally
}

// worker makes requests one after the other until the context ends, at most about perSecond.
func (t *traffic) worker(ctx context.Context, seed uint64, perSecond int) {
	rng := rand.New(rand.NewPCG(seed, 1))
	transport := &http.Transport{MaxIdleConnsPerHost: 4, DisableCompression: true}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: 30 * time.Second}
	tick := time.NewTicker(time.Second / time.Duration(perSecond))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		t.one(ctx, client, rng)
	}
}

func draw(rng *rand.Rand) kind {
	sum := 0
	for _, k := range kinds {
		sum += k.weight
	}
	n := rng.IntN(sum)
	for _, k := range kinds {
		if n -= k.weight; n < 0 {
			return k
		}
	}
	return kinds[0]
}

// one makes one request and checks that its answer is its own.
func (t *traffic) one(ctx context.Context, client *http.Client, rng *rand.Rand) {
	k := draw(rng)
	token := fmt.Sprintf("%016x-", rng.Uint64())
	if k.leaves {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(rng.IntN(40_000))*time.Microsecond)
		defer cancel()
	}
	address := t.shop
	if k.broken {
		address = t.broken
	}
	var body io.Reader = bytes.NewReader(filled(token, k.body))
	if k.chunked {
		body = io.MultiReader(body) // hides the length
	}
	request, err := http.NewRequestWithContext(ctx, k.method, fmt.Sprintf("http://%s%s?bytes=%d", address, k.path, k.bytes), body)
	if err != nil {
		t.tally.fail(&t.tally.failures, "%s: %v", k.name, err)
		return
	}
	request.Header.Set(tokenField, token)
	response, err := client.Do(request)
	if err != nil {
		t.lost(ctx, k, err)
		return
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	t.check(k, token, response, got)
	if err != nil {
		t.lost(ctx, k, err)
		return
	}
	if response.StatusCode != http.StatusOK && !k.broken {
		t.tally.fail(&t.tally.failures, "%s: status %d, want 200: %.200s", k.name, response.StatusCode, got)
		return
	}
	t.tally.count(k.name)
}

// check finds bytes of another exchange in an answer.
func (t *traffic) check(k kind, token string, response *http.Response, got []byte) {
	if named := response.Header.Get(tokenField); named != "" && named != token {
		t.tally.fail(&t.tally.mixed, "%s: the answer to %s names %s", k.name, token, named)
	}
	if response.StatusCode == http.StatusOK && !onlyOf(token, got) {
		t.tally.fail(&t.tally.mixed, "%s: the answer to %s holds other bytes: %.100q", k.name, token, got)
	}
	if response.StatusCode == http.StatusOK && response.Header.Get(tokenField) == "" {
		t.tally.fail(&t.tally.mixed, "%s: the answer to %s names nobody", k.name, token)
	}
	if response.StatusCode == http.StatusUnprocessableEntity {
		t.tally.fail(&t.tally.mixed, "%s: the upstream of %s got other bytes", k.name, token)
	}
}

// lost takes note of a request without a whole answer: right where the client left, where the upstream fails, or at the end of the run.
func (t *traffic) lost(ctx context.Context, k kind, err error) {
	if ctx.Err() != nil || k.broken {
		t.tally.count(k.name)
		return
	}
	t.tally.fail(&t.tally.failures, "%s: %v", k.name, err)
}
