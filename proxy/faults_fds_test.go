package proxy_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"outrigger/proxy"
	"outrigger/proxy/proxytest"
)

// The test binary runs itself as a sidecar with few file descriptors.
const (
	childRole   = "OUTRIGGER_TEST_CHILD"
	childPolicy = "OUTRIGGER_TEST_POLICY"
	childFiles  = 64
)

// childMain is that sidecar. It ends when its standard input does.
func childMain(string) int {
	limit := syscall.Rlimit{Cur: childFiles, Max: childFiles}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	p, err := proxy.New(proxy.Options{Policy: os.Getenv(childPolicy), Admin: "127.0.0.1:0", Drain: time.Second, Stderr: os.Stderr})
	if err == nil {
		err = p.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, proxytest.Problems(err))
		return 1
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	p.Drain(context.Background(), nil)
	return 0
}

// child starts the sidecar and returns the address of its port and what it logs.
func child(t *testing.T, policyPath string) (address string, log *proxytest.Log) {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), os.Args[0]) // it is ended below
	cmd.Env = append(os.Environ(), childRole+"=1", childPolicy+"="+policyPath)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stderr)
	log = &proxytest.Log{}
	var ready struct {
		Port string `json:"upstream_up"`
	}
	first, err := lines.ReadString('\n')
	if json.Unmarshal([]byte(first), &ready) != nil || ready.Port == "" {
		t.Fatalf("the child says %q (%v)", first, err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		_, _ = io.Copy(log, lines)
	}()
	t.Cleanup(func() {
		stdin.Close()
		<-read
		if err := cmd.Wait(); err != nil {
			t.Errorf("the child ended with %v:\n%.2000s", err, log)
		}
	})
	return ready.Port, log
}

// TestRunningOutOfFileDescriptorsShedsAndRecovers has more clients than the sidecar has descriptors.
func TestRunningOutOfFileDescriptorsShedsAndRecovers(t *testing.T) {
	release := make(chan struct{})
	up := proxytest.NewUpstream(t, func(c *proxytest.Conn, r *proxytest.Request) {
		<-release
		proxytest.Raw(ok)(c, r)
	})
	files := proxytest.Prepare(t, beside(up.URL(), wary))
	address, log := child(t, files.Policy)
	var all sync.WaitGroup
	var mu sync.Mutex
	statuses := map[int]int{}
	for range 3 * childFiles {
		client := proxytest.Dial(t, address)
		all.Go(func() {
			defer client.Close()
			r := client.Do(get)
			mu.Lock()
			defer mu.Unlock()
			statuses[statusOf(r)]++
		})
	}
	proxytest.Until(t, "the sidecar cannot accept", func() bool { return strings.Contains(log.String(), "connection not accepted") })
	close(release)
	all.Wait()
	t.Logf("statuses: %v", statuses)
	if statuses[200] == 0 || statuses[200]+statuses[503] != 3*childFiles {
		t.Errorf("the clients got %v, want some served and every other shed with 503\n%.3000s", statuses, log)
	}
	proxytest.Until(t, "the sidecar has recovered", func() bool {
		return statusOf(proxytest.Call(t, address, get)) == 200
	})
	for _, line := range log.Lines("exchange") {
		if line.Status == 503 && line.Code != "overload" {
			t.Errorf("an exchange was shed with %+v, want the code overload", line)
		}
	}
	if strings.Contains(log.String(), `"circuit changed"`) {
		t.Error("our own want of descriptors speaks against the upstream")
	}
	if n := strings.Count(log.String(), "connection not accepted"); n > 200 {
		t.Errorf("the accept loop failed %d times: it spins", n)
	}
	proxytest.Until(t, "the end of the episode is told", func() bool { return strings.Contains(log.String(), "connections are accepted again") })
	if n := strings.Count(log.String(), "connection not accepted"); n != strings.Count(log.String(), "connections are accepted again") {
		t.Errorf("%d lines about the beginning of an episode, and another number about its end", n)
	}
}
