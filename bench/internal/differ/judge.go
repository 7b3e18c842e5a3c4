package differ

import (
	"outrigger/bench/internal/differ/cases"
)

// Direction is the way that the bytes of a case travel.
type Direction string

// The two ways through a proxy.
const (
	Requests Direction = "requests"
	Replies  Direction = "replies"
)

// Kind says how two observations of one case disagree on where a message ends.
type Kind string

const (
	// Stricter: Outrigger refuses or closes where the other finds a further message.
	Stricter Kind = "stricter"
	// Laxer: the other refuses or closes where Outrigger finds a further message.
	Laxer Kind = "laxer"
	// Waits: Outrigger waits for more where the other finds a further message.
	Waits Kind = "waits"
	// Ends: the other waits for more where Outrigger finds a further message.
	Ends Kind = "ends"
	// Differs: both find a further message, and not the same.
	Differs Kind = "differs"
)

// Disagreement is a case on which Outrigger and another proxy do not see the same ends of messages.
type Disagreement struct {
	Direction    Direction
	Kind         Kind
	Other        string
	Ours, Theirs Observation
	Case         cases.Case
}

// agreed is how many messages two observations have in common before the first difference.
func agreed(ours, theirs Observation) int {
	n := 0
	for n < min(len(ours.Messages), len(theirs.Messages)) && ours.Messages[n] == theirs.Messages[n] {
		n++
	}
	return n
}

// compare returns the kind of a disagreement, "" when all messages agree. How the connection is left afterwards is each proxy's own
// affair.
func compare(ours, theirs Observation) Kind {
	n := agreed(ours, theirs)
	switch {
	case n == len(ours.Messages) && n == len(theirs.Messages):
		return ""
	case n < len(ours.Messages) && n < len(theirs.Messages):
		return Differs
	case n == len(ours.Messages) && ours.Ending == Open:
		return Waits
	case n == len(ours.Messages):
		return Stricter
	case theirs.Ending == Open:
		return Ends
	}
	return Laxer
}

// first is the start of the first message that we found and the other did not, "" for none.
func (d Disagreement) first() string {
	n := agreed(d.Ours, d.Theirs)
	if n == len(d.Ours.Messages) {
		return ""
	}
	return d.Ours.Messages[n].Start
}
