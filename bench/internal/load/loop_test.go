package load

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"testing"
	"time"
)

// answering starts a server that treats each connection with the given function, and a Loop of one connection towards it.
func answering(t *testing.T, serve func(net.Conn, *bufio.Reader)) *Loop {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				serve(conn, bufio.NewReader(conn))
			}()
		}
	}()
	return &Loop{Address: listener.Addr().String(), Path: "/", Connections: 1}
}

func runFor(t *testing.T, l *Loop, d time.Duration) Tally {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return l.Run(ctx)
}

func answer(conn net.Conn, reader *bufio.Reader, head string) {
	if _, err := http.ReadRequest(reader); err == nil {
		_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + head + "\r\nok"))
	}
}

func TestALoopTakesACloseBetweenTwoRequestsForNoFailure(t *testing.T) {
	idle := make(chan struct{})
	l := answering(t, func(conn net.Conn, reader *bufio.Reader) { answer(conn, reader, ""); <-idle })
	conn, err := Dial(l.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Get("/"); err != nil {
		t.Fatal(err)
	}
	close(idle)
	deadline := time.Now().Add(2 * time.Second)
	for !conn.closedByServer() && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	if l.ask(conn) || l.tally.Closed != 1 || len(l.tally.Failures) != 0 {
		t.Errorf("tally = %+v, want one clean close and no failure", l.tally)
	}
}

func TestALoopRespectsAnAnnouncedClose(t *testing.T) {
	l := answering(t, func(conn net.Conn, reader *bufio.Reader) { answer(conn, reader, "Connection: close\r\n") })
	tally := runFor(t, l, 100*time.Millisecond)
	if tally.Answered < 2 || tally.Announced != tally.Answered || len(tally.Failures) != 0 || tally.Closed != 0 {
		t.Errorf("tally = %+v, want every answer announced as the last, none failed", tally)
	}
}

func TestALoopCountsARequestThatIsSwallowedAsFailed(t *testing.T) {
	l := answering(t, func(conn net.Conn, reader *bufio.Reader) {
		answer(conn, reader, "")
		_, _ = http.ReadRequest(reader)
	})
	tally := runFor(t, l, 50*time.Millisecond)
	if tally.Answered == 0 || len(tally.Failures) == 0 || tally.Failures[0].First {
		t.Errorf("tally = %+v, want the second request of a connection failed", tally)
	}
}

func TestALoopCountsAStatusOtherThan200AsFailed(t *testing.T) {
	l := answering(t, func(conn net.Conn, reader *bufio.Reader) {
		_, _ = http.ReadRequest(reader)
		_, _ = conn.Write([]byte("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"))
	})
	if tally := runFor(t, l, 30*time.Millisecond); tally.Answered != 0 || len(tally.Failures) == 0 {
		t.Errorf("tally = %+v, want failures only", tally)
	}
}

func TestALoopEndsWhenItIsRefusedAsExpected(t *testing.T) {
	port, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port.Close()
	l := &Loop{Address: port.Addr().String(), Path: "/", Connections: 3}
	l.Expect()
	if tally := runFor(t, l, 5*time.Second); tally.FirstRefused.IsZero() || len(tally.Failures) != 0 {
		t.Errorf("tally = %+v, want a refusal and no failure", tally)
	}
}
