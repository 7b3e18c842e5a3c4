package load

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestAStallIsPaidForByEveryRequestThatWasDueMeanwhile(t *testing.T) {
	const stall = 300 * time.Millisecond
	l := answering(t, func(conn net.Conn, reader *bufio.Reader) {
		for i := 0; ; i++ {
			if _, err := http.ReadRequest(reader); err != nil {
				return
			}
			if i == 20 {
				time.Sleep(stall) // one of two hundred requests is answered late
			}
			_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
		}
	})
	figures, err := Paced{Address: l.Address, Path: "/", Connections: 1, PerSecond: 200, Duration: time.Second}.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if figures.Requests != 200 {
		t.Errorf("%d requests were made, want 200", figures.Requests)
	}
	// Had only the one that was under way paid, the 99th percentile would not know of it.
	if figures.P99 < (stall / 2).Microseconds() {
		t.Errorf("p99 %d µs after a stall of %v: requests that waited are not counted from when they were due", figures.P99, stall)
	}
}

func TestAPacedRunSpreadsRequestsOverItsConnections(t *testing.T) {
	served := make(chan int, 10)
	l := answering(t, func(conn net.Conn, reader *bufio.Reader) {
		n := 0
		for ; ; n++ {
			if _, err := http.ReadRequest(reader); err != nil {
				served <- n
				return
			}
			_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
		}
	})
	figures, err := Paced{Address: l.Address, Path: "/", Connections: 7, PerSecond: 500, Duration: 200 * time.Millisecond}.Run(context.Background())
	if err != nil || figures.Requests != 100 || figures.Bytes != 100*int64(len("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")) {
		t.Errorf("figures %+v, %v", figures, err)
	}
	for range 7 {
		if n := <-served; n != 14 && n != 15 {
			t.Errorf("a connection carried %d of 100 requests", n)
		}
	}
}

func TestAPacedRunWithABadAnswerIsRefused(t *testing.T) {
	for _, answer := range []string{
		"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "",
	} {
		if _, err := readAnswer(bufio.NewReader(strings.NewReader(answer))); err == nil {
			t.Errorf("%q: no error", answer)
		}
		l := answering(t, func(conn net.Conn, reader *bufio.Reader) {
			if _, err := http.ReadRequest(reader); err == nil {
				_, _ = conn.Write([]byte(answer))
			}
		})
		if f, err := (Paced{Address: l.Address, Path: "/", Connections: 2, PerSecond: 100, Duration: 50 * time.Millisecond}).Run(context.Background()); err == nil {
			t.Errorf("%q: figures %+v, want an error", answer, f)
		}
	}
}
