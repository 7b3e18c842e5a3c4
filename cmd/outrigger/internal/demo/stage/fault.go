package stage

import (
	"hash/maphash"
	"math"
	"net/http"
	"strings"
)

// fault is what happens to one answer of inventory.
type fault int

const (
	none  fault = iota
	busy        // 503 before any work is done
	cut         // the work is done, and the connection is cut after the first bytes of the answer
	stall       // the work is done, and the answer does not come for longer than anybody waits
)

// faultOf says what becomes of an answer in a phase. Draw is a random number in [0, 1).
func faultOf(p Phase, draw float64) fault {
	switch {
	case p == Flaky && draw < .15:
		return busy
	case p == Flaky && draw < .30:
		return cut
	case p == Slow && draw < .40:
		return stall
	}
	return none
}

// luck draws the number for one request. Both paths make the same calls, and the same call meets the same luck on both, so that
// what differs in the end is not chance; each further attempt draws anew.
type luck maphash.Seed

// IDField names the call in a request, PATH/NUMBER. The sidecar keeps it.
const IDField = "X-Request-Id"

// attemptField is the sidecar's count of attempts; without it there is one.
const attemptField = "Outrigger-Attempt"

func (l luck) draw(r *http.Request) float64 {
	_, call, _ := strings.Cut(r.Header.Get(IDField), "/")
	attempt := r.Header.Get(attemptField)
	if attempt == "" {
		attempt = "1"
	}
	return float64(maphash.Comparable(maphash.Seed(l), [2]string{call, attempt})) / (math.MaxUint64 + 1.0)
}
