//go:build poison

package http1

import (
	"io"
	"net/http"
	"testing"
)

func TestPoisonShowsWhoeverKeepsAHeaderBeyondItsRequest(t *testing.T) {
	var slice []string
	var header http.Header
	var value string
	addr := serve(t, handle(func(w http.ResponseWriter, r *http.Request) {
		header, slice, value = r.Header, r.Header["X-Secret"], r.Header.Get("X-Secret")
	}))
	talk(t, addr, "GET / HTTP/1.0\r\nX-Secret: mine\r\n\r\n")
	if value != "mine" {
		t.Errorf("a string may be kept, and is %q", value)
	}
	if slice[0] != poisonMark {
		t.Errorf("a kept value slice still reads %q", slice[0])
	}
	if header.Get("X-Secret") != "" || header.Get("Poisoned") != poisonMark {
		t.Errorf("a kept map still reads %v", header)
	}
}

func TestPoisonShowsWhoeverKeepsAResponseHeaderBeyondItsBody(t *testing.T) {
	tr := transportTo(t, scripted(t, answering("HTTP/1.1 200 OK\r\nX-Secret: mine\r\nContent-Length: 2\r\n\r\nok")))
	res, err := tr.RoundTrip(newRequest(t, "GET", nil))
	if err != nil {
		t.Fatal(err)
	}
	slice, status := res.Header["X-Secret"], res.Status
	io.Copy(io.Discard, res.Body)
	if slice[0] != "mine" {
		t.Errorf("poisoned before Close: %q", slice[0])
	}
	res.Body.Close()
	if slice[0] != poisonMark || status != "200 OK" {
		t.Errorf("after Close the slice reads %q, the string %q", slice[0], status)
	}
}
