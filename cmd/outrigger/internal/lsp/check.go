package lsp

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"time"

	"outrigger/policy"
	"outrigger/policy/compile"
	"outrigger/policy/openapi"
	"outrigger/policy/spelling"
	"outrigger/proxy/source/file"
)

const (
	// pause is how long typing must rest before a check.
	pause = 150 * time.Millisecond
	// poll is how often the files on disk are looked at: specs change without the editor's doing.
	poll = 2 * time.Second
	// maxDiagnostics bounds what one file is told; nobody mends more at once.
	maxDiagnostics = 500
)

// result is what one check of a policy gave.
type result struct {
	compile.Result
	versions map[string]int // of the open documents that were read, by path
	// schemas are the problems of the last thorough check with the schemas of specs, which are read seldom.
	schemas policy.Problems
}

// check asks for a check; a thorough one reads the schemas of specs too. The caller holds mu.
func (s *server) check(thorough bool) {
	s.thorough = s.thorough || thorough
	select {
	case s.changed <- struct{}{}:
	default: // one is asked for already
	}
}

// watch checks whenever something changed and typing rests, until ctx is done.
func (s *server) watch(ctx context.Context) {
	defer close(s.quiet)
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	var seen map[string]stamp
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.changed:
		case <-ticker.C:
			if !maps.Equal(s.stamps(), seen) {
				s.mu.Lock()
				s.thorough = true
				s.mu.Unlock()
				break
			}
			continue
		}
		if !s.rest(ctx) {
			return
		}
		s.checkAll(ctx)
		seen = s.stamps()
	}
}

// rest waits until nothing changed for a while; false when ctx is done.
func (s *server) rest(ctx context.Context) bool {
	for {
		select {
		case <-ctx.Done():
			return false
		case <-s.changed:
		case <-time.After(pause):
			return true
		}
	}
}

// stamp tells two states of a file apart.
type stamp struct {
	size     int64
	modified time.Time
}

// stamps are those of all files that the last check read from disk.
func (s *server) stamps() map[string]stamp {
	s.mu.Lock()
	var files []string
	for _, r := range s.results {
		files = append(files, r.Files...)
	}
	s.mu.Unlock()
	all := map[string]stamp{}
	for _, name := range files {
		if info, err := os.Stat(name); err == nil {
			all[name] = stamp{info.Size(), info.ModTime()}
		} else {
			all[name] = stamp{size: -1}
		}
	}
	return all
}

// checkAll compiles every policy of which a file is open, and tells the editor what it does not know yet. A mistake in a check costs
// what it would have said, never the server.
func (s *server) checkAll(ctx context.Context) {
	defer func() {
		if p := recover(); p != nil {
			_ = s.conn.Notify(ctx, "window/logMessage", logMessage{1, fmt.Sprintf("the check failed, which is a mistake in outrigger: %v", p)}) // an editor that went away needs none
		}
	}()
	s.mu.Lock()
	texts, versions := map[string]string{}, map[string]int{}
	for path, d := range s.documents {
		texts[path], versions[path] = d.text, d.version
	}
	thorough, before := s.thorough, s.results
	s.thorough = false
	s.mu.Unlock()

	read := reader(texts)
	results := map[string]*result{}
	for name, files := range s.policies(texts) {
		r := &result{versions: versions, Result: compile.Compile(files, compile.Options{ReadFile: read, Env: s.options.Env, CheckSchemas: thorough})}
		last := before[name]
		switch {
		case thorough || last == nil:
			r.schemas = slices.DeleteFunc(slices.Clone(r.Problems), func(p policy.Problem) bool { return p.Code != openapi.CodeSchemas })
		default:
			r.schemas = last.schemas
			r.Problems = append(r.Problems, last.schemas...)
			r.Problems.Sort()
		}
		results[name] = r
	}
	s.publish(ctx, results, diagnostics(results, read), versions)
}

// policies are the files of each policy of which one is open, by a name for it.
func (s *server) policies(texts map[string]string) map[string][]string {
	all := map[string][]string{}
	together, _ := file.Files(s.options.Policy) // a path that is not there yet has no files
	for path, text := range texts {
		switch {
		case s.options.Policy != "" && slices.Contains(together, path):
			all[s.options.Policy] = together
		case isPolicy(text):
			all[path] = []string{path}
		}
	}
	return all
}

var policyKey = regexp.MustCompile(`(?m)^(upstreams|inbound|outbound|policies|defaults) *:`)

// isPolicy tells a policy from the other YAML files that an editor opens, also while it is being typed.
func isPolicy(text string) bool { return policyKey.MatchString(text) }

// reader reads what is open in the editor, and all else from disk, each file once.
func reader(open map[string]string) func(string) ([]byte, error) {
	known := map[string][]byte{}
	return func(name string) ([]byte, error) {
		if text, ok := open[name]; ok {
			return []byte(text), nil
		}
		if data, ok := known[name]; ok {
			return data, nil
		}
		if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() { // a pipe would be waited for, and standard input is ours
			return nil, errNoFile
		}
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		data, err := io.ReadAll(io.LimitReader(f, openapi.MaxFileBytes+1))
		if err == nil {
			known[name] = data
		}
		return data, err
	}
}

// diagnostics puts problems into the protocol's form, by the URI of their file, each once.
func diagnostics(results map[string]*result, read func(string) ([]byte, error)) map[string][]diagnostic {
	type key struct {
		code, message string
		place         policy.Place
	}
	all, seen := map[string][]diagnostic{}, map[key]bool{}
	for _, name := range slices.Sorted(maps.Keys(results)) {
		for _, p := range results[name].Problems {
			k, uri := key{p.Code, p.Message, p.Place}, uriOf(p.Place.File)
			if seen[k] || len(all[uri]) >= maxDiagnostics {
				continue
			}
			seen[k] = true
			all[uri] = append(all[uri], diagnosticOf(p, read))
		}
	}
	return all
}

var severities = map[policy.Severity]int{policy.Error: 1, policy.Warning: 2, policy.Info: 3}

// pageBase is where the pages of codes stand, as of failures.
const pageBase = "https://outrigger.dev/checks/"

func diagnosticOf(p policy.Problem, read func(string) ([]byte, error)) diagnostic {
	text := p.Message
	if p.Expected != "" {
		text += "\nexpected: " + p.Expected
	}
	if p.Suggestion != "" {
		text += "\ninstead: " + p.Suggestion
	}
	d := diagnostic{
		Range: spanOf(p.Place, read), Severity: severities[p.Severity], Code: p.Code, CodeDescription: &codeDescription{pageBase + p.Code},
		Source: "outrigger", Message: spelling.Printable(text),
	}
	if p.Because.File != "" {
		d.Related = []related{{location{uriOf(p.Because.File), spanOf(p.Because, read)}, "because of this"}}
	}
	return d
}

// spanOf is a place in the editor's count. Where its end is not known it reaches to the end of the line.
func spanOf(p policy.Place, read func(string) ([]byte, error)) span {
	data, _ := read(p.File) // a file that cannot be read has no lines
	line := max(p.Line, 1)
	end := p.EndColumn
	if end == 0 {
		end = 1 << 20
	}
	return span{fromRunes(string(data), line, p.Column), fromRunes(string(data), line, end)}
}

// publish keeps what a check gave and sends what changed.
func (s *server) publish(ctx context.Context, results map[string]*result, found map[string][]diagnostic, versions map[string]int) {
	s.mu.Lock()
	s.results = results
	uris := map[string]string{} // as the editor writes them
	for _, d := range s.documents {
		uris[uriOf(d.path)] = d.uri
	}
	var send []publishParams
	for uri := range s.published {
		if _, still := found[uri]; !still {
			found[uri] = []diagnostic{}
		}
	}
	for path := range versions {
		if uri := uriOf(path); found[uri] == nil {
			found[uri] = []diagnostic{}
		}
	}
	for _, uri := range slices.Sorted(maps.Keys(found)) {
		params := publishParams{URI: cmp.Or(uris[uri], uri), Diagnostics: found[uri]}
		if path, _ := pathOf(uri); s.documents[path] != nil {
			if v, read := versions[path]; read {
				params.Version = &v
			}
		}
		text, err := json.Marshal(params)
		if err != nil || s.published[uri] == string(text) {
			continue
		}
		if s.published[uri] = string(text); len(params.Diagnostics) == 0 && params.Version == nil {
			delete(s.published, uri)
		}
		send = append(send, params)
	}
	s.mu.Unlock()
	for _, params := range send {
		_ = s.conn.Notify(ctx, "textDocument/publishDiagnostics", params) // an editor that went away needs none
	}
}
