package replay

import (
	"errors"
	"io"
)

// reader reads the body for one attempt, from its first byte. It implements the Rewinder of package retry for the first attempt's.
type reader struct {
	tape *tape
	at   int64
	cut  bool // closed, or a later attempt reads
}

var (
	errCut    = errors.New("request body: read after the attempt was over")
	errTooBig = errors.New("request body: more was read than kept, it cannot be sent again")
)

// readyReader is a body that gives what is there without waiting; the wire's does.
type readyReader interface {
	ReadReady(p []byte) (int, error)
}

// Read gives the record first and reads on from the client then.
func (r *reader) Read(p []byte) (int, error) {
	t := r.tape
	t.mu.Lock()
	defer t.mu.Unlock()
	for {
		n, done, err := r.recorded(p)
		if done {
			return n, err
		}
		if !t.reading {
			break
		}
		t.free.Wait()
	}
	t.reading = true
	t.mu.Unlock()
	n, err := t.source.Read(p)
	t.mu.Lock()
	t.reading = false
	t.free.Broadcast()
	return r.took(p[:n], err)
}

// ReadReady is Read, except that it gives (0, nil) instead of waiting.
func (r *reader) ReadReady(p []byte) (int, error) {
	t := r.tape
	t.mu.Lock()
	defer t.mu.Unlock()
	n, done, err := r.recorded(p)
	source, ok := t.source.(readyReader)
	if done || t.reading || !ok {
		return n, err
	}
	n, err = source.ReadReady(p)
	return r.took(p[:n], err)
}

// recorded gives what can be had without the client. Requires mu.
func (r *reader) recorded(p []byte) (n int, done bool, err error) {
	t := r.tape
	switch {
	case r.cut:
		return 0, true, errCut
	case r.at < t.base+int64(len(t.record)):
		n = copy(p, t.record[r.at-t.base:])
		r.at += int64(n)
		t.release()
		return n, true, nil
	case t.err != nil:
		return 0, true, t.err
	}
	return 0, false, nil
}

// took takes account of what was read from the client. Requires mu.
func (r *reader) took(p []byte, err error) (int, error) {
	t := r.tape
	if err != nil {
		t.err = err
	}
	if !r.cut {
		r.at += int64(len(p))
	}
	t.keep(p, r)
	if r.cut {
		return 0, errCut
	}
	return len(p), err
}

// Close cuts the reader off. The client's body stays open: another attempt may read on, and closing it is the server's business.
func (r *reader) Close() error {
	t := r.tape
	t.mu.Lock()
	defer t.mu.Unlock()
	r.cut = true
	t.release()
	t.free.Broadcast()
	return nil
}

// Rewindable reports whether the body can be read from its beginning once more.
func (r *reader) Rewindable() bool {
	r.tape.mu.Lock()
	defer r.tape.mu.Unlock()
	return r.tape.rewindable()
}

// Rewind returns the body from its first byte and cuts the reader before it off.
func (r *reader) Rewind() (io.ReadCloser, error) {
	t := r.tape
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.rewindable() {
		return nil, errTooBig
	}
	t.current.cut = true
	t.current = &reader{tape: t}
	t.free.Broadcast()
	return t.current, nil
}
