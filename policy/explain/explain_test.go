package explain_test

import (
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"outrigger/policy"
	"outrigger/policy/compile"
	"outrigger/policy/explain"
)

var update = flag.Bool("update", false, "write what the golden cases should say")

// TestAnswersAreAsTheGoldenCasesSay runs testdata/*.txtar: policy.yaml and its specs, and answers to the questions in their names,
// "GET /stock/42 upstream=inventory Content-Length=9". Values that nobody wrote are left out, but for the first case.
func TestAnswersAreAsTheGoldenCasesSay(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no golden cases: %v", err)
	}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		set := compiled(t, archive)
		for i, f := range archive.Files {
			if strings.HasSuffix(f.Name, ".yaml") {
				continue
			}
			t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar")+"/"+f.Name, func(t *testing.T) {
				got := answerText(set, f.Name, strings.Contains(string(archive.Comment), "every value"))
				if *update {
					archive.Files[i].Data = []byte(got)
				} else if diff := cmp.Diff(string(f.Data), got); diff != "" {
					t.Errorf("answer (-want +got):\n%s", diff)
				}
			})
		}
		if *update {
			if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func compiled(t *testing.T, archive *txtar.Archive) *policy.Set {
	t.Helper()
	r := compile.Compile([]string{"policy.yaml"}, compile.Options{ReadFile: func(name string) ([]byte, error) {
		for _, f := range archive.Files {
			if f.Name == name {
				return f.Data, nil
			}
		}
		return nil, fs.ErrNotExist
	}})
	if r.Set == nil {
		t.Fatal(r.Problems)
	}
	return r.Set
}

func question(set *policy.Set, name string) explain.Question {
	words := strings.Fields(name)
	q := explain.Question{Set: set, Method: words[0], Target: words[1], Header: map[string]string{}}
	for _, word := range words[2:] {
		switch key, value, _ := strings.Cut(word, "="); key {
		case "inbound":
			q.Inbound = true
		case "upstream":
			q.Upstream = value
		default:
			q.Header[key] = value
		}
	}
	return q
}

func answerText(set *policy.Set, name string, everyValue bool) string {
	answer, err := explain.Explain(question(set, name))
	if err != nil {
		return "error: " + err.Error() + "\n"
	}
	if !everyValue {
		var written []explain.Value
		for _, v := range answer.Effective {
			if v.Source != "default" {
				written = append(written, v)
			}
		}
		answer.Effective = written
	}
	return answer.Text()
}

func TestJSONHasTheMembersThatProgramsRead(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/orders.txtar")
	if err != nil {
		t.Fatal(err)
	}
	answer, err := explain.Explain(question(compiled(t, archive), "GET /stock/42 upstream=inventory"))
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Operation string
		Upstream  string
		Effective []struct{ Key, Value, Source string }
		Worst     struct {
			Attempts   int
			DurationMS int              `json:"duration_ms"`
			Steps      []map[string]any `json:"steps"`
		} `json:"worst_case"`
		Retried    []any
		NotRetried []struct{ What, Why string } `json:"not_retried"`
	}
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if got.Operation != "getStock" || got.Upstream != "inventory" || got.Worst.Attempts != 2 || got.Worst.DurationMS != 225 {
		t.Errorf("head of the answer: %+v", got)
	}
	if len(got.Worst.Steps) != 3 || len(got.Retried) == 0 || len(got.NotRetried) == 0 || got.NotRetried[0].Why == "" {
		t.Errorf("lists of the answer: %+v", got)
	}
	if v := got.Effective[0]; v.Key != "timeouts.request" || v.Value != "300ms" || v.Source != "policy.yaml:22" {
		t.Errorf("first value: %+v", v)
	}
}

func TestAQuestionAboutARefusedRequestHasNoWorstCase(t *testing.T) {
	set := &policy.Set{Upstreams: []*policy.Upstream{{Name: "a", Unmatched: &policy.Operation{ID: policy.Unmatched}, RefuseUnmatched: true}}}
	answer, err := explain.Explain(explain.Question{Set: set, Method: "GET", Target: "/x"})
	if err != nil || answer.Refused != "no_route" || len(answer.Worst.Steps) != 0 || answer.Worst.Attempts != 0 {
		t.Errorf("%+v, %v", answer, err)
	}
}
