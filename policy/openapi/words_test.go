package openapi

import (
	"net/textproto"
	"testing"

	"github.com/google/go-cmp/cmp"

	"outrigger/policy"
)

func TestHeaderNamesAreCanonicalAsTheStandardLibraryHasThem(t *testing.T) {
	for _, name := range []string{
		"idempotency-key", "X-IDEMPOTENCY-KEY", "etag", "a--b-", "-x", "x_y", "accept language", "naïve", "a:b", "", "x1-2y", "www-authenticate!", "{a}",
	} {
		if got, want := canonicalHeader(name), textproto.CanonicalMIMEHeaderKey(name); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
}

func TestMediaTypesThatStreamAreKnown(t *testing.T) {
	tests := map[string]bool{
		"text/event-stream": true, "Text/Event-Stream; charset=utf-8": true, "application/x-ndjson": true, "application/jsonl": true,
		"application/json-seq": true, "application/geo+json-seq": true, "application/vnd.docker.raw-stream": true,
		"application/vnd.docker.multiplexed-stream": true, "application/json;stream=watch": true, "application/json; stream=watch": true,
		"multipart/x-mixed-replace;boundary=a": true,
		"application/json":                     false, "application/octet-stream": false, "text/plain": false, "*/*": false, "application/vnd.docker.plugins.v1.2+json": false, "": false,
	}
	for media, want := range tests {
		if streams(media) != want {
			t.Errorf("streams(%q) is %v", media, !want)
		}
	}
}

func TestStatusesDeclareByCodeByRangeAndByDefault(t *testing.T) {
	var s Statuses
	s.Literal.Add(404)
	s.Ranges.AddRange(500, 599)
	if !s.Declares(404) || !s.Declares(503) || s.Declares(429) {
		t.Errorf("%+v declares wrongly", s)
	}
	s.Default = true
	if !s.Declares(429) {
		t.Error("default declares nothing")
	}
}

// TestOperationsThatMayStreamAreFoundOverFiles: five operations answer JSON or events, each in a file of its own.
func TestOperationsThatMayStreamAreFoundOverFiles(t *testing.T) {
	folder := wildFolder(t)
	for _, d := range wildDocuments(t, folder) {
		if d.file != "digitalocean.tar.gz" {
			continue
		}
		main, read := d.files(t, folder)
		catalog, _ := Reader{ReadFile: read}.Read(main)
		may := 0
		for _, op := range catalog.Operations {
			if op.Streams.Kind == policy.StreamMay && op.Streams.Media == "text/event-stream" {
				may++
			}
		}
		if may != 5 {
			t.Errorf("%d operations may stream, want 5", may)
		}
	}
}

func TestStreamsOfRealDocumentsAreFound(t *testing.T) {
	folder := wildFolder(t)
	want := map[string]map[string]policy.Stream{
		"prometheus-3.2.yaml.gz":         {"notifications-live": policy.StreamAlways, "search-label-names": policy.StreamAlways},
		"docker-engine-swagger2.yaml.gz": {"ContainerAttach": policy.StreamAlways, "ContainerLogs": policy.StreamAlways, "ContainerStats": policy.StreamNo, "SystemInfo": policy.StreamNo},
	}
	for _, d := range wildDocuments(t, folder) {
		if want[d.file] == nil {
			continue
		}
		main, read := d.files(t, folder)
		catalog, _ := Reader{ReadFile: read}.Read(main)
		for id, kind := range want[d.file] {
			op := catalog.Find(id)
			if op == nil {
				t.Errorf("%s: no operation %s", d.file, id)
			} else if op.Streams.Kind != kind {
				t.Errorf("%s: %s streams %q, want %q", d.file, id, op.Streams.Kind, kind)
			}
		}
	}
}

func TestServersAreGivenWithTheirVariablesReplaced(t *testing.T) {
	tests := map[string]struct {
		document string
		want     []string
	}{
		"of 3":                  {"openapi: 3.0.0\nservers: [{url: 'https://{region}.example.com/{x}', variables: {region: {default: eu}}}, {url: /v1}]\n", []string{"https://eu.example.com/{x}", "/v1"}},
		"of 2":                  {"swagger: '2.0'\nhost: example.com:8443\nbasePath: /v1\nschemes: [https, http]\n", []string{"https://example.com:8443/v1", "http://example.com:8443/v1"}},
		"of 2, without schemes": {"swagger: '2.0'\nhost: example.com\n", []string{"http://example.com"}},
		"none":                  {"openapi: 3.0.0\n", nil},
	}
	for name, test := range tests {
		catalog, _ := Reader{ReadFile: fromMap(map[string][]byte{"api": []byte("info: {title: The API}\n" + test.document)})}.Read("api")
		if diff := cmp.Diff(test.want, catalog.Servers); diff != "" || catalog.Title != "The API" {
			t.Errorf("%s: title %q, servers (-want +got):\n%s", name, catalog.Title, diff)
		}
	}
}
