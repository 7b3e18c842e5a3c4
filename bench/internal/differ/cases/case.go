// Package cases makes the byte streams that proxies are compared on: by a grammar of HTTP/1.1 that goes wrong on purpose, and by
// mutation of what it made and of a corpus.
//
// It decides what is worth trying. It refuses to know what is right: that is for whoever compares.
package cases

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// Case is one stream of bytes.
type Case struct {
	// Token stands in every target and body of the case and in no other case.
	Token string
	// Bytes are what a client sends, or what an upstream answers.
	Bytes []byte
	// Cuts are where Bytes are cut when they are sent, in ascending order; most cases are sent whole.
	Cuts []int
	// Head says that a response answers a HEAD request; Close, that the upstream closes behind it.
	Head, Close bool
}

// Generator makes cases. The same seed makes the same cases. It is not safe for concurrent use.
type Generator struct {
	rng               *rand.Rand
	requests, replies []string
}

// New returns a generator that also mutates the streams of a corpus. "TOKEN" in them is replaced by the token of each case.
func New(seed uint64, requests, replies []string) *Generator {
	return &Generator{rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)), requests, replies}
}

// NewToken draws a token: t and sixteen hexadecimal digits.
func (g *Generator) NewToken() string { return fmt.Sprintf("t%016x", g.rng.Uint64()) }

// Request returns a stream of up to three requests, with a request of the target /end-TOKEN behind them that asks to close.
func (g *Generator) Request() Case {
	token := g.NewToken()
	var stream string
	if len(g.requests) > 0 && g.chance(4) {
		stream = Fill(pick(g, g.requests), token)
	} else {
		for range 1 + g.rng.IntN(3) {
			stream += g.request(token)
		}
	}
	for g.chance(2) {
		stream = g.mutate(stream)
	}
	stream += End(token)
	return Case{Token: token, Bytes: []byte(stream), Cuts: g.cuts(len(stream))}
}

// Reply returns a stream that answers one request.
func (g *Generator) Reply() Case {
	c := Case{Token: g.NewToken(), Head: g.chance(6), Close: g.chance(3)}
	var stream string
	if len(g.replies) > 0 && g.chance(4) {
		stream = Fill(pick(g, g.replies), c.Token)
		c.Close = c.Close || g.chance(2)
	} else {
		var framed bool
		stream, framed = g.reply(c.Token, c.Head)
		c.Close = c.Close || !framed
	}
	for g.chance(2) {
		stream = g.mutate(stream)
	}
	c.Bytes = []byte(stream)
	// What comes behind an answer when its connection is in use again belongs, for everybody, to the next one: only bytes that are
	// there in time can be told from an answer.
	if !c.Head && !strings.Contains(stream, behind) {
		c.Cuts = g.cuts(len(stream))
	}
	return c
}

// cuts draws places to cut a stream of n bytes for one case in four.
func (g *Generator) cuts(n int) []int {
	if n == 0 || !g.chance(4) {
		return nil
	}
	at := make([]int, 1+g.rng.IntN(5))
	for i := range at {
		at[i] = g.rng.IntN(n)
	}
	slices.Sort(at)
	return at
}

// Pieces are the bytes of the case as they are to be sent, one after the other.
func (c Case) Pieces() [][]byte {
	var pieces [][]byte
	start := 0
	for _, end := range append(slices.Clone(c.Cuts), len(c.Bytes)) {
		if end > start {
			pieces = append(pieces, c.Bytes[start:end])
			start = end
		}
	}
	return pieces
}

// Fill puts a token into a stream of a corpus.
func Fill(stream, token string) string { return strings.ReplaceAll(stream, "TOKEN", token) }

// End is the request behind a case: whoever sees the end of the case where it is answers this one.
func End(token string) string {
	return "GET /end-" + token + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
}

// chance is true once in n.
func (g *Generator) chance(n int) bool { return g.rng.IntN(n) == 0 }

func pick(g *Generator, from []string) string { return from[g.rng.IntN(len(from))] }
