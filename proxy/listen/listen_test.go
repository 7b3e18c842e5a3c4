package listen

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"outrigger/policy"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("internal/poll.runtime_pollWait"))
}

func answering(text string) func() Server {
	return func() Server {
		return &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/slow" {
				time.Sleep(200 * time.Millisecond)
			}
			_, _ = io.WriteString(w, text)
		})}
	}
}

func port(name, address, text string) Port {
	return Port{Name: name, Address: policy.Address{HostPort: address, Place: policy.Place{File: "p.yaml", Line: 7}}, Server: answering(text)}
}

func ports(t *testing.T) *Ports {
	p := New(slog.New(slog.DiscardHandler))
	t.Cleanup(func() { p.Shutdown(t.Context(), Operators) })
	return p
}

func commit(t *testing.T, p *Ports, wanted ...Port) {
	t.Helper()
	c, err := p.Bind(wanted)
	if err != nil {
		t.Fatal(err)
	}
	c.Commit(context.Background())
}

func get(t *testing.T, address string) string {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + address + "/")
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return string(b)
}

func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestAPortInUseIsNamedWithItsPolicyLine(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	p := ports(t)
	other := free(t)
	_, err = p.Bind([]Port{port("inbound", other, "in"), port("admin", taken.Addr().String(), "admin")})
	if err == nil || !strings.Contains(err.Error(), taken.Addr().String()) || !strings.Contains(err.Error(), "p.yaml:7") || !strings.Contains(err.Error(), "in use") {
		t.Errorf("error: %v", err)
	}
	byDefault := port("admin", taken.Addr().String(), "admin")
	byDefault.Address.Place = policy.Place{}
	if _, err = p.Bind([]Port{byDefault}); err == nil || !strings.Contains(err.Error(), "write admin: {listen: 127.0.0.1:PORT}") {
		t.Errorf("error of a port that no line writes: %v", err)
	}
	l, err := net.Listen("tcp", other)
	if err != nil {
		t.Errorf("the other port stays bound after a failed edit: %v", err)
	} else {
		l.Close()
	}
}

func TestAnEditOpensClosesAndKeepsPorts(t *testing.T) {
	p := ports(t)
	a, b, c := free(t), free(t), free(t)
	commit(t, p, port("a", a, "A"), port("b", b, "B"))
	commit(t, p, port("b", b, "another B, never made"), port("c", c, "C"))
	if got := get(t, b); got != "B" {
		t.Errorf("the kept port answers %q", got)
	}
	if got := get(t, c); got != "C" {
		t.Errorf("the new port answers %q", got)
	}
	for range 100 {
		conn, err := net.Dial("tcp", a)
		if err != nil {
			break
		}
		conn.Close()
		time.Sleep(time.Millisecond)
	}
	if _, err := net.Dial("tcp", a); err == nil {
		t.Error("the port that is no longer wanted still accepts")
	}
	if got := p.Addresses(); len(got) != 2 || got["b"] != b || got["c"] != c {
		t.Errorf("addresses %v", got)
	}
}

func TestARenamedPortKeepsItsSocket(t *testing.T) {
	p := ports(t)
	address := free(t)
	commit(t, p, port("upstream old", address, "old"))
	commit(t, p, port("upstream new", address, "new"))
	deadline := time.Now().Add(5 * time.Second)
	for get(t, address) != "new" {
		if time.Now().After(deadline) {
			t.Fatalf("the port answers %q", get(t, address))
		}
	}
}

func TestPortZeroIsAnotherSocketEachTime(t *testing.T) {
	p := ports(t)
	one := port("admin", "127.0.0.1:0", "one")
	commit(t, p, one)
	commit(t, p, one, port("upstream a", "127.0.0.1:0", "two"))
	a := p.Addresses()
	if a["admin"] == a["upstream a"] || get(t, a["admin"]) != "one" || get(t, a["upstream a"]) != "two" {
		t.Errorf("the ports %v answer %q and %q, want two sockets", a, get(t, a["admin"]), get(t, a["upstream a"]))
	}
}

func TestNoPortOpensOnceTheEndHasBegun(t *testing.T) {
	p := ports(t)
	address := free(t)
	late, err := p.Bind([]Port{port("inbound", address, "late")}) // an edit that is under way
	if err != nil {
		t.Fatal(err)
	}
	p.SetDraining()
	late.Commit(context.Background())
	if open := p.Addresses(); len(open) != 0 {
		t.Errorf("open ports: %v", open)
	}
	if l, err := net.Listen("tcp", address); err != nil {
		t.Errorf("the socket of the edit is still bound: %v", err)
	} else {
		l.Close()
	}
	if _, err := p.Bind([]Port{port("inbound", address, "later")}); !errors.Is(err, ErrDraining) {
		t.Errorf("Bind gives %v, want %v", err, ErrDraining)
	}
}

func TestShutdownFinishesRequestsInFlightAndCallersBeforeCalls(t *testing.T) {
	p := ports(t)
	in, out := free(t), free(t)
	inbound, outbound := port("inbound", in, "in"), port("outbound", out, "out")
	outbound.Phase = Calls
	commit(t, p, inbound, outbound)
	slow := make(chan string, 1)
	go func() {
		client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		resp, err := client.Get("http://" + in + "/slow")
		if err != nil {
			slow <- err.Error()
			return
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		slow <- string(b)
	}()
	time.Sleep(50 * time.Millisecond)
	ended := make(chan struct{})
	go func() {
		p.Shutdown(context.Background(), Operators)
		close(ended)
	}()
	time.Sleep(50 * time.Millisecond)
	if got := get(t, out); got != "out" {
		t.Errorf("the application's calls are cut while a caller waits: %q", got)
	}
	if got := <-slow; got != "in" {
		t.Errorf("the request in flight got %q", got)
	}
	<-ended
}
