package validate_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"outrigger/policy"
	"outrigger/policy/schema"
	"outrigger/proxy/exchange"
	"outrigger/proxy/failure"
	"outrigger/proxy/validate"
)

// wallet is memory with a bound.
type wallet struct{ left int64 }

func (w *wallet) Take(n int64) bool {
	if n > w.left {
		return false
	}
	w.left -= n
	return true
}

func (w *wallet) Give(n int64) { w.left += n }

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// order is a schema as of a service that takes orders, and orderText a body of about 1 KiB that keeps it.
const order = `{"type":"object","required":["id","customer","lines"],"additionalProperties":false,"properties":{
	"id":{"type":"string","format":"uuid"},"note":{"type":["string","null"],"maxLength":200},"total":{"type":"number","minimum":0,"multipleOf":0.01},
	"customer":{"type":"object","required":["name"],"properties":{"name":{"type":"string","minLength":1,"maxLength":80},"mail":{"type":"string","pattern":"^[^@]+@[^@]+$"}}},
	"lines":{"type":"array","minItems":1,"maxItems":100,"items":{"$ref":"line"}}}}`

const line = `{"type":"object","required":["sku","quantity"],"properties":{"sku":{"type":"string","pattern":"^[A-Z0-9-]{3,20}$"},
	"quantity":{"type":"integer","format":"int32","minimum":1,"maximum":1000},"price":{"type":"number"},"gift":{"type":"boolean"},"colour":{"enum":["red","green","blue",null]}}}`

func orderText() string {
	var b strings.Builder
	b.WriteString(`{"id":"6f1d9a5e-0c1b-4f5e-9d57-3f3d0f4f7a10","note":null,"total":129.95,"customer":{"name":"Ada Lovelace","mail":"ada@example.com"},"lines":[`)
	for i := 0; b.Len() < 950; i++ {
		fmt.Fprintf(&b, `{"sku":"AB-%04d","quantity":%d,"price":12.5,"gift":false,"colour":"red"},`, i, i+1)
	}
	return strings.TrimSuffix(b.String(), ",") + "]}"
}

func settings(request, response policy.Validation, m validate.Memory) validate.Settings {
	book, broken := schema.New(map[string]json.RawMessage{"order": json.RawMessage(order), "line": json.RawMessage(line)})
	if len(broken) > 0 {
		panic(fmt.Sprint(broken))
	}
	media := []policy.Media{{Type: "application/json", Schema: "order"}, {Type: "text/*"}}
	return validate.Settings{Schemas: book, Memory: m, Operation: &policy.Operation{
		ID: "addOrder", Method: "POST", Template: "/orders",
		Policy:   policy.Policy{Validate: policy.Validate{Request: request, Response: response}},
		Contract: &policy.Contract{Body: &policy.Body{Required: true, Media: media}, Replies: []policy.Reply{{First: 200, Last: 299, Media: media}}},
	}}
}

// post is an exchange with a body; length is -1 for a chunked one.
func post(t testing.TB, body io.Reader, length int64) (*exchange.Exchange, *http.Request) {
	ex := exchange.New(t.Context(), &policy.Upstream{Name: "up"}, &policy.Operation{ID: "addOrder"}, time.Now())
	ex.Path = "/orders"
	req, err := http.NewRequestWithContext(ex, http.MethodPost, "http://up/orders", io.NopCloser(body))
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = length
	req.Header.Set("Content-Type", "application/json")
	return ex, req
}

func TestWhatIsOffHasNoLayer(t *testing.T) {
	next := roundTrip(nil)
	for name, s := range map[string]validate.Settings{
		"off":            settings(policy.ValidationOff, policy.ValidationOff, nil),
		"zero":           settings("", "", nil),
		"no contract":    {Operation: &policy.Operation{Policy: policy.Policy{Validate: policy.Validate{Request: "enforce", Response: "count"}}}, Schemas: &schema.Book{}},
		"no usable book": {Operation: settings(policy.ValidationEnforce, policy.ValidationCount, nil).Operation},
	} {
		for i, layer := range []func(http.RoundTripper) http.RoundTripper{validate.Requests(s), validate.Replies(s)} {
			if f, same := layer(next).(roundTrip); !same || f != nil {
				t.Errorf("%s: layer %d is there", name, i)
			}
		}
	}
}

func TestABodyReadsTheSameHoweverItComes(t *testing.T) {
	text := orderText()
	long := `{"note":"` + strings.Repeat("x", 2*validate.MaxBody) + `"}`
	broken := errors.New("the client is gone")
	for _, c := range []struct {
		name    string
		body    io.Reader
		length  int64
		want    string
		end     error
		skipped string
	}{
		{"at once", strings.NewReader(text), int64(len(text)), text, nil, ""},
		{"byte by byte", iotest.OneByteReader(strings.NewReader(text)), int64(len(text)), text, nil, ""},
		{"chunked", iotest.HalfReader(strings.NewReader(text)), -1, text, nil, ""},
		{"with its end", iotest.DataErrReader(strings.NewReader(text)), -1, text, nil, ""},
		{"too long", iotest.HalfReader(strings.NewReader(long)), -1, long, nil, "too_large"},
		{"too long by announcement", strings.NewReader(long), int64(len(long)), long, nil, "too_large"},
		{"just as long as the bound", strings.NewReader(`"` + strings.Repeat("x", validate.MaxBody-2) + `"`), -1, `"` + strings.Repeat("x", validate.MaxBody-2) + `"`, nil, ""},
		{"broken off", io.MultiReader(strings.NewReader(text[:100]), iotest.ErrReader(broken)), int64(len(text)), text[:100], broken, "broken"},
		{"short", strings.NewReader(text[:100]), int64(len(text)), text[:100], nil, "broken"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := &wallet{1 << 20}
			ex, req := post(t, c.body, c.length)
			_, err := validate.Requests(settings(policy.ValidationReport, "", m))(roundTrip(func(r *http.Request) (*http.Response, error) {
				got, err := io.ReadAll(r.Body)
				if string(got) != c.want || !errors.Is(err, c.end) {
					t.Errorf("%d bytes, %v; want %d, %v", len(got), err, len(c.want), c.end)
				}
				if r.ContentLength != c.length {
					t.Errorf("length %d, was %d", r.ContentLength, c.length)
				}
				return &http.Response{Body: http.NoBody}, nil
			})).RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			if got := skippedOf(ex); got != c.skipped {
				t.Errorf("skipped %q, want %q", got, c.skipped)
			}
			if ex.Finish(); m.left != 1<<20 {
				t.Errorf("%d bytes were not given back", 1<<20-m.left)
			}
		})
	}
}

func skippedOf(ex *exchange.Exchange) string {
	for _, c := range ex.Checks {
		if len(c.Violations) == 0 {
			return c.Skipped
		}
	}
	return ""
}

func TestWithoutMemoryNothingIsLookedAt(t *testing.T) {
	m := &wallet{10}
	s := settings(policy.ValidationEnforce, policy.ValidationCount, m)
	ex, req := post(t, strings.NewReader(`{"id":1,"x":2}`), 14)
	layers := validate.Requests(s)(attempting(validate.Replies(s)(answer(`{"id":1,"x":2}`))))
	resp, err := layers.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.ReadAll(resp.Body)
	ex.Finish()
	if len(ex.Checks) != 2 || ex.Checks[0].Skipped != "memory" || ex.Checks[1].Skipped != "memory" || m.left != 10 {
		t.Errorf("checks %+v, %d bytes left", ex.Checks, m.left)
	}
}

// looking calls a function before each read.
type looking struct {
	io.Reader
	look func()
}

func (l looking) Read(p []byte) (int, error) {
	l.look()
	return l.Reader.Read(p)
}

// Whoever announces much and sends little, as a hostile client does, takes little from others.
func TestABodyHoldsNoMoreMemoryThanFitsWhatHasComeAndNoneWhenItWentOn(t *testing.T) {
	const all = 1 << 20
	text := `"` + strings.Repeat("x", validate.MaxBody-2) + `"`
	for _, length := range []int64{-1, validate.MaxBody} {
		m, came := &wallet{all}, int64(0)
		within := func() {
			if held := all - m.left; held > max(2*came, 4<<10) {
				t.Errorf("length %d: %d bytes are held for %d", length, held, came)
			}
			came++
		}
		s := settings(policy.ValidationReport, policy.ValidationReport, m)
		ex, req := post(t, looking{iotest.OneByteReader(strings.NewReader(text)), within}, length)
		resp, err := validate.Requests(s)(attempting(validate.Replies(s)(roundTrip(func(r *http.Request) (*http.Response, error) {
			_, _ = io.ReadAll(r.Body)
			if m.left != all {
				t.Errorf("length %d: %d bytes are held of a body that went on", length, all-m.left)
			}
			came = 0
			return &http.Response{
				StatusCode: 200, ContentLength: length, Body: io.NopCloser(looking{iotest.OneByteReader(strings.NewReader(text)), within}),
				Header: http.Header{"Content-Type": {"application/json"}},
			}, nil
		})))).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.ReadAll(resp.Body)
		if ex.Finish(); m.left != all || len(ex.Checks) != 2 || skippedOf(ex) != "" {
			t.Errorf("length %d: %d bytes left, checks %v", length, m.left, ex.Checks)
		}
	}
}

func TestABodyForWhichMemoryRunsOutGoesOnUnjudged(t *testing.T) {
	const all = 10 << 10
	text := `"` + strings.Repeat("x", 20<<10) + `"`
	m := &wallet{all}
	s := settings(policy.ValidationEnforce, policy.ValidationCount, m)
	ex, req := post(t, strings.NewReader(text), int64(len(text)))
	resp, err := validate.Requests(s)(attempting(validate.Replies(s)(roundTrip(func(r *http.Request) (*http.Response, error) {
		if got, err := io.ReadAll(r.Body); string(got) != text || err != nil {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		return answer(text).RoundTrip(r)
	})))).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(resp.Body); string(got) != text || err != nil {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	ex.Finish()
	if len(ex.Checks) != 2 || ex.Checks[0].Skipped != "memory" || ex.Checks[1].Skipped != "memory" || m.left != all {
		t.Errorf("checks %+v, %d bytes left", ex.Checks, m.left)
	}
}

// attempting opens an attempt, as the retry layer does.
func attempting(next http.RoundTripper) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		return next.RoundTrip(r.WithContext(exchange.Of(r.Context()).Open(time.Now())))
	})
}

func answer(body string) http.RoundTripper {
	return roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: 200, ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body)),
			Header: http.Header{"Content-Type": {"application/json"}},
		}, nil
	})
}

func TestAReplyIsJudgedBeforeWhoeverCountsIsToldOfItsAttempt(t *testing.T) {
	for _, c := range []struct {
		name, body string
		mode       policy.Validation
		read       bool
		violates   bool
		checks     int
	}{
		{"a good one", orderText(), policy.ValidationCount, true, false, 0},
		{"a bad one", `{"id":1}`, policy.ValidationCount, true, true, 1},
		{"a bad one that is only reported", `{"id":1}`, policy.ValidationReport, true, false, 1},
		{"a bad one that nobody read", `{"id":1}`, policy.ValidationCount, false, false, 0},
	} {
		m := &wallet{1 << 20}
		s := settings("", c.mode, m)
		ex, req := post(t, http.NoBody, 0)
		seen := &counting{}
		layers := attempting(roundTrip(func(r *http.Request) (*http.Response, error) {
			exchange.AttemptOf(r.Context()).OnEnd(seen, 0)
			return validate.Replies(s)(answer(c.body)).RoundTrip(r)
		}))
		resp, err := layers.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		if c.read {
			if got, err := io.ReadAll(resp.Body); string(got) != c.body || err != nil {
				t.Errorf("%s: read %q, %v", c.name, got, err)
			}
		}
		if len(ex.Checks) != 0 {
			t.Errorf("%s: judged before the attempt ended", c.name)
		}
		ex.Finish()
		if seen.violates != c.violates || len(ex.Checks) != c.checks || m.left != 1<<20 {
			t.Errorf("%s: counted %v, checks %v, memory %d", c.name, seen.violates, ex.Checks, m.left)
		}
	}
}

// counting is what a breaker sees of an attempt that ended.
type counting struct{ violates bool }

func (c *counting) EndAttempt(a *exchange.Attempt, _ uint64) { c.violates = a.Violates }

func TestARefusalTellsTenViolationsAtMostAndNoValue(t *testing.T) {
	lines := slices.Repeat([]string{`{"sku":"secret!","quantity":0}`}, 50)
	body := `{"id":"6f1d9a5e-0c1b-4f5e-9d57-3f3d0f4f7a10","customer":{"name":"x"},"lines":[` + strings.Join(lines, ",") + `]}`
	ex, req := post(t, strings.NewReader(body), int64(len(body)))
	_, err := validate.Requests(settings(policy.ValidationEnforce, "", &wallet{1 << 20}))(roundTrip(func(*http.Request) (*http.Response, error) {
		t.Error("the request passed")
		return nil, errors.New("passed")
	})).RoundTrip(req)
	var f *failure.Error
	if !errors.As(err, &f) || f.Code != failure.RequestInvalid || len(f.Violations) != 10 {
		t.Fatalf("%v", err)
	}
	if text := fmt.Sprint(f.Violations, f.Detail); strings.Contains(text, "secret") {
		t.Errorf("a value is told: %s", text)
	}
	if ex.BytesIn != int64(len(body)) || len(ex.Attempts) != 0 {
		t.Errorf("%d bytes in, %d attempts", ex.BytesIn, len(ex.Attempts))
	}
}

// allocations bounds what looking at orderText may allocate: nothing for each of its values.
const allocations = 100

func TestLookingAtABodyAllocatesWithinABound(t *testing.T) {
	text := []byte(orderText())
	layer := validate.Requests(settings(policy.ValidationEnforce, "", &wallet{1 << 20}))(passing)
	got := testing.AllocsPerRun(100, func() {
		ex, req := post(t, bytes.NewReader(text), int64(len(text)))
		if _, err := layer.RoundTrip(req); err != nil {
			t.Fatal(err)
		}
		ex.Finish()
	})
	t.Logf("%v allocations for %d bytes", got, len(text))
	if got > allocations {
		t.Errorf("%v allocations, %d are the bar", got, allocations)
	}
}

var passing = roundTrip(func(r *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, r.Body)
	return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
})

// BenchmarkRequest tells what enforcing costs on a body of 1 KiB: the difference between on and off.
func BenchmarkRequest(b *testing.B) {
	text := []byte(orderText())
	for _, mode := range []policy.Validation{policy.ValidationOff, policy.ValidationEnforce} {
		b.Run(string(mode), func(b *testing.B) {
			layer := validate.Requests(settings(mode, "", &wallet{1 << 30}))(passing)
			b.ReportAllocs()
			before := cpu(b)
			for b.Loop() {
				ex, req := post(b, bytes.NewReader(text), int64(len(text)))
				if _, err := layer.RoundTrip(req); err != nil {
					b.Fatal(err)
				}
				ex.Finish()
			}
			// On a machine that does other work too, the clock tells little.
			b.ReportMetric(float64(cpu(b)-before)/float64(b.N), "cpu-ns/op")
		})
	}
}

// cpu is the processor time of the process so far, in nanoseconds.
func cpu(b *testing.B) int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Skip("the system does not tell processor time: ", err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
