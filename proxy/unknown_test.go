package proxy_test

import (
	"net/url"
	"strings"
	"testing"

	"outrigger/proxy/failure"
	"outrigger/proxy/proxytest"
)

func TestAHostThatNoUpstreamListsIsRefusedUnlessThePolicyLetsItPass(t *testing.T) {
	t.Parallel()
	const policy = "version: 1\nservice: test\noutbound: {listen: '127.0.0.1:0', unknown: MODE}\n" +
		"upstreams:\n  listed: {endpoints: ['http://127.0.0.1:9'], hosts: [listed]}\n"
	for _, mode := range []string{"refuse", "pass"} {
		t.Run(mode, func(t *testing.T) {
			up := proxytest.NewUpstream(t, proxytest.Raw(ok))
			s := proxytest.Start(t, strings.Replace(policy, "MODE", mode, 1))
			to, _ := url.Parse(up.URL())
			r := proxytest.Call(t, s.Outbound(), "GET http://"+to.Host+"/x HTTP/1.1\r\nHost: "+to.Host+"\r\n\r\n")
			if mode == "refuse" {
				if statusOf(r) != 404 {
					t.Errorf("status %d", statusOf(r))
				}
				ours(t, r, failure.NoRoute)
				return
			}
			if statusOf(r) != 200 {
				t.Errorf("status %d\n%s", statusOf(r), s.Log)
			}
			if line := s.Exchanges(1)[0]; line.Upstream != "unknown" || line.Endpoint != to.Host {
				t.Errorf("log line %v", line)
			}
		})
	}
}
