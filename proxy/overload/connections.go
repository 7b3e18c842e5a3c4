package overload

import (
	"log/slog"
	"math"
	"time"
)

// Admit counts one more client connection, of all ports together. Clients get at most half of the descriptors, so that there are as
// many for the connections to upstreams that their requests need.
func (g *Guard) Admit() bool {
	if g.clients.Add(1) > g.descriptors {
		g.clients.Add(-1)
		return false
	}
	return true
}

// Leave counts a connection out.
func (g *Guard) Leave() { g.clients.Add(-1) }

// clientShare is half of the descriptors that this process may open.
func clientShare() int64 {
	limit, ok := openFiles()
	if !ok || limit > math.MaxInt64 {
		return math.MaxInt64
	}
	return max(1, int64(limit/2))
}

// lossReason says why a connection got no answer at all.
type lossReason int

const (
	notAccepted lossReason = iota // Accept failed: no descriptors, usually
	tooMany                       // there were more refusals under way than answers are written for
)

// Unanswered are counts of connections that got no answer.
type Unanswered struct {
	NotAccepted uint64 // Accept failed for them
	TooMany     uint64 // they were over a limit, in a flood
}

// Unanswered tells the counts since the sidecar began.
func (g *Guard) Unanswered() Unanswered {
	return Unanswered{NotAccepted: g.unanswered[notAccepted].Load(), TooMany: g.unanswered[tooMany].Load()}
}

// Dropped counts a connection over a limit that was closed without an answer.
func (g *Guard) Dropped() { g.unanswered[tooMany].Add(1) }

// episode is a time in which connections could not be accepted. It ends when episodeGap has passed without a failure; until then
// failures are counted and not logged, because there may be hundreds a second.
type episode struct {
	begun, last time.Time
	failures    int
}

const episodeGap = 5 * time.Second

// NotAccepted tells that accepting a connection failed.
func (g *Guard) NotAccepted(err error) {
	g.unanswered[notAccepted].Add(1)
	now := time.Now()
	g.mu.Lock()
	first := g.episode.failures == 0
	if first {
		g.episode.begun = now
	}
	g.episode.last = now
	g.episode.failures++
	g.mu.Unlock()
	if first {
		g.log.Warn("connection not accepted", "error", err)
	}
}

// Accepting is false while connections cannot be accepted, or could not a moment ago.
func (g *Guard) Accepting() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.episode.failures == 0
}

func (g *Guard) endEpisode(now time.Time) {
	g.mu.Lock()
	e := g.episode
	over := e.failures > 0 && now.Sub(e.last) >= episodeGap
	if over {
		g.episode = episode{}
	}
	g.mu.Unlock()
	if over {
		g.log.Info("connections are accepted again", slog.Int("failures", e.failures), slog.String("lasted", e.last.Sub(e.begun).Round(time.Millisecond).String()))
	}
}
