package live

import "sync"

// drain ends long-lived exchanges, such as tunnels, that would outlast any grace period.
type drain struct {
	mu      sync.Mutex
	started bool
	next    int
	stops   map[int]func()
}

// OnDrain registers stop to be called once when draining ends the patience with long-lived exchanges; at once if it has already.
// The returned function takes it back.
func (l *Live) OnDrain(stop func()) (unregister func()) {
	d := &l.drain
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.started {
		go stop()
		return func() {}
	}
	if d.stops == nil {
		d.stops = map[int]func(){}
	}
	id := d.next
	d.next++
	d.stops[id] = stop
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.stops, id)
	}
}

// Drain ends what OnDrain registered: tunnels close, so that nothing keeps a draining sidecar from its end.
func (l *Live) Drain() { l.drain.start() }

func (d *drain) start() {
	d.mu.Lock()
	stops := d.stops
	d.started, d.stops = true, nil
	d.mu.Unlock()
	for _, stop := range stops {
		stop()
	}
}
