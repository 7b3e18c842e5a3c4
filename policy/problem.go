package policy

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
)

// Place is a spot in a file that a user wrote. Lines and columns count from 1, columns in runes;
// EndColumn is one past the last rune of the offending text on the same line, or 0 when only the start is known.
// The zero Place means "no file": a built-in default.
type Place struct {
	File      string `json:"file,omitempty"`
	Line      int    `json:"line,omitempty"`
	Column    int    `json:"column,omitempty"`
	EndColumn int    `json:"endColumn,omitempty"`
}

// String returns file:line, the form that logs, decisions and explain print, or "default" for the zero Place.
func (p Place) String() string {
	if p.File == "" {
		return "default"
	}
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// Severity says whether a problem stops a policy from being used.
type Severity string

// The severities, worst first. An error stops the policy, a warning travels with it, information is shown on request.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Info    Severity = "info"
)

// Problem is one thing that is wrong with a policy or a spec, said so that its author can mend it without the manual.
// Code is stable and has a page in docs/checks.
type Problem struct {
	Code     string
	Severity Severity
	Place    Place
	// Message says what is wrong, Expected what would be right, Suggestion what to write instead. The last two may be empty.
	Message    string
	Expected   string
	Suggestion string
	// Because is where the reason stands, such as the line of a spec that a policy contradicts. Zero where there is none to show.
	Because Place
	// Fix is an edit that mends the problem and changes nothing else that the file says. Zero where none is safe to make unasked.
	Fix Edit
}

// Edit replaces the text at a place, which is within one line, by another. A line that nothing is left of goes with it.
type Edit struct {
	Place Place  `json:"place"`
	Text  string `json:"text"`
}

// IsZero reports whether there is no edit.
func (e Edit) IsZero() bool { return e.Place.Line == 0 || e.Place.EndColumn == 0 }

// String returns "file:line:column: severity: message [code]".
func (p Problem) String() string {
	return fmt.Sprintf("%s:%d:%d: %s: %s [%s]", p.Place.File, p.Place.Line, p.Place.Column, p.Severity, p.Message, p.Code)
}

// MarshalJSON writes the flat shape that programs read a problem in. Without a known end the text is empty: it ends where it begins.
func (p Problem) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Code       string   `json:"code"`
		Severity   Severity `json:"severity"`
		File       string   `json:"file"`
		Line       int      `json:"line"`
		Column     int      `json:"column"`
		EndLine    int      `json:"endLine"`
		EndColumn  int      `json:"endColumn"`
		Message    string   `json:"message"`
		Expected   string   `json:"expected"`
		Suggestion string   `json:"suggestion"`
		Because    Place    `json:"because,omitzero"`
		Fix        Edit     `json:"fix,omitzero"`
	}{
		p.Code, p.Severity, p.Place.File, p.Place.Line, p.Place.Column, p.Place.Line, cmp.Or(p.Place.EndColumn, p.Place.Column),
		p.Message, p.Expected, p.Suggestion, p.Because, p.Fix,
	})
}

// Problems is every problem found in one reading.
type Problems []Problem

// HasErrors reports whether any problem stops the policy from being used.
func (ps Problems) HasErrors() bool {
	return slices.ContainsFunc(ps, func(p Problem) bool { return p.Severity == Error })
}

// Sort orders problems by file, line, column and code, the order in which people mend them.
func (ps Problems) Sort() {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(a.Place.File, b.Place.File),
			cmp.Compare(a.Place.Line, b.Place.Line),
			cmp.Compare(a.Place.Column, b.Place.Column),
			cmp.Compare(a.Code, b.Code),
		)
	})
}
