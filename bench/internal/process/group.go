package process

import (
	"slices"
	"sync"
)

// Group owns every program that was started through it. It is safe for concurrent use.
type Group struct {
	mu      sync.Mutex
	running []*Process
}

// Start starts a program that Close will end, unless Stop does before.
func (g *Group) Start(spec Spec) (*Process, error) {
	p, err := start(spec)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running = append(g.running, p)
	return p, nil
}

// Stop ends one program and forgets it.
func (g *Group) Stop(p *Process) {
	p.Stop()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running = slices.DeleteFunc(g.running, func(q *Process) bool { return q == p })
}

// Close ends every program that is still known, the youngest first.
func (g *Group) Close() {
	g.mu.Lock()
	running := g.running
	g.running = nil
	g.mu.Unlock()
	for _, p := range slices.Backward(running) {
		p.Stop()
	}
}
