package bars

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"outrigger/bench/internal/lab"
	"outrigger/bench/internal/load"
)

const (
	attackers    = 1000
	ordinaryRate = 500
	// attackRounds times ordinary traffic alone and under attack take turns.
	attackRounds             = 3
	calmPhase, attackedPhase = 6 * time.Second, 12 * time.Second
	attackWarmUp             = arriving + time.Second
	attackHeaderTimeout      = 5 * time.Second
	drip                     = time.Second // between two bytes of an attacker
	attackedTimes            = 2.0
	attackersHeld            = attackers * 9 / 10
	// arriving is how long it takes until all attackers have come, and absent how long one stays away that was cut off.
	arriving, absent = 4 * time.Second, 250 * time.Millisecond
	largeAnswer      = 2 << 20
	ordinaryMost     = 500
)

// attack is what was seen of ordinary traffic with and without the attackers.
type attack struct {
	calm, attacked []load.Reply
	dropped        int
	// held is the least number of attackers that were connected when it was looked, cut how many times one was cut off.
	held, cut int64
}

// Slowloris sends 500 requests a second, by turns alone and beside a thousand connections that each give or take a byte a second.
func Slowloris(ctx context.Context, l *lab.Lab) (*Verdict, error) {
	if err := raiseFiles(4*attackers, 2*attackers+2*ordinaryMost+spareFiles); err != nil {
		return nil, err
	}
	large := bytes.Repeat([]byte("x"), largeAnswer)
	port, stop, err := serve(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.URL.Path == "/exports/7" {
			_, _ = w.Write(large)
			return
		}
		fmt.Fprint(w, `{"id":42}`)
	})
	if err != nil {
		return nil, err
	}
	defer stop()
	s, err := startSidecar(ctx, l, "crowd.yaml.tmpl", map[string]any{"UpstreamPort": port, "HeaderTimeout": attackHeaderTimeout.String()})
	if err != nil {
		return nil, err
	}
	seen := attack{held: attackers}
	for round := range attackRounds {
		l.Say("round %d of %d: %d requests/s alone, then beside %d slow connections", round+1, attackRounds, ordinaryRate, attackers)
		seen.calm = append(seen.calm, seen.ordinary(ctx, s, calmPhase)...)
		if err := seen.underAttack(ctx, s); err != nil {
			return nil, err
		}
	}
	return judgeAttack(seen), ctx.Err()
}

func (a *attack) ordinary(ctx context.Context, s *sidecar, d time.Duration) []load.Reply {
	steady := load.Steady{URL: "http://" + s.address + "/items/42", PerSecond: ordinaryRate, Duration: d, Most: ordinaryMost}
	replies, dropped := steady.Run(ctx)
	a.dropped += dropped
	return replies
}

func (a *attack) underAttack(ctx context.Context, s *sidecar) error {
	running, cancel := context.WithCancel(ctx)
	var slow sync.WaitGroup
	var cut, held atomic.Int64
	for i := range attackers {
		slow.Go(func() { besiege(running, s.address, i, &held, &cut) })
	}
	defer func() {
		cancel()
		slow.Wait()
		a.cut += cut.Load()
	}()
	if err := pause(ctx, attackWarmUp); err != nil {
		return err
	}
	watching, stop := context.WithCancel(ctx)
	least := make(chan int64, 1)
	go func() {
		lowest := held.Load()
		for pause(watching, 100*time.Millisecond) == nil {
			lowest = min(lowest, held.Load())
		}
		least <- lowest
	}()
	a.attacked = append(a.attacked, a.ordinary(ctx, s, attackedPhase)...)
	stop()
	a.held = min(a.held, <-least)
	return nil
}

// besiege attacks with one connection after the other until the context ends. A quarter of the attackers each drips the head of a
// request, drips its body, reads a large answer a byte at a time, and never sends anything.
func besiege(ctx context.Context, address string, i int, held, cut *atomic.Int64) {
	_ = pause(ctx, time.Duration(i)*arriving/attackers)
	for ctx.Err() == nil {
		conn, err := net.DialTimeout("tcp", address, 2*time.Second)
		if err != nil {
			_ = pause(ctx, absent)
			continue
		}
		held.Add(1)
		stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
		siege(ctx, conn, i%4)
		if stop() {
			_ = conn.Close()
			cut.Add(1)
		}
		held.Add(-1)
		_ = pause(ctx, absent)
	}
}

func siege(ctx context.Context, conn net.Conn, kind int) {
	const host = " HTTP/1.1\r\nHost: a\r\n"
	switch kind {
	case 0:
		dripOut(ctx, conn, "GET /items/42"+host+"X-Slow: ")
	case 1:
		dripOut(ctx, conn, "PUT /items/42"+host+"Content-Length: "+strconv.Itoa(1<<20)+"\r\n\r\n")
	case 2:
		_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
		if _, err := io.WriteString(conn, "GET /exports/7"+host+"\r\n"); err != nil {
			return
		}
		dripIn(ctx, conn)
	default:
		_, _ = conn.Read(make([]byte, 1))
	}
}

// dripOut writes a beginning, and then a byte at a time for as long as the connection lives.
func dripOut(ctx context.Context, conn net.Conn, beginning string) {
	_, err := io.WriteString(conn, beginning)
	answer := make([]byte, 512)
	for err == nil && pause(ctx, drip) == nil {
		if _, err = io.WriteString(conn, "x"); err != nil {
			return
		}
		_ = conn.SetReadDeadline(time.Now().Add(time.Millisecond))
		if n, _ := conn.Read(answer); n > 0 {
			return // it was refused
		}
	}
}

func dripIn(ctx context.Context, conn net.Conn) {
	one := make([]byte, 1)
	for pause(ctx, drip) == nil {
		if _, err := conn.Read(one); err != nil {
			return
		}
	}
}

func judgeAttack(a attack) *Verdict {
	v := &Verdict{}
	v.Require(a.held >= attackersHeld, "the attack was there: never fewer than %d of %d connections", a.held, attackers)
	v.Require(a.cut > 0, "slow connections are cut off: %d times", a.cut)
	want := int(attackRounds * (calmPhase + attackedPhase).Seconds() * ordinaryRate)
	failed := failures(a.calm) + failures(a.attacked)
	v.Require(a.dropped == 0 && len(a.calm)+len(a.attacked) >= want*9/10, "the rate was held: %d requests, %d not made", len(a.calm)+len(a.attacked), a.dropped)
	v.Require(failed == 0, "ordinary traffic without an error: %d", failed)
	calm, attacked := percentile(a.calm, 0.99), percentile(a.attacked, 0.99)
	v.Figure("median %v alone, %v under attack", percentile(a.calm, 0.5).Round(time.Microsecond), percentile(a.attacked, 0.5).Round(time.Microsecond))
	v.Require(calm > 0 && attacked.Seconds() < attackedTimes*calm.Seconds(), "p99 under %.0f times: %v alone, %v under attack", attackedTimes, calm.Round(time.Microsecond), attacked.Round(time.Microsecond))
	return v
}

func failures(replies []load.Reply) (n int) {
	for _, r := range replies {
		if r.Status != http.StatusOK {
			n++
		}
	}
	return n
}

func percentile(replies []load.Reply, p float64) time.Duration {
	var took []time.Duration
	for _, r := range replies {
		if r.Status == http.StatusOK {
			took = append(took, r.Done.Sub(r.Sent))
		}
	}
	if len(took) == 0 {
		return 0
	}
	slices.Sort(took)
	return took[min(len(took)-1, int(p*float64(len(took))))]
}
