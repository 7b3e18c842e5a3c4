package replay

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/overload"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type rewinder interface {
	Rewindable() bool
	Rewind() (io.ReadCloser, error)
}

var (
	answer   = &http.Response{StatusCode: 200, Body: http.NoBody}
	standard = policy.Retry{MaxBody: 1 << 10}
)

// through sends a request with a body through the layer.
func through(t *testing.T, m *overload.Buffers, settings policy.Retry, body io.Reader, wire roundTrip) *exchange.Exchange {
	t.Helper()
	ex := exchange.New(t.Context(), nil, nil, time.Now())
	req, err := http.NewRequestWithContext(ex, http.MethodPost, "http://inventory/", body)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Layer(m, settings)(wire).RoundTrip(req); err != nil && !errors.Is(err, errWire) {
		t.Fatal(err)
	}
	return ex
}

var errWire = errors.New("every attempt failed")

// chunked hides everything of a body but its bytes, and that it has a length.
func chunked(text string) io.Reader { return struct{ io.Reader }{strings.NewReader(text)} }

func read(t *testing.T, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Error(err)
	}
	return string(b)
}

func rewind(t *testing.T, req *http.Request) io.ReadCloser {
	t.Helper()
	r := req.Body.(rewinder)
	if !r.Rewindable() {
		t.Fatal("the body is not rewindable")
	}
	b, err := r.Rewind()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestEveryAttemptReadsTheSameBytes(t *testing.T) {
	text := strings.Repeat("order ", 100)
	for name, body := range map[string]func() io.Reader{
		"with a length":    func() io.Reader { return strings.NewReader(text) },
		"without a length": func() io.Reader { return chunked(text) },
		"byte by byte":     func() io.Reader { return iotest.OneByteReader(strings.NewReader(text)) },
		"end with data":    func() io.Reader { return iotest.DataErrReader(strings.NewReader(text)) },
	} {
		t.Run(name, func(t *testing.T) {
			m := overload.NewBuffers(1 << 20)
			ex := through(t, m, standard, body(), func(req *http.Request) (*http.Response, error) {
				length := req.ContentLength
				if got := read(t, req.Body); got != text {
					t.Errorf("attempt 1 read %q", got)
				}
				req.Body.Close()
				half := rewind(t, req)
				if _, err := io.CopyN(io.Discard, half, 100); err != nil {
					t.Error(err)
				}
				if got := read(t, rewind(t, req)); got != text {
					t.Errorf("attempt 3 read %q", got)
				}
				if _, err := half.Read(make([]byte, 1)); !errors.Is(err, errCut) {
					t.Errorf("attempt 2 reads on: %v", err)
				}
				if req.ContentLength != length {
					t.Errorf("the length became %d", req.ContentLength)
				}
				if m.Used() == 0 {
					t.Error("nothing is counted")
				}
				return answer, nil
			})
			if m.Used() != 0 {
				t.Errorf("%d bytes are held after the answer", m.Used())
			}
			ex.Finish()
		})
	}
}

func TestABodyThatOutgrowsItsBoundsStreamsOnAndIsNotReplayed(t *testing.T) {
	text := strings.Repeat("x", 5000)
	for _, c := range []struct {
		name          string
		memory, limit int64
	}{
		{"longer than maxBody", 1 << 20, 1024},
		{"more than all bodies may hold", 1000, 1 << 20},
		{"nothing may be kept", 1 << 20, 0},
	} {
		for kind, body := range map[string]io.Reader{"with a length": strings.NewReader(text), "without": chunked(text)} {
			t.Run(c.name+", "+kind, func(t *testing.T) {
				m := overload.NewBuffers(c.memory)
				ex := through(t, m, policy.Retry{MaxBody: c.limit}, body, func(req *http.Request) (*http.Response, error) {
					r := req.Body.(rewinder)
					if !r.Rewindable() {
						t.Error("a body of which nothing was read is at its beginning")
					}
					again, err := r.Rewind()
					if err != nil {
						t.Error(err)
					}
					if got := read(t, again); got != text {
						t.Errorf("%d bytes were read, some wrong", len(got))
					}
					if _, err := r.Rewind(); r.Rewindable() || err == nil {
						t.Errorf("what was not kept is said to be replayable: %v", err)
					}
					if m.Used() != 0 {
						t.Errorf("%d bytes are held for nothing", m.Used())
					}
					return nil, errWire
				})
				ex.Finish()
			})
		}
	}
}

func TestARequestWithoutABodyIsPassedAsItIs(t *testing.T) {
	ex := exchange.New(t.Context(), nil, nil, time.Now())
	for _, body := range []io.ReadCloser{nil, http.NoBody} {
		req, _ := http.NewRequestWithContext(ex, http.MethodGet, "http://inventory/", nil)
		req.Body = body
		layer := Layer(overload.NewBuffers(0), standard)(roundTrip(func(got *http.Request) (*http.Response, error) {
			if got != req || got.Body != body {
				t.Error("the request was changed")
			}
			return answer, nil
		}))
		if n := testing.AllocsPerRun(10, func() { _, _ = layer.RoundTrip(req) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	}
}

func TestASmallBodyCostsItsRecordOnly(t *testing.T) {
	m := overload.NewBuffers(1 << 20)
	buf := make([]byte, 512)
	layer := Layer(m, standard)(roundTrip(func(req *http.Request) (*http.Response, error) {
		for {
			if _, err := req.Body.Read(buf); err != nil {
				if m.Used() != 300 {
					t.Errorf("%d bytes are held for a body of 300", m.Used())
				}
				return answer, nil
			}
		}
	}))
	var requests []*http.Request
	for range 102 {
		req, _ := http.NewRequestWithContext(exchange.New(t.Context(), nil, nil, time.Now()), http.MethodPost, "http://inventory/", strings.NewReader(strings.Repeat("x", 300)))
		requests = append(requests, req)
	}
	next := 0
	if n := testing.AllocsPerRun(100, func() {
		_, _ = layer.RoundTrip(requests[next])
		exchange.Of(requests[next].Context()).Finish()
		next++
	}); n > 2 {
		t.Errorf("%v allocations, want 2: the tape and its bytes", n)
	}
	if m.Used() != 0 {
		t.Errorf("%d bytes are held", m.Used())
	}
}

func TestTrailersThatComeWithTheEndOfTheBodyStayOnTheRequest(t *testing.T) {
	ex := exchange.New(t.Context(), nil, nil, time.Now())
	req, _ := http.NewRequestWithContext(ex, http.MethodPost, "http://inventory/", nil)
	req.Trailer = http.Header{"X-Sum": nil}
	req.Body = io.NopCloser(io.MultiReader(strings.NewReader("x"), atEnd(func() { req.Trailer["X-Sum"] = []string{"1"} })))
	_, _ = Layer(overload.NewBuffers(1<<20), standard)(roundTrip(func(got *http.Request) (*http.Response, error) {
		attempt := got.WithContext(ex)
		_ = read(t, attempt.Body)
		if attempt.Trailer.Get("X-Sum") != "1" {
			t.Errorf("trailer %v", attempt.Trailer)
		}
		return answer, nil
	})).RoundTrip(req)
}

type atEnd func()

func (f atEnd) Read([]byte) (int, error) { f(); return 0, io.EOF }

func TestAnErrorOfTheClientIsEveryAttemptsError(t *testing.T) {
	broken := errors.New("bad chunk")
	ex := through(t, overload.NewBuffers(1<<20), standard, io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken)), func(req *http.Request) (*http.Response, error) {
		for _, body := range []io.Reader{req.Body, rewind(t, req)} {
			if got, err := io.ReadAll(body); body != req.Body && (string(got) != "half" || !errors.Is(err, broken)) {
				t.Errorf("%q, %v", got, err)
			}
		}
		return nil, errWire
	})
	ex.Finish()
}

func TestMemoryIsFreedHoweverTheExchangeEnds(t *testing.T) {
	m := overload.NewBuffers(1 << 20)
	func() {
		defer func() { _ = recover() }()
		ex := exchange.New(t.Context(), nil, nil, time.Now())
		defer ex.Finish()
		req, _ := http.NewRequestWithContext(ex, http.MethodPost, "http://inventory/", strings.NewReader("order"))
		_, _ = Layer(m, standard)(roundTrip(func(req *http.Request) (*http.Response, error) {
			_ = read(t, req.Body)
			panic(http.ErrAbortHandler)
		})).RoundTrip(req)
	}()
	if m.Used() != 0 {
		t.Errorf("%d bytes are held after a panic", m.Used())
	}
}

func TestAllRecordsTogetherStayWithinTheMemory(t *testing.T) {
	const limit = 64 << 10
	m := overload.NewBuffers(limit)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				ex := through(t, m, policy.Retry{MaxBody: 32 << 10}, chunked(strings.Repeat("x", 30<<10)), func(req *http.Request) (*http.Response, error) {
					_ = read(t, req.Body)
					if used := m.Used(); used > limit {
						t.Errorf("%d bytes are held", used)
					}
					return answer, nil
				})
				ex.Finish()
			}
		})
	}
	wg.Wait()
	if m.Used() != 0 {
		t.Errorf("%d bytes are held at the end", m.Used())
	}
	m.Adopt(1)
	if m.Take(2) || !m.Take(1) {
		t.Error("the new bound does not hold")
	}
}

// ready is a body that has some bytes ready and makes the rest be waited for.
type ready struct {
	io.Reader
	now []byte
}

func (r *ready) Close() error { return nil }

func (r *ready) ReadReady(p []byte) (int, error) {
	n := copy(p, r.now)
	r.now = r.now[n:]
	return n, nil
}

func TestWhatIsReadyIsGivenWithoutWaitingAndRecorded(t *testing.T) {
	source := &ready{Reader: strings.NewReader("end"), now: []byte("begin ")}
	ex := through(t, overload.NewBuffers(1<<20), standard, source, func(req *http.Request) (*http.Response, error) {
		for _, body := range []io.Reader{req.Body, rewind(t, req)} {
			if body == req.Body {
				continue // cut off
			}
			buf := make([]byte, 100)
			n, err := body.(readyReader).ReadReady(buf)
			if string(buf[:n]) != "begin " || err != nil {
				t.Errorf("ready: %q, %v", buf[:n], err)
			}
			if n, err := body.(readyReader).ReadReady(buf); n != 0 || err != nil {
				t.Errorf("then: %d bytes, %v", n, err)
			}
			if got := read(t, body); got != "end" {
				t.Errorf("read on: %q", got)
			}
		}
		again := rewind(t, req)
		buf := make([]byte, 100)
		n, _ := again.(readyReader).ReadReady(buf)
		if string(buf[:n]) != "begin end" {
			t.Errorf("the record has %q ready", buf[:n])
		}
		if _, err := again.(readyReader).ReadReady(buf); !errors.Is(err, io.EOF) {
			t.Errorf("at its end: %v", err)
		}
		return answer, nil
	})
	ex.Finish()
	plain := through(t, overload.NewBuffers(1<<20), standard, chunked("order"), func(req *http.Request) (*http.Response, error) {
		if n, err := req.Body.(readyReader).ReadReady(make([]byte, 9)); n != 0 || err != nil {
			t.Errorf("a body that cannot tell has %d bytes ready, %v", n, err)
		}
		return answer, nil
	})
	plain.Finish()
}

// Whatever the sizes of body, reads and bounds, an attempt reads the body's bytes or is refused.
func TestRandomReadsAndRewindsGiveTheBodysBytes(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		body := rapid.SliceOfN(rapid.Byte(), 1, 3000).Draw(r, "body")
		limit := rapid.Int64Range(0, 4000).Draw(r, "limit")
		m := overload.NewBuffers(rapid.Int64Range(0, 4000).Draw(r, "memory"))
		reads := rapid.SliceOfN(rapid.IntRange(-1, 700), 1, 40).Draw(r, "reads")
		ex := through(t, m, policy.Retry{MaxBody: limit}, struct{ io.Reader }{bytes.NewReader(body)}, func(req *http.Request) (*http.Response, error) {
			first := req.Body.(rewinder)
			current, at := req.Body, 0
			for _, n := range reads {
				if n < 0 {
					if !first.Rewindable() {
						continue
					}
					again, err := first.Rewind()
					if err != nil {
						r.Fatal(err)
					}
					current, at = again, 0
					continue
				}
				buf := make([]byte, n)
				got, err := current.Read(buf)
				if err != nil && !errors.Is(err, io.EOF) {
					r.Fatal(err)
				}
				if !bytes.Equal(buf[:got], body[at:at+got]) || errors.Is(err, io.EOF) && at+got != len(body) {
					r.Fatalf("%d bytes at %d are wrong, %v", got, at, err)
				}
				at += got
			}
			return nil, errWire
		})
		ex.Finish()
		if m.Used() != 0 {
			r.Fatalf("%d bytes are held", m.Used())
		}
	})
}
