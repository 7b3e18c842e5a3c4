package differ

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"path/filepath"
	"time"

	"outrigger/bench/internal/lab"
	"outrigger/bench/internal/process"
	"outrigger/bench/internal/proxies"
)

//go:embed outrigger.yaml.tmpl
var policy string

// entrant is one proxy before the origin.
type entrant struct {
	name, address string
	program       *process.Process // nil for net/http, which runs in this program
}

// Installed lists the programs of the comparison that this machine has, and those that it lacks.
func Installed() (present, missing []string) {
	for _, name := range []string{proxies.HAProxy, "nginx"} {
		if _, err := exec.LookPath(name); err != nil {
			missing = append(missing, name)
			continue
		}
		present = append(present, name)
	}
	return present, missing
}

// startOutrigger runs the build that overwrites memory before it is used again, so that what is kept too long shows.
func startOutrigger(l *lab.Lab, upstreamPort int) (entrant, error) {
	port, err := lab.FreePort()
	if err != nil {
		return entrant{}, err
	}
	path, err := l.Render(filepath.Join("differ", "policy.yaml"), policy, map[string]any{"Port": port, "UpstreamPort": upstreamPort})
	if err != nil {
		return entrant{}, err
	}
	binary, err := l.Build("outrigger-poison", l.Root, "./cmd/outrigger", "-tags", "poison")
	if err != nil {
		return entrant{}, err
	}
	program, err := l.Programs.Start(process.Spec{
		Name: "outrigger", Path: binary, Args: []string{"proxy", "--policy", path}, Core: l.ProxyCore, Output: l.Path("differ-outrigger.log"),
	})
	return entrant{"outrigger", fmt.Sprintf("127.0.0.1:%d", port), program}, err
}

func startOther(ctx context.Context, l *lab.Lab, name string, upstreamPort int) (entrant, error) {
	proxy, err := proxies.Named(name)
	if err != nil {
		return entrant{}, err
	}
	running, err := proxy.Start(ctx, l, upstreamPort)
	if err != nil {
		return entrant{}, err
	}
	return entrant{name, running.Address, running.Process}, nil
}

// startStandard serves a ReverseProxy of the standard library in this program.
func startStandard(upstreamPort int) (entrant, func(), error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return entrant{}, nil, err
	}
	upstream := &url.URL{Scheme: "http", Host: fmt.Sprintf("127.0.0.1:%d", upstreamPort)}
	quiet := log.New(io.Discard, "", 0)
	transport := &http.Transport{DisableCompression: true, IdleConnTimeout: patience / 2}
	server := &http.Server{ErrorLog: quiet, ReadHeaderTimeout: patience, Handler: &httputil.ReverseProxy{
		ErrorLog: quiet, Transport: transport, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(upstream); r.Out.Host = r.In.Host },
	}}
	go func() { _ = server.Serve(listener) }()
	// The transport tells of bytes behind a response by the global logger, and many cases have some.
	before := log.Writer()
	log.SetOutput(io.Discard)
	end := func() {
		log.SetOutput(before)
		_ = server.Close()
		transport.CloseIdleConnections()
	}
	return entrant{"nethttp", listener.Addr().String(), nil}, end, nil
}

// await waits until an entrant serves.
func (e entrant) await(ctx context.Context) error {
	deadline := time.Now().Add(10 * time.Second)
	for {
		conn, err := net.DialTimeout("tcp", e.address, time.Second)
		if err == nil {
			return conn.Close()
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s does not serve after 10s: %w", e.name, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
		if err := e.alive(); err != nil {
			return err
		}
	}
}

// alive returns an error once the entrant's program has ended.
func (e entrant) alive() error {
	if e.program == nil {
		return nil
	}
	select {
	case <-e.program.Ended():
		return fmt.Errorf("%s has ended:\n%s", e.name, e.program.Tail())
	default:
		return nil
	}
}
