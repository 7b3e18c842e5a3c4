// Package conformance_test holds the sidecar to the clauses of RFC 9110, 9111 and 9112 that concern an intermediary.
//
// Each clause is a row with the raw cases that show it: bytes in, what the client, the upstream and the operator must see. The
// cases run through the whole sidecar, and docs/http-conformance.md is written from the same rows, so that the page can claim
// nothing that does not run. It refuses to know how the wire does it: everything here is seen from outside.
package conformance_test

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// chapter is a part of the page.
type chapter struct {
	title   string
	clauses []clause
}

// clause is one requirement on an intermediary, in our words, and what we make of it.
type clause struct {
	section string // "9112 §3.2", or the section of another RFC with its number
	level   string // MUST, SHOULD, MAY; rule where an RFC states without such a word, ours where none asks
	asks    string
	does    string // what we do; where there is a choice, which and why
	shown   []probe
}

var chapters = []chapter{
	{"Request line", requestLine},
	{"Target", targets},
	{"Path", paths},
	{"Host", hosts},
	{"Field lines", fieldLines},
	{"Framing of requests", requestFraming},
	{"Chunks", chunks},
	{"Hop by hop", hopByHop},
	{"Via, loops and Max-Forwards", forwarding},
	{"Expect and interim responses", interim},
	{"Upgrade and tunnels", upgrades},
	{"Responses", responses},
	{"Framing of responses", responseFraming},
	{"Persistence and pipelining", persistence},
	{"Content and meaning", content},
	{"Blame", blame},
	{"Streams", streams},
}

func TestConformance(t *testing.T) {
	s := newStage(t)
	for _, ch := range chapters {
		t.Run(ch.title, func(t *testing.T) {
			for _, c := range ch.clauses {
				if len(c.shown) == 0 {
					t.Errorf("%s (%s) is shown by nothing", c.section, c.asks)
				}
				for _, p := range c.shown {
					t.Run(p.name, func(t *testing.T) { s.run(t, p) })
				}
			}
		})
	}
}

// TestConformanceHoweverTheBytesArrive sends what clients send byte by byte. The answers must be the same; what goes wrong in content
// goes wrong after the upstream heard of it, and must not look whole to it.
func TestConformanceHoweverTheBytesArrive(t *testing.T) {
	const short = 300
	s := newStage(t)
	for _, ch := range chapters {
		t.Run(ch.title, func(t *testing.T) {
			for _, c := range ch.clauses {
				for _, p := range c.shown {
					if p.act != nil || len(p.send) > short || p.origin != "" {
						continue
					}
					p.pieces, p.late = true, !p.passes && p.ends
					t.Run(p.name, func(t *testing.T) { s.run(t, p) })
				}
			}
		})
	}
}
