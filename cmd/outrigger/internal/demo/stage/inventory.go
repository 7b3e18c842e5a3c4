package stage

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Inventory is the upstream: an HTTP server on loopback that behaves as its phase says. It is safe for concurrent use.
type Inventory struct {
	address string
	phase   atomic.Int64
	ledger  *ledger
	luck    luck

	mu      sync.Mutex
	server  *http.Server // nil while dead
	serving sync.WaitGroup
}

// NewInventory begins to serve, healthy.
func NewInventory() (*Inventory, error) {
	i := &Inventory{ledger: newLedger(), luck: luck(maphash.MakeSeed())}
	l, err := lowPort()
	if err != nil {
		return nil, err
	}
	i.address = l.Addr().String()
	i.serve(l)
	return i, nil
}

// The ports from which inventory takes one. While it is dead its port is nobody's, and systems give outgoing connections ports
// above these: none of them can take it, or connect to itself by it.
const (
	lowestPort  = 20_000
	highestPort = 32_000
	portTries   = 200
)

func lowPort() (net.Listener, error) {
	var err error
	for range portTries {
		var l net.Listener
		l, err = listen(fmt.Sprintf("127.0.0.1:%d", lowestPort+rand.N(highestPort-lowestPort)))
		if err == nil {
			return l, nil
		}
	}
	return nil, fmt.Errorf("port for inventory: none of %d tried is free: %w", portTries, err)
}

// Address is where inventory listens in every phase but one.
func (i *Inventory) Address() string { return i.address }

// Booked tells what was reserved for the orders whose names begin with path and a slash.
func (i *Inventory) Booked(path string) Booked { return i.ledger.of(path) }

// Enter begins a phase. It fails when the port was taken by somebody else meanwhile, and may then be tried again.
func (i *Inventory) Enter(p Phase) error {
	i.phase.Store(int64(p))
	if p == Dead {
		i.Close()
		return nil
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.server != nil {
		return nil
	}
	l, err := listen(i.address)
	if err != nil {
		return fmt.Errorf("inventory cannot come back: %w", err)
	}
	i.serve(l)
	return nil
}

// Close cuts every connection and stops listening.
func (i *Inventory) Close() {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.server != nil {
		_ = i.server.Close()
		i.server = nil
	}
	i.serving.Wait()
}

func (i *Inventory) serve(l net.Listener) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /stock", i.listStock)
	mux.HandleFunc("GET /stock/{item}", i.getStock)
	mux.HandleFunc("POST /stock/{item}/reservations", i.reserveStock)
	server := newServer(mux)
	i.server = server
	i.serving.Go(func() { _ = server.Serve(l) })
}

func (i *Inventory) listStock(w http.ResponseWriter, r *http.Request) {
	i.answer(w, r, reply{status: http.StatusOK, body: []level{{"screws", 1200}, {"nuts", 900}, {"bolts", 40}}})
}

func (i *Inventory) getStock(w http.ResponseWriter, r *http.Request) {
	i.answer(w, r, reply{status: http.StatusOK, body: level{r.PathValue("item"), 40}})
}

func (i *Inventory) reserveStock(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Order    string `json:"order"`
		Quantity int    `json:"quantity"`
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err == nil {
		err = json.Unmarshal(body, &asked)
	}
	if err != nil || asked.Order == "" || asked.Quantity < 1 {
		http.Error(w, "reservation: expected an order and a quantity", http.StatusBadRequest)
		return
	}
	i.answer(w, r, reply{
		status: http.StatusCreated, body: asked,
		work: func(answered bool) { i.ledger.book(asked.Order, answered) },
	})
}

type level struct {
	Item      string `json:"item"`
	Available int    `json:"available"`
}

// reply is what inventory answers when nothing goes wrong, and the work it does first.
type reply struct {
	status int
	body   any
	work   func(answered bool)
}

// stallFor is longer than anybody waits.
const stallFor = 3 * Patience

// answer lets the phase decide what becomes of a reply.
func (i *Inventory) answer(w http.ResponseWriter, r *http.Request, a reply) {
	f := faultOf(Phase(i.phase.Load()), i.luck.draw(r))
	if f == busy {
		http.Error(w, "inventory is busy", http.StatusServiceUnavailable)
		return
	}
	if a.work != nil {
		a.work(f == none)
	}
	switch f {
	case cut:
		cutOff(w)
		return
	case stall:
		select {
		case <-time.After(stallFor):
		case <-r.Context().Done():
			return
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.status)
	_ = json.NewEncoder(w).Encode(a.body)
}

// cutOff ends the connection in the middle of the head. A connection that ends without one byte would not do: clients take it for
// one that was idle for too long and send again by themselves.
func cutOff(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer conn.Close()
	_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Ty")
}

// Bounds of both servers.
const (
	headTimeout = 5 * time.Second
	maxBody     = 4 << 10
)

func newServer(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: headTimeout, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
}

func listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	var failed *net.OpError
	if errors.As(err, &failed) {
		return nil, fmt.Errorf("port %s: %w", address, failed.Err)
	}
	return l, err
}
