package openapi

import (
	"encoding/binary"
	"net/textproto"
	"strings"
	"testing"
	"unicode/utf16"

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

func TestADocumentInUTF16IsReadAsOneInUTF8(t *testing.T) {
	for name, text := range map[string]string{
		"api.yaml": "openapi: 3.0.0\npaths:\n  /é😀: {get: {operationId: größe}}\n",
		"api.json": "{\"openapi\": \"3.0.0\", \"paths\": {\"/é😀\":\n {\"get\": {\"operationId\": \"größe\"}}}}",
	} {
		read := func(data []byte) (*Catalog, policy.Problems) {
			return Reader{ReadFile: fromMap(map[string][]byte{name: data})}.Read(name)
		}
		want, problems := read([]byte(text))
		if len(problems) > 0 || len(want.Operations) != 1 {
			t.Fatalf("%s: %v", name, problems)
		}
		for mark, order := range map[string]binary.AppendByteOrder{"\xff\xfe": binary.LittleEndian, "\xfe\xff": binary.BigEndian} {
			data := []byte(mark)
			for _, unit := range utf16.Encode([]rune(text)) {
				data = order.AppendUint16(data, unit)
			}
			got, problems := read(data)
			if diff := cmp.Diff(want, got); diff != "" || len(problems) > 0 {
				t.Errorf("%s in %v: %v (-UTF-8 +UTF-16):\n%s", name, order, problems, diff)
			}
			if _, problems := read(data[:len(data)-1]); !problems.HasErrors() {
				t.Errorf("%s in %v: half a character at its end is no problem", name, order)
			}
		}
	}
}

func TestLinesMayEndAsOnWindows(t *testing.T) {
	for name, text := range map[string]string{
		"api.yaml": "openapi: 3.0.0\npaths:\n  /a:\n    get:\n      operationId: a\n      responses: {'200': {}, 5xx: {}}\n",
		"api.json": "{\"openapi\": \"3.0.0\",\n\"paths\": {\"/a\":\n {\"get\": {\"operationId\": \"a\",\n\"responses\": {\"5xx\": {}}}}}}\n",
	} {
		read := func(text string) (*Catalog, policy.Problems) {
			return Reader{ReadFile: fromMap(map[string][]byte{name: []byte(text)})}.Read(name)
		}
		want, wantProblems := read(text)
		got, problems := read(strings.ReplaceAll(text, "\n", "\r\n"))
		if diff := cmp.Diff(want, got); diff != "" || len(problems) != 1 {
			t.Errorf("%s: %v (-LF +CRLF):\n%s", name, problems, diff)
		}
		if diff := cmp.Diff(wantProblems, problems); diff != "" {
			t.Errorf("%s: problems (-LF +CRLF):\n%s", name, diff)
		}
	}
}

func TestSchemasAreNotToldOfWhereTheReaderHasTold(t *testing.T) {
	reader := Reader{ReadFile: fromMap(map[string][]byte{"api.yaml": []byte(`openapi: 3.0.3
info: {title: api, version: "1"}
paths:
  /stock:
    get:
      responses: {"404": {$ref: "#/components/responses/Gone"}, "200": {description: ok, content: {application/json: {schema: {$ref: "#/components/schemas/Gone"}}}}}
`)})}
	_, told := reader.Read("api.yaml")
	if len(told) != 1 || told[0].Code != CodeMissing {
		t.Fatalf("the reader tells %v, want one $ref that leads nowhere", told)
	}
	problems := reader.CheckSchemas("api.yaml", told)
	if len(problems) != 1 || problems[0].Code != CodeSchemas || problems[0].Place == told[0].Place {
		t.Errorf("of the schemas it tells %v, want the other $ref alone", problems)
	}
}
