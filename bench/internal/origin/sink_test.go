package origin

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
)

func startSink(t *testing.T) (*Sink, string) {
	t.Helper()
	s, err := StartSink()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, fmt.Sprintf("127.0.0.1:%d", s.Port)
}

func TestASinkCountsWholeBodiesAndAllBytes(t *testing.T) {
	s, address := startSink(t)
	first, err := s.Probe(context.Background(), address, UploadPath)
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.Probe(context.Background(), address, UploadPath)
	if err != nil || again != first {
		t.Errorf("answers of %d and %d bytes, %v: want the same size each time", first, again, err)
	}
	cut, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(cut, "POST /exports HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nsome")
	if err := cut.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, cut) // until the sink has closed it
	served, err := s.Served(context.Background())
	if err != nil || served != 2 || s.Received() != 2*LargeBytes+4 {
		t.Errorf("%d whole bodies and %d bytes, %v; want 2 and %d", served, s.Received(), err, 2*LargeBytes+4)
	}
}

func TestAProbeRefusesWhatTheSinkDidNotSay(t *testing.T) {
	s, _ := startSink(t)
	for name, handler := range map[string]http.HandlerFunc{
		"another server": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			_, _ = io.WriteString(w, Small)
		},
		"a proxy that loses bytes": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.CopyN(io.Discard, r.Body, 1)
			s.ServeHTTP(w, r)
		},
	} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		server := &http.Server{Handler: handler}
		go func() { _ = server.Serve(listener) }()
		if _, err := s.Probe(context.Background(), listener.Addr().String(), UploadPath); err == nil {
			t.Errorf("%s: believed", name)
		}
		_ = server.Close()
	}
}
