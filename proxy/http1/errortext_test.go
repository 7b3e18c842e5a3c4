package http1

import (
	"errors"
	"testing"
)

func TestFailuresSayWhatHappenedToTheRequest(t *testing.T) {
	cause := errors.New("connection refused")
	for want, e := range map[string]*Error{
		"no connection: connection refused":                                             {Phase: PhaseDial},
		"no TLS session: connection refused":                                            {Phase: PhaseTLS},
		"the request broke off after 12 bytes on a kept connection: connection refused": {Phase: PhaseWrite, Wrote: 12, Reused: true},
		"no reply: connection refused":                                                  {Phase: PhaseHead, Wrote: 12},
		"the reply broke off in its head: connection refused":                           {Phase: PhaseHead, Started: true},
		"the reply broke off: connection refused":                                       {Phase: PhaseBody, Started: true},
	} {
		e.Err = cause
		if got := e.Error(); got != want {
			t.Errorf("%+v says %q, want %q", e, got, want)
		}
	}
}
