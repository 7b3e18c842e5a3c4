package bars

import (
	"context"
	"embed"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"outrigger/bench/internal/lab"
	"outrigger/bench/internal/process"
	"outrigger/bench/internal/proxies"
	"outrigger/bench/internal/scrape"
)

//go:embed config
var configs embed.FS

// Sidecar is a running Outrigger with a policy of a trial.
type sidecar struct {
	*process.Process
	lab *lab.Lab
	// address serves the upstream shop, admin the admin port.
	address, admin string
	// policy is the path of the policy file, values what it was rendered with.
	policy string
	values map[string]any
}

// startSidecar runs Outrigger with a template of this package. The template finds Port, AdminPort and the given values.
func startSidecar(ctx context.Context, l *lab.Lab, template string, values map[string]any, args ...string) (*sidecar, error) {
	for _, name := range []string{"Port", "AdminPort"} {
		port, err := lab.FreePort()
		if err != nil {
			return nil, err
		}
		values[name] = port
	}
	s := &sidecar{
		lab: l, values: values,
		address: fmt.Sprintf("127.0.0.1:%d", values["Port"]), admin: fmt.Sprintf("127.0.0.1:%d", values["AdminPort"]),
	}
	text, err := configs.ReadFile("config/" + template)
	if err != nil {
		return nil, err
	}
	if s.policy, err = l.Render(filepath.Join("sidecar-"+filepath.Base(template), "policy.yaml"), string(text), values); err != nil {
		return nil, err
	}
	spec, err := proxies.OutriggerSpec(l, s.policy, args...)
	if err != nil {
		return nil, err
	}
	spec.Name, spec.Core, spec.Output = "outrigger", l.ProxyCore, l.Path("sidecar-"+filepath.Base(template)+".log")
	if s.Process, err = l.Programs.Start(spec); err != nil {
		return nil, err
	}
	return s, s.awaitReady(ctx)
}

func (s *sidecar) awaitReady(ctx context.Context) error {
	deadline := time.Now().Add(10 * time.Second)
	for {
		_, err := scrape.Fetch(ctx, "http://"+s.admin+"/readyz")
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.Ended():
			return fmt.Errorf("outrigger ended before it was ready:\n%s", s.Tail())
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("outrigger is not ready after 10s: %w\n%s", err, s.Tail())
		}
	}
}

// metrics scrapes the sidecar.
func (s *sidecar) metrics(ctx context.Context) (scrape.Samples, error) {
	return scrape.Get(ctx, s.admin)
}

// serve runs an upstream of the trial's own on a loopback port, on the core of the load generator like the whole harness.
func serve(handler http.HandlerFunc) (port int, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, nil, err
	}
	server := &http.Server{Handler: handler}
	go func() { _ = server.Serve(listener) }()
	return listener.Addr().(*net.TCPAddr).Port, func() { _ = server.Close() }, nil
}

// pause waits, unless the context ends first.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
