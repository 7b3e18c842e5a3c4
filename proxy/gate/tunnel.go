package gate

import (
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"outrigger/policy"
	"outrigger/proxy/failure"
	"outrigger/proxy/http1"
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
	var early []byte // what the client sent behind its request
	if buf != nil && buf.Reader.Buffered() > 0 {
		got, _ := buf.Reader.Peek(buf.Reader.Buffered())
		early = append(early, got...)
	}
	v.join(client, early, upstream)
}

// join copies both ways, early first. It returns when both directions have ended; the first that fails, the idle timeout, or an
// aborted exchange ends both.
func (v *visit) join(client net.Conn, early []byte, upstream io.ReadWriteCloser) {
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

	in := flow{dst: upstream, src: client, buffers: v.gate.buffers, heard: heard}
	out := flow{dst: client, src: upstream, buffers: v.gate.buffers, heard: heard}
	up := make(chan struct{})
	var panicked any
	go func() {
		defer close(up)
		defer func() { // it would end the process here
			if panicked = recover(); panicked != nil {
				stop()
			}
		}()
		if err := in.run(early); err != nil {
			stop()
		} else {
			closeWrite(upstream)
		}
	}()
	if err := out.run(nil); err != nil {
		stop()
	} else {
		closeWrite(client)
	}
	<-up
	if panicked != nil {
		panic(panicked)
	}
	v.ex.BytesIn, v.ex.BytesOut = in.moved, out.moved
}

// flow is one direction of a tunnel.
type flow struct {
	dst     io.Writer
	src     io.Reader
	buffers http1.Buffers
	heard   func() // is told of every piece
	moved   int64
	much    bool // the last piece filled a small buffer
}

// run copies what came early, and then until the source ends. A flow that waits holds no buffer, or a small one where the source cannot
// tell that something has arrived, as that of TLS cannot.
func (f *flow) run(early []byte) error {
	if len(early) > 0 {
		if err := f.pass(early); err != nil {
			return err
		}
	}
	arrived := http1.Arrivals(f.src)
	for {
		if err := arrived(); err != nil {
			return err
		}
		if err := f.step(); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
}

// step copies one piece: a small one, or after one that was not small a larger, where there are bytes left for that.
func (f *flow) step() error {
	pool := &pieces
	if f.much && f.buffers.Take(chunkSize) {
		pool = &chunks
		defer f.buffers.Give(chunkSize)
	}
	buf := pool.Get().(*[]byte)
	defer pool.Put(buf)
	n, err := f.src.Read(*buf)
	f.much = n >= pieceSize
	if n > 0 {
		if err := f.pass((*buf)[:n]); err != nil {
			return err
		}
	}
	return err
}

func (f *flow) pass(p []byte) error {
	f.heard()
	f.moved += int64(len(p))
	_, err := f.dst.Write(p)
	return err
}

// closeWrite passes the end of one direction on, where the transport can; otherwise both directions end.
func closeWrite(c io.Closer) {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
		return
	}
	_ = c.Close()
}
