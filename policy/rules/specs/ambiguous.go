package specs

import (
	"fmt"
	"strings"

	"outrigger/policy"
	"outrigger/policy/rules"
)

// maxAmbiguous bounds how many pairs one upstream reports; real specs have dozens that are harmless.
const maxAmbiguous = 20

// candidate is an operation in comparison with the others of its method and number of segments.
type candidate struct {
	*rules.Operation
	segments []string
	class    int // the same for operations that end with the same policy
}

// checkAmbiguous warns of two templates that both match some path, where neither is the more concrete one and the two operations
// have different policies: which of them holds is then not to be seen from the file.
func checkAmbiguous(u *rules.Upstream, report rules.Report) {
	classes := map[holding]int{}
	groups := map[string][]candidate{}
	var order []string
	for _, d := range u.Operations {
		if d.Method == "" {
			continue
		}
		one := candidate{Operation: d, segments: strings.Split(d.Template, "/")}
		what := holdingOf(d.Operation)
		if _, known := classes[what]; !known {
			classes[what] = len(classes)
		}
		one.class = classes[what]
		key := fmt.Sprint(d.Method, len(one.segments))
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], one)
	}
	found := 0
	for _, key := range order {
		for i, first := range groups[key] {
			for _, second := range groups[key][i+1:] {
				if first.class != second.class && found < maxAmbiguous && ambiguous(first.segments, second.segments) {
					found++
					report(ambiguousPair(first.Operation, second.Operation))
				}
			}
		}
	}
}

// holding is what holds for an operation, wherever it was written.
type holding struct {
	timeouts    policy.Timeouts
	retry       policy.Retry
	breaker     policy.Breaker
	concurrency policy.Concurrency
	idempotent  bool
	streaming   policy.Stream
}

func holdingOf(op *policy.Operation) holding {
	p := &op.Policy
	return holding{p.Timeouts, p.Retry, p.Breaker, p.Concurrency, op.Idempotent, op.Streaming}
}

func ambiguousPair(first, second *rules.Operation) policy.Problem {
	at, other := second, first
	if second.Key.File == "" && first.Key.File != "" {
		at, other = first, second
	}
	return policy.Problem{
		Code: CodeAmbiguous, Severity: policy.Warning, Place: at.At(), Because: other.At(),
		Message: fmt.Sprintf("operations %s (%s %s) and %s (%s) match the same requests and have different policies",
			at.ID, at.Method, at.Template, other.ID, other.Template),
		Expected: "one policy for both, or templates that are told apart", Suggestion: "write the same values for both",
	}
}

// ambiguous reports whether some path matches both templates and neither is more concrete from left to right throughout.
func ambiguous(as, bs []string) bool {
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
