package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"outrigger/policy"
	"outrigger/policy/compile"
)

// writeJSON writes the versioned shape that programs read.
func writeJSON(w io.Writer, c checked) error {
	problems := c.problems
	if problems == nil {
		problems = policy.Problems{}
	}
	return indented(w, struct {
		Version  int             `json:"version"`
		Problems policy.Problems `json:"problems"`
		Summary  count           `json:"summary"`
	}{1, problems, counted(problems)})
}

func indented(w io.Writer, v any) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(v); err != nil {
		return err
	}
	// What a terminal would take for a command stands in strings only, where JSON can say it in letters.
	_, err := io.WriteString(w, visible(text.String()))
	return err
}

// writeGitHub writes workflow commands, which GitHub shows beside the lines of a pull request.
func writeGitHub(w io.Writer, c checked) error {
	levels := map[policy.Severity]string{policy.Error: "error", policy.Warning: "warning", policy.Info: "notice"}
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	for _, p := range c.problems {
		place := "file=" + property.Replace(filepath.ToSlash(p.Place.File))
		if p.Place.Line > 0 {
			place += fmt.Sprintf(",line=%d,col=%d", p.Place.Line, max(1, p.Place.Column))
		}
		if p.Place.EndColumn > p.Place.Column {
			place += fmt.Sprintf(",endLine=%d,endColumn=%d", p.Place.Line, p.Place.EndColumn)
		}
		if _, err := fmt.Fprintf(w, "::%s %s,title=%s::%s\n", levels[p.Severity], place, p.Code, data.Replace(visible(advice(p)))); err != nil {
			return err
		}
	}
	return nil
}

// advice is a problem in one text.
func advice(p policy.Problem) string {
	text := p.Message
	if p.Expected != "" {
		text += "; expected: " + p.Expected
	}
	if p.Suggestion != "" {
		text += "; instead: " + p.Suggestion
	}
	return text
}

// The parts of SARIF 2.1.0 (OASIS standard, March 2020) that code scanning reads.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name  string      `json:"name"`
		Rules []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID    string    `json:"id"`
		Short sarifText `json:"shortDescription"`
		Help  sarifText `json:"help"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations"`
		Related   []sarifLocation `json:"relatedLocations,omitempty"`
		Fixes     []sarifFix      `json:"fixes,omitempty"`
	}
	sarifFix struct {
		Description sarifText     `json:"description"`
		Changes     []sarifChange `json:"artifactChanges"`
	}
	sarifChange struct {
		Artifact     sarifArtifact      `json:"artifactLocation"`
		Replacements []sarifReplacement `json:"replacements"`
	}
	sarifReplacement struct {
		Deleted  sarifRegion `json:"deletedRegion"`
		Inserted sarifText   `json:"insertedContent"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
		Message  *sarifText    `json:"message,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn,omitempty"`
		EndColumn   int `json:"endColumn,omitempty"`
	}
)

func writeSARIF(w io.Writer, c checked) error {
	run := sarifRun{ColumnKind: "unicodeCodePoints", Results: []sarifResult{}}
	run.Tool.Driver = sarifDriver{Name: "outrigger", Rules: []sarifRule{}}
	for _, code := range compile.Codes() {
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{code.Code, sarifText{code.Title}, sarifText{"docs/checks/" + code.Code + ".md"}})
	}
	levels := map[policy.Severity]string{policy.Error: "error", policy.Warning: "warning", policy.Info: "note"}
	for _, p := range c.problems {
		result := sarifResult{RuleID: p.Code, Level: levels[p.Severity], Message: sarifText{advice(p)}, Locations: []sarifLocation{{Physical: sarifAt(p.Place)}}}
		if p.Because.Line > 0 {
			result.Related = []sarifLocation{{sarifAt(p.Because), &sarifText{"the reason"}}}
		}
		if !p.Fix.IsZero() {
			replacement := sarifReplacement{sarifRegion{p.Fix.Place.Line, p.Fix.Place.Column, p.Fix.Place.EndColumn}, sarifText{p.Fix.Text}}
			result.Fixes = []sarifFix{{sarifText{p.Suggestion}, []sarifChange{{sarifAt(p.Fix.Place).Artifact, []sarifReplacement{replacement}}}}}
		}
		run.Results = append(run.Results, result)
	}
	return indented(w, sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}})
}

func sarifAt(p policy.Place) sarifPhysical {
	at := sarifPhysical{Artifact: sarifArtifact{filepath.ToSlash(p.File)}}
	if p.Line > 0 {
		at.Region = &sarifRegion{p.Line, p.Column, p.EndColumn}
	}
	return at
}
