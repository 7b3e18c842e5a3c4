package table_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"outrigger/policy"
	"outrigger/policy/compile"
	"outrigger/policy/table"
)

func set(t *testing.T) *policy.Set {
	t.Helper()
	text := `version: 1
service: shop
upstreams:
  stock:
    endpoints: [http://stock:8080]
    policy: {timeouts: {request: 2s}, retry: {retries: 2}, breaker: off}
    operations:
      GET /stock/{sku}: {timeouts: {request: 500ms}}
      POST /orders: {retry: {when: [connect]}, concurrency: {max: 5}}
`
	r := compile.Compile([]string{"policy.yaml"}, compile.Options{ReadFile: func(name string) ([]byte, error) {
		if name != "policy.yaml" {
			return nil, fs.ErrNotExist
		}
		return []byte(text), nil
	}})
	if r.Set == nil {
		t.Fatal(r.Problems)
	}
	return r.Set
}

// failures are those of a case that expects what expect says, "\n" between them.
func failures(t *testing.T, request, expect string, simulate table.Simulator) string {
	t.Helper()
	c := parsed(t, fmt.Sprintf("- name: it\n  request: %s\n  expect: {%s}\n", request, expect)).Cases[0]
	var messages []string
	for _, f := range c.Run(set(t), simulate).Failures {
		if f.Place.File != "table.yaml" || f.Place.Line == 0 {
			t.Errorf("%s has no place: %v", f.Message, f.Place)
		}
		messages = append(messages, f.Message)
	}
	return strings.Join(messages, "\n")
}

// never is for cases that need no sidecar.
func never(*policy.Set, []*table.Step) ([][]table.Exchange, error) {
	panic("a sidecar was started for nothing")
}

func TestWhatAPolicySaysIsCompared(t *testing.T) {
	for expect, want := range map[string]string{
		"operation: 'GET /stock/{sku}'":     "",
		"operation: getStock":               "operation is GET /stock/{sku}, want getStock",
		"values: {timeouts.request: 500ms}": "",
		"values: {timeouts.request: 2s}":    "timeouts.request is 500ms (policy.yaml:8), want 2s",
		"values: {retry.when: [504, 503, connect, refused, reset, timeout, 408, 425, 429, 502]}": "",
		"values: {retry.when: [503]}":                            "retry.when is [connect, refused, reset, timeout, 408, 425, 429, 502, 503, 504] (default), want [503]",
		"values: {breaker: off, timeouts.attempt: off}":          "",
		"values: {breaker.failureRate: 50%}":                     "breaker is off (policy.yaml:6), want breaker.failureRate 50%",
		"values: {concurrency: off}":                             "concurrency is on (default), want off",
		"values: {concurrency.max: 1000, retry.maxBody: 65536B}": "",
		"values: {retry.idempotent: true}":                       "",
		"values: {retry.idempotent: false}":                      "retry.idempotent is true (default), want false",
		"retries: 2":                                             "",
		"retries: 3":                                             "at most 2 retries, want 3",
	} {
		if got := failures(t, "GET /stock/1", expect, never); got != want {
			t.Errorf("%s: %q, want %q", expect, got, want)
		}
	}
	if got := failures(t, "GET http://nobody/", "operation: unmatched", never); !strings.Contains(got, `no upstream has host "nobody"`) {
		t.Errorf("an unknown host: %q", got)
	}
}

// sees is a simulator of fixed exchanges for the first step.
func sees(all ...table.Exchange) table.Simulator {
	return func(*policy.Set, []*table.Step) ([][]table.Exchange, error) { return [][]table.Exchange{all}, nil }
}

func TestWhatASidecarDidIsCompared(t *testing.T) {
	well := table.Exchange{Status: 200, Attempts: 2, Took: 300 * time.Millisecond, Circuit: "closed"}
	refused := table.Exchange{Status: 503, Code: "circuit_open", Circuit: "open"}
	broken := table.Exchange{Took: time.Second}
	for _, test := range []struct {
		expect string
		seen   []table.Exchange
		want   string
	}{
		{"status: 200, attempts: 2, code: none, circuit: closed", []table.Exchange{well}, ""},
		{"status: 503, code: deadline, attempts: 3", []table.Exchange{well}, "status is 200, want 503\ncode is none, want deadline\nattempts is 2, want 3"},
		{"status: 200", []table.Exchange{broken}, "status is missing, no answer came, want 200"},
		{"status: 200", []table.Exchange{well, refused, refused}, "request 2 of 3: status is 503, want 200 (1 more are not as wanted)"},
		{"statuses: {'200': 1, '503': 2}, codes: {circuit_open: 2, none: 1}, totalAttempts: 2", []table.Exchange{well, refused, refused}, ""},
		{
			"statuses: {'200': 2}, codes: {circuit_open: 1}, totalAttempts: 3",
			[]table.Exchange{well, refused, refused},
			"status 200 came 1 times, want 2; in all {200: 1, 503: 2}\ncode circuit_open came 2 times, want 1; in all {circuit_open: 2, none: 1}\ntotalAttempts is 2, want 3",
		},
		{"took: {atLeast: 300ms, atMost: 300ms}", []table.Exchange{well}, ""},
		{"took: {atLeast: 301ms}", []table.Exchange{well}, "took 300ms, want at least 301ms"},
		{"took: {atMost: 299ms}", []table.Exchange{well}, "took 300ms, want at most 299ms"},
		{"circuit: closed", []table.Exchange{well, refused}, "circuit is open, want closed"},
	} {
		if got := failures(t, "GET /stock/1", test.expect, sees(test.seen...)); got != test.want {
			t.Errorf("%s: %q, want %q", test.expect, got, test.want)
		}
	}
	fails := func(*policy.Set, []*table.Step) ([][]table.Exchange, error) { return nil, errors.New("no way") }
	if got := failures(t, "GET /stock/1", "status: 200, retried: [503]", fails); got != "cannot be run: no way" {
		t.Errorf("a simulator that fails: %q", got)
	}
}

func TestWhatIsRetriedIsTriedOneConditionAtATime(t *testing.T) {
	var asked []string
	simulate := func(_ *policy.Set, steps []*table.Step) ([][]table.Exchange, error) {
		first := steps[0].Answers[0]
		asked = append(asked, fmt.Sprintf("%s %d", first.Action, first.Status))
		attempts := 1
		if first.Status == 503 || first.Action == table.Refuse {
			attempts = 2
		}
		return [][]table.Exchange{{{Attempts: attempts, Story: []string{"as it went"}}}}, nil
	}
	got := failures(t, "GET /stock/1", "retried: [connect, refused, reset, timeout, 503], notRetried: [500, 503]", simulate)
	if want := "refused is not retried, want a retry\nreset is not retried, want a retry\ntimeout is not retried, want a retry\n503 is retried, want none"; got != want {
		t.Errorf("failures %q, want %q", got, want)
	}
	if want := "refuse 0, respond 425, reset 0, hang 0, respond 503, respond 500, respond 503"; strings.Join(asked, ", ") != want {
		t.Errorf("tried %s, want %s", strings.Join(asked, ", "), want)
	}
}

var reports = []table.Report{{File: "orders.test.yaml", Policy: "policy.yaml", Cases: []table.Result{
	{Name: "it <works> & holds", Place: policy.Place{File: "orders.test.yaml", Line: 4}},
	{Name: "it does not", Place: policy.Place{File: "orders.test.yaml", Line: 9}, Failures: []table.Failure{
		{Place: policy.Place{File: "orders.test.yaml", Line: 11}, Message: "status is 503, want 200", Story: []string{"attempt 1: 503 after \x1b[31m0ms"}},
		{Place: policy.Place{File: "orders.test.yaml", Line: 12}, Message: "attempts is 1, want 2"},
	}},
}}}

func TestAReportIsReadableAndEscapesWhatATerminalWouldObey(t *testing.T) {
	want := `orders.test.yaml
  ✓ it <works> & holds
  ✗ it does not
      orders.test.yaml:11: status is 503, want 200
        attempt 1: 503 after \u001b[31m0ms
      orders.test.yaml:12: attempts is 1, want 2
2 cases: 1 passed, 1 failed`
	if d := cmp.Diff(want, reports[0].Text()+table.Summary(reports)); d != "" {
		t.Errorf("text (-want +got):\n%s", d)
	}
	if got := table.Summary([]table.Report{{Cases: reports[0].Cases[:1]}}); got != "1 case, all passed" {
		t.Errorf("summary %q", got)
	}
}

func TestJUnitHasWhatReadersOfItWant(t *testing.T) {
	var b bytes.Buffer
	if err := table.WriteJUnit(&b, reports); err != nil {
		t.Fatal(err)
	}
	var got struct {
		XMLName  xml.Name `xml:"testsuites"`
		Tests    int      `xml:"tests,attr"`
		Failures int      `xml:"failures,attr"`
		Suites   []struct {
			Name     string `xml:"name,attr"`
			Tests    int    `xml:"tests,attr"`
			Failures int    `xml:"failures,attr"`
			Cases    []struct {
				Name    string  `xml:"name,attr"`
				Class   string  `xml:"classname,attr"`
				File    string  `xml:"file,attr"`
				Line    int     `xml:"line,attr"`
				Time    float64 `xml:"time,attr"`
				Failure *struct {
					Message string `xml:"message,attr"`
					Text    string `xml:",chardata"`
				} `xml:"failure"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatalf("%v\n%s", err, b.String())
	}
	if got.Tests != 2 || got.Failures != 1 || len(got.Suites) != 1 || got.Suites[0].Tests != 2 || got.Suites[0].Name != "orders.test.yaml" {
		t.Fatalf("head %+v", got)
	}
	well, bad := got.Suites[0].Cases[0], got.Suites[0].Cases[1]
	if well.Name != "it <works> & holds" || well.Failure != nil || well.Class == "" || well.Line != 4 {
		t.Errorf("the case that passed is %+v", well)
	}
	if bad.Failure == nil || bad.Failure.Message != "status is 503, want 200" || !strings.Contains(bad.Failure.Text, "orders.test.yaml:12: attempts is 1, want 2") || strings.Contains(b.String(), "\x1b") {
		t.Errorf("the case that failed is %+v\n%s", bad, b.String())
	}
}

func TestJSONHasTheMembersThatProgramsRead(t *testing.T) {
	data, err := json.Marshal(reports[0])
	if err != nil {
		t.Fatal(err)
	}
	want := `{"file":"orders.test.yaml","policy":"policy.yaml","cases":[` +
		`{"name":"it \u003cworks\u003e \u0026 holds","line":4,"passed":true,"failures":[]},` +
		`{"name":"it does not","line":9,"passed":false,"failures":[` +
		`{"file":"orders.test.yaml","line":11,"message":"status is 503, want 200","story":["attempt 1: 503 after \u001b[31m0ms"]},` +
		`{"file":"orders.test.yaml","line":12,"message":"attempts is 1, want 2","story":[]}]}]}`
	if d := cmp.Diff(want, string(data)); d != "" {
		t.Errorf("JSON (-want +got):\n%s", d)
	}
}
