package drift

import (
	"fmt"
	"strings"
	"testing"

	"outrigger/policy"
	"outrigger/proxy/observe"
)

func upstream(requests uint64, uncalled bool) observe.UpstreamState {
	s := observe.UpstreamState{Name: "orders", Direction: policy.Outbound, Declared: true, Operations: []observe.OperationState{
		{Name: "getOrder", Requests: requests}, {Name: policy.Unmatched},
	}}
	if uncalled {
		s.Operations = append(s.Operations, observe.OperationState{Name: "keepOrder"})
	}
	return s
}

func TestOperationsThatNobodyCallsAreToldAndAreNoDrift(t *testing.T) {
	r := Of([]observe.UpstreamState{upstream(5, true)})
	if r.Differs || len(r.Upstreams) != 1 || len(r.Upstreams[0].Uncalled) != 1 || !strings.Contains(r.Text(), "keepOrder") {
		t.Errorf("%+v", r)
	}
	if text := Of([]observe.UpstreamState{upstream(5, false)}).Text(); !strings.Contains(text, "agree") {
		t.Errorf("there is nothing to say, and it says %s", text)
	}
}

func TestWhatASpecDoesNotDeclareIsRefusedOnlyWhereItHasProvenWhole(t *testing.T) {
	stranger := observe.UndeclaredRequests{Method: "POST", Template: "/refunds", Requests: 1, Succeeded: 1}
	for _, c := range []struct {
		name     string
		requests uint64
		refused  bool
		seen     []observe.UndeclaredRequests
		want     string
	}{
		{"many requests", enough, false, nil, "[[upstreams orders unmatched]=refuse]"},
		{"few requests", enough - 1, false, nil, "[]"},
		{"it is so already", enough, true, nil, "[]"},
		{"one that it does not declare", enough, false, []observe.UndeclaredRequests{stranger}, "[]"},
	} {
		state := upstream(c.requests, false)
		state.Undeclared = c.seen
		set := &policy.Set{Upstreams: []*policy.Upstream{{Name: "orders", Direction: policy.Outbound, RefuseUnmatched: c.refused}}}
		got := []string{}
		for _, change := range Of([]observe.UpstreamState{state}).Changes(set) {
			got = append(got, fmt.Sprintf("%v=%s", change.Path, change.Value))
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%s: %v, want %s", c.name, got, c.want)
		}
	}
}
