package http1

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// requestCorpus gathers every raw request that the other tests know and that is short enough to be cut everywhere.
func requestCorpus() []string {
	all := slices.Clone(requestStreams)
	for _, c := range rawCases {
		all = append(all, strings.Replace(c.raw, "…", "POST / HTTP/1.1\r\nHost: a\r\n", 1))
	}
	for _, body := range badChunks {
		all = append(all, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"+body+"GET /behind HTTP/1.1\r\nHost: a\r\n\r\n")
	}
	return shortOnes(all)
}

func responseCorpus() []string {
	all := slices.Clone(responseStreams)
	for _, raw := range badResponses {
		all = append(all, raw)
	}
	for _, body := range badChunks {
		all = append(all, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"+body)
	}
	return shortOnes(all)
}

func shortOnes(all []string) []string {
	return slices.DeleteFunc(all, func(s string) bool { return len(s) > 2000 })
}

// TestNoCutOfAStreamChangesItsMeaning delivers every known message whole, in two pieces cut at each place, byte by byte, and in
// pieces of random schedules, and wants the same requests, responses and refusals every time.
func TestNoCutOfAStreamChangesItsMeaning(t *testing.T) {
	directions := map[string]struct {
		corpus  []string
		meaning func([][]byte) string
	}{
		"requests":           {requestCorpus(), requestsIn},
		"responses":          {responseCorpus(), func(p [][]byte) string { return stripDiscarded(responsesIn("GET", p)) }},
		"responses to HEAD":  {responseCorpus(), func(p [][]byte) string { return stripDiscarded(responsesIn("HEAD", p)) }},
		"pipelined requests": {pipelines(requestCorpus()), requestsIn},
	}
	for name, d := range directions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(1, 2))
			for _, stream := range d.corpus {
				cutEverywhere(t, rng, stream, d.meaning)
			}
		})
	}
}

// pipelines puts a message in front of each stream, and one behind: what is refused must not hide what came before.
func pipelines(corpus []string) []string {
	all := make([]string, len(corpus))
	for i, stream := range corpus {
		all[i] = "PUT /first HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none" + stream + "GET /last HTTP/1.1\r\nHost: a\r\n\r\n"
	}
	return all
}

const randomSchedules = 40

func cutEverywhere(t *testing.T, rng *rand.Rand, stream string, meaning func([][]byte) string) {
	t.Helper()
	b := []byte(stream)
	whole := meaning(split(b))
	if whole == "" {
		t.Errorf("%q means nothing", stream)
	}
	check := func(how string, pieces [][]byte) {
		if got := meaning(pieces); got != whole {
			t.Errorf("%s of %q\ngot  %s\nwant %s", how, stream, got, whole)
		}
	}
	for i := range b {
		check(fmt.Sprintf("cut at %d", i), split(b, i))
	}
	check("every byte alone", everyByte(b))
	for range randomSchedules {
		at := schedule(rng, len(b))
		check(fmt.Sprintf("cuts at %v", at), split(b, at...))
	}
}

// schedule draws places to cut: few or many, in ascending order.
func schedule(rng *rand.Rand, n int) []int {
	at := make([]int, 1+rng.IntN(12))
	for i := range at {
		at[i] = rng.IntN(n)
	}
	slices.Sort(at)
	return at
}
