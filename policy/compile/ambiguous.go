package compile

import (
	"fmt"
	"reflect"
	"strings"

	"outrigger/policy"
)

// maxAmbiguous bounds how many pairs one upstream reports; real specs have dozens that are harmless.
const maxAmbiguous = 20

// checkAmbiguous warns of two templates that both match some path, where neither is the more concrete one and the two operations
// have different policies: which of them holds is then not to be seen from the file.
func (c *compiler) checkAmbiguous(s *source) {
	groups := map[string][]*declared{}
	for _, d := range s.ops {
		if d.Method != "" {
			key := fmt.Sprint(d.Method, strings.Count(d.Template, "/"))
			groups[key] = append(groups[key], d)
		}
	}
	found := 0
	for _, first := range s.ops {
		group := groups[fmt.Sprint(first.Method, strings.Count(first.Template, "/"))]
		for i := len(group) - 1; i >= 0 && group[i] != first; i-- {
			if found < maxAmbiguous && ambiguous(first.Template, group[i].Template) && !samePolicy(first.Operation, group[i].Operation) {
				found++
				c.ambiguousPair(first, group[i])
			}
		}
	}
}

func (c *compiler) ambiguousPair(first, second *declared) {
	at, other := second, first
	if second.key.Value == nil && first.key.Value != nil {
		at, other = first, second
	}
	c.report(policy.Problem{Code: codeAmbiguous, Severity: policy.Warning, Place: at.place(),
		Message: fmt.Sprintf("operations %s (%s %s) and %s (%s) match the same requests and have different policies",
			at.ID, at.Method, at.Template, other.ID, other.Template),
		Expected: "one policy for both, or templates that are told apart", Suggestion: "write the same values for both"})
}

// ambiguous reports whether some path matches both templates and neither is more concrete from left to right throughout.
func ambiguous(a, b string) bool {
	as, bs := strings.Split(a, "/"), strings.Split(b, "/")
	aConcrete, bConcrete := false, false
	for i := range as {
		ap, bp := strings.Contains(as[i], "{"), strings.Contains(bs[i], "{")
		switch {
		case !ap && !bp:
			if as[i] != bs[i] {
				return false
			}
		case !mayOverlap(as[i], bs[i]):
			return false
		case ap && !bp:
			bConcrete = true
		case bp && !ap:
			aConcrete = true
		}
	}
	return aConcrete == bConcrete
}

// mayOverlap compares the literal text before the first and after the last parameter of two segments.
func mayOverlap(a, b string) bool {
	ah, at := ends(a)
	bh, bt := ends(b)
	return (strings.HasPrefix(ah, bh) || strings.HasPrefix(bh, ah)) && (strings.HasSuffix(at, bt) || strings.HasSuffix(bt, at))
}

func ends(segment string) (head, tail string) {
	head, _, found := strings.Cut(segment, "{")
	if !found {
		return segment, segment
	}
	return head, segment[strings.LastIndexByte(segment, '}')+1:]
}

// samePolicy compares what holds, not where it was written.
func samePolicy(a, b *policy.Operation) bool {
	left, right := a.Policy, b.Policy
	left.Origins, right.Origins = nil, nil
	return a.Idempotent == b.Idempotent && a.Streaming == b.Streaming && reflect.DeepEqual(left, right)
}
