package observe

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"outrigger/proxy/exchange"
)

const kept = "00-" + traceID + "-" + spanID + "-01"

func TestAValidTraceContextGoesOnByteForByte(t *testing.T) {
	for _, c := range []struct {
		parent  string
		sampled bool
	}{
		{kept, true},
		{"00-" + traceID + "-" + spanID + "-00", false},
		{"00-" + traceID + "-" + spanID + "-03", true},         // a flag of level 2
		{"00-" + traceID + "-" + spanID + "-fe", false},        // flags nobody has defined
		{"cc-" + traceID + "-" + spanID + "-01", true},         // a version to come
		{"cc-" + traceID + "-" + spanID + "-01-more.of", true}, // and what it may append
	} {
		header := http.Header{"Traceparent": {c.parent}, "Tracestate": {"a=1", "b=2"}, "X-Request-Id": {"mine"}}
		want := header.Clone()
		ex := exchange.New(t.Context(), nil, nil, time.Now())
		Trace(header, ex)
		if diff := cmp.Diff(want, header); diff != "" {
			t.Errorf("%s: %s", c.parent, diff)
		}
		if ex.TraceID != traceID || ex.SpanID != spanID || ex.Sampled != c.sampled || ex.RequestID != "mine" {
			t.Errorf("%s: trace %s, span %s, sampled %v, request %s", c.parent, ex.TraceID, ex.SpanID, ex.Sampled, ex.RequestID)
		}
	}
}

var (
	madeParent  = regexp.MustCompile(`^00-[0-9a-f]{32}-[0-9a-f]{16}-00$`)
	madeRequest = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
)

func TestAnInvalidTraceContextIsStartedAnew(t *testing.T) {
	const zeros = "00000000000000000000000000000000"
	for name, values := range map[string][]string{
		"absent":                        nil,
		"empty":                         {""},
		"two":                           {kept, kept},
		"garbage":                       {"garbage"},
		"short":                         {kept[:54]},
		"longer than version 00":        {kept + "-more"},
		"space around":                  {" " + kept},
		"version ff":                    {"ff" + kept[2:]},
		"version in capitals":           {"CC" + kept[2:]},
		"version no hex":                {"0x" + kept[2:]},
		"later version without a dash":  {"cc" + kept[2:] + "more"},
		"later version too short":       {"cc" + kept[2:54]},
		"trace of zeros":                {"00-" + zeros + "-" + spanID + "-01"},
		"span of zeros":                 {"00-" + traceID + "-" + zeros[:16] + "-01"},
		"trace in capitals":             {"00-" + strings.ToUpper(traceID) + "-" + spanID + "-01"},
		"span no hex":                   {"00-" + traceID + "-" + "g" + spanID[1:] + "-01"},
		"flags no hex":                  {"00-" + traceID + "-" + spanID + "-0z"},
		"flags in capitals":             {"00-" + traceID + "-" + spanID + "-0A"},
		"dashes elsewhere":              {"00_" + traceID + "-" + spanID + "-01"},
		"a megabyte":                    {strings.Repeat("0", 1<<20)},
		"line breaks":                   {kept[:20] + "\r\n" + kept[22:]},
		"not ASCII, of the same length": {strings.Repeat("é", 27) + "x"},
	} {
		header := http.Header{"Tracestate": {"a=1"}, "Baggage": {"k=v"}}
		if values != nil {
			header["Traceparent"] = values
		}
		ex := exchange.New(t.Context(), nil, nil, time.Now())
		Trace(header, ex)
		parent := header["Traceparent"]
		if len(parent) != 1 || !madeParent.MatchString(parent[0]) {
			t.Errorf("%s: traceparent %q", name, parent)
			continue
		}
		if ex.TraceID != parent[0][3:35] || ex.SpanID != parent[0][36:52] || ex.Sampled || ex.TraceID == traceID {
			t.Errorf("%s: trace %s, span %s, sampled %v", name, ex.TraceID, ex.SpanID, ex.Sampled)
		}
		if _, there := header["Tracestate"]; there {
			t.Errorf("%s: tracestate went on", name)
		}
		if header.Get("Baggage") != "k=v" {
			t.Errorf("%s: baggage is gone", name)
		}
	}
}

func TestARequestIDIsKeptWhenItIsSane(t *testing.T) {
	for name, c := range map[string]struct {
		values []string
		kept   bool
	}{
		"a word":            {[]string{"req-1"}, true},
		"as long as may be": {[]string{strings.Repeat("x", maxRequestID)}, true},
		"too long":          {[]string{strings.Repeat("x", maxRequestID+1)}, false},
		"absent":            {nil, false},
		"empty":             {[]string{""}, false},
		"two":               {[]string{"a", "b"}, false},
		"with a space":      {[]string{"a b"}, false},
		"with a line break": {[]string{"a\nb"}, false},
		"not ASCII":         {[]string{"ä"}, false},
	} {
		header := http.Header{"Traceparent": {kept}}
		if c.values != nil {
			header["X-Request-Id"] = c.values
		}
		ex := exchange.New(t.Context(), nil, nil, time.Now())
		Trace(header, ex)
		got := header["X-Request-Id"]
		if len(got) != 1 || ex.RequestID != got[0] {
			t.Errorf("%s: header %q, exchange %q", name, got, ex.RequestID)
			continue
		}
		if c.kept != (len(c.values) == 1 && got[0] == c.values[0]) || !c.kept && !madeRequest.MatchString(got[0]) {
			t.Errorf("%s: %q", name, got[0])
		}
		if ex.TraceID != traceID {
			t.Errorf("%s: the trace was started anew", name)
		}
	}
}

func TestBaggageIsPassedOnUpToItsBounds(t *testing.T) {
	member := "k=" + strings.Repeat("v", 125)
	for name, c := range map[string]struct {
		values []string
		kept   bool
	}{
		"64 members":            {[]string{strings.Repeat("a=b,", 63) + "a=b"}, true},
		"65 members":            {[]string{strings.Repeat("a=b,", 64) + "a=b"}, false},
		"65 members in 2 lines": {[]string{strings.Repeat("a=b,", 63) + "a=b", "a=b"}, false},
		"8192 bytes":            {[]string{"k=" + strings.Repeat("v", 8190)}, true},
		"8193 bytes":            {[]string{"k=" + strings.Repeat("v", 8191)}, false},
		"8191 bytes in lines":   {strings.Split(strings.Repeat(member+" ", 63)+member, " "), true},
		"100 KB":                {[]string{strings.Repeat("v", 100<<10)}, false},
	} {
		header := http.Header{"Baggage": c.values}
		Trace(header, exchange.New(t.Context(), nil, nil, time.Now()))
		if _, there := header["Baggage"]; there != c.kept {
			t.Errorf("%s: passed on %v, want %v", name, there, c.kept)
		}
	}
}

func TestIDsAreNeverTheSame(t *testing.T) {
	seen := map[string]bool{}
	for range 10_000 {
		ids := newIDs()
		if seen[ids[3:35]] || seen[ids[36:52]] || seen[ids[parentLength:]] {
			t.Fatal("an id came twice")
		}
		seen[ids[3:35]], seen[ids[36:52]], seen[ids[parentLength:]] = true, true, true
	}
}

func TestATraceCostsOneAllocationWhenItIsStartedAndNoneWhenKept(t *testing.T) {
	for name, c := range map[string]struct {
		header http.Header
		want   float64
	}{
		"kept":    {http.Header{"Traceparent": {kept}, "X-Request-Id": {"mine"}, "Baggage": {"k=v"}}, 0},
		"started": {http.Header{}, 1},
	} {
		exchanges := make([]*exchange.Exchange, 102)
		for i := range exchanges {
			exchanges[i] = exchange.New(t.Context(), nil, nil, time.Now())
		}
		header := http.Header{"Traceparent": nil, "X-Request-Id": nil}
		i := 0
		got := testing.AllocsPerRun(100, func() {
			for k, v := range c.header {
				header[k] = v
			}
			if len(c.header) == 0 {
				clear(header)
			}
			Trace(header, exchanges[i])
			i++
		})
		if got != c.want {
			t.Errorf("%s: %v allocations", name, got)
		}
	}
}
