package policy

import (
	"net/url"
	"path"
	"strings"
	"testing"
)

// FuzzCanonical checks the canonical form against its promises and against the standard library, which knows nothing of it.
func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{
		"/", "", "*", "/a/b", "/a//b", "/a/./b", "/a/../b", "/..", "/a/../../etc", "/a%2F..%2Fb", "/a%2f..%2f..%2fb", "/%2e%2e/x", "/%2E/", "/a\\..\\..\\b",
		"/%zz", "/%", "/%4", "/%41%7e%7E", "/a;b/..;/c", "/a/..", "/a/.", "//", "/%00", "/%c3%a4", "a/b", "/a%5c..%5C..%5Cb", "/...", "/.a/..b", "/%252e%252e/",
	} {
		f.Add(seed)
	}
	u := upstreamWith([2]string{"GET", "/"}, [2]string{"GET", "/a/{b}"}, [2]string{"GET", "/a/b"}, [2]string{"GET", "/{x}.{y}/c"})
	f.Fuzz(func(t *testing.T, raw string) {
		canonical, ok := Canonical(raw)
		decoded, err := url.PathUnescape(raw)
		if err != nil {
			if ok {
				t.Fatalf("%q holds a broken escape and becomes %q", raw, canonical)
			}
			return
		}
		if ok && escapes(strings.ReplaceAll(decoded, `\`, "/")) {
			t.Fatalf("%q escapes above its root and becomes %q", raw, canonical)
		}
		if !ok || raw == "*" { // the asterisk of OPTIONS is no path, and its form is empty
			return
		}
		again, ok := Canonical(canonical)
		if !ok || again != canonical {
			t.Fatalf("%q becomes %q, and that %q, %t", raw, canonical, again, ok)
		}
		checkCanonical(t, raw, canonical)
		// What is matched must be one of the operations or the unmatched one, whatever the path.
		if u.Match("GET", canonical) == nil {
			t.Fatalf("%q matches nothing, not even the unmatched operation", canonical)
		}
	})
}

// escapes reports whether the path climbs above its root at any moment when it is walked segment by segment.
func escapes(decoded string) bool {
	depth := 0
	for segment := range strings.SplitSeq(decoded, "/") {
		switch segment {
		case "", ".":
		case "..":
			if depth--; depth < 0 {
				return true
			}
		default:
			depth++
		}
	}
	return false
}

// checkCanonical holds the form against path.Clean: what is decoded of it is clean, and names what the raw path names.
func checkCanonical(t *testing.T, raw, canonical string) {
	t.Helper()
	if canonical[0] != '/' || strings.Contains(canonical, "//") {
		t.Fatalf("%q becomes %q, which is no path of plain segments", raw, canonical)
	}
	for segment := range strings.SplitSeq(canonical, "/") {
		if segment == "." || segment == ".." {
			t.Fatalf("%q becomes %q, which still holds a dot segment", raw, canonical)
		}
	}
	if strings.Contains(strings.ToUpper(raw), "%2F") {
		return // an encoded slash is one segment for us and two for path.Clean
	}
	decoded, _ := url.PathUnescape(raw)
	mine, _ := url.PathUnescape(canonical)
	if want := path.Clean(decoded); path.Clean(mine) != want {
		t.Fatalf("%q becomes %q, path.Clean says %q", raw, mine, want)
	}
}
