package toxic

import (
	"net/http"
	"testing"
)

type attributes = map[string]int64

// expected is what a bad network may cost: the client's answer, and what the sidecar counted.
type expected struct {
	reply reply
	// outcome and code of the exchange; attempts by outcome; the requests that the upstream saw begin and end.
	outcome      string
	attempts     map[string]float64
	begun, whole int64
}

func once(outcome string) map[string]float64 { return map[string]float64{outcome: 1} }

func TestABadNetworkCostsNoMoreThanItMust(t *testing.T) {
	small := func(n int) reply { return reply{Status: 200, Bytes: n, Intact: true} }
	ok := expected{reply: small(1000), outcome: "ok", attempts: once("ok"), begun: 1, whole: 1}
	uploaded := expected{reply: small(4), outcome: "ok", attempts: once("ok"), begun: 1, whole: 1}
	broken := func(bytes int) reply { return reply{Status: 200, Bytes: bytes, Intact: true, Broken: true} }
	for _, c := range []struct {
		name         string
		place        place
		method, path string
		body         int
		want         expected
	}{
		{
			"latency below the timeouts, upstream",
			place{upstreamSide: []Toxic{bad("latency", back, attributes{"latency": 60})}},
			http.MethodGet, "/?bytes=1000", 0, ok,
		},
		{
			"latency above the attempt timeout, upstream",
			place{upstreamSide: []Toxic{bad("latency", back, attributes{"latency": 1200})}},
			http.MethodGet, "/?bytes=1000", 0,
			expected{reply{Status: 504, Code: "upstream_timeout", Attempts: "3", Retryable: "false"}, "failed", map[string]float64{"upstream_timeout": 3}, 3, 3},
		},
		{
			"latency above the attempt timeout, for a POST",
			place{upstreamSide: []Toxic{bad("latency", back, attributes{"latency": 1200})}},
			http.MethodPost, "/", 100,
			expected{reply{Status: 504, Code: "upstream_timeout", Attempts: "1", Retryable: "false"}, "failed", once("upstream_timeout"), 1, 1},
		},
		{
			"a network that cuts everything into bytes, upstream, download",
			place{upstreamSide: []Toxic{bad("slicer", back, attributes{"average_size": 3, "size_variation": 2, "delay": 1})}},
			http.MethodGet, "/?bytes=1000", 0, ok,
		},
		{
			"the same, upload",
			place{upstreamSide: []Toxic{bad("slicer", out, attributes{"average_size": 3, "size_variation": 2, "delay": 1})}},
			http.MethodPost, "/", 3000, uploaded,
		},
		{
			"the same, to the client",
			place{clientSide: []Toxic{bad("slicer", back, attributes{"average_size": 3, "size_variation": 2, "delay": 1})}},
			http.MethodGet, "/?bytes=1000", 0, ok,
		},
		{
			"the same, from the client",
			place{clientSide: []Toxic{bad("slicer", out, attributes{"average_size": 3, "size_variation": 2, "delay": 1})}},
			http.MethodPost, "/", 3000, uploaded,
		},
		{
			"a reset before any answer",
			place{upstreamSide: []Toxic{bad("reset_peer", back, attributes{"timeout": 0})}},
			http.MethodGet, "/?bytes=1000", 0,
			expected{reply{Status: 502, Code: "upstream_reset_before_headers", Attempts: "3", Retryable: "false"}, "failed", map[string]float64{"upstream_reset_before_headers": 3}, -1, -1},
		},
		{
			"a reset before any answer, for a POST",
			place{upstreamSide: []Toxic{bad("reset_peer", back, attributes{"timeout": 0})}},
			http.MethodPost, "/", 100,
			expected{reply{Status: 502, Code: "upstream_reset_before_headers", Attempts: "1", Retryable: "false"}, "failed", once("upstream_reset_before_headers"), -1, -1},
		},
		{
			"a black hole behind the upstream's port",
			place{upstreamSide: []Toxic{bad("timeout", out, attributes{"timeout": 0})}},
			http.MethodGet, "/?bytes=1000", 0,
			expected{reply{Status: 504, Code: "upstream_timeout", Attempts: "3", Retryable: "false"}, "failed", map[string]float64{"upstream_timeout": 3}, 0, 0},
		},
		{
			"an answer that ends inside its head",
			place{upstreamSide: []Toxic{bad("limit_data", back, attributes{"bytes": 20})}},
			http.MethodGet, "/?bytes=1000", 0,
			expected{reply{Status: 502, Code: "upstream_reset_before_headers", Attempts: "3", Retryable: "false"}, "failed", map[string]float64{"upstream_reset_before_headers": 3}, 3, 3},
		},
		{
			"an answer that ends inside its body",
			place{upstreamSide: []Toxic{bad("limit_data", back, attributes{"bytes": 100000})}},
			http.MethodGet, "/?bytes=400000", 0,
			expected{broken(-1), "failed", once("upstream_reset_mid_body"), 1, 1},
		},
		{
			"a request that the network ends on its way",
			place{upstreamSide: []Toxic{bad("limit_data", out, attributes{"bytes": 2000})}},
			http.MethodPost, "/", 400000,
			expected{reply{Status: 502, Code: "upstream_reset_before_headers", Attempts: "1", Retryable: "false"}, "failed", once("upstream_reset_before_headers"), 1, 0},
		},
		{
			"a narrow network, upstream",
			place{upstreamSide: []Toxic{bad("bandwidth", back, attributes{"rate": 200})}},
			http.MethodGet, "/?bytes=200000", 0,
			expected{small(200000), "ok", once("ok"), 1, 1},
		},
		{
			"a narrow network to the client",
			place{clientSide: []Toxic{bad("bandwidth", back, attributes{"rate": 200})}},
			http.MethodGet, "/?bytes=200000", 0,
			expected{small(200000), "ok", once("ok"), 1, 1},
		},
		{
			"a narrow network from the client", place{clientSide: []Toxic{bad("bandwidth", out, attributes{"rate": 400})}}, http.MethodPost, "/", 60000, uploaded,
		},
		{
			"a client so narrow that its upload takes longer than an attempt may",
			place{clientSide: []Toxic{bad("bandwidth", out, attributes{"rate": 50})}},
			http.MethodPost, "/", 200000,
			expected{reply{Status: 408, Code: "request_invalid", Attempts: "1", Retryable: "false"}, "refused", once("request_invalid"), 1, 0},
		},
		{
			"a close that comes late", place{upstreamSide: []Toxic{bad("slow_close", back, attributes{"delay": 300})}}, http.MethodGet, "/?bytes=1000", 0, ok,
		},
		{
			"a close that comes late to the client", place{clientSide: []Toxic{bad("slow_close", back, attributes{"delay": 300})}}, http.MethodGet, "/?bytes=1000", 0, ok,
		},
		{
			"latency before the client",
			place{clientSide: []Toxic{bad("latency", out, attributes{"latency": 60}), bad("latency", back, attributes{"latency": 60})}},
			http.MethodGet, "/?bytes=1000", 0, ok,
		},
		{
			"a client whose upload the network ends",
			place{clientSide: []Toxic{bad("limit_data", out, attributes{"bytes": 200000})}},
			http.MethodPost, "/", 400000,
			expected{reply{Broken: true}, "client_closed", once("client_closed"), 1, 0},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			upstream := newShop(t)
			s := startSidecar(t, upstream.address(), c.place)
			got := s.ask(c.method, c.path, content(c.body))
			checkReply(t, got, c.want.reply)
			sum := s.counts(1)
			if n := sum("outrigger_requests_total", "outcome", c.want.outcome); n != 1 || sum("outrigger_requests_total") != 1 {
				t.Errorf("%v exchanges with outcome %s of %v, want the only one\n%s", n, c.want.outcome, sum("outrigger_requests_total"), s.program.Tail())
			}
			all := 0.0
			for outcome, want := range c.want.attempts {
				all += want
				if n := sum("outrigger_attempts_total", "outcome", outcome); n != want {
					t.Errorf("%v attempts with outcome %s, want %v\n%s", n, outcome, want, s.program.Tail())
				}
			}
			if n := sum("outrigger_attempts_total"); n != all {
				t.Errorf("%v attempts in all, want %v", n, all)
			}
			if n := sum("outrigger_retries_total"); n != all-1 {
				t.Errorf("%v retries, want %v", n, all-1)
			}
			if b, w := upstream.begun.Load(), upstream.whole.Load(); c.want.begun >= 0 && (b != c.want.begun || w != c.want.whole) {
				t.Errorf("the upstream saw %d requests begin and %d whole, want %d and %d", b, w, c.want.begun, c.want.whole)
			}
		})
	}
}

// checkReply compares what a client saw. Where an answer breaks off its length is anybody's guess.
func checkReply(t *testing.T, got, want reply) {
	t.Helper()
	got.Given = ""
	if want.Code != "" { // a failure of ours: its document is not at issue here
		got.Bytes, got.Intact = 0, false
	}
	if want.Bytes < 0 {
		got.Bytes = want.Bytes
	}
	if got != want {
		t.Errorf("the client saw %+v, want %+v", got, want)
	}
}

func TestAConnectionThatIsResetBeforeItsFirstByteIsNoExchange(t *testing.T) {
	t.Parallel()
	upstream := newShop(t)
	s := startSidecar(t, upstream.address(), place{clientSide: []Toxic{bad("reset_peer", out, attributes{"timeout": 0})}})
	for range 5 {
		if got := s.get("/?bytes=10"); !got.Broken {
			t.Errorf("the client saw %+v through a network that resets", got)
		}
	}
	s.address = s.inside
	if got := s.get("/?bytes=10"); got.Status != http.StatusOK {
		t.Errorf("a client on a good network saw %+v", got)
	}
	if n := s.counts(1)("outrigger_requests_total"); n != 1 || upstream.begun.Load() != 1 {
		t.Errorf("%v exchanges and %d requests upstream, want the one that arrived", n, upstream.begun.Load())
	}
}

func TestABlackHoleOpensTheCircuitAndIsThenLeftAlone(t *testing.T) {
	t.Parallel()
	upstream := newShop(t)
	s := startSidecar(t, upstream.address(), place{upstreamSide: []Toxic{bad("timeout", out, attributes{"timeout": 0})}})
	for range 2 { // three attempts each: the six failures in a row of the policy
		if got := s.get("/"); got.Status != http.StatusGatewayTimeout {
			t.Errorf("before the circuit opened the client saw %+v", got)
		}
	}
	got := s.get("/")
	if got.Status != http.StatusServiceUnavailable || got.Code != "circuit_open" {
		t.Errorf("after six failures in a row the client saw %+v, want 503 circuit_open", got)
	}
	sum := s.counts(3)
	if n := sum("outrigger_circuit_transitions_total", "to", "open"); n != 1 {
		t.Errorf("the circuit opened %v times", n)
	}
	if n := sum("outrigger_attempts_total", "outcome", "upstream_timeout"); n != 6 {
		t.Errorf("%v attempts met the black hole, want 6 and none after the circuit opened", n)
	}
}

func TestWhatClientsNetworksDoIsNoBusinessOfTheCircuit(t *testing.T) {
	t.Parallel()
	upstream := newShop(t)
	s := startSidecar(t, upstream.address(), place{clientSide: []Toxic{bad("limit_data", out, attributes{"bytes": 100000})}})
	const clients = 10 // more than the failures in a row that open the circuit
	for range clients {
		if got := s.ask(http.MethodPut, "/", content(300000)); got.Status >= 500 {
			t.Errorf("a client that went away amid its upload was answered %+v", got)
		}
	}
	sum := s.counts(clients)
	if n := sum("outrigger_requests_total", "outcome", "client_closed"); n != clients {
		t.Errorf("%v of %d exchanges have outcome client_closed", n, clients)
	}
	if n := sum("outrigger_circuit_transitions_total"); n != 0 {
		t.Errorf("the circuit moved %v times", n)
	}
	if n := sum("outrigger_retries_total"); n != 0 {
		t.Errorf("%v retries of uploads that their clients gave up", n)
	}
	s.address = s.inside
	if got := s.get("/?bytes=10"); got.Status != http.StatusOK {
		t.Errorf("a client on a good network saw %+v afterwards", got)
	}
}

func TestAnAnswerCutShortIsNeverTakenForWhole(t *testing.T) {
	t.Parallel()
	upstream := newShop(t)
	for _, limit := range []int64{1, 40, 150, 1000, 70000} {
		s := startSidecar(t, upstream.address(), place{upstreamSide: []Toxic{bad("limit_data", back, attributes{"bytes": limit})}})
		if got := s.ask(http.MethodPost, "/?bytes=200000", nil); !got.Broken && got.Status == http.StatusOK {
			t.Errorf("an answer that ended after %d bytes was given to the client as whole: %+v", limit, got)
		}
	}
}
