package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Paced makes requests at evenly spaced instants over kept-alive connections by turns. A latency counts from the instant at which the
// request was due, not from when it could be sent: a proxy that stalls pays for every request that had to wait for it.
type Paced struct {
	Address, Path string
	Connections   int
	PerSecond     int
	Duration      time.Duration
}

// lane is one connection with the requests that are due on it.
type lane struct {
	conn    net.Conn
	reader  *bufio.Reader
	request []byte

	mu      sync.Mutex
	due     []time.Time // of the request under way and of those that wait behind it
	settled []time.Duration
	bytes   int64
	err     error
}

// Run returns the figures of all requests, the percentiles among them.
func (p Paced) Run(ctx context.Context) (Figures, error) {
	lanes, err := p.dial()
	defer func() {
		for _, l := range lanes {
			_ = l.conn.Close()
		}
	}()
	if err != nil {
		return Figures{}, err
	}
	var readers sync.WaitGroup
	total := p.total()
	for i, l := range lanes {
		readers.Go(func() { l.read((total - i + p.Connections - 1) / p.Connections) })
	}
	p.pace(ctx, lanes, total)
	if ctx.Err() != nil {
		for _, l := range lanes {
			_ = l.conn.Close()
		}
	}
	readers.Wait()
	if ctx.Err() != nil {
		return Figures{}, ctx.Err()
	}
	return p.sum(lanes)
}

func (p Paced) total() int { return p.PerSecond * int(p.Duration/time.Millisecond) / 1000 }

// dial makes the connections; those made before one failed are returned with the error.
func (p Paced) dial() ([]*lane, error) {
	var lanes []*lane
	for range p.Connections {
		conn, err := net.DialTimeout("tcp", p.Address, 2*time.Second)
		if err != nil {
			return lanes, err
		}
		_ = conn.SetDeadline(time.Now().Add(p.Duration + answerTimeout))
		lanes = append(lanes, &lane{
			conn: conn, reader: bufio.NewReaderSize(conn, 4<<10), settled: make([]time.Duration, 0, p.total()/p.Connections+1),
			request: fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", p.Path, p.Address),
		})
	}
	return lanes, nil
}

// pace makes requests due. It has a thread of its own that sleeps in the kernel: the runtime's timers are up to a millisecond late on
// an idle machine.
func (p Paced) pace(ctx context.Context, lanes []*lane, total int) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	begun := time.Now()
	for i := range total {
		due := begun.Add(time.Duration(i) * time.Second / time.Duration(p.PerSecond))
		for wait := time.Until(due); wait > 0; wait = time.Until(due) {
			pause := syscall.NsecToTimespec(wait.Nanoseconds())
			_ = syscall.Nanosleep(&pause, nil) // woken early by a signal, it sleeps again
		}
		if ctx.Err() != nil {
			return
		}
		lanes[i%len(lanes)].add(due)
	}
}

// add sends a request, or lets it wait behind the one under way.
func (l *lane) add(due time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.due = append(l.due, due)
	if len(l.due) == 1 {
		l.send()
	}
}

func (l *lane) send() {
	if _, err := l.conn.Write(l.request); err != nil && l.err == nil {
		l.err = err
	}
}

// read takes n answers, and sends what waits behind each.
func (l *lane) read(n int) {
	for range n {
		size, err := readAnswer(l.reader)
		now := time.Now()
		l.mu.Lock()
		if err == nil {
			err = l.err
		}
		if err != nil || len(l.due) == 0 {
			l.err = errors.Join(err, l.err)
			l.mu.Unlock()
			return
		}
		l.bytes += size
		l.settled = append(l.settled, now.Sub(l.due[0]))
		if l.due = l.due[:copy(l.due, l.due[1:])]; len(l.due) > 0 {
			l.send()
		}
		l.mu.Unlock()
	}
}

// readAnswer takes one answer with a Content-Length off a connection and returns its size.
func readAnswer(r *bufio.Reader) (int64, error) {
	var size int64
	length := -1
	for first := true; ; first = false {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return 0, fmt.Errorf("request without an answer: %w", err)
		}
		size += int64(len(line))
		text := strings.TrimRight(string(line), "\r\n")
		name, value, _ := strings.Cut(text, ":")
		switch {
		case first && !strings.HasPrefix(text, "HTTP/1.1 200"):
			return 0, fmt.Errorf("answer %q, want 200", text)
		case strings.EqualFold(name, "Content-Length"):
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil {
				return 0, err
			}
		case text == "" && length < 0:
			return 0, errors.New("answer without a length")
		case text == "":
			if _, err := r.Discard(length); err != nil {
				return 0, fmt.Errorf("answer without its end: %w", err)
			}
			return size + int64(length), nil
		}
	}
}

func (p Paced) sum(lanes []*lane) (Figures, error) {
	f := Figures{Micros: p.Duration.Microseconds()}
	var all []time.Duration
	for _, l := range lanes {
		if l.err != nil {
			return Figures{}, fmt.Errorf("paced load: %w", l.err)
		}
		all = append(all, l.settled...)
		f.Bytes += l.bytes
	}
	if len(all) == 0 {
		return Figures{}, errors.New("paced load: no answer at all")
	}
	slices.Sort(all)
	f.Requests = int64(len(all))
	f.P50, f.P99 = all[len(all)/2].Microseconds(), all[len(all)*99/100].Microseconds()
	return f, nil
}
