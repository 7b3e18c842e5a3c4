package demo

import (
	"os"
	"sync"
)

// maxLog bounds the sidecar's log: a demo may run for days.
const maxLog = 32 << 20

// logfile is a file that begins anew when it is full. It is safe for concurrent use.
type logfile struct {
	mu      sync.Mutex
	file    *os.File
	written int
}

func createLog(path string) (*logfile, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return &logfile{file: f}, nil
}

func (l *logfile) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.written+len(b) > maxLog {
		if err := l.file.Truncate(0); err != nil {
			return 0, err
		}
		if _, err := l.file.Seek(0, 0); err != nil {
			return 0, err
		}
		l.written = 0
	}
	n, err := l.file.Write(b)
	l.written += n
	return n, err
}

func (l *logfile) Close() error { return l.file.Close() }
