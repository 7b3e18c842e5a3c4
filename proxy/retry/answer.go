package retry

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"

	"outrigger/proxy/exchange"
)

// keepBytes bounds what is copied of an answer that may yet be the one that counts.
const keepBytes = 64 << 10

// answer is a reply that another attempt followed. It is kept until a later one has an answer too.
type answer struct {
	attempt *exchange.Attempt
	resp    *http.Response
}

// readier is a body that knows whether Read would wait; the wire's does.
type readier interface{ Ready() bool }

// keep takes the place of the answer kept before. What has arrived of a small body is copied; a body that has arrived whole is closed,
// so that its connection is free for the next attempt. Any other stays where it is, with its connection: waiting for the rest
// could take as long as the upstream likes, and copying it as much memory.
func (r *run) keep(a *exchange.Attempt, resp *http.Response) {
	r.discard()
	r.kept = &answer{a, resp}
	if resp.ContentLength > keepBytes {
		return
	}
	copied, whole, err := arrived(resp.Body)
	switch {
	case whole:
		own := *resp
		own.Header, own.Trailer = resp.Header.Clone(), resp.Trailer.Clone()
		own.Body = io.NopCloser(io.MultiReader(bytes.NewReader(copied), breaking{err}))
		_ = resp.Body.Close()
		r.kept.resp = &own
	case len(copied) > 0:
		resp.Body = &continued{io.MultiReader(bytes.NewReader(copied), resp.Body), resp.Body}
	}
}

// arrived reads what a body gives without waiting, and says whether that was all of it: up to its end, or to the error that ended it.
func arrived(body io.Reader) (copied []byte, whole bool, err error) {
	if body == http.NoBody {
		return nil, true, nil
	}
	b, ok := body.(readier)
	for ok && len(copied) < keepBytes && b.Ready() {
		copied = slices.Grow(copied, 512)
		n, err := body.Read(copied[len(copied):min(cap(copied), keepBytes)])
		copied = copied[:len(copied)+n]
		switch {
		case errors.Is(err, io.EOF):
			return copied, true, nil
		case err != nil:
			return copied, true, err
		case n == 0:
			return copied, false, nil
		}
	}
	return copied, false, nil
}

// continued is a body of which the beginning was copied.
type continued struct {
	io.Reader
	io.Closer
}

// discard gives up the answer that is kept, if any. The wire drains what has arrived and closes the connection otherwise.
func (r *run) discard() {
	if r.kept != nil {
		_ = r.kept.resp.Body.Close()
		r.kept = nil
	}
}

// breaking gives the error that ended the original body.
type breaking struct{ err error }

func (b breaking) Read([]byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	return 0, io.EOF
}
