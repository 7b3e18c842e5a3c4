// Package lines writes log lines in batches, so that a line costs its copy and not a system call, and so that whoever reads
// the log slowly, or not at all, never holds a request.
//
// It decides when the lines that wait are written and which are dropped. It refuses to know what is in them. It stands between
// the logger and stderr.
package lines

import (
	"io"
	"sync"
	"time"
)

const (
	// patience is how long a line waits at most while the reader keeps up. What the last patience before a crash brought
	// is lost with it.
	patience = 10 * time.Millisecond
	// batch is what is written without waiting any longer.
	batch = 64 << 10
	// most is what may wait. A reader that lags further behind loses lines, which are counted.
	most = 4 << 20
	// kept is the capacity that a buffer keeps from one batch to the next.
	kept = 2 * batch
)

// Writer collects what is written to it. It is safe for concurrent use, and starts no goroutine while nothing is written.
type Writer struct {
	out io.Writer

	turn sync.Mutex // held while out is written to, so that batches stay in order

	mu      sync.Mutex // guards what follows; taken after turn
	waiting []byte
	spare   []byte
	timer   *time.Timer // flushes; set while lines wait
	hurried bool        // the timer was told not to wait
	dropped uint64
}

// New returns a Writer in front of out.
func New(out io.Writer) *Writer { return &Writer{out: out} }

// Write takes one line, or drops it when too much is waiting. It never waits for out, keeps nothing of p, and always succeeds:
// an error of out comes too late for whoever wrote.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.waiting)+len(p) > most {
		w.dropped++
		return len(p), nil
	}
	w.waiting = append(w.waiting, p...)
	switch {
	case w.timer == nil:
		w.timer = time.AfterFunc(patience, w.flush)
	case len(w.waiting) >= batch && !w.hurried:
		w.hurried = true
		w.timer.Reset(0)
	}
	return len(p), nil
}

// Dropped returns how many lines were dropped so far.
func (w *Writer) Dropped() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dropped
}

// Flush writes what waits and returns when that is done, or after limit when out does not take it.
func (w *Writer) Flush(limit time.Duration) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.flush()
	}()
	t := time.NewTimer(limit)
	defer t.Stop()
	select {
	case <-done:
	case <-t.C:
	}
}

func (w *Writer) flush() {
	w.turn.Lock()
	defer w.turn.Unlock()
	lines := w.take()
	if len(lines) > 0 {
		_, _ = w.out.Write(lines) // a log that cannot be written has nowhere to say so
	}
	w.giveBack(lines)
}

// take gives what waits, to be written, and lets the next lines gather.
func (w *Writer) take() []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	lines := w.waiting
	w.waiting, w.spare = w.spare[:0], nil
	if w.timer != nil {
		w.timer.Stop()
	}
	w.timer, w.hurried = nil, false
	return lines
}

func (w *Writer) giveBack(lines []byte) {
	if cap(lines) > kept {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.spare = lines
}
