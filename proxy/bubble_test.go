package proxy_test

import (
	"net"
	"testing"
	"testing/synctest"
	"time"

	"outrigger/policy"
	"outrigger/proxy"
	"outrigger/proxy/http1"
	"outrigger/proxy/observe"
	"outrigger/proxy/proxytest"
)

// bubble is a sidecar without a network and with a clock of its own.
type bubble struct {
	*testing.T
	*proxy.Proxy
	log    *proxytest.Log
	files  *proxytest.Sidecar
	server *http1.Server
}

// inMemory runs f beside a sidecar whose only way in is the port of upstream up, or the inbound port where the policy has one.
func inMemory(t *testing.T, policyText string, dial func(t *testing.T) proxy.Dial, f func(b *bubble)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		files := proxytest.Prepare(t, policyText)
		p, err := proxy.NewInMemory(files.Options(), dial(t))
		if err != nil {
			t.Fatalf("the policy is refused: %v\n%s", proxytest.Problems(err), policyText)
		}
		t.Cleanup(func() {
			p.End()
			time.Sleep(time.Second) // for what ends by the clock
		})
		files.Log.Follow(p)
		b := &bubble{T: t, Proxy: p, log: files.Log, files: files, server: p.Server(policy.Outbound, "up")}
		if b.Upstreams()[0].Direction == policy.Inbound {
			b.server = p.Server(policy.Inbound, "")
		}
		f(b)
	})
}

// client is a connection of a client.
func (b *bubble) client() *proxytest.Client {
	near, far := net.Pipe()
	go b.server.ServeConn(far, nil)
	return proxytest.NewClient(b.T, near)
}

// call sends a request on a connection of its own.
func (b *bubble) call(raw string) proxytest.Reply {
	c := b.client()
	defer c.Close()
	return c.Do(raw)
}

// upstream is how the first upstream stands.
func (b *bubble) upstream() observe.UpstreamState { return b.Upstreams()[0] }

// operation is how an operation of the first upstream stands.
func (b *bubble) operation(name string) observe.OperationState {
	b.Helper()
	for _, op := range b.upstream().Operations {
		if op.Name == name {
			return op
		}
	}
	b.Fatalf("no operation %s: %+v", name, b.upstream())
	return observe.OperationState{}
}

// last is the record of the exchange that ended last.
func (b *bubble) last() observe.Decision {
	b.Helper()
	synctest.Wait() // the client has its answer a moment before the exchange ends
	all := b.Decisions()
	if len(all) == 0 {
		b.Fatal("no exchange is remembered")
	}
	return all[0]
}

// metric sums the samples of a metric.
func (b *bubble) metric(name string, labels ...string) float64 {
	return proxytest.Sum(b.Metrics(), name, labels...)
}
