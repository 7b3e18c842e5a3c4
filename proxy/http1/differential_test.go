package http1

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// observed is what a client sees of an exchange, less what may differ: the
// date, the guessed Content-Type, and framing of messages that say the same.
type observed struct {
	Status  int
	Header  http.Header
	Trailer http.Header
	Body    string
	Cut     bool
}

func observe(t *testing.T, rt http.RoundTripper, req *http.Request) observed {
	t.Helper()
	res, err := rt.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(res.Body)
	o := observed{Status: res.StatusCode, Header: res.Header.Clone(), Body: string(b), Cut: err != nil}
	if len(res.Trailer) > 0 {
		o.Trailer = res.Trailer.Clone()
	}
	for _, name := range []string{"Date", "Content-Type", "Connection", "Content-Length"} {
		o.Header.Del(name)
	}
	res.Body.Close()
	return o
}

var handlers = map[string]http.HandlerFunc{
	"silent": func(w http.ResponseWriter, r *http.Request) {},
	"facts of the request": func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s %s %s %s %d %v %v %q %v", r.Method, r.RequestURI, r.URL, r.URL.Path, r.URL.RawQuery,
			r.Proto, r.ContentLength, r.TransferEncoding, r.Close, b, err)
		names := make([]string, 0, len(r.Header))
		for name := range r.Header {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			fmt.Fprintf(w, "\n%s: %q", name, r.Header[name])
		}
		fmt.Fprintf(w, "\n%v", r.Trailer.Get("X-T"))
	},
	"status and fields": func(w http.ResponseWriter, r *http.Request) {
		w.Header()["X-Many"] = []string{"a", "b"}
		w.Header().Set("X-Empty", "")
		w.WriteHeader(418)
		w.WriteHeader(500)
		w.Header().Set("X-Late", "no")
		io.WriteString(w, "teapot")
	},
	"large":     func(w http.ResponseWriter, r *http.Request) { w.Write(bytes.Repeat([]byte("abc"), 100_000)) },
	"pieces":    func(w http.ResponseWriter, r *http.Request) { pieces(w, 50, 1000) },
	"read from": func(w http.ResponseWriter, r *http.Request) { io.Copy(w, io.LimitReader(endless{}, 200_000)) },
	"flushes": func(w http.ResponseWriter, r *http.Request) {
		for range 3 {
			pieces(w, 1, 10)
			http.NewResponseController(w).Flush()
		}
	},
	"known length": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "50000")
		pieces(w, 50, 1000)
	},
	"too short": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "50000")
		pieces(w, 49, 1000)
	},
	"too long": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		pieces(w, 2, 600)
	},
	"no content": func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(204) },
	"not modified": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", "x")
		w.WriteHeader(304)
	},
	"trailers": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-T")
		io.WriteString(w, "body")
		w.Header().Set("X-T", "t")
		w.Header().Set(http.TrailerPrefix+"X-U", "u")
	},
	"abort": func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // else a reset may overtake what was written
		pieces(w, 10, 1000)
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	},
	"body ignored": func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "did not look") },
	"hints": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "a")
		w.WriteHeader(103)
		io.WriteString(w, "then")
	},
}

func pieces(w io.Writer, n, size int) {
	for i := range n {
		w.Write(bytes.Repeat([]byte{byte('a' + i%26)}, size))
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'z'
	}
	return len(p), nil
}

func requests(t *testing.T, base string) map[string]*http.Request {
	chunked := newRequest(t, "POST", io.NopCloser(strings.NewReader("some body")))
	chunked.Trailer = http.Header{"X-T": {"trailing"}}
	all := map[string]*http.Request{
		"GET": newRequest(t, "GET", nil), "HEAD": newRequest(t, "HEAD", nil), "DELETE": newRequest(t, "DELETE", nil),
		"POST": newRequest(t, "POST", strings.NewReader("some body")), "POST empty": newRequest(t, "POST", nil),
		"POST large": newRequest(t, "POST", strings.NewReader(strings.Repeat("x", 200_000))), "POST chunked": chunked,
		"strange method": newRequest(t, "purge", nil), "OPTIONS": newRequest(t, "OPTIONS", nil),
	}
	for name, req := range all {
		u, err := req.URL.Parse(base + "/a%2Fb/c?x=1&y=%20&z")
		if err != nil {
			t.Fatal(err)
		}
		req.URL, req.Host = u, "shop.test"
		req.Header = http.Header{"X-A": {"1", "2"}, "Accept": {"*/*"}, "X-Name": {name}, "User-Agent": {"t"}, "Accept-Encoding": {"identity"}}
	}
	return all
}

// requestsFor leaves HEAD out where the connection is aborted: the answer is
// complete all the same, and whether the next request still meets it is a race.
func requestsFor(t *testing.T, handler, base string) map[string]*http.Request {
	all := requests(t, base)
	if handler == "abort" {
		delete(all, "HEAD")
	}
	return all
}

// TestBothWiresSayTheSameAsTheStandardLibrary runs the same handlers under
// both servers, and reads both with both transports.
func TestBothWiresSayTheSameAsTheStandardLibrary(t *testing.T) {
	for name, handler := range handlers {
		t.Run(name, func(t *testing.T) {
			standard := httptest.NewUnstartedServer(handler)
			standard.Config.ErrorLog = log.New(io.Discard, "", 0)
			standard.Start()
			defer standard.Close()
			ours := serve(t, handle(handler))
			their := &http.Transport{DisableCompression: true}
			defer their.CloseIdleConnections()
			want := map[string]observed{}
			for request, req := range requestsFor(t, name, standard.URL) {
				want[request] = observe(t, their, req)
			}
			pairs := map[string]struct {
				rt   http.RoundTripper
				base string
			}{
				"our server, net/http transport": {their, "http://" + ours},
				"net/http server, our transport": {transportTo(t, standard.Listener.Addr().String()), standard.URL},
				"our server, our transport":      {transportTo(t, ours), "http://" + ours},
			}
			for pair, p := range pairs {
				for request, req := range requestsFor(t, name, p.base) {
					if diff := cmp.Diff(want[request], observe(t, p.rt, req)); diff != "" {
						t.Errorf("%s, %s (-net/http +this):\n%s", pair, request, diff)
					}
				}
				if c, ok := p.rt.(*Transport); ok {
					c.Close()
				}
			}
		})
	}
}

func TestAnHTTPClientWorksOnOurTransport(t *testing.T) {
	addr := serve(t, handle(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/from" {
			http.Redirect(w, r, "/to", http.StatusFound)
			return
		}
		io.WriteString(w, r.URL.Path)
	}))
	client := &http.Client{Transport: transportTo(t, addr)}
	res, err := client.Get("http://shop.test/from")
	if err != nil {
		t.Fatal(err)
	}
	if got := readAndClose(t, res); got != "/to" {
		t.Error(got)
	}
}

func TestAProxyOfBothCarriesEveryHandlersAnswer(t *testing.T) {
	for name, handler := range handlers {
		t.Run(name, func(t *testing.T) {
			origin := serve(t, handle(handler))
			front := serve(t, handle(func(w http.ResponseWriter, r *http.Request) {
				res, err := transportTo(t, origin).RoundTrip(r)
				if err != nil {
					t.Errorf("%s: %v", r.Header.Get("X-Name"), err)
					panic(http.ErrAbortHandler)
				}
				defer res.Body.Close()
				for name, values := range res.Header {
					w.Header()[name] = values
				}
				for name := range res.Trailer {
					w.Header().Add("Trailer", name)
				}
				w.WriteHeader(res.StatusCode)
				if _, err := io.Copy(w, res.Body); err != nil {
					panic(http.ErrAbortHandler)
				}
				for name, values := range res.Trailer {
					w.Header()[http.TrailerPrefix+name] = values
				}
			}))
			direct, through := transportTo(t, origin), transportTo(t, front)
			through.Dial = func(ctx context.Context) (net.Conn, error) { return net.Dial("tcp", front) }
			for request, req := range requestsFor(t, name, "http://"+front) {
				want := observe(t, direct, requests(t, "http://"+origin)[request])
				if diff := cmp.Diff(want, observe(t, through, req)); diff != "" {
					t.Errorf("%s (-direct +through the proxy):\n%s", request, diff)
				}
			}
			direct.Close()
			through.Close()
		})
	}
}
