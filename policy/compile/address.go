package compile

import (
	"cmp"
	"fmt"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"outrigger/policy"
	"outrigger/policy/document"
	"outrigger/policy/rules/network"
)

var variableForm = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)(:-([^}]*))?\}`)

// expanded reads a text in which ${NAME} and ${NAME:-default} stand for environment variables: addresses, paths and names of
// files of secrets, nothing else.
func (c *compiler) expanded(key string, n *document.Node, expected string) (string, bool) {
	text, ok := c.scalar(key, n, expected)
	if !ok || !strings.Contains(text, "${") {
		return text, ok
	}
	good := true
	text = variableForm.ReplaceAllStringFunc(text, func(found string) string {
		m := variableForm.FindStringSubmatch(found)
		if c.options.Env != nil {
			if v, set := c.options.Env(m[1]); set && v != "" {
				return v
			}
		}
		if m[2] == "" {
			good = false
			c.fail(codeVariable, n.Place(), fmt.Sprintf("%s: environment variable %s is not set", key, m[1]), "a variable that is set, or a default",
				fmt.Sprintf("set it, or write ${%s:-default}", m[1]))
		}
		return m[3]
	})
	if good && strings.Contains(text, "${") {
		c.fail(codeVariable, n.Place(), fmt.Sprintf("%s: %q is not a variable", key, n.Text()), "${NAME} or ${NAME:-default}", prefixed("write ", variableMeant(text)))
		return "", false
	}
	return text, good
}

const addressExpected = "an address such as 127.0.0.1:8080"

var hostForm = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9._-]{0,252}[A-Za-z0-9_.])?$`)

// listenAddress reads host:port; the host may be missing (every interface) and the port 0 (any free one).
func listenAddress(c *compiler, key string, n *document.Node) (policy.Address, bool) {
	text, ok := c.expanded(key, n, addressExpected)
	if !ok {
		return policy.Address{}, false
	}
	host, port, ok := network.Split(text)
	if !ok || port < 0 || host != "" && !validHost(host) {
		var instead string
		if p, err := strconv.Atoi(strings.TrimPrefix(text, ":")); err == nil && p >= 0 && p <= 65535 {
			instead = fmt.Sprintf("%s:%d", usualInterface(key), p)
		} else if _, after, found := strings.Cut(text, "://"); found {
			instead = strings.TrimRight(after, "/")
		} else if instead = bracketed(text); instead == "" {
			instead = variableMeant(text)
		}
		c.misspelt(key, n, addressExpected, instead)
		return policy.Address{}, false
	}
	return policy.Address{HostPort: text, Place: n.Place()}, true
}

// usualInterface is where a port is wanted that is written alone: callers and what scrapes come from outside.
func usualInterface(key string) string {
	if key == "inbound.listen" || key == "metrics.listen" {
		return "0.0.0.0"
	}
	return "127.0.0.1"
}

// bracketed gives an IPv6 address and its port the brackets that tell them apart; "" for any other text.
func bracketed(text string) string {
	last := strings.LastIndex(text, ":")
	if last < 0 || strings.Count(text, ":") < 3 {
		return ""
	}
	addr, err := netip.ParseAddr(text[:last])
	port, number := strconv.ParseUint(text[last+1:], 10, 16)
	if err != nil || number != nil {
		return ""
	}
	return netip.AddrPortFrom(addr, uint16(port)).String()
}

// otherVariable is a variable as shells, Kubernetes and others write it, and with a default behind a colon alone.
var otherVariable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*):([^-}][^}]*)\}|\$\(([A-Za-z_][A-Za-z0-9_]*)\)|\$([A-Za-z_][A-Za-z0-9_]*)`)

// variableMeant writes such variables as policies do; "" for a text without any.
func variableMeant(text string) string {
	if !otherVariable.MatchString(text) {
		return ""
	}
	return otherVariable.ReplaceAllStringFunc(text, func(found string) string {
		m := otherVariable.FindStringSubmatch(found)
		if m[1] != "" {
			return "${" + m[1] + ":-" + m[2] + "}"
		}
		return "${" + m[3] + m[4] + "}"
	})
}

func validHost(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return hostForm.MatchString(host) && !strings.Contains(host, "..")
}

func hostPort(host string, port int) string {
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return host + ":" + strconv.Itoa(port)
}

const endpointExpected = "a URL such as http://inventory:8080"

// endpoint reads the URL of one address: scheme, host and port, nothing more.
func endpoint(c *compiler, key string, n *document.Node) (policy.Endpoint, bool) {
	text, ok := c.expanded(key, n, endpointExpected)
	if !ok {
		return policy.Endpoint{}, false
	}
	if strings.HasPrefix(text, "dns:///") || strings.HasPrefix(text, "dns+srv:///") {
		scheme, _, _ := strings.Cut(text, ":")
		c.notYetValue(n.Place(), key+": "+scheme, endpointExpected)
		return policy.Endpoint{}, false
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		var instead string
		if host, _, ok := network.Split(strings.TrimLeft(text, "/")); ok && validHost(host) {
			instead = "http://" + strings.TrimLeft(text, "/")
		} else if scheme, rest, found := strings.Cut(text, "://"); found && bracketed(rest) != "" {
			instead = scheme + "://" + bracketed(rest)
		} else {
			instead = variableMeant(text)
		}
		c.misspelt(key, n, endpointExpected, instead)
		return policy.Endpoint{}, false
	}
	host, port, ok := network.Split(u.Host)
	if port < 0 {
		port = defaultPort(u.Scheme)
	}
	switch {
	case secretIn(u):
		c.fail(codeSecret, n.Place(), key+": a URL with a user name, a password or a token", endpointExpected, "let the application send its credentials; secrets never stand in a policy")
	case !ok || !validHost(host) || port == 0:
		c.misspelt(key, n, endpointExpected, cmp.Or(prefixed(u.Scheme+"://", bracketed(u.Host)), variableMeant(text)))
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		c.fail(codeSpelling, n.Place(), fmt.Sprintf("%s: %q is more than an address", key, n.Text()), endpointExpected,
			fmt.Sprintf("write %s://%s; paths come from the request", u.Scheme, u.Host))
	default:
		return policy.Endpoint{Scheme: u.Scheme, Host: hostPort(strings.ToLower(host), port), Place: n.Place()}, true
	}
	return policy.Endpoint{}, false
}

// prefixed is text behind a prefix, "" for no text.
func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

func defaultPort(scheme string) int {
	if scheme == "https" {
		return 443
	}
	return 80
}

// hostName is a name by which requests ask for an upstream.
type hostName struct {
	name  string
	place policy.Place
}

func host(c *compiler, key string, n *document.Node) (hostName, bool) {
	const expected = "a host such as api.example.com or inventory:8080"
	text, ok := c.expanded(key, n, expected)
	if !ok {
		return hostName{}, false
	}
	h, port, ok := network.Split(text)
	if !ok || port == 0 || !validHost(h) {
		instead := ""
		if u, err := url.Parse(text); err == nil && u.Host != "" {
			instead = u.Host
		}
		c.misspelt(key, n, expected, instead)
		return hostName{}, false
	}
	return hostName{strings.ToLower(text), n.Place()}, true
}

// filePath reads the name of a file, relative to the policy file it stands in.
func filePath(c *compiler, key string, n *document.Node) (string, bool) {
	text, ok := c.expanded(key, n, "the path of a file")
	if !ok {
		return "", false
	}
	if text == "" {
		c.misspelt(key, n, "the path of a file", "")
		return "", false
	}
	if !filepath.IsAbs(text) {
		text = filepath.Join(filepath.Dir(n.Place().File), text)
	}
	return text, true
}

var headerForm = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$")

func headerName(c *compiler, key string, n *document.Node) (string, bool) {
	const expected = "the name of a header field"
	text, ok := c.scalar(key, n, expected)
	if ok && !headerForm.MatchString(text) {
		c.misspelt(key, n, expected, "")
		return "", false
	}
	return canonicalHeader(text), ok
}

// canonicalHeader is textproto's form, which the proxy's header maps use: upper case at the start and after each dash.
func canonicalHeader(name string) string {
	b := []byte(strings.ToLower(name))
	for i, c := range b {
		if 'a' <= c && c <= 'z' && (i == 0 || b[i-1] == '-') {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}

func cidr(c *compiler, key string, n *document.Node) (string, bool) {
	const expected = "a network such as 10.0.0.0/8"
	text, ok := c.expanded(key, n, expected)
	if !ok {
		return "", false
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		instead := ""
		if addr, err := netip.ParseAddr(text); err == nil {
			instead = netip.PrefixFrom(addr, addr.BitLen()).String()
		}
		c.misspelt(key, n, expected, instead)
		if instead != "" {
			c.mend(instead)
		}
		return "", false
	}
	return prefix.Masked().String(), true
}
