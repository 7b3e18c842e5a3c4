package overload

import (
	"math"
	"time"
)

// Step is how short memory is. It goes
//
//	calm → closing (from closeAt on) → shedding (from shedAt on)
//
// by as many steps as the share of memory asks for, and back only when that has been slack below where the step began for easeAfter,
// so that the memory that a step frees does not end it at once.
type Step int32

// The steps.
const (
	Calm     Step = iota
	Closing       // answers end their connections
	Shedding      // and new requests are answered 503
)

// Shares of the memory limit at which steps begin, and how far below they end.
const (
	closeAt = 0.92
	shedAt  = 0.95
	slack   = 0.05

	easeAfter = 2 * time.Second
)

// Steps lists every step.
var Steps = []Step{Calm, Closing, Shedding}

// String is the word for the step in logs and metrics.
func (s Step) String() string { return [...]string{"calm", "closing", "shedding"}[s] }

// after is the step that follows s at a share of memory.
func (s Step) after(ratio float64) Step {
	if up := stepAt(ratio); up > s {
		return up
	}
	return min(s, stepAt(ratio+slack))
}

func stepAt(ratio float64) Step {
	switch {
	case ratio >= shedAt:
		return Shedding
	case ratio >= closeAt:
		return Closing
	}
	return Calm
}

// Step is the step of this moment.
func (g *Guard) Step() Step { return Step(g.step.Load()) }

// Closes says that answers should end their connections.
func (g *Guard) Closes() bool { return g.Step() >= Closing }

// Sheds says that new requests are not taken on.
func (g *Guard) Sheds() bool { return g.Step() >= Shedding }

// Memory is the share of the memory limit that was used at the last look, 0 where there is no limit.
func (g *Guard) Memory() float64 { return math.Float64frombits(g.ratio.Load()) }

func (g *Guard) setMemory(ratio float64) { g.ratio.Store(math.Float64bits(ratio)) }

// Limited says that there is a memory limit.
func (g *Guard) Limited() bool { return g.limited.Load() }
