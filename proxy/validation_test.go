package proxy_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"outrigger/policy"
	"outrigger/proxy/failure"
	"outrigger/proxy/proxytest"
)

// validated is the spec of the tests of validation, in the version that is put in.
const validated = `openapi: VERSION
info: {title: t, version: '1'}
paths:
  /items/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: integer, minimum: 1}}]
    get:
      operationId: getItem
      parameters:
        - {name: fields, in: query, schema: {type: array, items: {enum: [name, price]}}}
        - {name: filter, in: query, style: deepObject, explode: true, schema: {type: object, properties: {max: {type: integer}}}}
        - {name: X-Tenant, in: header, required: true, schema: {type: string, pattern: '^[a-z]+$'}}
        - {name: session, in: cookie, schema: {type: string, format: uuid}}
      responses:
        '200': {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/Item'}}}}
        default: {description: else}
    put:
      operationId: putItem
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Item'}}}}
      responses: {'200': {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/Item'}}}}}
components:
  schemas:
    Item:
      type: object
      required: [name]
      additionalProperties: false
      properties:
        name: {type: string, maxLength: 20}
        price: {type: number, minimum: 0}
        parts: {type: array, items: {$ref: '#/components/schemas/Item'}}
`

// validating starts a sidecar whose upstream validates as it is told, by a spec of a version.
func validating(t *testing.T, version, mode string, steps ...proxytest.Step) (*proxytest.Sidecar, *proxytest.Upstream) {
	t.Helper()
	up := proxytest.NewUpstream(t, steps...)
	s := proxytest.Start(t, fmt.Sprintf(`version: 1
service: test
upstreams:
  up:
    listen: 127.0.0.1:0
    endpoints: ['%s']
    openapi: spec.yaml
    policy:
      timeouts: {request: 2s}
      retry: {retries: 1, backoff: off}
      validate: {%s}
`, up.URL(), mode), proxytest.File{Name: "spec.yaml", Text: strings.Replace(validated, "VERSION", version, 1)})
	return s, up
}

// errorsOf are the violations that an answer lists.
func errorsOf(t *testing.T, r proxytest.Reply) []policy.Violation {
	t.Helper()
	var p struct{ Errors []policy.Violation }
	if err := json.Unmarshal([]byte(r.Text), &p); err != nil {
		t.Fatalf("%v: %s", err, r.Text)
	}
	return p.Errors
}

func put(body string, fields ...string) string {
	return "PUT /items/1 HTTP/1.1\r\nHost: up.test\r\n" + strings.Join(append(fields, fmt.Sprintf("Content-Length: %d", len(body))), "\r\n") + "\r\n\r\n" + body
}

const asJSON = "Content-Type: application/json"

func TestAnEnforcedRequestThatBreaksTheSpecNeverReachesTheUpstream(t *testing.T) {
	t.Parallel()
	get := func(target string, fields ...string) string {
		return "GET " + target + " HTTP/1.1\r\nHost: up.test\r\n" + strings.Join(append(fields, ""), "\r\n") + "\r\n"
	}
	const tenant = "X-Tenant: acme"
	cases := []struct{ name, request, want string }{ // want is the first violation, "" for a request that passes
		{"a good one", get("/items/1?fields=name&fields=price&filter[max]=3&other=x", tenant), ""},
		{"a path parameter of another type", get("/items/x", tenant), "path id: is a string, must be an integer"},
		{"a path parameter out of range", get("/items/0", tenant), "path id: must be at least 1"},
		{"an item of a list", get("/items/1?fields=name&fields=weight", tenant), `query fields /1: must be one of "name", "price"`},
		{"a part of an object", get("/items/1?filter[max]=much", tenant), "query filter /max: is a string, must be an integer"},
		{"an escaped part of an object", get("/items/1?filter%5Bmax%5D=much", tenant), "query filter /max: is a string, must be an integer"},
		{"a part of a part, which nobody says how to read", get("/items/1?filter[max][min]=much", tenant), ""},
		{"a header that is missing", get("/items/1"), "header X-Tenant: is missing"},
		{"a header of another form", get("/items/1", "X-Tenant: ACME"), `header X-Tenant: must match the pattern "^[a-z]+$"`},
		{"a cookie of another form", get("/items/1", tenant, "Cookie: a=b; session=1"), "cookie session: must be of the form uuid"},
		{"a good body", put(`{"name":"a","price":1.5,"parts":[{"name":"b"}]}`, asJSON), ""},
		{"a body of another media type of JSON", put(`{"name":"a"}`, "Content-Type: application/problem+json"), "header Content-Type: must be application/json"},
		{"a body without a media type", put(`{"name":1}`), "body /name: is a number, must be a string"},
		{"a body that lacks something", put(`{"price":1}`, asJSON), "body: lacks name"},
		{"a body with something more", put(`{"name":"a","colour":"s3cret"}`, asJSON), "body /colour: is not a property that the schema knows"},
		{"a body that is wrong far down", put(`{"name":"a","parts":[{"name":"b","parts":[{"name":"c","price":-1}]}]}`, asJSON+"; charset=utf-8"), "body /parts/0/parts/0/price: must be at least 0"},
		{"no JSON", put(`{"name":`, asJSON), "body: is not JSON: it ends in the middle of a value"},
		{"no body", put(``, asJSON), "body: is missing"},
	}
	for _, version := range []string{"3.0.3", "3.1.0"} {
		s, up := validating(t, version, "request: enforce", proxytest.Answer(200, `{"name":"a"}`, asJSON))
		refused := 0
		for _, c := range cases {
			before := len(up.Requests())
			r := proxytest.Call(t, s.Port("up"), c.request)
			if c.want == "" {
				if r.StatusCode != 200 || len(up.Requests()) != before+1 {
					t.Errorf("%s, %s: %d %s", version, c.name, r.StatusCode, r.Text)
				}
				continue
			}
			refused++
			if r.StatusCode != 400 || len(up.Requests()) != before {
				t.Errorf("%s, %s: %d %s, and %d requests upstream", version, c.name, r.StatusCode, r.Text, len(up.Requests())-before)
				continue
			}
			ours(t, r, failure.RequestInvalid)
			if all := errorsOf(t, r); len(all) == 0 || all[0].String() != c.want {
				t.Errorf("%s, %s: %v, want %s", version, c.name, all, c.want)
			}
			if strings.Contains(r.Text, "s3cret") {
				t.Errorf("%s, %s: the answer repeats a value: %s", version, c.name, r.Text)
			}
		}
		failures := s.Metric("outrigger_validation_failures_total", `kind="request"`)
		if n := s.Metric("outrigger_refused_total", `reason="request_invalid"`); n != float64(refused) || failures != n {
			t.Errorf("%s: %v refused, %v failures of validation, want %d", version, n, failures, refused)
		}
		if op := s.Operation("up", "putItem"); op.Circuit != "closed" || op.FailureRate != 0 {
			t.Errorf("%s: the breaker has counted: %+v", version, op)
		}
	}
}

func TestWhatIsOnlyReportedPassesAndIsCountedAndTold(t *testing.T) {
	t.Parallel()
	s, up := validating(t, "3.0.3", "request: report, response: report", proxytest.Answer(200, `{"nom":"a"}`, asJSON))
	r := proxytest.Call(t, s.Port("up"), put(`{"name":"s3cret-that-is-much-too-long"}`, asJSON))
	if r.StatusCode != 200 || r.Text != `{"nom":"a"}` || len(up.Requests()) != 1 {
		t.Errorf("%d %s", r.StatusCode, r.Text)
	}
	if body, _ := up.Requests()[0].Taken(); body != `{"name":"s3cret-that-is-much-too-long"}` {
		t.Errorf("the upstream got %q", body)
	}
	for _, kind := range []string{"request", "response"} {
		if n := s.Metric("outrigger_validation_failures_total", `kind="`+kind+`"`, `reason="body"`, `operation="putItem"`, `direction="outbound"`); n != 1 {
			t.Errorf("%v failures of a %s", n, kind)
		}
	}
	var told []string
	for _, e := range s.Decisions("operation=putItem")[0].Events {
		if e.Rule == "validate" {
			told = append(told, e.What)
		}
	}
	want := "the request breaks its contract: body /name: must have at most 20 characters; " +
		"the response breaks its contract: body: lacks name (and another)"
	if got := strings.Join(told, "; "); got != want {
		t.Errorf("decisions tell %q", got)
	}
	s.Exchanges(1)
	if log := s.Log.String(); !strings.Contains(log, `"violation":"body /name: must have at most 20 characters"`) || strings.Contains(log, "s3cret") {
		t.Errorf("the log says %s", log)
	}
	if op := s.Operation("up", "putItem"); op.FailureRate != 0 {
		t.Errorf("the breaker has counted: %+v", op)
	}
}

func TestABodyThatWasLookedAtArrivesAsItWasSent(t *testing.T) {
	t.Parallel()
	large := `{"name":"` + strings.Repeat("x", 100<<10) + `"}`
	chunked := func(body string) string {
		return "PUT /items/1 HTTP/1.1\r\nHost: up.test\r\n" + asJSON + "\r\nTransfer-Encoding: chunked\r\n\r\n" +
			fmt.Sprintf("%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n", 3, body[:3], len(body)-3, body[3:])
	}
	small := "{ \"name\":\t\"a\" }\n"
	for _, c := range []struct {
		name, request, body, skipped string
		steps                        []proxytest.Step
	}{
		{"small", put(small, asJSON), small, "", nil},
		{"chunked", chunked(small), small, "", nil},
		{"chunked and large", chunked(large), large, "too_large", nil},
		{"large", put(large, asJSON), large, "too_large", nil},
		{"compressed", put("\x1f\x8b123", asJSON, "Content-Encoding: gzip"), "\x1f\x8b123", "encoded", nil},
		{"too deep", put(strings.Repeat("[", 70)+strings.Repeat("]", 70), asJSON), strings.Repeat("[", 70) + strings.Repeat("]", 70), "too_complex", nil},
		{"sent again", put(small, asJSON), small, "", []proxytest.Step{proxytest.Answer(503, "busy"), proxytest.Answer(200, "ok")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.steps == nil {
				c.steps = []proxytest.Step{proxytest.Answer(200, "ok")}
			}
			s, up := validating(t, "3.1.0", "request: enforce", c.steps...)
			if r := proxytest.Call(t, s.Port("up"), c.request); r.StatusCode != 200 {
				t.Fatalf("%d %s", r.StatusCode, r.Text)
			}
			if len(up.Requests()) != len(c.steps) {
				t.Errorf("%d requests upstream", len(up.Requests()))
			}
			for i, request := range up.Requests() {
				if body, complete := request.Taken(); body != c.body || !complete {
					t.Errorf("attempt %d carried %.80q (%d bytes, complete %v), sent were %d", i+1, body, len(body), complete, len(c.body))
				}
			}
			if line := s.Exchanges(1)[0]; line.BytesIn != int64(len(c.body)) {
				t.Errorf("%d bytes in, sent were %d", line.BytesIn, len(c.body))
			}
			if c.skipped != "" && s.Metric("outrigger_validation_skipped_total", `kind="request"`, `reason="`+c.skipped+`"`) != 1 {
				t.Errorf("not counted as %s", c.skipped)
			}
			if c.skipped == "" && s.Metric("outrigger_validation_skipped_total") != 0 {
				t.Error("counted as not validated")
			}
		})
	}
}

func TestAClientThatWaitsForLeaveToSendIsGivenItOnce(t *testing.T) {
	t.Parallel()
	s, up := validating(t, "3.0.3", "request: enforce", proxytest.Answer(200, "ok"))
	body := `{"name":"a"}`
	client := proxytest.Dial(t, s.Port("up"))
	client.Send(put(body, asJSON, "Expect: 100-continue"))
	r := client.Read("PUT")
	if r.StatusCode != 200 || len(r.Interim) != 1 || r.Interim[0].StatusCode != http.StatusContinue {
		t.Errorf("%d after %d interim replies", r.StatusCode, len(r.Interim))
	}
	if got, _ := up.Requests()[0].Taken(); got != body || up.Requests()[0].Header.Get("Expect") != "" {
		t.Errorf("the upstream got %q with Expect %q", got, up.Requests()[0].Header.Get("Expect"))
	}
}

func TestABodyThatDoesNotComeWithinTheRequestTimeoutIsTheClientsFaultLookedAtOrNot(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"off", "report", "enforce"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s, up := validating(t, "3.0.3", "request: "+mode, proxytest.Answer(200, "ok"))
			client := proxytest.Dial(t, s.Port("up"))
			client.Send("PUT /items/1 HTTP/1.1\r\nHost: up.test\r\n" + asJSON + "\r\nContent-Length: 100\r\n\r\n{\"name\":")
			r := client.Read("PUT")
			if p := r.Problem(); r.StatusCode != 408 || p.Code != string(failure.RequestInvalid) || p.Detail != "body too slow" {
				t.Errorf("%d %s", r.StatusCode, r.Text)
			}
			if n := len(up.Requests()); mode != "off" && n != 0 {
				t.Errorf("%d requests upstream", n)
			}
		})
	}
}

func TestRepliesThatBreakTheSpecOpenTheCircuitWhereTheyCount(t *testing.T) {
	t.Parallel()
	const bad = `{"name":7}`
	for mode, opens := range map[string]bool{"response: count": true, "response: report": false} {
		s, up := validating(t, "3.1.0", mode, proxytest.Answer(200, bad, asJSON))
		for n := range 8 {
			r := proxytest.Call(t, s.Port("up"), "GET /items/1 HTTP/1.1\r\nHost: up.test\r\nX-Tenant: a\r\n\r\n")
			if open := opens && n >= 5; open && r.StatusCode != 503 || !open && (r.StatusCode != 200 || r.Text != bad) {
				t.Errorf("%s, request %d: %d %s", mode, n+1, r.StatusCode, r.Text)
			}
		}
		want := map[bool]int{true: 5, false: 8}[opens]
		if got := len(up.Requests()); got != want { // none was retried for it
			t.Errorf("%s: %d requests upstream, want %d", mode, got, want)
		}
		if n := s.Metric("outrigger_validation_failures_total", `kind="response"`, `reason="body"`, `operation="getItem"`); n != float64(want) {
			t.Errorf("%s: %v counted, want %d", mode, n, want)
		}
	}
}

func TestARepliesBodyIsNeitherChangedNorHeldUp(t *testing.T) {
	t.Parallel()
	large := `{"name":"` + strings.Repeat("x", 100<<10) + `"}`
	for _, c := range []struct{ name, reply, body, skipped string }{
		{"good", "HTTP/1.1 200 OK\r\n" + asJSON + "\r\nContent-Length: 12\r\n\r\n{\"name\":\"a\"}", `{"name":"a"}`, ""},
		{"chunked", "HTTP/1.1 200 OK\r\n" + asJSON + "\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"nam\r\n7\r\ne\":\"a\"}\r\n0\r\n\r\n", `{"name":"a"}`, ""},
		{"large", fmt.Sprintf("HTTP/1.1 200 OK\r\n%s\r\nContent-Length: %d\r\n\r\n%s", asJSON, len(large), large), large, "too_large"},
		{"large and chunked", fmt.Sprintf("HTTP/1.1 200 OK\r\n%s\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", asJSON, len(large), large), large, "too_large"},
		{"compressed", "HTTP/1.1 200 OK\r\n" + asJSON + "\r\nContent-Encoding: br\r\nContent-Length: 3\r\n\r\nabc", "abc", "encoded"},
		{"text", "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nno", "no", ""},
		{"a status without a schema", "HTTP/1.1 404 Not Found\r\n" + asJSON + "\r\nContent-Length: 2\r\n\r\n[]", "[]", ""},
	} {
		s, _ := validating(t, "3.0.3", "response: count", proxytest.Raw(c.reply))
		r := proxytest.Call(t, s.Port("up"), "GET /items/1 HTTP/1.1\r\nHost: up.test\r\n\r\n")
		if r.Text != c.body || r.Broken != nil {
			t.Errorf("%s: the client got %d bytes (%v)", c.name, len(r.Text), r.Broken)
		}
		skipped := 0.0
		if c.skipped != "" {
			skipped = s.Metric("outrigger_validation_skipped_total", `kind="response"`, `reason="`+c.skipped+`"`)
		}
		if (skipped == 1) != (c.skipped != "") || s.Metric("outrigger_validation_failures_total") != 0 {
			t.Errorf("%s: %v skipped, %v failed", c.name, skipped, s.Metric("outrigger_validation_failures_total"))
		}
	}
}

func TestTheHeadOfAReplyThatIsLookedAtDoesNotWaitForItsContent(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{})
	s, _ := validating(t, "3.0.3", "response: count", func(c *proxytest.Conn, _ *proxytest.Request) {
		c.Send("HTTP/1.1 200 OK\r\n" + asJSON + "\r\nContent-Length: 12\r\n\r\n")
		<-arrived
		c.Send(`{"name":"a"}`)
	})
	c := proxytest.Dial(t, s.Port("up"))
	c.Send("GET /items/1 HTTP/1.1\r\nHost: up.test\r\n\r\n")
	r := c.Head("GET")
	close(arrived)
	if r.Response == nil || r.StatusCode != 200 {
		t.Fatalf("the client got %v (%v)", r.Response, r.Broken)
	}
	if text, err := io.ReadAll(r.Body); string(text) != `{"name":"a"}` || err != nil {
		t.Errorf("behind the head the client got %q (%v)", text, err)
	}
}

func TestAnEditSwitchesValidationOnAndOffForTheNextRequest(t *testing.T) {
	t.Parallel()
	s, up := validating(t, "3.0.3", "request: off", proxytest.Answer(200, "ok"))
	policy := fmt.Sprintf("version: 1\nservice: test\nupstreams:\n  up:\n    listen: 127.0.0.1:0\n    endpoints: ['%s']\n    openapi: spec.yaml\n    policy: {validate: {request: MODE}}\n", up.URL())
	client := proxytest.Dial(t, s.Port("up"))
	bad := put(`{}`, asJSON)
	for i, step := range []struct {
		mode string
		want int
	}{{"off", 200}, {"enforce", 400}, {"report", 200}, {"enforce", 400}} {
		s.Edit(strings.Replace(policy, "MODE", step.mode, 1))
		if r := client.Do(bad); r.StatusCode != step.want {
			t.Errorf("edit %d to %s: %d %s", i+1, step.mode, r.StatusCode, r.Text)
		}
	}
	s.Write("spec.yaml", strings.Replace(strings.Replace(validated, "VERSION", "3.0.3", 1), "required: [name]", "required: []", 1))
	s.Proxy.Reload()
	if r := client.Do(bad); r.StatusCode != 200 {
		t.Errorf("by the spec that was edited: %d %s", r.StatusCode, r.Text)
	}
}
