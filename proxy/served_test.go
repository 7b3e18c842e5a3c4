package proxy_test

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"outrigger/proxy/proxytest"
)

// selfDescribing is an application that serves its own spec and says 200 to everything else.
type selfDescribing struct {
	address string
	spec    atomic.Value
	server  *http.Server
}

func (a *selfDescribing) start(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", a.address)
	if err != nil {
		t.Fatal(err)
	}
	a.address = l.Addr().String()
	server := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/openapi.json" {
			_, _ = w.Write([]byte(a.spec.Load().(string)))
		}
	})}
	a.server = server
	go func() { _ = server.Serve(l) }() // its own: a is started again
	t.Cleanup(a.stop)
}

func (a *selfDescribing) stop() { _ = a.server.Close() }

// describes is a spec of operations "METHOD /path id".
func describes(operations ...string) string {
	var paths []string
	for _, op := range operations {
		words := strings.Fields(op)
		paths = append(paths, fmt.Sprintf(`%q: {%q: {"operationId": %q, "responses": {"200": {"description": "ok"}}}}`, words[1], strings.ToLower(words[0]), words[2]))
	}
	return `{"openapi": "3.1.0", "info": {"title": "orders", "version": "1"}, "paths": {` + strings.Join(paths, ", ") + `}}`
}

// TestAnApplicationThatServesItsSpecMayStartLaterAndBeDeployedAnew is the life of a service beside its sidecar: the sidecar is there
// first, the application comes and describes itself, is deployed with another spec, with one that the policy does not fit, and goes.
func TestAnApplicationThatServesItsSpecMayStartLaterAndBeDeployedAnew(t *testing.T) {
	t.Parallel()
	app := &selfDescribing{address: "127.0.0.1:0"}
	app.spec.Store("")
	app.start(t) // for a port that is free
	app.stop()
	s := proxytest.Start(t, `version: 1
service: orders
inbound:
  listen: 127.0.0.1:0
  application: http://`+app.address+`
  openapi: application:/openapi.json
  operations: {createOrder: {timeouts: {request: 3s}}}
`)
	client := proxytest.Dial(t, s.Inbound())
	exchanges := 0
	call := func(method, path string) proxytest.Line {
		t.Helper()
		client.Do(method + " " + path + " HTTP/1.1\r\nHost: orders\r\nContent-Length: 0\r\n\r\n")
		exchanges++
		return s.Exchanges(exchanges)[exchanges-1]
	}
	isOperation := func(method, path, want string) func() bool {
		return func() bool { return call(method, path).Operation == want }
	}

	if first := call("POST", "/orders"); first.Operation != "unmatched" || first.Status != 502 {
		t.Errorf("before there is an application: %+v", first)
	}
	if undeclared := s.Metric("outrigger_undeclared_requests_total"); undeclared != 0 {
		t.Errorf("%v requests are undeclared before there is a spec", undeclared)
	}

	app.spec.Store(describes("POST /orders createOrder"))
	app.start(t)
	proxytest.Until(t, "the operations of the spec hold", isOperation("POST", "/orders", "createOrder"))
	if other := call("GET", "/nowhere"); other.Operation != "unmatched" || s.Metric("outrigger_undeclared_requests_total") != 1 {
		t.Errorf("a request that the spec does not declare: %+v", other)
	}

	app.stop()
	app.spec.Store(describes("POST /orders createOrder", "DELETE /orders/{id} cancelOrder"))
	app.start(t)
	s.Proxy.Reload()
	proxytest.Until(t, "the operations of the next spec hold", isOperation("DELETE", "/orders/7", "cancelOrder"))

	app.spec.Store(describes("POST /orders placeOrder"))
	s.Proxy.Reload()
	refused := s.Log.Wait(t, "policy rejected, the last good one stays", 1)[0]
	if refused.Level != "ERROR" || !strings.Contains(refused.Problem, "createOrder") {
		t.Errorf("a spec that the policy does not fit: %+v", refused)
	}
	const silent = "the application has not served its spec"
	before := len(s.Log.Lines(silent))
	app.stop()
	s.Proxy.Reload()
	s.Log.Wait(t, silent, before+1)
	for path, want := range map[string]string{"POST /orders": "createOrder", "DELETE /orders/7": "cancelOrder"} {
		method, target, _ := strings.Cut(path, " ")
		if got := call(method, target); got.Operation != want {
			t.Errorf("%s is %s after a spec that was refused, want %s", path, got.Operation, want)
		}
	}
}
