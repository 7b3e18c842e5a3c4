package http1

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func handle(f http.HandlerFunc) *Server { return &Server{Handler: f} }

func echoTarget(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%s %s %s\n", r.Method, r.RequestURI, b)
}

func TestAHundredPipelinedRequestsAreAnsweredInOrder(t *testing.T) {
	addr := serve(t, handle(echoTarget))
	var all, want strings.Builder
	for i := range 100 {
		last := ""
		if i == 99 {
			last = "Connection: close\r\n"
		}
		fmt.Fprintf(&all, "POST /%d HTTP/1.1\r\nHost: a\r\n%sContent-Length: 3\r\n\r\n%03d", i, last, i)
		fmt.Fprintf(&want, "POST /%d %03d\n", i, i)
	}
	_, answer := talk(t, addr, all.String())
	var got strings.Builder
	r := bufio.NewReader(strings.NewReader(answer))
	for range 100 {
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(&got, res.Body)
	}
	if got.String() != want.String() {
		t.Errorf("got %q", got.String())
	}
}

func TestARequestMayArriveByteByByte(t *testing.T) {
	c := dial(t, serve(t, handle(echoTarget)))
	c.(*net.TCPConn).SetNoDelay(true)
	for _, b := range []byte("POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n") {
		c.Write([]byte{b})
		time.Sleep(200 * time.Microsecond)
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := readAndClose(t, res); got != "POST /a abc\n" {
		t.Errorf("got %q", got)
	}
}

func TestTargetsReachTheHandlerAsSentAndDecoded(t *testing.T) {
	type seen struct{ uri, host, path, rawPath, query, escaped string }
	var got seen
	addr := serve(t, handle(func(w http.ResponseWriter, r *http.Request) {
		got = seen{r.RequestURI, r.Host, r.URL.Path, r.URL.RawPath, r.URL.RawQuery, r.URL.EscapedPath()}
	}))
	for raw, want := range map[string]seen{
		"/a/b?x=1;y&z":         {"/a/b?x=1;y&z", "h", "/a/b", "", "x=1;y&z", "/a/b"},
		"/a%2fb%20c":           {"/a%2fb%20c", "h", "/a/b c", "/a%2fb%20c", "", "/a%2fb%20c"},
		"/a/../../etc":         {"/a/../../etc", "h", "/a/../../etc", "", "", "/a/../../etc"},
		"//x/y?":               {"//x/y?", "h", "//x/y", "", "", "//x/y"},
		"http://H:80/p?q":      {"http://H:80/p?q", "H:80", "/p", "", "q", "/p"},
		"http://h":             {"http://h", "h", "", "", "", ""},
		"/(a)!*'[b]":           {"/(a)!*'[b]", "h", "/(a)!*'[b]", "/(a)!*'[b]", "", "/(a)!*'[b]"},
		"/caf%C3%A9/%E2%82%AC": {"/caf%C3%A9/%E2%82%AC", "h", "/café/€", "", "", "/caf%C3%A9/%E2%82%AC"},
	} {
		status, all := talk(t, addr, "GET "+raw+" HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
		if status != 200 || got != want {
			t.Errorf("%s: %.100q\ngot  %+v\nwant %+v", raw, all, got, want)
		}
	}
}

func TestKeepAliveFollowsVersionAndConnection(t *testing.T) {
	addr := serve(t, handle(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "x") }))
	for name, test := range map[string]struct {
		head string
		open bool
		says string
	}{
		"1.1":            {"GET / HTTP/1.1\r\nHost: a\r\n", true, ""},
		"1.1 close":      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, ClOsE\r\n", false, "close"},
		"1.0":            {"GET / HTTP/1.0\r\n", false, "close"},
		"1.0 keep-alive": {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n", true, "keep-alive"},
	} {
		_, all := talk(t, addr, test.head+"\r\n")
		if strings.HasSuffix(all, "(open)") != test.open || test.says != "" && !strings.Contains(all, "\r\nConnection: "+test.says+"\r\n") {
			t.Errorf("%s: %q", name, all)
		}
	}
}

func TestResponsesAreFramedByWhatTheHandlerDid(t *testing.T) {
	big := strings.Repeat("x", 100_000)
	for name, test := range map[string]struct {
		method  string
		handler http.HandlerFunc
		want    string // in the head
		body    string
		missing string
	}{
		"nothing written": {"GET", func(w http.ResponseWriter, r *http.Request) {}, "Content-Length: 0\r\n", "", "Transfer"},
		"small":           {"GET", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hi") }, "Content-Length: 2\r\n", "hi", "Transfer"},
		"HEAD":            {"HEAD", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hi") }, "Content-Length: 2\r\n", "", "Transfer"},
		"HEAD with length": {
			"HEAD", func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Content-Length", "70") },
			"Content-Length: 70\r\n", "", "Transfer",
		},
		"large":   {"GET", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, big) }, "Transfer-Encoding: chunked\r\n", big, "Content-Length"},
		"flushed": {"GET", func(w http.ResponseWriter, r *http.Request) { w.(http.Flusher).Flush(); io.WriteString(w, "hi") }, "Transfer-Encoding: chunked\r\n", "hi", "Content-Length"},
		"204": {"GET", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "5")
			w.WriteHeader(204)
			if _, err := io.WriteString(w, "hi"); err != http.ErrBodyNotAllowed {
				t.Error(err)
			}
		}, "204 No Content\r\n", "", "Content-Length"},
		"304 with length": {"GET", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "5")
			w.WriteHeader(304)
		}, "Content-Length: 5\r\n", "", "Transfer"},
		"own transfer-encoding": {"GET", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Transfer-Encoding", "gzip")
			io.WriteString(w, "hi")
		}, "Content-Length: 2\r\n", "hi", "gzip"},
		"field with line ends": {"GET", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-A", "a\r\nX-B: b")
			w.Header()["X-C:"] = []string{"c"}
		}, "X-A: a  X-B: b\r\n", "", "X-C"},
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, serve(t, handle(test.handler)))
			fmt.Fprintf(c, "%s / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", test.method)
			b, err := io.ReadAll(c)
			if err != nil {
				t.Fatal(err)
			}
			head, _, _ := strings.Cut(string(b), "\r\n\r\n")
			if head += "\r\n"; !strings.Contains(head, test.want) || strings.Contains(head, test.missing) {
				t.Errorf("head %q", head)
			}
			res, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(b)), &http.Request{Method: test.method})
			if err != nil {
				t.Fatal(err)
			}
			if got := readAndClose(t, res); got != test.body {
				t.Errorf("body of %d bytes, want %d", len(got), len(test.body))
			}
		})
	}
}

func TestASmallAnswerLeavesInOneWrite(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	s := handle(func(w http.ResponseWriter, r *http.Request) {
		for range 4 {
			w.Write(make([]byte, 1000))
		}
	})
	done := make(chan struct{})
	go func() { defer close(done); s.ServeConn(server, nil) }()
	io.WriteString(client, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	b := make([]byte, 8192)
	n, _ := client.Read(b) // a pipe gives one write per read
	if n < 4000 {
		t.Errorf("the first write has %d bytes", n)
	}
	if rest, err := io.ReadAll(client); len(rest) != 0 || err != nil {
		t.Errorf("a second write of %d bytes, %v", len(rest), err)
	}
	<-done
}

func TestContentLengthIsEnforced(t *testing.T) {
	long := serve(t, handle(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "2")
		if n, err := io.WriteString(w, "abc"); n != 0 || err != http.ErrContentLength {
			t.Errorf("wrote %d, %v", n, err)
		}
		io.WriteString(w, "ab")
	}))
	if _, all := talk(t, long, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); !strings.HasSuffix(all, "\r\n\r\nab(open)") {
		t.Errorf("got %q", all)
	}
	short := serve(t, handle(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "5")
		io.WriteString(w, "ab")
	}))
	if _, all := talk(t, short, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); !strings.HasSuffix(all, "\r\n\r\nab") {
		t.Errorf("a short answer must be cut, not kept open: %q", all)
	}
}

func TestTrailersOfTheHandlerAreSent(t *testing.T) {
	addr := serve(t, handle(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-A, Content-Length")
		io.WriteString(w, "hi")
		w.Header().Set("X-A", "a")
		w.Header().Set(http.TrailerPrefix+"X-B", "b")
	}))
	res, err := http.Get("http://" + addr)
	if err != nil {
		t.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	body := readAndClose(t, res)
	if body != "hi" || res.Trailer.Get("X-A") != "a" || res.Trailer.Get("X-B") != "b" || res.ContentLength != -1 {
		t.Errorf("%q %v %d", body, res.Trailer, res.ContentLength)
	}
}

func TestContinueIsSentWhenTheBodyIsReadAndNotBefore(t *testing.T) {
	addr := serve(t, handle(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/refuse" {
			w.WriteHeader(401)
			return
		}
		b, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %v", b, err)
	}))
	head := " HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 5\r\n\r\n"
	status, all := talk(t, addr, "POST /refuse"+head)
	if status != 401 || strings.Contains(all, "100 Continue") || strings.HasSuffix(all, "(open)") {
		t.Errorf("refused: %q", all)
	}
	c := dial(t, addr)
	io.WriteString(c, "POST /read"+head)
	b := make([]byte, 25)
	if _, err := io.ReadFull(c, b); err != nil || string(b) != "HTTP/1.1 100 Continue\r\n\r\n" {
		t.Fatalf("%q %v", b, err)
	}
	io.WriteString(c, "hello")
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := readAndClose(t, res); got != "hello <nil>" {
		t.Error(got)
	}
}

func TestEarlyHintsAreSentAtOnce(t *testing.T) {
	seen := make(chan struct{})
	addr := serve(t, handle(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "a")
		w.WriteHeader(103)
		<-seen
		w.WriteHeader(201)
	}))
	c := dial(t, addr)
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	r := bufio.NewReader(c)
	first, err := http.ReadResponse(r, nil)
	if err != nil || first.StatusCode != 103 || first.Header.Get("Link") != "a" {
		t.Fatal(first, err)
	}
	close(seen)
	if res, err := http.ReadResponse(r, nil); err != nil || res.StatusCode != 201 {
		t.Fatal(res, err)
	}
}

func TestAnEarlyAnswerDoesNotWaitForTheBody(t *testing.T) {
	addr := serve(t, handle(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(413) }))
	c := dial(t, addr)
	io.WriteString(c, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\nsome")
	start := time.Now()
	b, err := io.ReadAll(c)
	if err != nil || !strings.HasPrefix(string(b), "HTTP/1.1 413 ") || !strings.Contains(string(b), "Connection: close") || time.Since(start) > 200*time.Millisecond {
		t.Errorf("%q %v after %v", b, err, time.Since(start))
	}
}

func TestASmallUnreadBodyKeepsTheConnection(t *testing.T) {
	addr := serve(t, handle(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.URL.Path) }))
	c := dial(t, addr)
	r := bufio.NewReader(c)
	for _, path := range []string{"/1", "/2"} {
		fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", path)
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := readAndClose(t, res); got != path {
			t.Errorf("got %q", got)
		}
		io.WriteString(c, "hello")
	}
}

func TestTheContextEndsSoonAfterTheClientIsGone(t *testing.T) {
	for name, leave := range map[string]func(*net.TCPConn){
		"close": func(c *net.TCPConn) { c.Close() },
		"reset": func(c *net.TCPConn) { c.SetLinger(0); c.Close() },
	} {
		for _, body := range []string{"", "hello"} {
			t.Run(name+" "+body, func(t *testing.T) {
				entered, ended := make(chan struct{}), make(chan error, 1)
				addr := serve(t, handle(func(w http.ResponseWriter, r *http.Request) {
					io.Copy(io.Discard, r.Body)
					close(entered)
					<-r.Context().Done()
					ended <- context.Cause(r.Context())
				}))
				c := dial(t, addr).(*net.TCPConn)
				fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
				<-entered
				start := time.Now()
				leave(c)
				if err := <-ended; !errors.Is(err, ErrClientGone) || time.Since(start) > 100*time.Millisecond {
					t.Errorf("%v after %v", err, time.Since(start))
				}
			})
		}
	}
}

type bell struct{ rung chan struct{} }

func (b bell) Interrupt() { close(b.rung) }

func TestTheContextInterruptsOneWaiter(t *testing.T) {
	first, second := bell{make(chan struct{})}, bell{make(chan struct{})}
	ended := make(chan struct{})
	addr := serve(t, handle(func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		c := r.Context().(Cancellable)
		c.Interrupts(bell{make(chan struct{})})
		c.Interrupts(nil)
		c.Interrupts(first)
		<-first.rung
		c.Interrupts(second) // over already: at once
		<-second.rung
	}))
	c := dial(t, addr)
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	time.Sleep(10 * time.Millisecond)
	c.Close()
	<-ended
}

func TestTheContextIsOverWhenTheHandlerReturned(t *testing.T) {
	kept := make(chan context.Context, 1)
	addr := serve(t, handle(func(w http.ResponseWriter, r *http.Request) { kept <- r.Context() }))
	talk(t, addr, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	ctx := <-kept
	select {
	case <-ctx.Done():
	case <-time.After(time.Second):
		t.Fatal("still open")
	}
	child, cancel := context.WithCancel(ctx)
	defer cancel()
	if ctx.Err() != context.Canceled || context.Cause(ctx) != context.Canceled || child.Err() != context.Canceled {
		t.Error(ctx.Err(), context.Cause(ctx), child.Err())
	}
}

func TestAPanicEndsTheConnectionAndNothingElse(t *testing.T) {
	var log bytes.Buffer
	s := handle(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/silent":
			io.WriteString(w, "par")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		case "/loud":
			panic("boom")
		}
	})
	var mu sync.Mutex
	s.Log = slog.New(slog.NewTextHandler(writerFunc(func(p []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return log.Write(p)
	}), nil))
	addr := serve(t, s)
	_, all := talk(t, addr, "GET /silent HTTP/1.1\r\nHost: a\r\n\r\n")
	if !strings.HasSuffix(all, "\r\n\r\n3\r\npar\r\n") {
		t.Errorf("a cut message must not end cleanly: %q", all)
	}
	if _, all = talk(t, addr, "GET /loud HTTP/1.1\r\nHost: a\r\n\r\n"); all != "" {
		t.Errorf("got %q", all)
	}
	if status, _ := talk(t, addr, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); status != 200 {
		t.Errorf("then %d", status)
	}
	mu.Lock()
	defer mu.Unlock()
	if text := log.String(); !strings.Contains(text, "boom") || !strings.Contains(text, "server_test.go") || strings.Contains(text, "abort") {
		t.Errorf("log %q", text)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestACutAnswerThatOnlyTheCloseEndsIsEndedByAReset(t *testing.T) {
	addr := serve(t, handle(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "part")
		w.(http.Flusher).Flush()
		time.Sleep(10 * time.Millisecond)
		panic(http.ErrAbortHandler)
	}))
	c := dial(t, addr)
	io.WriteString(c, "GET / HTTP/1.0\r\n\r\n")
	if b, err := io.ReadAll(c); err == nil {
		t.Errorf("a clean end after %q", b)
	}
}

func TestHijackHandsOverWhatWasReceived(t *testing.T) {
	addr := serve(t, handle(func(w http.ResponseWriter, r *http.Request) {
		c, rw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		if rw.Reader.Buffered() != 5 {
			t.Errorf("buffered %d", rw.Reader.Buffered())
		}
		if _, err := io.WriteString(w, "x"); err != http.ErrHijacked {
			t.Error(err)
		}
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\n\r\n")
		io.CopyN(c, rw, 10)
	}))
	c := dial(t, addr)
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nearly")
	time.Sleep(20 * time.Millisecond)
	io.WriteString(c, "later")
	if b, err := io.ReadAll(c); err != nil || string(b) != "HTTP/1.1 101 Switching Protocols\r\n\r\nearlylater" {
		t.Errorf("%q %v", b, err)
	}
}

func TestTheResponseControllerWorks(t *testing.T) {
	addr := serve(t, handle(func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		for _, err := range []error{rc.EnableFullDuplex(), rc.SetWriteDeadline(time.Now().Add(time.Second)), rc.SetReadDeadline(time.Now().Add(20 * time.Millisecond))} {
			if err != nil {
				t.Error(err)
			}
		}
		_, err := io.ReadAll(r.Body)
		var c *ClientError
		if !errors.As(err, &c) || c.Status != 408 {
			t.Errorf("read past the deadline: %v", err)
		}
		w.WriteHeader(408)
		if err := rc.Flush(); err != nil {
			t.Error(err)
		}
	}))
	if status, all := talk(t, addr, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab"); status != 408 || strings.HasSuffix(all, "(open)") {
		t.Errorf("%q", all)
	}
}

func TestConnectionsBeyondTheLimitAreAnswered503(t *testing.T) {
	s := handle(echoTarget)
	s.Limits.Connections = 1
	addr := serve(t, s)
	dial(t, addr)
	until(t, "the first connection is served", func() bool { return s.Connections() == 1 })
	if status, all := talk(t, addr, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); status != 503 || strings.HasSuffix(all, "(open)") {
		t.Errorf("%q", all)
	}
}

type failingListener struct {
	net.Listener
	failures atomic.Int32
}

func (l *failingListener) Accept() (net.Conn, error) {
	if l.failures.Add(1) <= 4 {
		return nil, errors.New("too many open files")
	}
	return l.Listener.Accept()
}

func TestAFailingAcceptIsTriedAgainAfterAPause(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := handle(echoTarget)
	start := time.Now()
	done := make(chan error, 1)
	go func() { done <- s.Serve(&failingListener{Listener: l}) }()
	if status, _ := talk(t, l.Addr().String(), "GET / HTTP/1.0\r\n\r\n"); status != 200 || time.Since(start) < 75*time.Millisecond {
		t.Errorf("status %d after %v", status, time.Since(start))
	}
	s.Close()
	if err := <-done; err != http.ErrServerClosed {
		t.Error(err)
	}
	until(t, "no connection", func() bool { return s.Connections() == 0 })
}

func TestShutdownFinishesWhatIsInFlightAndClosesWhatIsIdle(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	s := handle(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(entered)
			<-leave
		}
		io.WriteString(w, "done")
	})
	addr := serve(t, s)
	idle, busy := dial(t, addr), dial(t, addr)
	io.WriteString(idle, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	if res, err := http.ReadResponse(bufio.NewReader(idle), nil); err != nil || res.StatusCode != 200 {
		t.Fatal(res, err)
	}
	io.WriteString(busy, "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
	<-entered
	short, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := s.Shutdown(short); err != context.DeadlineExceeded {
		t.Fatalf("Shutdown did not wait: %v", err)
	}
	if b, err := io.ReadAll(idle); err != nil {
		t.Errorf("the idle connection is not closed: %q %v", b, err)
	}
	if _, err := net.Dial("tcp", addr); err == nil {
		t.Error("still accepting")
	}
	close(leave)
	b, err := io.ReadAll(busy)
	if err != nil || !strings.Contains(string(b), "Connection: close") || !strings.HasSuffix(string(b), "done") {
		t.Errorf("%q %v", b, err)
	}
	if err := s.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestADrainingServerAnswersAndAsksClientsToLeave(t *testing.T) {
	s := handle(echoTarget)
	addr := serve(t, s)
	s.SetDraining(true)
	if status, all := talk(t, addr, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); status != 200 || !strings.Contains(all, "Connection: close") || strings.HasSuffix(all, "(open)") {
		t.Errorf("%q", all)
	}
	s.SetDraining(false)
	if _, all := talk(t, addr, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); !strings.HasSuffix(all, "(open)") {
		t.Errorf("%q", all)
	}
}

func TestABodyReadAfterTheHandlerReturnedFails(t *testing.T) {
	late := make(chan error, 1)
	addr := serve(t, handle(func(w http.ResponseWriter, r *http.Request) {
		body := r.Body
		go func() { // waits for the client while the handler returns
			_, err := io.Copy(io.Discard, body)
			late <- err
		}()
		time.Sleep(20 * time.Millisecond)
		w.WriteHeader(202)
	}))
	status, all := talk(t, addr, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
	if err := <-late; err == nil || status != 202 || strings.HasSuffix(all, "(open)") {
		t.Errorf("%v; %q", err, all)
	}
}

func TestAnAnswerOfWhichNothingHasLeftCanBeTakenBack(t *testing.T) {
	for name, c := range map[string]struct {
		flush, retracted bool
		want             string
	}{
		"nothing has left": {false, true, "HTTP/1.1 502 Bad Gateway\r\n"},
		"the head has":     {true, false, "HTTP/1.1 200 OK\r\n"},
	} {
		addr := serve(t, &Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-First", "a")
			w.Header().Set("Content-Length", "50")
			_, _ = io.WriteString(w, "begun")
			if c.flush {
				w.(http.Flusher).Flush()
			}
			if got := w.(interface{ Retract() bool }).Retract(); got != c.retracted {
				t.Errorf("%s: retracted %t, want %t", name, got, c.retracted)
			}
			w.WriteHeader(http.StatusBadGateway)
			_, _ = io.WriteString(w, "gone")
		})})
		_, all := talk(t, addr, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		if !strings.HasPrefix(all, c.want) || c.retracted && (strings.Contains(all, "begun") || strings.Contains(all, "X-First") || !strings.HasSuffix(all, "gone")) {
			t.Errorf("%s: got %q", name, all)
		}
	}
}
