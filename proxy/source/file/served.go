package file

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"outrigger/policy"
	"outrigger/policy/compile"
	"outrigger/policy/openapi"
)

// Timing of the questions to an application that serves its own spec. It usually starts after us.
const (
	askSoon    = 500 * time.Millisecond // doubled after each failure
	askSlowly  = 5 * time.Second        // a question to a neighbour costs little, and until it is answered no operation is known
	askAgain   = time.Minute            // after an answer: it may have been deployed anew
	askTimeout = 10 * time.Second
	askHops    = 3 // redirects
)

// served is the spec of an application, as far as it is known.
type served struct {
	want    *compile.Served // of the last compilation
	known   []byte          // the last good one
	refused [sha256.Size]byte
}

// aim makes want the spec that is asked for. What is known of another one is forgotten.
func (v *served) aim(want *compile.Served) (moved bool) {
	if want != nil && v.want != nil && want.Application.Host == v.want.Application.Host && want.Path == v.want.Path {
		return false
	}
	*v = served{want: want}
	return want != nil
}

// application is what the compiler asks for the spec.
func (s *Source) application(at policy.Endpoint, path string) ([]byte, bool) {
	v := &s.served
	if v.known == nil || v.want.Application.Host != at.Host || v.want.Path != path {
		return nil, false
	}
	return v.known, true
}

// ask keeps the spec of the application up to date until ctx ends.
func (s *Source) ask(ctx context.Context, offer func(Update)) {
	client := &http.Client{Timeout: askTimeout, Transport: &http.Transport{DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10}}
	wait, said := askSoon, ""
	for {
		next := time.Duration(0) // for ever, where no spec is served
		if want := s.wanted(); want != nil {
			data, err := fetch(ctx, client, want)
			if err == nil {
				s.learn(want, data, offer)
				next, wait, said = askAgain, askSoon, ""
			} else {
				if said != err.Error() && ctx.Err() == nil {
					said = err.Error()
					s.log.Warn("the application has not served its spec", "application", want.Application.Host, "path", want.Path, "last_good", s.known(), "error", err)
				}
				next, wait = wait, min(2*wait, askSlowly)
			}
		}
		if !s.pause(ctx, next) {
			return
		}
	}
}

// pause waits, or until another spec is wanted; false when ctx is over.
func (s *Source) pause(ctx context.Context, d time.Duration) bool {
	var over <-chan time.Time
	if d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		over = t.C
	}
	select {
	case <-ctx.Done():
		return false
	case <-over:
	case <-s.moved:
	}
	return true
}

func (s *Source) wanted() *compile.Served {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.served.want
}

// known reports whether an earlier answer holds as long as there is no other.
func (s *Source) known() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.served.known != nil
}

// askNow cuts the wait for the next question short.
func (s *Source) askNow() {
	select {
	case s.moved <- struct{}{}:
	default:
	}
}

// learn offers the policy with a spec that it was not compiled with. One that gives no set is forgotten, and the last good one
// stays.
func (s *Source) learn(from *compile.Served, data []byte, offer func(Update)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := &s.served
	sum := sha256.Sum256(data)
	if v.want == nil || v.want.Path != from.Path || v.want.Application.Host != from.Application.Host ||
		sum == v.refused || v.known != nil && sum == sha256.Sum256(v.known) {
		return
	}
	before := v.known
	v.known = data
	u := s.update()
	offer(u)
	if u.Set == nil {
		v.known, v.refused = before, sum
	}
}

// fetch asks the application, and nobody else: a redirect to another address is an error.
func fetch(ctx context.Context, client *http.Client, from *compile.Served) ([]byte, error) {
	root := from.Application.Scheme + "://" + from.Application.Host
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, root+from.Path, http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json, application/yaml;q=0.9, */*;q=0.5")
	home := req.URL.Host
	asked := *client
	asked.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		if r.URL.Host != home || r.URL.Scheme != from.Application.Scheme || len(via) > askHops {
			return errors.New("it is redirected elsewhere, and only the application itself is asked")
		}
		return nil
	}
	resp, err := asked.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("it answered with status %d", resp.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, openapi.MaxFileBytes+1))
	if err == nil && len(data) > openapi.MaxFileBytes {
		err = fmt.Errorf("it has more than %d bytes", openapi.MaxFileBytes)
	}
	return data, err
}
