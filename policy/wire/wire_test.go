package wire_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"outrigger/policy"
	"outrigger/policy/wire"
)

func newSet() *policy.Set {
	op := func(id, method, template string) *policy.Operation {
		return &policy.Operation{ID: id, Method: method, Template: template, Policy: policy.Policy{
			Timeouts: policy.Timeouts{Request: time.Second},
			Retry:    policy.Retry{Retries: 2, When: policy.Conditions{Connect: true, Statuses: policy.Statuses(429, 503)}},
			Breaker: policy.Breaker{
				FailureRate: 0.5, Window: time.Second, MinimumRequests: 1, OpenFor: time.Second,
				OpenForMax: time.Minute, Probes: 3, Failures: policy.Conditions{Statuses: policy.Statuses(500)},
			},
			Concurrency: policy.Concurrency{Max: 10},
			Origins: map[string]policy.Origin{
				"timeouts.request": {Place: policy.Place{File: "p.yaml", Line: 3, Column: 4}, From: "upstream"},
				"retry.retries":    {Place: policy.Place{File: "p.yaml", Line: 2, Column: 4}, From: "defaults"},
			},
		}}
	}
	set := &policy.Set{
		Service: "orders",
		Upstreams: []*policy.Upstream{{
			Name: "inventory", Direction: policy.Outbound, Endpoints: []policy.Endpoint{{Scheme: "http", Host: "inventory:80"}},
			Operations: []*policy.Operation{op("getStock", "GET", "/stock/{item}")},
			Unmatched:  op(policy.Unmatched, "", ""),
			Budget:     policy.Budget{Ratio: 0.2, Floor: 10, Window: 10 * time.Second},
		}},
		Files: []string{"p.yaml"},
	}
	wire.Seal(set)
	return set
}

func TestASetComesBackFromItsBytesReadyToMatch(t *testing.T) {
	set := newSet()
	back, err := wire.Decode(wire.Encode(set))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(set, back, cmpopts.IgnoreUnexported(policy.Upstream{})); diff != "" {
		t.Errorf("the set changed on its way (-sent +received):\n%s", diff)
	}
	if got := back.Upstreams[0].Match("GET", "/stock/42").ID; got != "getStock" {
		t.Errorf("GET /stock/42 is %q", got)
	}
}

func TestEqualSetsHaveEqualBytesAndSealingTwiceChangesNothing(t *testing.T) {
	a, b := newSet(), newSet()
	wire.Seal(b)
	if !bytes.Equal(wire.Encode(a), wire.Encode(b)) {
		t.Errorf("bytes differ:\n%s\n%s", wire.Encode(a), wire.Encode(b))
	}
}

func TestAnyChangeGivesAnotherVersion(t *testing.T) {
	for name, change := range map[string]func(*policy.Set){
		"a timeout": func(s *policy.Set) { s.Upstreams[0].Operations[0].Policy.Timeouts.Request++ },
		"a status":  func(s *policy.Set) { s.Upstreams[0].Operations[0].Policy.Retry.When.Statuses.Add(502) },
		"an origin": func(s *policy.Set) { s.Upstreams[0].Place.Line = 9 },
		"the admin": func(s *policy.Set) { s.Admin.TokenFile = "t" },
	} {
		set := newSet()
		before := set.Version
		change(set)
		if wire.Seal(set); set.Version == before {
			t.Errorf("%s changed and the version did not", name)
		}
	}
}

func TestDecodeRefusesWhatMayNotRun(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*policy.Set)
		want   string
	}{
		"no service":        {func(s *policy.Set) { s.Service = "" }, "no service"},
		"nothing beside":    {func(s *policy.Set) { s.Inbound = &policy.InboundPort{} }, "no application"},
		"no unmatched":      {func(s *policy.Set) { s.Upstreams[0].Unmatched = nil }, "unmatched"},
		"no endpoint":       {func(s *policy.Set) { s.Upstreams[0].Endpoints = nil }, "no endpoint"},
		"odd scheme":        {func(s *policy.Set) { s.Upstreams[0].Endpoints[0].Scheme = "ftp" }, "endpoint"},
		"null upstream":     {func(s *policy.Set) { s.Upstreams[0] = nil }, "nothing"},
		"a name twice":      {func(s *policy.Set) { s.Upstreams = append(s.Upstreams, s.Upstreams[0]) }, "twice"},
		"null operation":    {func(s *policy.Set) { s.Upstreams[0].Operations[0] = nil }, "without a name"},
		"no direction":      {func(s *policy.Set) { s.Upstreams[0].Direction = "" }, "direction"},
		"no budget window":  {func(s *policy.Set) { s.Upstreams[0].Budget.Window = 0 }, "budget"},
		"too many retries":  {func(s *policy.Set) { s.Upstreams[0].Unmatched.Policy.Retry.Retries = 5 }, "5 retries"},
		"negative timeout":  {func(s *policy.Set) { s.Upstreams[0].Unmatched.Policy.Timeouts.Idle = -1 }, "negative"},
		"shrinking backoff": {func(s *policy.Set) { s.Upstreams[0].Unmatched.Policy.Retry.Backoff.Base = 1 }, "retry"},
		"no probes":         {func(s *policy.Set) { s.Upstreams[0].Unmatched.Policy.Breaker.Probes = 0 }, "breaker"},
		"a rate of 2":       {func(s *policy.Set) { s.Upstreams[0].Unmatched.Policy.Breaker.FailureRate = 2 }, "rate"},
		"a giant head":      {func(s *policy.Set) { s.Limits.ResponseHeaderBytes = 2 << 20 }, "heads"},
		"negative idle":     {func(s *policy.Set) { s.Limits.UpstreamIdleTimeout = -1 }, "negative timeout"},
		"negative buffers":  {func(s *policy.Set) { s.Limits.BufferBytes = -1 }, "buffers"},
		"no slots":          {func(s *policy.Set) { s.Upstreams[0].Unmatched.Policy.Concurrency.Max = 0 }, "concurrency"},
		"a request counted": {func(s *policy.Set) { s.Upstreams[0].Unmatched.Policy.Validate.Request = policy.ValidationCount }, "validation"},
		"a schema missing": {func(s *policy.Set) {
			s.Upstreams[0].Operations[0].Contract = &policy.Contract{Body: &policy.Body{Media: []policy.Media{{Type: "application/json", Schema: "s"}}}}
		}, "does not bring"},
	} {
		t.Run(name, func(t *testing.T) {
			set := newSet()
			c.change(set)
			wire.Seal(set)
			if _, err := wire.Decode(wire.Encode(set)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v, want one about %q", err, c.want)
			}
		})
	}
}

func TestDecodeRefusesBytesThatWereChanged(t *testing.T) {
	good := wire.Encode(newSet())
	for name, data := range map[string][]byte{
		"empty":             nil,
		"cut":               good[:len(good)-1],
		"followed":          append(bytes.Clone(good), '1'),
		"an unknown field":  bytes.Replace(good, []byte(`"service"`), []byte(`"servicf"`), 1),
		"another value":     bytes.Replace(good, []byte(`"orders"`), []byte(`"borders"`), 1),
		"another version":   bytes.Replace(good, []byte(`"version":"`), []byte(`"version":"0`), 1),
		"another structure": []byte(`[]`),
	} {
		if _, err := wire.Decode(data); err == nil {
			t.Errorf("%s: decoded", name)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(wire.Encode(newSet()))
	f.Fuzz(func(t *testing.T, data []byte) {
		set, err := wire.Decode(data)
		if err != nil {
			return
		}
		again, err := wire.Decode(wire.Encode(set))
		if err != nil {
			t.Fatalf("decoded once and not twice: %v", err)
		}
		if again.Version != set.Version {
			t.Errorf("versions %s and %s", set.Version, again.Version)
		}
	})
}
