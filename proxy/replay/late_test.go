package replay

import (
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"

	"outrigger/policy"
	"outrigger/proxy/overload"
)

// pipe is a client that sends when the test says so.
func pipe(t *testing.T) (io.Reader, func(string)) {
	r, w := io.Pipe()
	t.Cleanup(func() { _ = w.Close() })
	return r, func(text string) {
		if _, err := io.WriteString(w, text); err != nil {
			t.Error(err)
		}
	}
}

// The wire of an attempt that is over may still be waiting for the client. What it gets then belongs to the attempt after it.
func TestBytesThatALateReaderGetsReachItsSuccessor(t *testing.T) {
	for _, limit := range []int64{1 << 10, 8} { // the second: the late bytes are beyond the bound, and kept all the same
		synctest.Test(t, func(t *testing.T) {
			source, send := pipe(t)
			m := overload.NewBuffers(1 << 20)
			ex := through(t, m, policy.Retry{MaxBody: limit}, source, func(req *http.Request) (*http.Response, error) {
				late := make(chan error)
				first := req.Body
				go func() {
					buf := make([]byte, 100)
					for {
						if _, err := first.Read(buf); err != nil {
							late <- err
							return
						}
					}
				}()
				send("begin ")
				synctest.Wait() // the first attempt waits for more
				second := rewind(t, req)
				got := make(chan string)
				go func() {
					buf := make([]byte, 17)
					_, _ = io.ReadFull(second, buf)
					got <- string(buf)
				}()
				synctest.Wait() // so does the second
				send("middle end")
				send("!")
				if text := <-got; text != "begin middle end!" {
					t.Errorf("the second attempt read %q", text)
				}
				if err := <-late; !errors.Is(err, errCut) {
					t.Errorf("the first attempt ended with %v", err)
				}
				return answer, nil
			})
			ex.Finish()
			if m.Used() != 0 {
				t.Errorf("%d bytes are held", m.Used())
			}
		})
	}
}

func TestBytesThatWereInFlightWhenAnAttemptFailedAreReplayed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, send := pipe(t)
		ex := through(t, overload.NewBuffers(1<<20), standard, source, func(req *http.Request) (*http.Response, error) {
			first := req.Body
			go func() { _, _ = first.Read(make([]byte, 100)) }()
			synctest.Wait()
			first.Close() // the attempt failed
			send("order")
			synctest.Wait()
			second := rewind(t, req)
			buf := make([]byte, 5)
			if _, err := io.ReadFull(second, buf); err != nil || string(buf) != "order" {
				t.Errorf("%q, %v", buf, err)
			}
			return answer, nil
		})
		ex.Finish()
	})
}

// An early answer commits the exchange while the body is still being sent: what the sender has yet to send stays.
func TestAnEarlyAnswerLetsTheBodyStreamOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, send := pipe(t)
		m := overload.NewBuffers(1 << 20)
		var second io.ReadCloser
		ex := through(t, m, standard, source, func(req *http.Request) (*http.Response, error) {
			go send("begin ")
			_, _ = io.ReadFull(req.Body, make([]byte, 6))
			second = rewind(t, req)
			_, _ = io.ReadFull(second, make([]byte, 2))
			return answer, nil // while "gin " is recorded and unread
		})
		if m.Used() == 0 {
			t.Error("the record is gone though it is needed")
		}
		go send("end")
		buf := make([]byte, 7)
		if _, err := io.ReadFull(second, buf); err != nil || string(buf) != "gin end" {
			t.Errorf("%q, %v", buf, err)
		}
		if m.Used() != 0 {
			t.Errorf("%d bytes are held after they were sent", m.Used())
		}
		if r := second.(rewinder); r.Rewindable() {
			t.Error("replayable after the exchange was committed")
		}
		ex.Finish()
		if _, err := second.Read(buf); !errors.Is(err, errCut) {
			t.Errorf("a read after the end: %v", err)
		}
	})
}

func TestALateReaderOfACommittedExchangeStillFeedsItsSuccessor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, send := pipe(t)
		m := overload.NewBuffers(1 << 20)
		got := make(chan string, 1)
		ex := through(t, m, standard, source, func(req *http.Request) (*http.Response, error) {
			first := req.Body
			go func() {
				for {
					if _, err := first.Read(make([]byte, 100)); err != nil {
						return
					}
				}
			}()
			send("begin ")
			synctest.Wait()
			second := rewind(t, req)
			go func() {
				buf := make([]byte, 9)
				_, _ = io.ReadFull(second, buf)
				got <- string(buf)
			}()
			synctest.Wait()
			return answer, nil
		})
		if m.Used() != 0 {
			t.Errorf("%d bytes are held though all was sent", m.Used())
		}
		send("end")
		if text := <-got; text != "begin end" {
			t.Errorf("the second attempt read %q", text)
		}
		ex.Finish()
		if m.Used() != 0 {
			t.Errorf("%d bytes are held", m.Used())
		}
	})
}

func TestTheEndOfTheExchangeWakesWhoWaitsForTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, send := pipe(t)
		woken := make(chan error, 1)
		ex := through(t, overload.NewBuffers(1<<20), standard, source, func(req *http.Request) (*http.Response, error) {
			first := req.Body
			go func() { _, _ = first.Read(make([]byte, 100)) }()
			synctest.Wait()
			second := rewind(t, req)
			go func() {
				_, err := second.Read(make([]byte, 100))
				woken <- err
			}()
			synctest.Wait()
			return answer, nil
		})
		ex.Finish()
		synctest.Wait()
		select {
		case err := <-woken:
			if !errors.Is(err, errCut) {
				t.Errorf("got %v", err)
			}
		default:
			t.Error("still waiting")
		}
		send("the client's bytes, for nobody")
	})
}
