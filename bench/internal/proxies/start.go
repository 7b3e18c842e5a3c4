package proxies

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"outrigger/bench/internal/lab"
	"outrigger/bench/internal/process"
)

func newPlace(name string, l *lab.Lab, upstreamPort int) (place, error) {
	at := place{Name: name, Dir: l.Dir, UpstreamPort: upstreamPort, Root: os.Geteuid() == 0}
	for _, port := range []*int{&at.Port, &at.AdminPort} {
		free, err := lab.FreePort()
		if err != nil {
			return at, err
		}
		*port = free
	}
	return at, nil
}

func render(l *lab.Lab, file, template string, at place) (string, error) {
	text, err := configs.ReadFile("config/" + template)
	if err != nil {
		return "", err
	}
	return l.Render(file, string(text), at)
}

func haproxy(splice bool) func(context.Context, *lab.Lab, place) (process.Spec, error) {
	return func(_ context.Context, l *lab.Lab, at place) (process.Spec, error) {
		at.Splice = splice
		path, err := render(l, at.Name+".cfg", "haproxy.cfg.tmpl", at)
		return process.Spec{Path: "haproxy", Args: []string{"-db", "-f", path}}, err
	}
}

func startNginx(_ context.Context, l *lab.Lab, at place) (process.Spec, error) {
	path, err := render(l, at.Name+".conf", "nginx.conf.tmpl", at)
	return process.Spec{Path: "nginx", Args: []string{"-c", path, "-e", "stderr"}}, err
}

// processors tells the Go runtime what taskset has told the kernel.
func processors(n int) []string { return []string{fmt.Sprintf("GOMAXPROCS=%d", n)} }

func startNetHTTP(_ context.Context, l *lab.Lab, at place) (process.Spec, error) {
	path, err := l.Build("reverseproxy", filepath.Join(l.Root, "bench"), "./reverseproxy")
	return process.Spec{Path: path, Env: processors(at.Threads), Args: []string{
		"-listen", fmt.Sprintf("127.0.0.1:%d", at.Port), "-upstream", fmt.Sprintf("http://127.0.0.1:%d", at.UpstreamPort),
	}}, err
}

func outrigger(template, logRequests string) func(context.Context, *lab.Lab, place) (process.Spec, error) {
	return func(_ context.Context, l *lab.Lab, at place) (process.Spec, error) {
		at.LogRequests = logRequests
		policy, err := render(l, filepath.Join(at.Name, "policy.yaml"), template, at)
		if err != nil {
			return process.Spec{}, err
		}
		spec, err := OutriggerSpec(l, policy)
		spec.Env = processors(at.Threads)
		return spec, err
	}
}

// OutriggerSpec is how the sidecar is run with a policy file, which needs a folder of its own because the sidecar watches the folder.
// The OpenAPI spec is put beside it.
func OutriggerSpec(l *lab.Lab, policy string, args ...string) (process.Spec, error) {
	openapi, err := configs.ReadFile("config/shop.openapi.yaml")
	if err != nil {
		return process.Spec{}, err
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(policy), "shop.openapi.yaml"), openapi, 0o644); err != nil {
		return process.Spec{}, err
	}
	path, err := l.Build("outrigger", l.Root, "./cmd/outrigger")
	return process.Spec{Path: path, Env: processors(1), Args: append([]string{"proxy", "--policy", policy}, args...)}, err
}
