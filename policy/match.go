package policy

import "strings"

// Index builds the upstream's matcher from its operations. Call it once, before the upstream is shared.
// Of two operations with one method and the same template but for parameter names, the first wins.
func (u *Upstream) Index() {
	m := &matcher{}
	for _, op := range u.Operations {
		m.add(op)
	}
	u.matcher = m
}

// Match returns the operation of a request, or Unmatched. Path is the canonical path without a query (see Canonical).
// A HEAD request belongs to the GET operation where the spec declares no HEAD (RFC 9110 section 9.3.2).
// It does not allocate; concrete segments win over templated ones, as OpenAPI demands.
func (u *Upstream) Match(method, path string) *Operation {
	if u.matcher != nil {
		if op := u.matcher.find(method, path); op != nil {
			return op
		}
		if method == "HEAD" {
			if op := u.matcher.find("GET", path); op != nil {
				return op
			}
		}
	}
	return u.Unmatched
}

// matcher is a trie over path segments. A node is visited at most once per match, so a match costs at most one visit
// per node whatever the path.
type matcher struct {
	root node
}

type node struct {
	literals map[string]*node
	patterns []patternEdge // segments that are part literal, part parameter, most literal text first
	param    *node         // a whole segment
	ops      []*Operation  // operations that end here
}

type patternEdge struct {
	pattern segmentPattern
	next    *node
}

func (m *matcher) add(op *Operation) {
	n := &m.root
	for rest, ok := cutRoot(op.Template); ok; {
		var segment string
		segment, rest, ok = strings.Cut(rest, "/")
		n = n.child(segment)
	}
	n.ops = append(n.ops, op)
}

// child finds or makes the node that a template's segment leads to.
func (n *node) child(segment string) *node {
	p := parseSegment(segment)
	switch {
	case p.whole():
		if n.param == nil {
			n.param = &node{}
		}
		return n.param
	case p.literal():
		if n.literals == nil {
			n.literals = map[string]*node{}
		}
		next := n.literals[segment]
		if next == nil {
			next = &node{}
			n.literals[segment] = next
		}
		return next
	}
	for _, e := range n.patterns {
		if e.pattern.equal(p) {
			return e.next
		}
	}
	at := 0
	for at < len(n.patterns) && n.patterns[at].pattern.weight() >= p.weight() {
		at++
	}
	next := &node{}
	n.patterns = append(n.patterns, patternEdge{})
	copy(n.patterns[at+1:], n.patterns[at:])
	n.patterns[at] = patternEdge{p, next}
	return next
}

func (m *matcher) find(method, path string) *Operation {
	rest, ok := cutRoot(path)
	return m.root.find(method, rest, ok)
}

// find walks down; more tells "/a" from "/a/", whose last segment is empty.
func (n *node) find(method, rest string, more bool) *Operation {
	if !more {
		for _, op := range n.ops {
			if op.Method == method {
				return op
			}
		}
		return nil
	}
	segment, rest, more := strings.Cut(rest, "/")
	if next := n.literals[segment]; next != nil {
		if op := next.find(method, rest, more); op != nil {
			return op
		}
	}
	for i := range n.patterns {
		if n.patterns[i].pattern.matches(segment) {
			if op := n.patterns[i].next.find(method, rest, more); op != nil {
				return op
			}
		}
	}
	if n.param != nil && segment != "" {
		return n.param.find(method, rest, more)
	}
	return nil
}

func cutRoot(path string) (rest string, ok bool) {
	return strings.CutPrefix(path, "/")
}
