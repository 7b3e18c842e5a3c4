package toxic

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"outrigger/bench/internal/lab"
	"outrigger/bench/internal/process"
	"outrigger/bench/internal/scrape"
)

//go:embed policy.yaml.tmpl
var policy string

var (
	room   *lab.Lab
	binary string
	starts atomic.Int64
)

func TestMain(m *testing.M) {
	os.Exit(inLab(m))
}

func inLab(m *testing.M) int {
	root, err := filepath.Abs("../../..")
	if err == nil {
		room, err = lab.Open(root, 0, 1)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer room.Close()
	if binary, err = room.Build("outrigger-poison", root, "./cmd/outrigger", "-tags", "poison"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// sidecar is Outrigger between two networks.
type sidecar struct {
	t       *testing.T
	program *process.Process
	// address is where clients reach it, through their network where that is bad, and inside where it listens itself.
	address, inside, admin string
	client                 *http.Client
}

// place is a test's surroundings: what is bad before and behind the sidecar.
type place struct{ clientSide, upstreamSide []Toxic }

func startSidecar(t *testing.T, upstream string, at place) *sidecar {
	t.Helper()
	values := map[string]any{"Upstream": through(t, upstream, at.upstreamSide)}
	for _, name := range []string{"Port", "AdminPort"} {
		port, err := lab.FreePort()
		if err != nil {
			t.Fatal(err)
		}
		values[name] = port
	}
	name := fmt.Sprintf("toxic-%d", starts.Add(1))
	path, err := room.Render(filepath.Join(name, "policy.yaml"), policy, values)
	if err != nil {
		t.Fatal(err)
	}
	s := &sidecar{t: t, admin: fmt.Sprintf("127.0.0.1:%d", values["AdminPort"])}
	s.program, err = room.Programs.Start(process.Spec{
		Name: name, Path: binary, Args: []string{"proxy", "--policy", path}, Core: room.ProxyCore, Output: room.Path(name + ".log"),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { room.Programs.Stop(s.program) })
	s.await(func() bool {
		_, err := scrape.Fetch(context.Background(), "http://"+s.admin+"/readyz")
		return err == nil
	}, "ready")
	s.inside = fmt.Sprintf("127.0.0.1:%d", values["Port"])
	s.address = through(t, s.inside, at.clientSide)
	s.client = &http.Client{Timeout: 8 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	return s
}

// through puts a bad network before an address, or nothing where it is good.
func through(t *testing.T, address string, toxics []Toxic) string {
	t.Helper()
	if len(toxics) == 0 {
		return address
	}
	n, err := newNetwork(address, toxics...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.close)
	return n.address()
}

func (s *sidecar) await(holds func() bool, what string) {
	s.t.Helper()
	for end := time.Now().Add(10 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("after 10 s still not: %s\n%s", what, s.program.Tail())
		}
	}
}

// reply is what a client saw; Broken says that the connection gave no whole answer.
type reply struct {
	Status, Bytes    int
	Code, Attempts   string
	Intact, Broken   bool
	Retryable, Given string
}

func (s *sidecar) get(path string) reply { return s.ask(http.MethodGet, path, nil) }

func (s *sidecar) ask(method, path string, body []byte) reply {
	s.t.Helper()
	request, err := http.NewRequest(method, "http://"+s.address+path, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return reply{Broken: true, Given: err.Error()}
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	r := reply{
		Status: response.StatusCode, Bytes: len(got), Attempts: response.Header.Get("Outrigger-Attempts"), Broken: err != nil,
		Retryable: response.Header.Get("Outrigger-Retryable"), Intact: bytes.Equal(got, content(len(got))) || string(got) == "true",
	}
	if _, details, found := strings.Cut(response.Header.Get("Proxy-Status"), `details="`); found {
		r.Code, _, _ = strings.Cut(details, `"`)
	}
	return r
}

// counts waits until the sidecar has recorded n exchanges, and gives a sum over its metrics by name and labels.
func (s *sidecar) counts(n float64) func(name string, labels ...string) float64 {
	s.t.Helper()
	var metrics scrape.Samples
	s.await(func() bool {
		var err error
		if metrics, err = scrape.Get(context.Background(), s.admin); err != nil {
			s.t.Fatal(err)
		}
		return metrics.Sum("outrigger_requests_total") >= n
	}, fmt.Sprintf("%v exchanges recorded", n))
	return metrics.Sum
}
