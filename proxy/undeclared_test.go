package proxy_test

import (
	"strings"
	"testing"

	"outrigger/proxy/proxytest"
)

const shopSpec = `openapi: 3.1.0
info: {title: shop, version: "1"}
paths:
  /orders/{id}:
    get: {operationId: getOrder, responses: {"200": {description: found}, "404": {description: none}}}
    delete: {operationId: dropOrder, deprecated: true, responses: {"204": {description: gone}}}
    put: {operationId: keepOrder, responses: {default: {description: whatever}}}
`

func TestTrafficThatTheSpecDoesNotDeclareIsTold(t *testing.T) {
	gone := proxytest.Answer(204, "")
	steps := []proxytest.Step{proxytest.Answer(200, "an order"), proxytest.Answer(418, "a teapot"), gone, proxytest.Answer(201, "a refund"), gone}
	up := proxytest.NewUpstream(t, steps...)
	s := proxytest.Start(t, strings.Replace(beside(up.URL(), ""), "listen:", "openapi: shop.yaml\n    listen:", 1), proxytest.File{Name: "shop.yaml", Text: shopSpec})
	client := proxytest.Dial(t, s.Port("up"))
	for _, raw := range []string{
		proxytest.Get("/orders/1"), proxytest.Get("/orders/2"),
		"DELETE /orders/3 HTTP/1.1\r\nHost: a\r\n\r\n", "POST /refunds/77 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
	} {
		client.Do(raw)
	}
	client.Do("DELETE /orders/4 HTTP/1.1\r\nHost: a\r\n\r\n")
	s.Exchanges(5)

	var warned []string
	for _, line := range s.Log.Lines("operation is deprecated by its spec and still in use") {
		warned = append(warned, line.Level+" "+line.Upstream+" "+line.Operation)
	}
	if len(warned) != 1 || warned[0] != "WARN up dropOrder" {
		t.Errorf("warnings of deprecated operations: %q, want one", warned)
	}
	for name, want := range map[string]float64{
		`outrigger_undeclared_answers_total operation="getOrder" status="418"`: 1,
		`outrigger_deprecated_requests_total operation="dropOrder"`:            2,
		`outrigger_undeclared_requests_total`:                                  1,
		`outrigger_uncalled_operations`:                                        1, // keepOrder
	} {
		parts := strings.Fields(name)
		if got := s.Metric(parts[0], parts[1:]...); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	u := s.Upstream("up")
	if len(u.Undeclared) != 1 || u.Undeclared[0].Method != "POST" || u.Undeclared[0].Template != "/refunds/{number}" || u.Undeclared[0].Succeeded != 1 {
		t.Errorf("undeclared requests: %+v", u.Undeclared)
	}
	for _, op := range u.Operations {
		if op.Name == "getOrder" && op.UndeclaredStatuses["418"] != 1 || op.Deprecated != (op.Name == "dropOrder") {
			t.Errorf("operation %+v", op)
		}
	}
}
