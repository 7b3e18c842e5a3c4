package policy

import (
	"slices"
	"testing"
)

func upstreamWith(routes ...[2]string) *Upstream {
	u := &Upstream{Unmatched: &Operation{ID: Unmatched}}
	for _, r := range routes {
		u.Operations = append(u.Operations, &Operation{ID: r[0] + " " + r[1], Method: r[0], Template: r[1]})
	}
	u.Index()
	return u
}

func TestMatchFindsTheOperationOfARequest(t *testing.T) {
	u := upstreamWith(
		[2]string{"GET", "/"}, [2]string{"GET", "/stock"}, [2]string{"GET", "/stock/"},
		[2]string{"GET", "/stock/{item}"}, [2]string{"POST", "/stock/{item}"}, [2]string{"GET", "/stock/events"},
		[2]string{"GET", "/stock/{item}/history"}, [2]string{"DELETE", "/stock/events/{id}"},
		[2]string{"GET", "/report.{format}"}, [2]string{"GET", "/report.v2.{format}"}, [2]string{"GET", "/compare/{base}...{head}"},
		[2]string{"QUERY", "/search"},
	)
	for _, c := range []struct{ method, path, want string }{
		{"GET", "/", "GET /"},
		{"GET", "/stock", "GET /stock"},
		{"GET", "/stock/", "GET /stock/"},
		{"GET", "/stock/42", "GET /stock/{item}"},
		{"HEAD", "/stock/42", "GET /stock/{item}"},
		{"POST", "/stock/42", "POST /stock/{item}"},
		{"GET", "/stock/events", "GET /stock/events"},
		{"POST", "/stock/events", "POST /stock/{item}"}, // the concrete path has no POST: the templated one does
		{"GET", "/stock/events/history", "GET /stock/{item}/history"},
		{"DELETE", "/stock/events/7", "DELETE /stock/events/{id}"},
		{"GET", "/report.pdf", "GET /report.{format}"},
		{"GET", "/report.v2.pdf", "GET /report.v2.{format}"},
		{"GET", "/report.", Unmatched},
		{"GET", "/compare/main...next", "GET /compare/{base}...{head}"},
		{"GET", "/compare/...next", Unmatched},
		{"QUERY", "/search", "QUERY /search"},
		{"get", "/stock", Unmatched},
		{"GET", "/stock/42/", Unmatched},
		{"PATCH", "/stock/42", Unmatched},
		{"GET", "", Unmatched},
		{"OPTIONS", "*", Unmatched},
	} {
		if got := u.Match(c.method, c.path).ID; got != c.want {
			t.Errorf("%s %s is %q, want %q", c.method, c.path, got, c.want)
		}
	}
}

func TestMatchDoesNotAllocate(t *testing.T) {
	u := upstreamWith([2]string{"GET", "/stock/{item}/history"}, [2]string{"GET", "/stock/events"}, [2]string{"GET", "/r.{f}"})
	allocs := testing.AllocsPerRun(100, func() {
		path, _ := Canonical("/stock/42/history")
		u.Match("GET", path)
		u.Match("GET", "/r.pdf")
		u.Match("GET", "/none/such")
	})
	if allocs != 0 {
		t.Errorf("a match allocates %v times", allocs)
	}
}

func TestCanonicalResolvesWhatDoesNotMatterAndRefusesWhatIsAmbiguous(t *testing.T) {
	for _, c := range []struct {
		path, want string
		ok         bool
	}{
		{"/a/b", "/a/b", true},
		{"/a//b", "/a/b", true},
		{"/a/./b", "/a/b", true},
		{"/a/../b", "/b", true},
		{"/a/b/..", "/a/", true},
		{"/a/", "/a/", true},
		{"/%61", "/a", true},
		{"/%7eme", "/~me", true},
		{"/a%2fb", "/a%2Fb", true},
		{"/a/%2e%2e/b", "/b", true},
		{"/.hidden", "/.hidden", true},
		{"/a..b", "/a..b", true},
		{"/..", "", false},
		{"/a/../../etc", "", false},
		{"/%2e%2e/etc", "", false},
		{"/a%2F..%2F..%2Fb", "", false},
		{`/a\..\..\b`, "", false},
		{"/a/..;/..;/etc", "", false},
		{"/..%3bx=y/etc", "", false},
		{"/a/..;x/b", "/a/..;x/b", true},
		{"/a;x/..;/b;y", "/a;x/..;/b;y", true},
		{"/a%00b", "", false},
		{"/%zz", "", false},
		{"/%4", "", false},
		{"a/b", "", false},
	} {
		got, ok := Canonical(c.path)
		if ok != c.ok || ok && got != c.want {
			t.Errorf("Canonical(%q) = %q, %v; want %q, %v", c.path, got, ok, c.want, c.ok)
		}
	}
}

func TestStatusSetHoldsExactlyWhatWasPutIn(t *testing.T) {
	s := Statuses(100, 163, 164, 503, 599, 600, 99, -1)
	for code := -5; code < 700; code++ {
		want := code == 100 || code == 163 || code == 164 || code == 503 || code == 599
		if s.Has(code) != want {
			t.Errorf("Has(%d) = %v", code, !want)
		}
	}
	b, err := s.MarshalJSON()
	if err != nil || string(b) != "[100,163,164,503,599]" {
		t.Errorf("as JSON: %s, %v", b, err)
	}
	var back StatusSet
	if err := back.UnmarshalJSON(b); err != nil || back != s {
		t.Errorf("read back: %v, %v", back.Codes(), err)
	}
}

func TestPathValuesAreWhatTheTemplateLeavesOpen(t *testing.T) {
	for _, c := range []struct {
		template, path string
		want           []string
	}{
		{"/stock/{item}", "/stock/a%20b", []string{"item=a%20b"}},
		{"/compare/{base}...{head}/x/{n}", "/compare/main...next/x/7", []string{"base=main", "head=next", "n=7"}},
		{"/report.{format}", "/report.pdf", []string{"format=pdf"}},
		{"/stock/", "/stock/", nil},
		{"/", "/", nil},
	} {
		op := &Operation{Method: "GET", Template: c.template}
		var got []string
		op.PathValues(c.path, func(name, raw string) { got = append(got, name+"="+raw) })
		if !slices.Equal(got, c.want) {
			t.Errorf("%s of %s: %v, want %v", c.path, c.template, got, c.want)
		}
	}
}

func TestAReplyIsFoundByItsStatusThenItsRangeThenTheDefault(t *testing.T) {
	c := Contract{Replies: []Reply{{0, 0, nil}, {400, 499, nil}, {404, 404, nil}, {200, 200, nil}}}
	for status, want := range map[int]int{200: 200, 404: 404, 418: 400, 500: 0} {
		if r := c.Reply(status); r == nil || r.First != want {
			t.Errorf("status %d: %+v, want the one of %d", status, r, want)
		}
	}
	c.Replies = c.Replies[1:]
	if r := c.Reply(500); r != nil {
		t.Errorf("status 500 that nothing declares: %+v", r)
	}
}
