// Package proxies knows how each compared proxy is configured, started and asked to end.
//
// It decides what a fair configuration of each is. It refuses to know how they are measured.
package proxies

import (
	"context"
	"embed"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"

	"outrigger/bench/internal/lab"
	"outrigger/bench/internal/process"
)

//go:embed config
var configs embed.FS

// Proxy is one of the compared programs in one configuration.
type Proxy struct {
	// Name is what -only selects and Title what the report prints.
	Name, Title string
	// Programs must be installed for it.
	Programs []string
	// Drain is the signal by which it is asked to end without failing anybody.
	Drain syscall.Signal
	// LargeOnly says that the configuration differs from another for large bodies alone, and is measured with these alone.
	LargeOnly bool
	// Threads is how many processors it may use, 1 where it is 0. Two are that of the load generator and its own.
	Threads int
	start   func(context.Context, *lab.Lab, place) (process.Spec, error)
}

// Running is a started proxy.
type Running struct {
	*process.Process
	// Address is where it serves. Admin is the address of its admin port, "" when it has none.
	Address, Admin string
}

// place is where one run of a proxy lives; the templates read its fields.
type place struct {
	Name, Dir                     string
	Port, AdminPort, UpstreamPort int
	Threads                       int
	Root                          bool
	LogRequests                   string
	Splice                        bool
}

// Names of the configurations that others must be able to point at.
const (
	HAProxy       = "haproxy"
	NetHTTP       = "nethttp"
	OutriggerFull = "outrigger-full"
	OutriggerLog  = "outrigger-log"
	OutriggerPass = "outrigger-pass"
)

// All lists every configuration in the order of the report.
func All() []Proxy {
	return []Proxy{
		{Name: HAProxy, Title: "HAProxy, http mode, retry-on", Programs: []string{"haproxy"}, Drain: syscall.SIGUSR1, start: haproxy(false)},
		{Name: "haproxy-splice", Title: "the same with splice-response", Programs: []string{"haproxy"}, Drain: syscall.SIGUSR1, LargeOnly: true, start: haproxy(true)},
		{Name: "nginx", Title: "nginx as a proxy", Programs: []string{"nginx"}, Drain: syscall.SIGQUIT, start: startNginx},
		{Name: NetHTTP, Title: "net/http ReverseProxy, tuned transport", Drain: syscall.SIGTERM, start: startNetHTTP},
		{Name: OutriggerPass, Title: "Outrigger, pass-through", Drain: syscall.SIGTERM, start: outrigger("outrigger-pass.yaml.tmpl", "failures")},
		{Name: OutriggerFull, Title: "Outrigger, full policy", Drain: syscall.SIGTERM, start: outrigger("outrigger-full.yaml.tmpl", "failures")},
		{Name: OutriggerLog, Title: "Outrigger, full policy, one log line per request", Drain: syscall.SIGTERM, start: outrigger("outrigger-full.yaml.tmpl", "all")},
	}
}

// Select returns the proxies whose name is one of the given ones, or starts with one and a hyphen; all for an empty list.
func Select(names string) ([]Proxy, error) {
	if names == "" {
		return All(), nil
	}
	var chosen []Proxy
	wanted := strings.Split(names, ",")
	for _, name := range wanted {
		if !slices.ContainsFunc(All(), func(p Proxy) bool { return p.is(name) }) {
			return nil, fmt.Errorf("proxy %q: unknown, expected some of %s, or the part before a hyphen", name, strings.Join(known(), ", "))
		}
	}
	for _, p := range All() {
		if slices.ContainsFunc(wanted, p.is) {
			chosen = append(chosen, p)
		}
	}
	return chosen, nil
}

// Named returns the one proxy of exactly this name.
func Named(name string) (Proxy, error) {
	i := slices.IndexFunc(All(), func(p Proxy) bool { return p.Name == name })
	if i < 0 {
		return Proxy{}, fmt.Errorf("proxy %q: unknown, expected one of %s", name, strings.Join(known(), ", "))
	}
	return All()[i], nil
}

func (p Proxy) is(name string) bool { return p.Name == name || strings.HasPrefix(p.Name, name+"-") }

func known() []string {
	var names []string
	for _, p := range All() {
		names = append(names, p.Name)
	}
	return names
}

var starts atomic.Int64

// Start runs the proxy alone on its core, before an upstream on a loopback port. It may not serve yet when Start returns.
func (p Proxy) Start(ctx context.Context, l *lab.Lab, upstreamPort int) (*Running, error) {
	at, err := newPlace(fmt.Sprintf("%s-%d", p.Name, starts.Add(1)), l, upstreamPort)
	if err != nil {
		return nil, err
	}
	at.Threads = max(1, p.Threads)
	spec, err := p.start(ctx, l, at)
	if err != nil {
		return nil, err
	}
	spec.Name, spec.Core, spec.Output = at.Name, l.ProxyCore, l.Path(at.Name+".log")
	if at.Threads > 1 {
		spec.Cores = fmt.Sprintf("%d,%d", l.LoadCore, l.ProxyCore)
	}
	started, err := l.Programs.Start(spec)
	if err != nil {
		return nil, err
	}
	running := &Running{Process: started, Address: fmt.Sprintf("127.0.0.1:%d", at.Port)}
	if strings.HasPrefix(p.Name, "outrigger") {
		running.Admin = fmt.Sprintf("127.0.0.1:%d", at.AdminPort)
	}
	return running, nil
}
