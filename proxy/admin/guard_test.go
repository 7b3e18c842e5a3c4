package admin

import (
	"net/http"
	"os"
	"strings"
	"testing"
)

var changes = []struct{ target, body string }{
	{"/policy/reload", ""},
	{"/drain", ""},
	{"/log-level", `{"level":"debug"}`},
	{"/operations/inventory/getStock/breaker", `{"state":"open"}`},
}

// touched reports whether anything was changed.
func (s *sidecar) touched() bool {
	return s.drained != 0 || s.forced != nil || s.level.Level() != 0 || s.log.Len() > 0
}

func TestChangesAreForPOSTAlone(t *testing.T) {
	for _, c := range changes {
		for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"} {
			s := &sidecar{}
			w := s.ask(method, c.target, c.body)
			if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "POST" || s.touched() {
				t.Errorf("%s %s: %d, Allow %q, touched %v", method, c.target, w.Code, w.Header().Get("Allow"), s.touched())
			}
		}
	}
	for _, target := range []string{"/policy", "/operations", "/decisions", "/metrics", "/livez", "/"} {
		w := (&sidecar{}).ask("POST", target, "")
		if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("POST %s: %d, Allow %q", target, w.Code, w.Header().Get("Allow"))
		}
	}
}

func TestAPageOfAnotherOriginChangesNothing(t *testing.T) {
	for name, edit := range map[string]func(*http.Request){
		"another site":          field("Origin", "https://evil.example"),
		"another port":          field("Origin", "http://127.0.0.1:8080"),
		"a sandboxed page":      field("Origin", "null"),
		"cross-site by fetch":   field("Sec-Fetch-Site", "cross-site"),
		"same-site by fetch":    field("Sec-Fetch-Site", "same-site"),
		"another site, by name": func(r *http.Request) { r.Host = "localhost:9901"; r.Header.Set("Origin", "http://evil.example") },
		"another site, IPv6":    func(r *http.Request) { r.Host = "[::1]:9901"; r.Header.Set("Origin", "http://evil.example") },
		"rebound to this address": func(r *http.Request) {
			r.Host = "evil.example:9901"
			r.Header.Set("Origin", "http://evil.example:9901")
		},
	} {
		for _, c := range changes {
			s := &sidecar{}
			s.withToken(t, "secret")
			if w := s.ask("POST", c.target, c.body, edit); w.Code != http.StatusForbidden || s.touched() {
				t.Errorf("%s, %s: %d, touched %v", name, c.target, w.Code, s.touched())
			}
		}
	}
	for name, edit := range map[string]func(*http.Request){
		"no browser":        func(*http.Request) {},
		"our own page":      field("Origin", "http://127.0.0.1:9901"),
		"our own, by fetch": field("Sec-Fetch-Site", "same-origin"),
		"typed by the user": field("Sec-Fetch-Site", "none"),
	} {
		s := &sidecar{}
		if w := s.ask("POST", "/drain", "", edit); w.Code != http.StatusAccepted || s.drained != 1 {
			t.Errorf("%s: %d, drained %d", name, w.Code, s.drained)
		}
	}
}

func TestBeyondThisMachineChangesNeedTheToken(t *testing.T) {
	bearer := func(token string) func(*http.Request) { return field("Authorization", "Bearer "+token) }
	for name, c := range map[string]struct {
		remote string
		token  string // of the file; empty for no file
		edit   func(*http.Request)
		status int
	}{
		"from here":                   {near, "", func(*http.Request) {}, 202},
		"from here, IPv6":             {"[::1]:40000", "", func(*http.Request) {}, 202},
		"from here, IPv4 in IPv6":     {"[::ffff:127.0.0.1]:40000", "", func(*http.Request) {}, 202},
		"from there, no token file":   {far, "", bearer("secret"), 403},
		"from there, no token":        {far, "secret", func(*http.Request) {}, 401},
		"from there, wrong token":     {far, "secret", bearer("Secret"), 401},
		"from there, part of it":      {far, "secret", bearer("secre"), 401},
		"from there, empty token":     {far, "secret", bearer(""), 401},
		"from there, basic":           {far, "secret", field("Authorization", "Basic secret"), 401},
		"from there, the token":       {far, "secret\n", bearer("secret"), 202},
		"from there, as if from here": {far, "secret", field("X-Forwarded-For", "127.0.0.1"), 401},
		"from an unknown address":     {"@", "secret", func(*http.Request) {}, 401},
		"a token file of blanks":      {far, " \n", bearer(""), 403},
		"a token file of a megabyte":  {far, strings.Repeat("x", 1<<20), bearer("x"), 403},
	} {
		s := &sidecar{}
		if c.token != "" {
			s.withToken(t, c.token)
		}
		w := s.ask("POST", "/drain", "", from(c.remote), c.edit)
		if w.Code != c.status || (s.drained == 1) != (c.status == 202) {
			t.Errorf("%s: %d, drained %d; want %d", name, w.Code, s.drained, c.status)
		}
		if (w.Code == 401) != strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%s: WWW-Authenticate %q", name, w.Header().Get("WWW-Authenticate"))
		}
	}
}

func TestATokenMayChangeWhileThePortIsOpen(t *testing.T) {
	s := &sidecar{}
	path := s.withToken(t, "old")
	try := func(token string) int {
		return s.ask("POST", "/drain", "", from(far), field("Authorization", "Bearer "+token)).Code
	}
	if got := try("old"); got != 202 {
		t.Errorf("the old token before: %d", got)
	}
	if err := os.WriteFile(path, []byte("new"), 0o600); err != nil {
		t.Fatal(err)
	}
	if was, is := try("old"), try("new"); was != 401 || is != 202 {
		t.Errorf("the old token %d, the new one %d", was, is)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if got := try("new"); got != 403 || !strings.Contains(s.log.String(), "admin token unreadable") {
		t.Errorf("without the file: %d, log %s", got, s.log.String())
	}
}

func TestANameThatOthersControlOpensNothingButProbesAndMetrics(t *testing.T) {
	for name, ours := range map[string]bool{
		"127.0.0.1:9901": true, "127.0.0.1": true, "10.1.2.3:9901": true, "[::1]:9901": true, "[::1]": true, "localhost:9901": true,
		"LocalHost": true, "localhost.": true, "app.localhost:9901": true, "orders:9901": true,
		"evil.example:9901": false, "evil.example": false, "127.0.0.1.evil.example": false, "localhost.evil.example:9901": false,
		"orders.shop.svc.cluster.local:9901": false, "": false, ".": false,
	} {
		for _, target := range []string{"/policy", "/operations", "/decisions", "/"} {
			s := &sidecar{}
			s.withToken(t, "secret")
			if w := s.ask("GET", target, "", host(name)); (w.Code == 200) != ours || !ours && w.Code != 403 {
				t.Errorf("%s by %q: %d", target, name, w.Code)
			}
			if w := s.ask("GET", target, "", host(name), field("Authorization", "Bearer secret")); w.Code != 200 {
				t.Errorf("%s by %q with the token: %d", target, name, w.Code)
			}
		}
		for _, target := range []string{"/metrics", "/livez", "/readyz", "/startupz"} {
			if w := (&sidecar{}).ask("GET", target, "", host(name)); w.Code != 200 {
				t.Errorf("%s by %q: %d", target, name, w.Code)
			}
		}
	}
}
