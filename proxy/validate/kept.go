package validate

import (
	"errors"
	"io"
	"sync/atomic"

	"outrigger/proxy/exchange"
)

// firstRoom is the memory that a body begins with, in bytes. It doubles as more of the body comes, so that one which is announced or
// drips holds no more than what is there.
const firstRoom = 4 << 10

// kept is a request's body of which the beginning, or all, has been read. It reads as the body did.
type kept struct {
	source  io.ReadCloser
	text    []byte
	at      int
	err     error // how the source ended, nil where it goes on
	memory  Memory
	taken   atomic.Int64 // given back when all of text has been read, or by whoever ends the exchange
	starved bool         // there was no memory for more
}

// grow makes room for more of a body of a length, or of none where that is less than 0.
func (k *kept) grow(length int64) bool {
	if length < 0 {
		length = MaxBody + 1 // which tells one that is too long
	}
	room := int64(cap(k.text))
	size := min(max(2*room, firstRoom), length)
	if !k.memory.Take(size - room) {
		k.starved = true
		return false
	}
	k.taken.Add(size - room)
	k.text = append(make([]byte, 0, size), k.text...)
	return true
}

// fill reads the source up to its announced length, or as far as MaxBody where that is less than 0. It reports whether that was all.
func (k *kept) fill(length int64) (whole bool) {
	for {
		if len(k.text) == cap(k.text) {
			switch {
			case int64(len(k.text)) == length:
				k.err = io.EOF
				return true
			case len(k.text) > MaxBody || !k.grow(length):
				return false
			}
		}
		n, err := k.source.Read(k.text[len(k.text):cap(k.text)])
		k.text = k.text[:len(k.text)+n]
		if err != nil {
			k.err = err
			return errors.Is(err, io.EOF) && len(k.text) <= MaxBody && (length < 0 || int64(len(k.text)) == length)
		}
	}
}

// Read gives what was read, and reads on from the source then.
func (k *kept) Read(p []byte) (int, error) {
	if k.at < len(k.text) {
		return k.read(p)
	}
	if k.err != nil {
		return 0, k.err
	}
	return k.source.Read(p)
}

// read gives the end together with the last bytes, so that nobody waits for it.
func (k *kept) read(p []byte) (int, error) {
	n := copy(p, k.text[k.at:])
	k.at += n
	if k.at == len(k.text) {
		k.text, k.at = nil, 0
		k.giveBack()
		return n, k.err
	}
	return n, nil
}

// readyReader is a body that gives what is there without waiting; the wire's does.
type readyReader interface {
	ReadReady(p []byte) (int, error)
}

// ReadReady is Read, except that it gives (0, nil) instead of waiting.
func (k *kept) ReadReady(p []byte) (int, error) {
	if k.at < len(k.text) {
		return k.read(p)
	}
	if k.err != nil {
		return 0, k.err
	}
	if r, ok := k.source.(readyReader); ok {
		return r.ReadReady(p)
	}
	return 0, nil
}

// Close closes the source.
func (k *kept) Close() error { return k.source.Close() }

// FinishExchange gives the memory back.
func (k *kept) FinishExchange(*exchange.Exchange) { k.giveBack() }

func (k *kept) giveBack() {
	if n := k.taken.Swap(0); n > 0 {
		k.memory.Give(n)
	}
}
