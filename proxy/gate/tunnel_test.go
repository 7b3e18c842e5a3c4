package gate

import (
	"bytes"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"outrigger/policy"
	"outrigger/proxy/exchange"
	"outrigger/proxy/live"
	"outrigger/proxy/overload"
)

// A connection of TLS, like a pipe, cannot be asked whether something has arrived.
func TestATunnelThatIsSilentHoldsNoBytesOfOthersThoughItsSourceCannotBeAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		var got bytes.Buffer
		buffers := overload.NewBuffers(1 << 20)
		f := flow{dst: &got, src: near, buffers: buffers, heard: func() {}}
		done := make(chan error)
		go func() { done <- f.run(nil) }()
		sent := bytes.Repeat([]byte("0123456789"), 10_000)
		for _, part := range [][]byte{nil, sent[:10], sent[10:50_000], sent[50_000:]} {
			if _, err := far.Write(part); err != nil {
				t.Fatal(err)
			}
			if _, err := far.Write([]byte(".")); err != nil { // the end of a burst is hardly ever as long as a buffer
				t.Fatal(err)
			}
			synctest.Wait()
			if n := buffers.Used(); n != 0 {
				t.Errorf("%d bytes are held after %d", n, got.Len())
			}
		}
		far.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if want := len(sent) + 4; got.Len() != want {
			t.Errorf("%d bytes came, want %d", got.Len(), want)
		}
		near.Close()
	})
}

// brittle is an upstream that panics when it is written to.
type brittle struct{ net.Conn }

func (brittle) Write([]byte) (int, error) { panic("boom") }

func TestAPanicOfADirectionOfATunnelIsThatOfItsRequest(t *testing.T) {
	client, _ := net.Pipe()
	upstream, _ := net.Pipe()
	up := &policy.Upstream{Name: "up"}
	v := &visit{gate: &Gate{live: new(live.Live)}, ex: exchange.New(t.Context(), up, &policy.Operation{}, time.Now())}
	defer func() {
		if reason := recover(); reason != "boom" {
			t.Errorf("panicked with %v", reason)
		}
		if _, err := client.Write([]byte("x")); err != io.ErrClosedPipe {
			t.Errorf("the client's connection is not closed: %v", err)
		}
	}()
	v.join(client, []byte("early"), brittle{upstream})
}

func TestATunnelInWhichMuchFlowsTakesLargePieces(t *testing.T) {
	reads := &sizes{left: 10}
	f := flow{dst: io.Discard, src: reads, buffers: overload.NewBuffers(1 << 20), heard: func() {}}
	if err := f.run(nil); err != nil {
		t.Fatal(err)
	}
	if reads.asked[0] != pieceSize || reads.asked[5] != chunkSize {
		t.Errorf("reads of %d bytes", reads.asked)
	}
}

// sizes is a source that fills what it is given and remembers how much that was.
type sizes struct {
	left  int
	asked []int
}

func (s *sizes) Read(p []byte) (int, error) {
	s.asked = append(s.asked, len(p))
	if s.left--; s.left < 0 {
		return 0, io.EOF
	}
	return len(p), nil
}
