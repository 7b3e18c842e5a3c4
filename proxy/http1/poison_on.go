//go:build poison

package http1

import "net/http"

// poisoned says whether reused memory is overwritten after each message.
const poisoned = true

const poisonMark = "poisoned: kept beyond its message"

func poisonArena(a arena) {
	a = a[:cap(a)]
	for i := range a {
		a[i] = poisonMark
	}
}

func poisonHeader(h http.Header) {
	clear(h)
	h["Poisoned"] = []string{poisonMark}
}

func poisonBytes(b []byte) {
	for i := range b {
		b[i] = 0xDB
	}
}
