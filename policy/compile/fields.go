package compile

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"outrigger/policy"
	"outrigger/policy/document"
	"outrigger/policy/language"
	"outrigger/policy/spelling"
)

// field is one key that a mapping may have: the key of the language, bound to what it sets.
type field[S any] struct {
	name string
	// read gives value for the shape that the language has for the key; nil for a mapping, and where value is there at once.
	read func(language.Shape) func(c *compiler, key string, n *document.Node) func(*S)
	// value reads a leaf; it returns nil after reporting why the leaf cannot be read.
	value func(c *compiler, key string, n *document.Node) func(*S)
	// nested are the keys of a mapping. on is applied when the mapping is written; off is what "off" means, nil where it is not allowed.
	nested []field[S]
	on     func(*S)
	off    []offValue[S]
	// short reads a scalar that stands for the mapping: as which of its keys, and how that enters S.
	short func(c *compiler, key string, n *document.Node) (name string, apply func(*S))
	// later marks a key whose feature is not built yet.
	later bool
}

// offValue is a value, by its name below the field ("" is the field itself), that a feature has when it is off.
type offValue[S any] struct {
	name  string
	apply func(*S)
}

// bound gives the keys of a mapping of the language, in its order, each with the field that reads it. It panics where the two do not
// have the same keys: both are the program's.
func bound[S any](shape language.Shape, fields ...field[S]) []field[S] {
	all := make([]field[S], 0, len(shape.Keys))
	used := 0
	for _, key := range shape.Keys {
		i := slices.IndexFunc(fields, func(f field[S]) bool { return f.name == key.Name })
		switch {
		case key.Later:
			all = append(all, field[S]{name: key.Name, later: true})
			continue
		case i < 0:
			panic("compile: nothing reads the key " + key.Name)
		}
		used++
		f := fields[i]
		if f.read != nil {
			f.value = f.read(key.Shape)
		}
		if f.nested != nil && (f.off != nil) != key.Shape.Off {
			panic("compile: the key " + key.Name + " can be off, or cannot")
		}
		all = append(all, f)
	}
	if used != len(fields) {
		panic("compile: a field reads a key that the language does not have")
	}
	return all
}

// reading is the reading of one mapping by a table.
type reading[S any] struct {
	c *compiler
	// what names the outermost mapping in messages, such as "a policy".
	what string
	// emit is told each value: its dotted key, where it stands, and how it enters S. Apply is nil for a mapping without
	// a value of its own.
	emit func(key string, at policy.Place, apply func(*S))
}

// mapping reads n; prefix is the dotted key of n, "" for the outermost.
func (r *reading[S]) mapping(prefix string, n *document.Node, fields []field[S]) {
	name := prefix
	if name == "" {
		name = r.what
	}
	if n.Kind() != document.Mapping {
		r.c.wrongType(n, name, "a mapping of "+list(names(fields, built)), forKind(n, document.Sequence, noDashes))
		r.suggestMapping(prefix, n, fields)
		return
	}
	for _, e := range n.Entries() {
		i := slices.IndexFunc(fields, func(f field[S]) bool { return f.name == e.Key })
		switch {
		case i < 0:
			r.c.unknownField(e, unknown{name, names(fields, all), names(fields, built), n})
		case fields[i].later:
			if !isOff(e.Value) { // what is not built is off
				r.c.notYet(e.KeyPlace, join(prefix, e.Key))
			}
		default:
			r.entry(join(prefix, e.Key), e, fields[i])
		}
	}
}

// suggestMapping offers the mapping in which a value, written in the mapping's stead, would be right: "max: 100" for "100". Where
// only one key could have it, that was meant.
func (r *reading[S]) suggestMapping(key string, n *document.Node, fields []field[S]) {
	if n.Kind() != document.Scalar || n.Quoted() {
		return
	}
	var could []string
	if text := strings.ToLower(n.Text()); (key == "breaker" || key == "concurrency") && (text == "true" || text == "on" || text == "yes" || text == "enabled") {
		r.c.lastTold().Suggestion = "write {}, which is on with its defaults"
		return
	}
	if name, rest, tight := strings.Cut(n.Text(), ":"); tight && !strings.HasPrefix(rest, " ") && slices.ContainsFunc(fields, func(f field[S]) bool { return f.name == name }) {
		spaced := name + ": " + rest // without the space a key and its value are one word
		r.c.lastTold().Suggestion = "put a space behind the colon: " + spaced
		r.c.mend(spaced)
		return
	}
	if name, rest, _ := strings.Cut(n.Text(), " "); rest != "" && slices.ContainsFunc(fields, func(f field[S]) bool { return f.name == name }) {
		r.c.lastTold().Suggestion = fmt.Sprintf("put a colon behind %q: %s: %s", name, name, strings.TrimSpace(rest))
		return
	}
	if _, rest, isURL := strings.Cut(n.Text(), "://"); isURL && rest != "" && slices.ContainsFunc(fields, func(f field[S]) bool { return f.name == "endpoints" }) {
		r.c.lastTold().Suggestion = fmt.Sprintf("write {endpoints: [%s]}", n.Text())
		return
	}
	if key == "" {
		return // a whole policy is more than one value
	}
	for _, f := range fields {
		probe := &compiler{options: Options{Env: r.c.options.Env}, told: map[toldKey]bool{}, counts: map[policy.Severity]int{}}
		if f.value != nil && !f.later && f.value(probe, f.name, n) != nil && len(probe.problems) == 0 {
			could = append(could, f.name)
		}
	}
	if len(could) == 0 {
		return
	}
	text := fmt.Sprintf("{%s: %s}", could[0], n.Text())
	r.c.lastTold().Suggestion = "write " + text
	if len(could) == 1 && could[0] != "retries" { // whoever wrote "retry: 3" may have meant three attempts
		r.c.mend(text)
	}
}

func (r *reading[S]) entry(key string, e document.Entry, f field[S]) {
	n := e.Value
	if n.Kind() == document.Null {
		r.c.fail(codeType, e.KeyPlace, key+" has no value", "a value, or no such key")
		return
	}
	if f.nested == nil {
		if apply := f.value(r.c, key, n); apply != nil {
			r.emit(key, n.Place(), apply)
		}
		return
	}
	switch {
	case n.Kind() == document.Scalar && isOff(n) && f.off != nil:
		r.emit(key, n.Place(), nil)
		for _, o := range f.off {
			r.emit(join(key, o.name), n.Place(), o.apply)
		}
		return
	case n.Kind() == document.Scalar && f.short != nil:
		if name, apply := f.short(r.c, key, n); apply != nil {
			r.emit(key, e.KeyPlace, f.on)
			r.emit(join(key, name), n.Place(), apply)
		}
		return
	}
	if n.Kind() == document.Mapping {
		r.emit(key, e.KeyPlace, f.on)
	}
	r.mapping(key, n, f.nested)
	if f.off != nil && meansOff(n) {
		r.c.lastTold().Suggestion = "write off"
		r.c.mend("off")
	}
}

func join(prefix, name string) string {
	switch {
	case prefix == "":
		return name
	case name == "":
		return prefix
	}
	return prefix + "." + name
}

// all and built choose fields by whether they have a meaning yet.
const (
	all   = true
	built = false
)

func names[S any](fields []field[S], later bool) []string {
	var found []string
	for _, f := range fields {
		if later || !f.later {
			found = append(found, f.name)
		}
	}
	return found
}

// isOff reports whether n is written "off", or "false", which YAML 1.1 tools make of it.
func isOff(n *document.Node) bool {
	return n.Kind() == document.Scalar && (n.Text() == "off" || n.Tag() == "!!bool" && n.Text() == "false")
}

// meansOff reports whether n is one of the other words for "off".
func meansOff(n *document.Node) bool {
	return n.Kind() == document.Scalar && slices.Contains([]string{"no", "none", "never", "disabled", "disable", "infinite", "infinity", "unlimited"}, strings.ToLower(n.Text()))
}

// wrongType reports a node of another kind than is wanted. Advice is what to write instead, or "".
func (c *compiler) wrongType(n *document.Node, what, expected, advice string) {
	got := n.Kind().String()
	if n.Kind() == document.Scalar {
		got = fmt.Sprintf("the value %q", n.Text())
	}
	c.fail(codeType, n.Place(), fmt.Sprintf("%s is %s", what, got), expected, advice)
}

// forKind is advice for a node of one kind, and "" for any other.
func forKind(n *document.Node, kind document.Kind, advice string) string {
	if n.Kind() != kind {
		return ""
	}
	return advice
}

const noDashes = "write it without dashes and brackets: a key and its value on each line"

func (c *compiler) notYet(at policy.Place, what string) {
	c.fail(codeNotYet, at, what+" is not supported yet", "a key whose feature exists", "remove it for now")
}

// notYetValue is notYet for a value of a key that has others; expected are those.
func (c *compiler) notYetValue(at policy.Place, what, expected string) {
	c.fail(codeNotYet, at, what+" is not supported yet", expected, "write another value for now")
}

// unknown says where a key that is unknown stands: which keys the mapping may have, and which of them have a meaning yet.
type unknown struct {
	where        string
	known, built []string
	mapping      *document.Node
}

// unknownField reports a key that the table has not, with what was probably meant.
func (c *compiler) unknownField(e document.Entry, u unknown) {
	if c.plainSecret(u.where, e) {
		return
	}
	p := policy.Problem{
		Code: codeUnknownField, Severity: policy.Error, Place: e.KeyPlace,
		Message:  fmt.Sprintf("unknown key %q in %s", e.Key, u.where),
		Expected: either(u.built),
	}
	switch meant, renamed := nearest(e.Key, u.known), otherNames[e.Key]; {
	case slices.Contains(u.known, renamed):
		p.Suggestion = cmp.Or(belowOf(u.where, elsewhere[e.Key]), "write "+renamed)
		if u.mapping.Get(renamed) == nil {
			p.Fix = policy.Edit{Place: e.KeyPlace, Text: renamed}
		}
	case e.Key == "policy" && slices.Contains(u.known, "timeouts"):
		p.Suggestion = "write what stands in it here: this is a policy already"
	case e.Key == "endpoints" && slices.Contains(u.known, "application"):
		p.Suggestion = "write \"application\", one URL"
	case elsewhere[e.Key] != "" && !slices.Contains(u.known, e.Key):
		p.Suggestion = belowOf(u.where, elsewhere[e.Key])
	case meant != "":
		p.Suggestion = fmt.Sprintf("did you mean %q?", meant)
		if u.mapping.Get(meant) == nil && spelling.Certain(e.Key, u.known) {
			p.Fix = policy.Edit{Place: e.KeyPlace, Text: meant}
		}
	case u.uncoloned(e.Key) != "":
		p.Suggestion = fmt.Sprintf("put a colon behind %q", u.uncoloned(e.Key))
	default:
		key := policyKeyNamed(e.Key)
		if above := u.mapping.Get(strings.TrimSuffix(key, "."+e.Key)); above != nil && above.Kind() == document.Null {
			p.Suggestion = fmt.Sprintf("indent it: it belongs under %s", strings.TrimSuffix(key, "."+e.Key))
		} else if key != "" {
			p.Suggestion = fmt.Sprintf("it is a key of policies: write %s under policy, defaults or an operation", key)
		} else if places := fileKeyNamed(e.Key); len(places) > 0 {
			p.Suggestion = fmt.Sprintf("it is a key of %s: move it there", either(places))
		}
	}
	c.report(p)
}

// belowOf is what to write for a key, said where part of its path is above it already: "when" in retry, not "retry.when".
func belowOf(where, advice string) string { return strings.ReplaceAll(advice, `"`+where+".", `"`) }

// uncoloned returns the known key that a text begins with, whose colon was forgotten: "timeouts {request" says timeouts.
func (u unknown) uncoloned(text string) string {
	word, _, found := strings.Cut(text, " ")
	if !found || !slices.Contains(u.known, word) {
		return ""
	}
	return word
}

// meant reports whether a mapping has, instead of key, one that was probably meant to be it.
func meant(n *document.Node, key string) bool {
	return slices.ContainsFunc(n.Entries(), func(e document.Entry) bool {
		return e.Key != key && (otherNames[e.Key] == key || nearest(e.Key, []string{key}) == key || strings.Contains(elsewhere[e.Key], strconv.Quote(key)))
	})
}

// meantAtTop reports whether one of the files has a key that was probably meant to be key.
func (c *compiler) meantAtTop(key string) bool {
	return slices.ContainsFunc(c.roots, func(root *document.Node) bool { return meant(root, key) })
}

// otherNames are what other systems call a key, which has the same meaning and the same values here, beside the keys around it.
var otherNames = map[string]string{
	"on": "when", "retryOn": "when", "statusCodes": "when", "initial": "base", "initialInterval": "base", "maxInterval": "max",
	"percent": "ratio", "minRetryRate": "floor", "interval": "window", "maxRequests": "max", "maxConcurrent": "max", "maxPending": "queue",
	"perTry": "attempt", "overall": "request", "total": "request", "read": "idle", "cooldown": "openFor", "sleepWindow": "openFor",
	"baseEjectionTime": "openFor", "waitDurationInOpenState": "openFor", "halfOpenRequests": "probes", "consecutiveErrors": "consecutiveFailures", "consecutive5xxErrors": "consecutiveFailures", "errorRate": "failureRate",
	"failureRateThreshold": "failureRate", "minimumNumberOfCalls": "minimumRequests", "requestVolumeThreshold": "minimumRequests",
	"permittedNumberOfCallsInHalfOpenState": "probes", "limit": "max", "name": "header", "retryRatio": "ratio",
	"address": "listen", "bind": "listen", "cidrs": "callers", "aliases": "hosts", "services": "upstreams", "templates": "policies",
}

// elsewhere are keys that people know from other systems or other places, and what they are here.
var elsewhere = map[string]string{
	"on":                "write \"when\"; a bare \"on\" is the word true to many YAML tools",
	"true":              "write \"when\"; a YAML tool has read \"on\" as true",
	"attempts":          "write \"retry.retries\", which counts the extra tries: attempts - 1",
	"maxAttempts":       "write \"retry.retries\", which counts the extra tries: attempts - 1",
	"numRetries":        "write \"retry.retries\"",
	"retryOn":           "write \"retry.when\"",
	"formerly":          "write \"formerly\" beside the policy of an upstream, or in an operation",
	"perTryTimeout":     "write \"timeouts.attempt\"",
	"policy":            "write \"defaults\" for all, or \"policy\" under inbound or an upstream",
	"slidingWindowSize": "write \"window\", a duration", "windowSize": "write \"window\", a duration",
	"minRetriesPerSecond": "write \"floor\", the extra attempts of a whole window",
	"trip":                "write \"consecutiveFailures\", a number, and \"failureRate\", a share",
	"jitter":              "remove it: a back-off is drawn at random between 0 and its cap",
	"application":         "write \"endpoints\", a list of URLs",
	"timeout":             "write \"timeouts.request\" for the whole exchange, \"timeouts.attempt\" for one try",
	"circuitBreaker":      "write \"breaker\"",
	"backend":             "write \"endpoints\"",
	"backends":            "write \"upstreams\"",
	"targets":             "write \"endpoints\"",
	"url":                 "write \"endpoints\", a list of URLs",
	"endpoint":            "write \"endpoints\", a list of URLs",
	"port":                "write \"listen\", such as 127.0.0.1:8080",
	"spec":                "write \"openapi\"",
	"swagger":             "write \"openapi\"",
	"routes":              "write \"operations\"",
}
