// Package differ compares where proxies see the end of a message.
//
// It sends one stream of bytes through Outrigger, HAProxy, nginx and net/http and looks at what arrived behind each: how many
// messages, and the bytes of each. It decides which differences count as a disagreement; explained.txt says of each kind that is
// known why it is right. It refuses to judge what a proxy does with a message once its end is agreed on.
package differ

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// Message is one complete message as it arrived behind a proxy.
type Message struct {
	// Start is the method and target of a request, the status of a response.
	Start, Body string
}

// recordField carries a Message from the origin to the client that caused it.
const recordField = "X-Record"

func (m Message) encode() string {
	return base64.StdEncoding.EncodeToString([]byte(m.Start + "\x00" + m.Body))
}

func decodeMessage(s string) (Message, error) {
	b, err := base64.StdEncoding.DecodeString(s)
	start, body, found := strings.Cut(string(b), "\x00")
	if err != nil || !found {
		return Message{}, fmt.Errorf("record %q: not one of the origin's", s)
	}
	return Message{start, body}, nil
}

// Ending is how a connection was left.
type Ending string

const (
	// Refused says that the proxy answered with a status of its own, Closed that it closed without one, Open that it waits for more.
	Refused Ending = "refused"
	Closed  Ending = "closed"
	Open    Ending = "open"
)

// Observation is what one proxy made of one case.
type Observation struct {
	Messages []Message
	Ending   Ending
	// Status and Reason are those of the answer by which it refused.
	Status int
	Reason string
	// Leak is what arrived of another case, "" for nothing.
	Leak string
}

func (o Observation) String() string {
	var b strings.Builder
	for _, m := range o.Messages {
		fmt.Fprintf(&b, "%s %q; ", m.Start, m.Body)
	}
	fmt.Fprintf(&b, "%s", o.Ending)
	if o.Status != 0 {
		fmt.Fprintf(&b, " with %d %q", o.Status, o.Reason)
	}
	if o.Leak != "" {
		fmt.Fprintf(&b, "; LEAK %q", o.Leak)
	}
	return b.String()
}

// answer is the status and reason by which a proxy refused, or how it left the connection.
func (o Observation) answer() string {
	if o.Ending != Refused {
		return string(o.Ending)
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", o.Status, o.Reason))
}
