package lines

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sink counts the writes that reach it. While stuck is held, a write waits.
type sink struct {
	stuck  sync.Mutex
	mu     sync.Mutex
	text   bytes.Buffer
	writes int
}

func (s *sink) Write(p []byte) (int, error) {
	s.stuck.Lock()
	defer s.stuck.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes++
	return s.text.Write(p)
}

func (s *sink) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func TestLinesOfOneMomentAreOneWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &sink{}
		w := New(out)
		for _, line := range []string{"one\n", "two\n", "three\n"} {
			io.WriteString(w, line)
		}
		if out.String() != "" {
			t.Fatalf("written before their time: %q", out.String())
		}
		time.Sleep(patience)
		synctest.Wait()
		if out.String() != "one\ntwo\nthree\n" || out.writes != 1 {
			t.Errorf("%d writes of %q", out.writes, out.String())
		}
	})
}

func TestAFullBatchDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &sink{}
		w := New(out)
		line := strings.Repeat("x", 1023) + "\n"
		start := time.Now()
		for range batch / len(line) {
			io.WriteString(w, line)
		}
		synctest.Wait()
		time.Sleep(time.Nanosecond) // the timer that was told to hurry
		synctest.Wait()
		if got := len(out.String()); got != batch || time.Since(start) >= patience {
			t.Errorf("%d bytes written after %v, %d expected at once", got, time.Since(start), batch)
		}
	})
}

func TestAReaderThatStandsStillHoldsNobodyAndLosesLinesThatAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &sink{}
		w := New(out)
		out.stuck.Lock()
		line := strings.Repeat("x", 1023) + "\n"
		const lines = 3 * most / 1024
		for range lines {
			io.WriteString(w, line)
		}
		dropped := w.Dropped()
		if dropped == 0 || dropped >= lines {
			t.Fatalf("%d of %d lines dropped", dropped, lines)
		}
		if len(w.waiting) > most {
			t.Errorf("%d bytes wait, %d at most", len(w.waiting), most)
		}
		out.stuck.Unlock()
		w.Flush(time.Minute)
		if got := uint64(strings.Count(out.String(), "\n")); got+dropped != lines {
			t.Errorf("%d lines written and %d dropped of %d", got, dropped, lines)
		}
		if cap(w.waiting) > kept || cap(w.spare) > kept {
			t.Errorf("buffers of %d and %d bytes are kept, %d at most", cap(w.waiting), cap(w.spare), kept)
		}
	})
}

func TestAFlushGivesUpOnAReaderThatStandsStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, pipe := io.Pipe()
		w := New(pipe)
		io.WriteString(w, "never read\n")
		start := time.Now()
		w.Flush(time.Second)
		if time.Since(start) != time.Second {
			t.Errorf("gave up after %v", time.Since(start))
		}
		r.CloseWithError(errors.New("over"))
	})
}

func TestLinesOfManyStayWholeAndInOrder(t *testing.T) {
	out := &sink{}
	w := New(out)
	const writers, each = 8, 2000
	var all sync.WaitGroup
	for n := range writers {
		all.Go(func() {
			for i := range each {
				fmt.Fprintf(w, "%d %d\n", n, i)
			}
		})
	}
	all.Wait()
	w.Flush(time.Minute)
	next := [writers]int{}
	for line := range strings.Lines(out.String()) {
		var n, i int
		if _, err := fmt.Sscanf(line, "%d %d\n", &n, &i); err != nil || next[n] != i {
			t.Fatalf("line %q: %d was next (%v)", line, next[n], err)
		}
		next[n]++
	}
	for n := range next {
		if next[n] != each {
			t.Errorf("writer %d: %d of %d lines", n, next[n], each)
		}
	}
}

func TestALineCostsNoAllocation(t *testing.T) {
	w := New(io.Discard)
	line := []byte(strings.Repeat("x", 500) + "\n")
	for range 2 * batch / len(line) {
		w.Write(line)
	}
	if n := testing.AllocsPerRun(5000, func() { w.Write(line) }); n > 0.5 {
		t.Errorf("%.2f allocations a line", n)
	}
	w.Flush(time.Minute)
}
