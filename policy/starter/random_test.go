package starter_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"outrigger/policy/starter"
)

// drawSpec makes a legal document of parts that meet in odd ways: templates that cross, ids that are no names, hints that contradict
// what the media types say.
func drawSpec(t *rapid.T, name string) []byte {
	pick := func(what string, of ...string) string { return rapid.SampledFrom(of).Draw(t, what) }
	segments := []string{"a", "b", "{x}", "{y}", "c.{z}", "wait", "é"}
	paths, ids := map[string]any{}, map[string]bool{}
	for range rapid.IntRange(0, 8).Draw(t, "paths") {
		path := ""
		for range rapid.IntRange(1, 3).Draw(t, "segments") {
			path += "/" + pick("segment", segments...)
		}
		item := map[string]any{}
		for range rapid.IntRange(1, 3).Draw(t, "methods") {
			op := map[string]any{"responses": drawResponses(t)}
			if id := pick("id", "", "get", "yes", "a b", "GET /a", "x\ny", "{a}", "#", "1", "getThing", "ü"); id != "" && !ids[id] {
				ids[id] = true
				op["operationId"] = id
			}
			if h := pick("header", "", "", "Idempotency-Key", "x-idempotency-key"); h != "" {
				op["parameters"] = []any{map[string]any{"name": h, "in": "header"}, map[string]any{"name": pick("query", "timeout", "page"), "in": "query"}}
			}
			if media := pick("body", "", "", "application/json", "application/octet-stream"); media != "" {
				op["requestBody"] = map[string]any{"content": map[string]any{media: map[string]any{"schema": map[string]any{"type": "string", "maxLength": rapid.IntRange(1, 1<<26).Draw(t, "most")}}}}
			}
			hints := map[string]any{}
			for _, hint := range []string{"idempotent", "streaming"} {
				if rapid.Bool().Draw(t, hint) {
					hints[hint] = rapid.Bool().Draw(t, "so")
				}
			}
			if timeout := pick("timeout", "", "", "30s", "1ms"); timeout != "" {
				hints["timeout"] = timeout
			}
			if key := pick("key", "", "", "", "X-Key", "Idempotency-Key"); key != "" {
				hints["idempotencyKey"] = key
			}
			op["x-outrigger"] = hints
			item[pick("method", "get", "put", "post", "patch", "delete", "head")] = op
		}
		paths[path] = item
	}
	server := pick("server", "/", "http://localhost:8080", "https://api.example.com/v1", "http://a", "https://{r}.b", "")
	text, err := json.Marshal(map[string]any{
		"openapi": "3.1.0", "info": map[string]any{"title": name + pick("title", "", " API", "\n", "!"), "version": "1"},
		"servers": []any{map[string]any{"url": server}}, "paths": paths,
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func drawResponses(t *rapid.T) map[string]any {
	content := map[string]any{}
	for range rapid.IntRange(0, 2).Draw(t, "media types") {
		content[rapid.SampledFrom([]string{"application/json", "text/event-stream", "application/zip"}).Draw(t, "media")] = map[string]any{}
	}
	responses := map[string]any{"200": map[string]any{"description": "ok", "content": content}}
	if code := rapid.SampledFrom([]int{200, 409, 423, 500, 503, 507}).Draw(t, "later"); code != 200 {
		responses[fmt.Sprint(code)] = map[string]any{"description": "later", "headers": map[string]any{"Retry-After": map[string]any{}}}
	}
	return responses
}

func TestEveryLegalSpecGivesAPolicyThatPassesTheStrictCheck(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		files := map[string][]byte{"in.json": drawSpec(t, "in"), "one.json": drawSpec(t, "one"), "two.json": drawSpec(t, "one")}
		o := starter.Options{
			File: "policy.yaml", Inbound: &starter.Spec{Path: "in.json", Name: "in.json"},
			Upstreams: []starter.Spec{{Path: "one.json", Name: "one.json"}, {Path: "two.json", Name: "two.json"}}, ReadFile: fromMap(files),
		}
		made, err := starter.Make(o)
		if err != nil || made.Text == nil {
			t.Fatalf("no policy: %v\n%s\n%s", err, told(made.Problems), files)
		}
		if left := strict(o, made.Text); len(left) > 0 {
			t.Fatalf("check --strict is not content:\n%s\n%s\n%s", told(left), made.Text, files)
		}
	})
}
