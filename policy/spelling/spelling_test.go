package spelling

import (
	"strings"
	"testing"
	"time"
)

func TestTheNearestWordIsOneThatWasProbablyMeant(t *testing.T) {
	known := []string{"timeouts", "retry", "breaker", "concurrency"}
	for word, want := range map[string]string{
		"timeout": "timeouts", "Retry": "retry", "braeker": "breaker", "concurency": "concurrency", "cache": "", "": "", strings.Repeat("long", 99): "",
	} {
		if got := Nearest(word, append(known, strings.Repeat("long", 100))); got != want {
			t.Errorf("nearest to %q is %q, want %q", word, got, want)
		}
	}
}

func TestValuesAreTheSameHoweverTheyAreSpelt(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"1500ms", "1s500ms", true},
		{"90s", "1m30s", true},
		{"64KiB", "65536B", true},
		{"50%", "50.0%", true},
		{"[connect, 503]", "[503, connect]", true},
		{"[connect, 503]", "[503]", false},
		{"off", "off", true},
		{"0", "off", false},
		{"2", "2B", false},
		{"200", "2h", false},
		{"1", "100%", false},
		{"1s", "2s", false},
		{"inject", "forward", false},
	} {
		if got := Same(c.a, c.b); got != c.same {
			t.Errorf("%s and %s are the same: %v, want %v", c.a, c.b, got, c.same)
		}
	}
}

func TestADurationIsSpeltAsInGatewayAPI(t *testing.T) {
	for text, want := range map[string]time.Duration{"250ms": 250 * time.Millisecond, "1m30s": 90 * time.Second, "1.5s": -1, "-1s": -1, "10us": -1, "10": -1, "": -1} {
		d, ok := Duration(text)
		if ok != (want >= 0) || ok && d != want {
			t.Errorf("%q is %v, %v", text, d, ok)
		}
	}
}

func TestANearWordIsCertainWhereNoOtherIsNearlyAsNear(t *testing.T) {
	known := []string{"getUser", "getUsers", "putOrder", "listStock"}
	for word, want := range map[string]bool{"lisStock": true, "LISTSTOCK": true, "putOrdre": true, "getUsr": false, "getUsers": false, "getusers": false, "nothing": false} {
		if got := Certain(word, known); got != want {
			t.Errorf("what %q means is certain: %v, want %v", word, got, want)
		}
	}
}
