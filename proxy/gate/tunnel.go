package gate

import (
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"outrigger/policy"
	"outrigger/proxy/failure"
)

// tunnel joins client and upstream after a 101 until one side ends, both have been silent for timeouts.idle, or we drain.
func (v *visit) tunnel(resp *http.Response) {
	upstream, ok := resp.Body.(io.ReadWriteCloser)
	if !ok {
		v.fail(failure.New(failure.BadResponse, "the upstream switched protocols on a connection that cannot be written"))
		return
	}
	defer upstream.Close()
	client, buf, err := http.NewResponseController(v.w).Hijack()
	if err != nil {
		v.fail(failure.Wrap(failure.Internal, err))
		return
	}
	defer client.Close()
	v.ended, v.ex.Outcome = true, policy.OK

	upgrade := resp.Header["Upgrade"]
	dropHopByHop(resp.Header)
	resp.Header["Connection"], resp.Header["Upgrade"] = connectionUpgrade, upgrade
	resp.Header["Via"] = v.gate.via.append(resp.Header["Via"], resp.ProtoMajor, resp.ProtoMinor)
	head := http.Response{StatusCode: http.StatusSwitchingProtocols, ProtoMajor: 1, ProtoMinor: 1, Header: resp.Header}
	if err := head.Write(client); err != nil {
		return
	}
	early := io.Reader(client)
	if buf != nil && buf.Reader.Buffered() > 0 {
		early = io.MultiReader(io.LimitReader(buf, int64(buf.Reader.Buffered())), client)
	}
	v.join(client, early, upstream)
}

// join copies both ways. It returns when both directions have ended; the first that fails, the idle timeout, or an aborted exchange ends both.
func (v *visit) join(client net.Conn, early io.Reader, upstream io.ReadWriteCloser) {
	stop := func() {
		client.Close()
		upstream.Close()
	}
	idle := v.ex.Operation.Policy.Timeouts.Idle
	heard := func() {}
	if idle > 0 {
		watch := time.AfterFunc(idle, stop)
		defer watch.Stop()
		heard = func() { watch.Reset(idle) }
	}
	unregister := v.gate.live.OnDrain(stop)
	defer unregister()

	var in, out int64
	up := make(chan struct{})
	go func() {
		defer close(up)
		if err := pump(upstream, early, &in, heard); err != nil {
			stop()
		} else {
			closeWrite(upstream)
		}
	}()
	if err := pump(client, upstream, &out, heard); err != nil {
		stop()
	} else {
		closeWrite(client)
	}
	<-up
	v.ex.BytesIn, v.ex.BytesOut = in, out
}

// pump copies until the source ends, and tells of every piece.
func pump(dst io.Writer, src io.Reader, moved *int64, heard func()) error {
	buf := chunks.Get().(*[]byte)
	defer chunks.Put(buf)
	for {
		n, err := src.Read(*buf)
		if n > 0 {
			heard()
			*moved += int64(n)
			if _, err := dst.Write((*buf)[:n]); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// closeWrite passes the end of one direction on, where the transport can; otherwise both directions end.
func closeWrite(c io.Closer) {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
		return
	}
	_ = c.Close()
}
