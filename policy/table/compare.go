package table

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"outrigger/policy"
	"outrigger/policy/explain"
	"outrigger/policy/spelling"
)

// values compares settings with what they are wanted to be.
func (t *trial) values(want []Value, effective []explain.Value) {
	got := byKey(effective)
	for _, w := range want {
		key := w.Key
		for got[key].Key == "" && strings.Contains(key, ".") { // a feature that is off has no values
			key = above(key)
		}
		if v := got[key]; !spelling.Same(v.Value, w.Value) {
			t.fail(w.Place, fmt.Sprintf("%s is %s (%s), want %s", v.Key, v.Value, v.Source, wantedText(key, w)))
		}
	}
}

// byKey also has the features whose values are listed, as on.
func byKey(effective []explain.Value) map[string]explain.Value {
	got := map[string]explain.Value{}
	for _, v := range effective {
		got[v.Key] = v
		for feature := above(v.Key); feature != ""; feature = above(feature) {
			if got[feature].Key == "" {
				got[feature] = explain.Value{Key: feature, Value: "on", Source: v.Source}
			}
		}
	}
	return got
}

func above(key string) string { return key[:max(0, strings.LastIndexByte(key, '.'))] }

// dynamic compares what a sidecar did with what it was wanted to do.
func (t *trial) dynamic(e Expect, seen []Exchange) {
	each(t, e.Status, seen, func(x Exchange, want int) string {
		return unless(x.Status == want, "status is %s, want %d", spellStatus(x.Status), want)
	})
	each(t, e.Code, seen, func(x Exchange, want string) string {
		return unless(codeOf(x) == want, "code is %s, want %s", codeOf(x), want)
	})
	each(t, e.Attempts, seen, func(x Exchange, want int) string {
		return unless(x.Attempts == want, "attempts is %d, want %d", x.Attempts, want)
	})
	each(t, e.AtLeast, seen, func(x Exchange, want time.Duration) string {
		return unless(x.Took >= want, "took %s, want at least %s", spell(x.Took), spell(want))
	})
	each(t, e.AtMost, seen, func(x Exchange, want time.Duration) string {
		return unless(x.Took <= want, "took %s, want at most %s", spell(x.Took), spell(want))
	})
	statuses, endings, attempts := map[string]int{}, map[string]int{}, 0
	for _, x := range seen {
		statuses[strconv.Itoa(x.Status)]++
		endings[codeOf(x)]++
		attempts += x.Attempts
	}
	t.counts("status", e.Statuses, statuses)
	t.counts("code", e.Codes, endings)
	last := seen[len(seen)-1]
	if w := e.TotalAttempts; w != nil && w.Value != attempts {
		t.fail(w.Place, fmt.Sprintf("totalAttempts is %d, want %d", attempts, w.Value), last.Story...)
	}
	if w := e.Circuit; w != nil && last.Circuit != w.Value {
		t.fail(w.Place, fmt.Sprintf("circuit is %s, want %s", last.Circuit, w.Value), last.Story...)
	}
}

// each checks an expectation of every exchange, and tells of the first one that does not meet it and of how many do not.
func each[T any](t *trial, w *Wanted[T], seen []Exchange, differs func(x Exchange, want T) string) {
	if w == nil {
		return
	}
	message, others := "", 0
	var story []string
	for i, x := range seen {
		switch text := differs(x, w.Value); {
		case text == "":
		case message != "":
			others++
		default:
			message, story = text, x.Story
			if len(seen) > 1 {
				message = fmt.Sprintf("request %d of %d: %s", i+1, len(seen), text)
			}
		}
	}
	if others > 0 {
		message += fmt.Sprintf(" (%d more are not as wanted)", others)
	}
	if message != "" {
		t.fail(w.Place, message, story...)
	}
}

func unless(met bool, format string, args ...any) string {
	if met {
		return ""
	}
	return fmt.Sprintf(format, args...)
}

// counts compares how often something was got.
func (t *trial) counts(what string, want []Count, got map[string]int) {
	for _, w := range want {
		if got[w.What] != w.Times {
			t.fail(w.Place, fmt.Sprintf("%s %s came %d times, want %d; in all %s", what, w.What, got[w.What], w.Times, spellCounts(got)))
		}
	}
}

func spellCounts(got map[string]int) string {
	var parts []string
	for _, what := range slices.Sorted(maps.Keys(got)) {
		parts = append(parts, fmt.Sprintf("%s: %d", what, got[what]))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func codeOf(x Exchange) string { return cmp.Or(x.Code, noCode) }

func spellStatus(status int) string {
	if status == 0 {
		return "missing, no answer came"
	}
	return strconv.Itoa(status)
}

// spell writes a measured time, which unlike a setting may be nothing.
func spell(d time.Duration) string {
	if d = d.Round(time.Millisecond); d == 0 {
		return "0ms"
	}
	return policy.Spell(d)
}

func wantedText(key string, w Value) string {
	if key == w.Key {
		return w.Value
	}
	return w.Key + " " + w.Value
}
