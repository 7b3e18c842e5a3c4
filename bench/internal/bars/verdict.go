// Package bars tries the promises about Outrigger that are not ratios: a policy edit, an end, a storm and a vanished client.
//
// Each trial gathers evidence and judges it in a function of its own, so that the judgement can be tested without a sidecar.
// The package refuses to judge what it could not observe: missing evidence is a missed bar.
package bars

import (
	"errors"
	"fmt"
	"strings"
)

// Verdict is the outcome of one trial: figures and requirements, in the order in which they were stated.
type Verdict struct {
	lines  []string
	missed int
}

// Figure states something that was measured and is not judged.
func (v *Verdict) Figure(format string, args ...any) {
	v.lines = append(v.lines, "      "+fmt.Sprintf(format, args...))
}

// Require states something that must hold.
func (v *Verdict) Require(holds bool, format string, args ...any) {
	mark := "met   "
	if !holds {
		mark = "MISSED"
		v.missed++
	}
	v.lines = append(v.lines, mark+" "+fmt.Sprintf(format, args...))
}

// String is one line for each statement.
func (v *Verdict) String() string { return strings.Join(v.lines, "\n") + "\n" }

// Err is an error when a requirement did not hold, or when nothing was required at all.
func (v *Verdict) Err() error {
	if v.missed > 0 {
		return fmt.Errorf("%d requirements missed", v.missed)
	}
	if len(v.lines) == 0 {
		return errors.New("nothing was judged")
	}
	return nil
}
