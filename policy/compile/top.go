package compile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"outrigger/policy"
	"outrigger/policy/document"
	"outrigger/policy/language"
)

// top is what stands at the top of the files: the parts that are read later by their own tables, each by its entry.
type top struct {
	entries             map[string]document.Entry
	upstreams, policies []document.Entry
	misread             bool // inbound or upstreams are there, and cannot be read
}

// part is a field whose value another table reads.
func part[S any](name string) field[S] {
	return field[S]{name: name, value: func(*compiler, string, *document.Node) func(*S) { return func(*S) {} }}
}

var topFields = bound(language.File,
	part[top]("version"), part[top]("service"), part[top]("inbound"), part[top]("outbound"), part[top]("upstreams"), part[top]("defaults"),
	part[top]("policies"), part[top]("admin"), part[top]("metrics"), part[top]("log"), part[top]("limits"), part[top]("trust"),
)

// merge joins the files: upstreams and policies from all of them, everything else from the one that has it.
func (c *compiler) merge() *top {
	t := &top{entries: map[string]document.Entry{}}
	for _, root := range c.roots {
		r := reading[top]{c: c, what: "the policy file", emit: func(string, policy.Place, func(*top)) {}}
		r.mapping("", root, topFields)
		c.version(root)
		for _, e := range root.Entries() {
			switch {
			case e.Value.Kind() == document.Null && (e.Key == "inbound" || e.Key == "upstreams"):
				t.misread = true
			case e.Value.Kind() == document.Null || !slices.ContainsFunc(topFields, func(f field[top]) bool { return f.name == e.Key }):
			case e.Key == "upstreams":
				t.upstreams = c.union(t.upstreams, e)
				t.misread = t.misread || e.Value.Kind() != document.Mapping
			case e.Key == "policies":
				t.policies = c.union(t.policies, e)
			case e.Key == "version":
			default:
				c.once(t.entries, e)
			}
		}
	}
	return t
}

// others are documents that people name, or keep in a folder of policies, by mistake: by a key that no policy has.
var others = []struct{ key, what, instead string }{
	{"openapi", "an OpenAPI document", "\"outrigger init FILE\" writes a policy from it; among policies, keep specs in a folder of their own"},
	{"swagger", "an OpenAPI document", "\"outrigger init FILE\" writes a policy from it; among policies, keep specs in a folder of their own"},
	{"cases", "a table of tests", "run it with \"outrigger test FILE\"; among policies, keep tables in a folder of their own"},
	{"kind", "a manifest of Kubernetes", "name the policy file that it is made from"},
}

// notAPolicy reports a file that is something else, once and not key by key.
func (c *compiler) notAPolicy(root *document.Node) bool {
	for _, other := range others {
		e, there := keyOf(root, other.key)
		if !there || root.Get("service") != nil || root.Get("upstreams") != nil || root.Get("inbound") != nil {
			continue
		}
		c.fail(codeUnknownField, e.KeyPlace, fmt.Sprintf("the file is no policy but %s", other.what), "version: 1, service, inbound, upstreams and the other keys of a policy", other.instead)
		return true
	}
	return false
}

func (c *compiler) version(root *document.Node) {
	n := root.Get("version")
	switch {
	case n == nil && meant(root, "version"):
	case n == nil:
		at := root.Place()
		c.fail(codeMissingKey, at, "key version is missing", "version: 1", "write \"version: 1\" as the first line")
	case n.Text() == "1" && n.Quoted():
		c.fail(codeVersion, n.Place(), "version is the text \"1\"", "the number 1", "write \"version: 1\" without quotes")
		c.mend("1")
	case n.Kind() != document.Scalar || n.Text() != "1" || n.Tag() != "!!int":
		c.fail(codeVersion, n.Place(), fmt.Sprintf("version %q of the policy language is not known", n.Text()), "1", "write \"version: 1\"")
	}
}

func (c *compiler) once(entries map[string]document.Entry, e document.Entry) {
	if first, there := entries[e.Key]; there {
		c.fail(codeTwice, e.KeyPlace, fmt.Sprintf("%s stands in two files", e.Key), "one file that has it",
			fmt.Sprintf("remove it here or in %s", first.KeyPlace))
		return
	}
	entries[e.Key] = e
}

// twice warns of what stands in a list a second time, and changes nothing there.
func (c *compiler) twice(at policy.Place, message string, first policy.Place) {
	c.report(policy.Problem{
		Code: codeTwice, Severity: policy.Warning, Place: at, Because: first, Message: message,
		Expected: "each once", Suggestion: "remove one of them",
	})
}

// union adds the named values of one file to those of the files before it.
func (c *compiler) union(all []document.Entry, e document.Entry) []document.Entry {
	if e.Value.Kind() != document.Mapping {
		c.wrongType(e.Value, e.Key, "a mapping of names",
			forKind(e.Value, document.Sequence, "write NAME: in the place of each dash, and what belongs to it below"))
		return all
	}
	for _, named := range e.Value.Entries() {
		if i := slices.IndexFunc(all, func(f document.Entry) bool { return f.Key == named.Key }); i >= 0 {
			c.fail(codeTwice, named.KeyPlace, fmt.Sprintf("%s.%s stands in two files", e.Key, named.Key), "each name once",
				fmt.Sprintf("rename it, or remove it here or in %s", all[i].KeyPlace))
			continue
		}
		if !nameForm.MatchString(named.Key) {
			c.fail(codeSpelling, named.KeyPlace, fmt.Sprintf("%s: %q is not a name", e.Key, named.Key), nameExpected)
		}
		all = append(all, named)
	}
	return all
}

var adminFields = bound(language.File.Under("admin"),
	leaf("listen", fixed(listenAddress), func(s *policy.Admin, v policy.Address) { s.Listen = v }),
	leaf("tokenFile", fixed(filePath), func(s *policy.Admin, v string) { s.TokenFile = v }),
)

var metricsFields = bound(language.File.Under("metrics"),
	leaf("listen", fixed(listenAddress), func(s *policy.Metrics, v policy.Address) { s.Listen = v }),
)

var logFields = bound(language.File.Under("log"),
	leaf("level", word, func(s *policy.Log, v string) { s.Level = v }),
	leaf("format", word, func(s *policy.Log, v string) { s.Format = v }),
	leaf("requests", fixed(logRequests), func(s *policy.Log, v policy.Log) { s.Requests, s.Sample = v.Requests, v.Sample }),
)

// logRequests reads all, failures, or sample and a share.
func logRequests(c *compiler, key string, n *document.Node) (policy.Log, bool) {
	const expected = "all, failures, or a share such as sample 1%"
	text, ok := c.scalar(key, n, expected)
	if !ok {
		return policy.Log{}, false
	}
	if share, sampled := strings.CutPrefix(text, "sample "); sampled {
		if m := shareForm.FindStringSubmatch(share); m != nil {
			if percent, err := strconv.ParseFloat(m[1], 64); err == nil && percent <= 100 {
				return policy.Log{Requests: policy.LogSample, Sample: percent / 100}, true
			}
		}
	}
	if text == string(policy.LogAll) || text == string(policy.LogFailures) {
		return policy.Log{Requests: policy.LogRequests(text)}, true
	}
	c.misspelt(key, n, expected, nearest(text, []string{"all", "failures", "sample 1%"}))
	return policy.Log{}, false
}

var limitsFields = bound(language.File.Under("limits"),
	leaf("headerBytes", size, func(s *policy.Limits, v int64) { s.HeaderBytes = v }),
	leaf("responseHeaderBytes", size, func(s *policy.Limits, v int64) { s.ResponseHeaderBytes = v }),
	leaf("headerCount", integer, func(s *policy.Limits, v int) { s.HeaderCount = v }),
	leaf("requestLineBytes", size, func(s *policy.Limits, v int64) { s.RequestLineBytes = v }),
	leaf("interimReplies", integer, func(s *policy.Limits, v int) { s.InterimReplies = v }),
	leaf("headerTimeout", duration, func(s *policy.Limits, v time.Duration) { s.HeaderTimeout = v }),
	leaf("idleTimeout", duration, func(s *policy.Limits, v time.Duration) { s.IdleTimeout = v }),
	leaf("upstreamIdleTimeout", duration, func(s *policy.Limits, v time.Duration) { s.UpstreamIdleTimeout = v }),
	leaf("connections", integer, func(s *policy.Limits, v int) { s.Connections = v }),
	leaf("bufferBytes", size, func(s *policy.Limits, v int64) { s.BufferBytes = v }),
)

var trustFields = bound(language.File.Under("trust"),
	leaf("callers", listOf(cidr), func(s *policy.Trust, v []string) { s.Callers = v }),
	leaf("forwarded", word,
		func(s *policy.Trust, v string) { s.Forwarded = policy.Forwarded(v) }),
)

// fill reads a mapping by a table into what it describes; prefix is its dotted key.
func fill[S any](c *compiler, prefix string, n *document.Node, target target[S]) {
	r := reading[S]{c: c, what: prefix, emit: func(_ string, _ policy.Place, apply func(*S)) {
		if apply != nil {
			apply(target.into)
		}
	}}
	r.mapping(prefix, n, target.fields)
}

// target is a value and the table of keys that fill it.
type target[S any] struct {
	into   *S
	fields []field[S]
}
