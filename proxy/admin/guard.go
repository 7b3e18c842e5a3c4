package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
)

// guarded lets through who may do what the request asks for.
func (p *port) guarded(next http.Handler) http.Handler {
	everybody := map[string]bool{}
	for _, page := range open(p.Probes, p.Metrics) {
		everybody[page.pattern] = true
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if everybody[r.URL.Path] && reads(r.Method) {
			next.ServeHTTP(w, r)
			return
		}
		if !ownName(r.Host) && p.bearer(r) != nil {
			refuse(w, http.StatusForbidden, "the Host field names another site; ask by address or as localhost, or send the token of admin.tokenFile")
			return
		}
		if !reads(r.Method) && !p.mayChange(w, r) {
			return
		}
		next.ServeHTTP(w, r)
	})
}

func reads(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// mayChange refuses a page that a browser got from elsewhere, whatever it carries, and who is neither on this machine nor
// bears the token.
func (p *port) mayChange(w http.ResponseWriter, r *http.Request) bool {
	var origin http.CrossOriginProtection
	if err := origin.Check(r); err != nil {
		refuse(w, http.StatusForbidden, "a page of another origin may not change anything here")
		return false
	}
	if fromLoopback(r.RemoteAddr) {
		return true
	}
	switch err := p.bearer(r); {
	case err == nil:
		return true
	case errors.Is(err, errNoToken):
		refuse(w, http.StatusForbidden, "changes are taken from this machine alone; set admin.tokenFile to take them from others")
	case errors.Is(err, errWrongToken):
		w.Header().Set("WWW-Authenticate", `Bearer realm="outrigger admin"`)
		refuse(w, http.StatusUnauthorized, "send the token of admin.tokenFile as Authorization: Bearer TOKEN")
	default:
		p.Log.Error("admin token unreadable", "error", err)
		refuse(w, http.StatusForbidden, "the token of admin.tokenFile cannot be read, see the log")
	}
	return false
}

// ownName tells a name under which this port may be asked from one that an attacker can point at it (DNS rebinding): only
// addresses, localhost and names without a dot, which no public zone has.
func ownName(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.ToLower(strings.TrimSuffix(strings.Trim(name, "[]"), "."))
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	return name != "" && (!strings.Contains(name, ".") || strings.HasSuffix(name, ".localhost"))
}

func fromLoopback(remote string) bool {
	at, err := netip.ParseAddrPort(remote)
	return err == nil && at.Addr().IsLoopback() // also of IPv4 in IPv6
}

var (
	errNoToken    = errors.New("admin.tokenFile is not set")
	errWrongToken = errors.New("the token is missing or wrong")
)

// maxToken bounds a token file, in bytes.
const maxToken = 4096

// bearer is nil for who bears the token. The file is read each time, so that a token may be changed while we run.
func (p *port) bearer(r *http.Request) error {
	set := p.Policies.Current()
	if set == nil || set.Admin.TokenFile == "" {
		return errNoToken
	}
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return errWrongToken
	}
	token, err := readToken(set.Admin.TokenFile)
	if err != nil {
		return err
	}
	// Hashed first, so that not even the length of the token shows in the time of the comparison.
	want, got := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(strings.TrimSpace(given)))
	if subtle.ConstantTimeCompare(want[:], got[:]) != 1 {
		return errWrongToken
	}
	return nil
}

func readToken(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxToken+1))
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(b))
	if token == "" || len(b) > maxToken {
		return "", fmt.Errorf("%s: expected a token of 1 to %d bytes, found %d", path, maxToken, len(b))
	}
	return token, nil
}
