package http1

import (
	"io"
	"net/http"
)

// ReadFrom implements io.ReaderFrom. What src gives is sent as it comes; what
// is at hand when src ends leaves with the end of the message, so that a small
// answer takes one write. Errors of src are given as they are, those of the
// client as *ClientError.
func (w *response) ReadFrom(src io.Reader) (total int64, err error) {
	if err := w.accept(0); err != nil {
		return 0, err
	}
	if w.isHead || w.bodiless {
		return io.Copy(writerOnly{w}, src)
	}
	upstream, _ := src.(*respBody)
	for {
		if w.buf == nil {
			w.buf = borrow(smallSize)
		}
		if upstream == nil || !upstream.fits(len(w.buf.free())) {
			w.buf = w.buf.enlarged()
		}
		n, err := src.Read(w.buf.free())
		if n > 0 {
			if refused := w.accept(n); refused != nil {
				return total, refused
			}
			total += int64(n)
			w.buf.end += n
		}
		if err == io.EOF {
			return total, nil
		}
		waits := (upstream == nil || !upstream.Ready()) && w.written != w.length
		if n > 0 && (waits || len(w.buf.free()) == 0) {
			if failed := w.flush(false); failed != nil {
				return total, failed
			}
		}
		if err != nil {
			return total, err
		}
	}
}

type writerOnly struct{ w http.ResponseWriter }

func (w writerOnly) Write(p []byte) (int, error) { return w.w.Write(p) }
