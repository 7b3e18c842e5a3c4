package proxy_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"outrigger/proxy"
	"outrigger/proxy/proxytest"
)

// bombs are policies that must be refused soon and with little memory.
var bombs = map[string]string{
	"an alias bomb": "a: &a [x,x,x,x,x,x,x,x,x]\n" + aliases("abcdefghi") + "version: 1\n",
	"nesting":       "version: 1\nservice: " + strings.Repeat("[", 100_000),
	"duplicate key": "version: 1\nversion: 1\nservice: test\nupstreams: {up: {endpoints: ['http://a']}}\n",
	"merge loop":    "version: 1\nservice: test\nupstreams: &u\n  <<: *u\n",
	"not UTF-8":     "version: 1\nservice: \xff\xfe\n",
	"tabs":          "version: 1\nservice: test\nupstreams:\n\tup: {}\n",
	"NaN":           "version: .nan\nservice: test\n",
	"empty":         "",
	"half written":  "version: 1\nservice: test\nupstreams:\n  up:\n    endpo",
	"five megabyte": "version: 1\nservice: test\n# " + strings.Repeat("x", 5<<20) + "\n",
}

func aliases(names string) string {
	var b strings.Builder
	for i := 1; i < len(names); i++ {
		fmt.Fprintf(&b, "%c: &%c [%s]\n", names[i], names[i], strings.Repeat("*"+names[i-1:i]+",", 9))
	}
	return b.String()
}

func TestAnInvalidPolicyAtTheStartBindsNothingAndTellsEverything(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	s := proxytest.Prepare(t, "version: 1\nservice: test\nupstreams:\n  up:\n    listen: "+address+
		"\n    endpoints: ['http://a']\n    policy: {timeouts: {requst: 1s}, retry: {retries: 9}}\n    operations: {GET a: {}}\n")
	_, err = proxy.New(s.Options())
	var invalid *proxy.InvalidPolicy
	if !errors.As(err, &invalid) {
		t.Fatalf("the error is %v, want an InvalidPolicy", err)
	}
	told := proxytest.Problems(err)
	for _, want := range []string{"requst", "retries", "GET a", "policy.yaml:7", "policy.yaml:8"} {
		if !strings.Contains(told, want) {
			t.Errorf("the problems say nothing of %q:\n%s", want, told)
		}
	}
	if nc, err := net.Dial("tcp", address); err == nil {
		nc.Close()
		t.Error("the port is bound")
	}
}

func TestAPolicyThatIsNotThereIsAnError(t *testing.T) {
	t.Parallel()
	s := proxytest.Prepare(t, "")
	o := s.Options()
	o.Policy += ".none"
	if _, err := proxy.New(o); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the error is %v, want one that says the file is not there", err)
	}
}

// TestAPortInUseAtTheStartLetsGoOfTheOthers: nothing stays bound after a failed start.
func TestAPortInUseAtTheStartLetsGoOfTheOthers(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free.Close()
	s := proxytest.Prepare(t, fmt.Sprintf("version: 1\nservice: test\nupstreams:\n  a: {listen: '%s', endpoints: ['http://a']}\n  b: {listen: '%s', endpoints: ['http://b']}\n",
		free.Addr(), taken.Addr()))
	p, err := proxy.New(s.Options())
	if err != nil {
		t.Fatal(proxytest.Problems(err))
	}
	err = p.Start()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	if err == nil || !strings.Contains(err.Error(), port) || !strings.Contains(err.Error(), "policy.yaml:5") {
		t.Errorf("the error is %v, want the port and its line", err)
	}
	if l, err := net.Listen("tcp", free.Addr().String()); err != nil {
		t.Errorf("the free port stays bound: %v", err)
	} else {
		l.Close()
	}
}

func TestAnInvalidEditKeepsTheLastGoodSet(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t)
	s := start(t, up, wary)
	good := s.Metric("outrigger_policy_reloads_total", `result="applied"`)
	rejected := 0
	for name, text := range bombs {
		begun := time.Now()
		s.Edit(text)
		rejected++
		if took := time.Since(begun); took > 3*time.Second {
			t.Errorf("%s: refused after %v only", name, took)
		}
		if r := proxytest.Call(t, s.Port("up"), get); statusOf(r) != 200 {
			t.Errorf("%s: the last good set answers %d", name, statusOf(r))
		}
		if ok := s.Metric("outrigger_policy_last_reload_successful"); ok != 0 {
			t.Errorf("%s: the gauge says that the reload succeeded", name)
		}
	}
	if n := s.Metric("outrigger_policy_reloads_total", `result="rejected"`); n < float64(rejected) { // the watch may read an edit before we ask for it
		t.Errorf("%v reloads were rejected, want %d at least", n, rejected)
	}
	status, body := s.Get("/readyz?verbose")
	if status != 200 || !strings.Contains(body, "rejected") {
		t.Errorf("/readyz answers %d %q, want ready and a word about the edit", status, body)
	}
	for _, line := range s.Log.Lines("policy rejected, the last good one stays") {
		if line.Level != "ERROR" || line.File == "" || line.Line == 0 || line.Problem == "" {
			t.Errorf("a rejection is logged without its place: %+v", line)
		}
	}
	s.Edit(beside(up.URL(), tallying))
	if ok := s.Metric("outrigger_policy_last_reload_successful"); ok != 1 || s.Metric("outrigger_policy_reloads_total", `result="applied"`) != good+1 {
		t.Error("a good edit after the bad ones is not applied")
	}
}

// TestFilesThatGoAndComeAreFollowed leaves it to the watch to notice.
func TestFilesThatGoAndComeAreFollowed(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t)
	s := start(t, up, wary)
	applied := func(n int) {
		t.Helper()
		s.Log.Wait(t, "policy applied", n)
	}
	rejections := 0
	rejected := func() {
		t.Helper()
		rejections++
		proxytest.Until(t, "the edit is rejected", func() bool {
			return len(s.Log.Lines("policy rejected, the last good one stays")) >= rejections
		})
		rejections = len(s.Log.Lines("policy rejected, the last good one stays"))
		if r := proxytest.Call(t, s.Port("up"), get); statusOf(r) != 200 {
			t.Errorf("the last good set answers %d", statusOf(r))
		}
	}
	if err := os.Remove(s.Policy); err != nil {
		t.Fatal(err)
	}
	rejected()
	s.Write("policy.yaml", beside(up.URL(), tallying))
	applied(1)
	s.Write("policy.yaml", "version: 1\nserv")
	rejected()
	s.Write("policy.yaml", beside(up.URL(), wary))
	applied(2)
}

// TestAConfigMapIsFollowed swaps the ..data link as Kubernetes does.
func TestAConfigMapIsFollowed(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t)
	s := proxytest.Prepare(t, "")
	dir := filepath.Dir(s.Policy)
	publish := func(version, text string) {
		t.Helper()
		for _, err := range []error{
			os.Mkdir(filepath.Join(dir, version), 0o700),
			os.WriteFile(filepath.Join(dir, version, "policy.yaml"), []byte(text), 0o600),
			os.Symlink(version, filepath.Join(dir, "..new")),
			os.Rename(filepath.Join(dir, "..new"), filepath.Join(dir, "..data")),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	publish("..1", beside(up.URL(), wary))
	if err := errors.Join(os.Remove(s.Policy), os.Symlink("..data/policy.yaml", s.Policy)); err != nil {
		t.Fatal(err)
	}
	s.Run(s.Options())
	publish("..2", beside(up.URL(), tallying))
	s.Log.Wait(t, "policy applied", 1)
	if err := os.RemoveAll(filepath.Join(dir, "..1")); err != nil {
		t.Fatal(err)
	}
	publish("..3", "version: 1\nservice: test\nupstreams: {up: {}}\n")
	s.Log.Wait(t, "policy rejected, the last good one stays", 1)
	if r := proxytest.Call(t, s.Port("up"), get); statusOf(r) != 200 {
		t.Errorf("the last good set answers %d", statusOf(r))
	}
	publish("..4", beside(up.URL(), wary))
	s.Log.Wait(t, "policy applied", 2)
}

// TestASpecThatVanishesOrBreaksKeepsTheLastGoodSet: a spec is a part of the policy.
func TestASpecThatVanishesOrBreaksKeepsTheLastGoodSet(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t)
	const spec = "openapi: 3.0.3\ninfo: {title: t, version: '1'}\npaths: {/a: {get: {operationId: getA, responses: {'200': {description: ok}}}}}\n"
	text := beside(up.URL(), wary) + "    openapi: spec.yaml\n"
	s := proxytest.Start(t, text, proxytest.File{Name: "spec.yaml", Text: spec})
	for name, broken := range map[string]string{
		"empty":              "",
		"half written":       "openapi: 3.0.3\npaths:\n  /a:\n    get: {operationId",
		"no mapping":         "[1, 2]",
		"a ref to nowhere":   strings.Replace(spec, "get: {", "get: {$ref: '#/nowhere', ", 1) + "  /b: {$ref: '#/components/pathItems/none'}\n",
		"a ref to another's": strings.Replace(spec, "paths: {", "paths: {/b: {$ref: 'https://example.com/b.yaml'}, ", 1),
		"a ref to itself":    strings.Replace(spec, "paths: {", "paths: {/b: {$ref: '#/paths/~1b'}, ", 1),
	} {
		s.Write("spec.yaml", broken)
		s.Proxy.Reload()
		r := proxytest.Call(t, s.Port("up"), proxytest.Get("/a"))
		lines := s.Exchanges(1)
		if statusOf(r) != 200 || lines[len(lines)-1].Operation != "getA" {
			t.Errorf("%s: the client got %d from operation %q, want 200 from getA", name, statusOf(r), lines[len(lines)-1].Operation)
		}
	}
	if err := os.Remove(filepath.Join(filepath.Dir(s.Policy), "spec.yaml")); err != nil {
		t.Fatal(err)
	}
	s.Proxy.Reload()
	if s.Metric("outrigger_policy_last_reload_successful") != 0 {
		t.Error("a spec that is not there is no reason to refuse")
	}
	s.Write("spec.yaml", strings.ReplaceAll(spec, "getA", "getB"))
	s.Proxy.Reload()
	proxytest.Call(t, s.Port("up"), proxytest.Get("/a"))
	proxytest.Until(t, "the new spec holds", func() bool {
		lines := s.Exchanges(1)
		return lines[len(lines)-1].Operation == "getB"
	})
}

// TestFlippingThePolicyUnderLoadLosesNothing edits every few milliseconds; one edit in four is invalid, one renames the upstream.
func TestFlippingThePolicyUnderLoadLosesNothing(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, proxytest.Raw(ok))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	text := strings.Replace(beside(up.URL(), tallying), "127.0.0.1:0", address, 1)
	s := proxytest.Start(t, text)
	crowd := newLoad(address, 8)
	proxytest.Until(t, "the crowd is busy", func() bool { return up.Seen() > 100 })
	edits := []string{
		strings.Replace(text, "minimumRequests: 1000", "minimumRequests: 900", 1),
		text + "oops: 1\n",
		strings.Replace(text, "  up:\n", "  upper:\n    formerly: [up]\n", 1),
		text,
	}
	for n := range 60 {
		s.Edit(edits[n%len(edits)])
		time.Sleep(10 * time.Millisecond)
	}
	s.Edit(text)
	crowd.end(t, up)
	if n := s.Metric("outrigger_policy_reloads_total", `result="rejected"`); n < 15 { // the watch may read an edit before we ask for it
		t.Errorf("%v edits were rejected, want 15 at least", n)
	}
	if got := s.Port("up"); got != address {
		t.Errorf("the port is %s, want %s all along", got, address)
	}
}

// TestAnEditKeepsAnOpenCircuit is the row of the house that users notice first.
func TestAnEditKeepsAnOpenCircuit(t *testing.T) {
	t.Parallel()
	up := proxytest.NewUpstream(t, proxytest.Answer(503, "busy"))
	s := start(t, up, wary)
	proxytest.Call(t, s.Port("up"), get)
	s.Edit(beside(up.URL(), strings.Replace(wary, "minimumRequests: 1000", "minimumRequests: 900", 1)))
	s.Edit("version: 1\nservice: test\nupstreams: {other: {endpoints: ['http://a']}}\n")
	s.Edit(beside(up.URL(), wary))
	if r := proxytest.Call(t, s.Port("up"), get); statusOf(r) != 503 || r.Problem().Code != "circuit_open" || up.Seen() != 1 {
		t.Errorf("the client got %d %s and the upstream saw %d requests, want the circuit open still", statusOf(r), r.Text, up.Seen())
	}
}
