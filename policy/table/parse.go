package table

import (
	"fmt"
	"net/textproto"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"outrigger/policy"
	"outrigger/policy/document"
	"outrigger/policy/spelling"
)

// Bounds of a table. They keep a run within seconds and within what a sidecar remembers of exchanges.
const (
	mostCases   = 1000
	mostSteps   = 100
	mostAnswers = 20
	mostTimes   = 900
)

var methodForm = regexp.MustCompile(`^[A-Za-z_-]{1,32}$`)

// Parse reads a table strictly: every problem is found at once, and the table is nil when one of them is an error. file names it in
// places. It is safe for concurrent use.
func Parse(file string, data []byte) (*Table, policy.Problems) {
	root, problems := document.Parse(file, data)
	r := &reader{problems: problems}
	t := &Table{File: file}
	if root != nil {
		r.table(root, t)
	}
	r.problems.Sort()
	if root == nil || r.problems.HasErrors() {
		return nil, r.problems
	}
	return t, r.problems
}

func (r *reader) table(root *document.Node, t *Table) {
	names := map[string]bool{}
	r.mapping(root, "the table", fields{
		"version": func(n *document.Node) { r.word(n, "version", "1") },
		"policy": func(n *document.Node) {
			t.Policy, _ = r.text(n, "policy", "a path, relative to the table")
			t.PolicyPlace = n.Place()
		},
		"cases": func(n *document.Node) {
			if n.Len() > mostCases {
				r.fail(codeRange, n.Place(), fmt.Sprintf("%d cases in one table", n.Len()), fmt.Sprintf("at most %d", mostCases), "split the table")
				return
			}
			if n.Kind() == document.Sequence && n.Len() == 0 {
				r.fail(codeRange, n.Place(), "cases is empty", "at least one case")
			}
			r.items(n, "cases", func(n *document.Node) {
				if c := r.readCase(n); c != nil {
					if names[c.Name] {
						r.fail(codeTwice, c.Place, fmt.Sprintf("a case %q stands above already", c.Name), "a name of its own for each case")
					}
					names[c.Name] = true
					t.Cases = append(t.Cases, c)
				}
			})
		},
	})
	for _, key := range []string{"version", "policy", "cases"} {
		if root.Kind() == document.Mapping && root.Get(key) == nil {
			r.fail(codeMissingKey, root.Place(), "the table has no "+key, map[string]string{
				"version": "version: 1", "policy": "policy: PATH, of a file or a folder", "cases": "cases, a list",
			}[key])
		}
	}
}

// readCase reads a case: either a single step, or steps that may leave out the request that the case gives them all.
func (r *reader) readCase(n *document.Node) *Case {
	c := &Case{Place: n.Place()}
	single := &Step{Place: n.Place(), Times: 1}
	f := r.stepFields(single)
	delete(f, "wait")
	f["name"] = func(n *document.Node) {
		c.Name, _ = r.text(n, "name", "a sentence")
		c.Place = n.Place()
	}
	var steps *document.Node
	f["steps"] = func(n *document.Node) { steps = n }
	r.mapping(n, "the case", f)
	if n.Kind() != document.Mapping {
		return nil
	}
	if c.Name == "" {
		r.fail(codeMissingKey, n.Place(), "the case has no name", "name, a sentence that says what must hold")
	}
	if steps == nil {
		c.Steps = []*Step{single}
		r.complete(single, n)
		return c
	}
	for _, key := range []string{"answers", "times", "every", "expect"} {
		if n.Get(key) != nil {
			r.fail(codeType, n.Get(key).Place(), fmt.Sprintf("the case has steps and %s of its own", key), "one of the two", "write "+key+" in a step")
		}
	}
	if steps.Len() > mostSteps {
		r.fail(codeRange, steps.Place(), fmt.Sprintf("%d steps in one case", steps.Len()), fmt.Sprintf("at most %d", mostSteps))
		return c
	}
	r.items(steps, "steps", func(n *document.Node) {
		s := &Step{Place: n.Place(), Times: 1, Send: single.Send}
		r.mapping(n, "the step", r.stepFields(s))
		if n.Get("wait") == nil {
			r.complete(s, n)
		} else if n.Len() > 1 {
			r.fail(codeType, n.Place(), "the step waits and does something else", "wait alone, or no wait", "make two steps of it")
		}
		c.Steps = append(c.Steps, s)
	})
	return c
}

func (r *reader) stepFields(s *Step) fields {
	return fields{
		"wait": func(n *document.Node) {
			d, ok := r.duration(n, "wait")
			if s.Wait = d; ok && d == 0 {
				r.fail(codeRange, n.Place(), "wait: no time passes", "at least 1ms")
			}
		},
		"request": func(n *document.Node) { r.request(n, &s.Send) },
		"headers": func(n *document.Node) { s.Send.Header = r.headers(n) },
		"body":    func(n *document.Node) { s.Send.Body = r.size(n, "body") },
		"upstream": func(n *document.Node) {
			s.Send.Upstream, _ = r.text(n, "upstream", "a name of the policy")
			s.Send.Inbound = false
		},
		"inbound": func(n *document.Node) {
			word, _ := r.word(n, "inbound", "true", "false")
			if s.Send.Inbound = word == "true"; s.Send.Inbound {
				s.Send.Upstream = ""
			}
		},
		"answers": func(n *document.Node) {
			if n.Len() > mostAnswers {
				r.fail(codeRange, n.Place(), fmt.Sprintf("%d answers", n.Len()), fmt.Sprintf("at most %d: the last stands for all further ones", mostAnswers))
				return
			}
			r.items(n, "answers", func(n *document.Node) {
				if a, ok := r.answer(n); ok {
					s.Answers = append(s.Answers, a)
				}
			})
		},
		"times":  func(n *document.Node) { s.Times, _ = r.integer(n, "times", 1, mostTimes) },
		"every":  func(n *document.Node) { s.Every, _ = r.duration(n, "every") },
		"expect": func(n *document.Node) { r.expect(n, &s.Expect) },
	}
}

// complete reports what a step that sends must have. A step may expect nothing: it can bring about what a later one expects.
func (r *reader) complete(s *Step, n *document.Node) {
	misspelt := slices.ContainsFunc(n.Entries(), func(e document.Entry) bool { return spelling.Nearest(e.Key, []string{"request"}) != "" })
	if n.Kind() == document.Mapping && s.Send.Method == "" && !misspelt {
		r.fail(codeMissingKey, n.Place(), "no request: there is nothing to send", "request: METHOD TARGET")
	}
}

// request reads "METHOD TARGET", a target being a path or a URL.
func (r *reader) request(n *document.Node, into *Request) {
	const expected = "a method and a target such as GET /stock/42"
	text, ok := r.text(n, "request", expected)
	if !ok {
		return
	}
	method, target, two := strings.Cut(text, " ")
	target = strings.TrimSpace(target)
	at, err := url.Parse(target)
	if !two || !methodForm.MatchString(method) || strings.ContainsAny(target, " \t\r\n") || err != nil || !strings.HasPrefix(target, "/") && at.Host == "" && target != "*" {
		r.fail(codeSpelling, n.Place(), fmt.Sprintf("request: %q is no request", text), expected+", or GET http://stock:8080/stock/42")
		return
	}
	into.Method, into.Target = method, target
}

func (r *reader) headers(n *document.Node) map[string]string {
	all := map[string]string{}
	if n.Kind() != document.Mapping {
		r.wrongType(n, "headers", "a mapping of names to values")
		return nil
	}
	for _, e := range n.Entries() {
		value, ok := r.text(e.Value, "header "+e.Key, "a value")
		if !ok || e.Key == "" || strings.ContainsAny(e.Key, " \t\r\n:") || strings.ContainsAny(value, "\r\n\x00") {
			r.fail(codeSpelling, e.KeyPlace, fmt.Sprintf("header %q is no header field", e.Key), "a name, and a value on one line")
			continue
		}
		all[textproto.CanonicalMIMEHeaderKey(e.Key)] = value
	}
	return all
}

// actions are the words for what an upstream does; a status number is the other way to say it.
var actions = []string{string(Refuse), string(Unreachable), string(Reset), string(Hang), string(Truncate)}

// answer reads a status, a word, or a mapping with either under the key answer.
func (r *reader) answer(n *document.Node) (Answer, bool) {
	var a Answer
	ok := false
	short := func(n *document.Node) { ok = r.shortAnswer(n, &a) }
	if n.Kind() != document.Mapping {
		short(n)
		return a, ok
	}
	r.mapping(n, "the answer", fields{
		"answer":  short,
		"after":   func(n *document.Node) { a.After, _ = r.duration(n, "after") },
		"headers": func(n *document.Node) { a.Header = r.headers(n) },
		"body":    func(n *document.Node) { a.Body = r.size(n, "body") },
	})
	if n.Get("answer") == nil {
		r.fail(codeMissingKey, n.Place(), "the answer has no answer", "answer: a status such as 503, or "+strings.Join(actions, ", "))
	}
	return a, ok
}

func (r *reader) shortAnswer(n *document.Node, a *Answer) bool {
	text, ok := r.text(n, "answer", "a status such as 503, or "+strings.Join(actions, ", "))
	switch status, err := strconv.Atoi(text); {
	case !ok:
		return false
	case slices.Contains(actions, text):
		a.Action = Action(text)
		return true
	case err == nil && status >= 200 && status <= 599:
		a.Action, a.Status = Respond, status
		return true
	}
	_, ok = r.word(n, "answer", append([]string{"200 to 599"}, actions...)...)
	return ok
}
