package policy

import (
	"encoding/json"
	"testing"
)

func TestAProblemIsFlatInJSONAndEndsOnItsLine(t *testing.T) {
	p := Problem{
		Code: "OR110", Severity: Error, Place: Place{File: "policy.yaml", Line: 3, Column: 5, EndColumn: 12},
		Message: "unknown field", Expected: "a field", Suggestion: "timeouts",
	}
	for _, c := range []struct {
		end  int
		want string
	}{
		{12, `{"code":"OR110","severity":"error","file":"policy.yaml","line":3,"column":5,"endLine":3,"endColumn":12,"message":"unknown field","expected":"a field","suggestion":"timeouts"}`},
		{0, `{"code":"OR110","severity":"error","file":"policy.yaml","line":3,"column":5,"endLine":3,"endColumn":5,"message":"unknown field","expected":"a field","suggestion":"timeouts"}`},
	} {
		p.Place.EndColumn = c.end
		if b, err := json.Marshal(p); err != nil || string(b) != c.want {
			t.Errorf("%s, %v\nwant %s", b, err, c.want)
		}
	}
}
