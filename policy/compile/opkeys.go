package compile

import (
	"fmt"
	"regexp"
	"strings"

	"outrigger/policy"
	"outrigger/policy/document"
	"outrigger/policy/openapi"
	"outrigger/policy/spelling"
)

// operationKeys finds which operation each key under "operations" means. Extra are those that no spec declares, where there is
// no spec to declare them.
func (c *compiler) operationKeys(s *source, n *document.Node, all []*source) (written map[*openapi.Operation]document.Entry, extra []document.Entry) {
	written = map[*openapi.Operation]document.Entry{}
	if n.Kind() != document.Mapping {
		c.wrongType(n, "operations", "a mapping of operation ids, or of \"METHOD /path\"",
			forKind(n, document.Sequence, "write each as a key with a policy, such as getStock: {timeouts: {request: 1s}}"))
		return written, nil
	}
	seen := map[string]policy.Place{}
	for _, e := range n.Entries() {
		if e.Value.Kind() == document.Null {
			c.fail(codeType, e.KeyPlace, fmt.Sprintf("operation %s has no value", e.Key), "a policy such as {timeouts: {request: 1s}}")
			continue
		}
		method, template, byPath := splitOperationKey(e.Key)
		if byPath && !c.goodTemplate(e, method, template) {
			continue
		}
		switch {
		case s.catalog == nil && !byPath && s.specUnread:
		case s.catalog == nil && !byPath:
			c.fail(codeUnknownOperation, e.KeyPlace, fmt.Sprintf("operation %q: %s names no spec that could declare it", e.Key, s.title()),
				"METHOD /path, or openapi beside operations", "write the operation as GET /path, or add openapi: FILE")
		case s.catalog == nil || s.catalog.pending && byPath:
			shape := method + " " + policy.TemplateShape(policy.CanonicalTemplate(template))
			if first, there := seen[shape]; there {
				c.operationTwice(e, first)
				continue
			}
			seen[shape] = e.KeyPlace
			extra = append(extra, e)
		case s.catalog.broken:
		default:
			op := c.find(s, e, all)
			if op == nil {
				continue
			}
			if first, there := written[op]; there {
				c.operationTwice(e, first.KeyPlace)
				continue
			}
			written[op] = e
		}
	}
	c.readUnmeant(n, written, extra)
	return written, extra
}

// readUnmeant reads the policies of keys that mean no operation, for their own mistakes: all are to be told at once.
func (c *compiler) readUnmeant(n *document.Node, written map[*openapi.Operation]document.Entry, extra []document.Entry) {
	meant := map[policy.Place]bool{}
	for _, e := range written {
		meant[e.KeyPlace] = true
	}
	for _, e := range extra {
		meant[e.KeyPlace] = true
	}
	for _, e := range n.Entries() {
		if !meant[e.KeyPlace] && e.Value.Kind() != document.Null {
			c.policyOf(e.Value, policyText{what: "operation " + e.Key, level: levelOperation, fields: operationFields})
		}
	}
}

func (c *compiler) operationTwice(e document.Entry, first policy.Place) {
	c.fail(codeOperationTwice, e.KeyPlace, fmt.Sprintf("operation %s is meant by two keys", e.Key), "one key for each operation",
		fmt.Sprintf("merge it with the one at %s", first))
}

var methodForm = regexp.MustCompile(`^[A-Z][A-Z0-9-]{0,31}$`)

// goodTemplate checks the spelling of a key of the form METHOD /template.
func (c *compiler) goodTemplate(e document.Entry, method, template string) bool {
	const expected = "METHOD /path/{parameter}"
	switch {
	case !methodForm.MatchString(method):
		upper, instead := strings.ToUpper(method), ""
		if methodForm.MatchString(upper) {
			instead = fmt.Sprintf("write \"%s %s\"; methods are told apart by case", upper, template)
		}
		c.fail(codeSpelling, e.KeyPlace, fmt.Sprintf("operation %q: %q is not a method", e.Key, method), expected, instead)
		if instead != "" {
			c.mendWord(upper + " " + template)
		}
	case strings.ContainsAny(template, "?# "):
		c.fail(codeSpelling, e.KeyPlace, fmt.Sprintf("operation %q: a path template has no query, no fragment and no space", e.Key), expected,
			fmt.Sprintf("write %q", method+" "+template[:strings.IndexAny(template, "?# ")]))
	case !balanced(template):
		c.fail(codeSpelling, e.KeyPlace, fmt.Sprintf("operation %q: braces do not match", e.Key), expected, "write each parameter as {name}")
	default:
		return true
	}
	return false
}

// balanced reports whether every brace opens a parameter with a name or closes one, within one segment.
func balanced(template string) bool {
	open := -1
	for i := range len(template) {
		switch template[i] {
		case '{':
			if open >= 0 {
				return false
			}
			open = i
		case '}':
			if open < 0 || i == open+1 {
				return false
			}
			open = -1
		case '/':
			if open >= 0 {
				return false
			}
		}
	}
	return open < 0
}

// find returns the operation of the spec that a key means, or nil after saying why there is none.
func (c *compiler) find(s *source, e document.Entry, all []*source) *openapi.Operation {
	method, template, byPath := splitOperationKey(e.Key)
	if !byPath {
		switch op := s.catalog.find(e.Key); {
		case op == nil && len(s.catalog.Sharing(e.Key)) > 0:
			c.sharedID(e, s.catalog.Sharing(e.Key))
		case op == nil:
			c.unknownID(s, e, all)
		case op.CoveredBy != nil:
			c.fail(codeNoSuchTemplate, e.KeyPlace, fmt.Sprintf("operation %s has no request of its own: all are those of %s %s (%s), for what follows \"?\" or \"#\" is no part of a path",
				e.Key, op.CoveredBy.Method, op.CoveredBy.Path, op.CoveredBy.Place), "an operation that requests can be told by", "write the policy for the other operation")
		default:
			return op
		}
		return nil
	}
	op := s.catalog.findByPath(method, template)
	if op == nil {
		c.unknownPath(s, e, all)
		return nil
	}
	if op.ID != "" {
		c.report(policy.Problem{
			Code: codeHasID, Severity: policy.Info, Place: e.KeyPlace,
			Because: op.IDPlace,
			Message: fmt.Sprintf("operation %s has the id %s", e.Key, op.ID), Suggestion: fmt.Sprintf("write %s, which survives a change of the path", op.ID),
		})
		if s.written.operations.Get(op.ID) == nil {
			c.mendWord(op.ID)
		}
	}
	return op
}

// sharedID refuses a key that is the id of several operations.
func (c *compiler) sharedID(e document.Entry, sharing []*openapi.Operation) {
	first, second := sharing[0], sharing[1]
	c.fail(openapi.CodeDuplicateID, e.KeyPlace,
		fmt.Sprintf("operationId %q is that of %d operations, %s %s (%s) and %s %s (%s) among them: the key names none",
			e.Key, len(sharing), first.Method, first.Path, first.Place, second.Method, second.Path, second.Place),
		"METHOD /path of one of them", fmt.Sprintf("write \"%s %s\", or rename one in the spec", first.Method, first.Path))
	c.because(second.IDPlace)
}

func (c *compiler) unknownID(s *source, e document.Entry, all []*source) {
	for _, elsewhere := range s.catalog.Elsewhere {
		if elsewhere.ID == e.Key {
			c.fail(codeUnknownOperation, e.KeyPlace, fmt.Sprintf("operation %s is a %s (%s): nobody calls it through this upstream", e.Key, elsewhere.Where, elsewhere.Place),
				"an operation under paths")
			c.because(elsewhere.Place)
			return
		}
	}
	for _, other := range all {
		if other != s && other.catalog != nil {
			if op := other.catalog.find(e.Key); op != nil {
				c.wrongUpstream(s, e, other, op)
				return
			}
		}
	}
	ids := s.catalog.ids
	meant, instead := c.nearestOperation(e.Key, ids), ""
	if meant != "" {
		instead = fmt.Sprintf("did you mean %q?", meant)
	}
	if template := s.catalog.templateMeant(e.Key); template != "" {
		instead, meant = fmt.Sprintf("write %q", template), ""
	} else if method, path, found := strings.Cut(e.Key, "/"); meant == "" && found && method == "" {
		instead = fmt.Sprintf("write the method before the path: GET /%s", path)
	}
	c.fail(codeUnknownOperation, e.KeyPlace, fmt.Sprintf("unknown operation %q", e.Key), s.catalog.choices(), instead)
	if meant != "" {
		c.meantOperation(s, e.Key, meant, ids)
		c.because(s.catalog.find(meant).IDPlace)
	}
}

// nearestOperation is the nearest of the operations that there are, as long as the search is affordable.
func (c *compiler) nearestOperation(key string, known []string) string {
	if c.searched += len(known) * len(key) * len(key); c.searched > maxSearch {
		return ""
	}
	return nearest(key, known)
}

// meantOperation offers the operation that was meant, if it is the only one that is near and has no policy yet.
func (c *compiler) meantOperation(s *source, key, meant string, known []string) {
	if spelling.Certain(key, known) && s.written.operations.Get(meant) == nil {
		c.mendWord(meant)
	}
}

func (c *compiler) wrongUpstream(s *source, e document.Entry, other *source, op *openapi.Operation) {
	c.report(policy.Problem{
		Code: codeWrongUpstream, Severity: policy.Error, Place: e.KeyPlace, Because: op.Place,
		Message:  fmt.Sprintf("operation %s is not one of %s but of %s", e.Key, s.title(), other.title()),
		Expected: "an operation that " + s.catalog.File + " declares", Suggestion: "move it to " + other.title(),
	})
}

func (c *compiler) unknownPath(s *source, e document.Entry, all []*source) {
	method, template, _ := splitOperationKey(e.Key)
	for _, other := range all {
		if other != s && other.catalog != nil {
			if op := other.catalog.findByPath(method, template); op != nil {
				c.wrongUpstream(s, e, other, op)
				return
			}
		}
	}
	s.catalog.index()
	if op := s.catalog.byShape[policy.TemplateShape(policy.CanonicalTemplate(template))]; op != nil {
		c.fail(codeNoSuchTemplate, e.KeyPlace, fmt.Sprintf("operation %q: the path is declared, but not for %s", e.Key, method), "a method that the spec declares for the path",
			fmt.Sprintf("did you mean %q?", op.Method+" "+op.Path))
		c.because(op.Place)
		return
	}
	keys := s.catalog.keys
	meant, instead := c.nearestOperation(e.Key, keys), ""
	if meant != "" {
		instead = fmt.Sprintf("did you mean %q?", meant)
	}
	c.fail(codeNoSuchTemplate, e.KeyPlace, fmt.Sprintf("operation %q matches nothing in %s", e.Key, s.catalog.File), "METHOD /path of an operation that the spec declares", instead)
	if meant != "" {
		c.meantOperation(s, e.Key, meant, keys)
	}
}
