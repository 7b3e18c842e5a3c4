package stage

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// Patience is how long orders waits for inventory, on both paths: what a careful programmer gives an HTTP client.
const Patience = time.Second

// Orders is the service: an HTTP server on loopback that needs inventory to answer its own callers. It has no retry and no breaker,
// and does not know which way its calls go. It is safe for concurrent use.
type Orders struct {
	address string
	server  *http.Server
	client  *http.Client
	serving sync.WaitGroup
}

// NewOrders begins to serve. Inventory gives the base URL by which each path reaches inventory; the service is there once for each,
// below /PATH/.
func NewOrders(inventory map[string]string) (*Orders, error) {
	l, err := listen("127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	o := &Orders{
		address: l.Addr().String(),
		client: &http.Client{Timeout: Patience, Transport: &http.Transport{
			MaxIdleConnsPerHost: idleConnections, IdleConnTimeout: time.Minute, DisableCompression: true,
		}},
	}
	mux := http.NewServeMux()
	for path, base := range inventory {
		mux.HandleFunc("GET /"+path+"/availability/{item}", func(w http.ResponseWriter, r *http.Request) {
			o.ask(w, r, base+"/stock/"+r.PathValue("item"))
		})
		mux.HandleFunc("GET /"+path+"/catalogue", func(w http.ResponseWriter, r *http.Request) {
			o.ask(w, r, base+"/stock")
		})
		mux.HandleFunc("POST /"+path+"/orders/{item}", func(w http.ResponseWriter, r *http.Request) {
			o.ask(w, r, base+"/stock/"+r.PathValue("item")+"/reservations")
		})
	}
	o.server = newServer(mux)
	o.serving.Go(func() { _ = o.server.Serve(l) })
	return o, nil
}

// idleConnections is how many connections to each address are kept for reuse.
const idleConnections = 64

// URL is the base of what callers of a path call.
func (o *Orders) URL(path string) string { return "http://" + o.address + "/" + path }

// Close cuts every connection and stops listening.
func (o *Orders) Close() {
	_ = o.server.Close()
	o.serving.Wait()
	o.client.CloseIdleConnections()
}

// AttemptsField carries the sidecar's word on how often it tried through to the caller.
const AttemptsField = "Outrigger-Attempts"

// ask calls inventory once and answers as it did.
func (o *Orders) ask(w http.ResponseWriter, r *http.Request, url string) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		http.Error(w, "the request broke off", http.StatusBadRequest)
		return
	}
	req, err := http.NewRequestWithContext(r.Context(), r.Method, url, bytes.NewReader(body))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	req.Header.Set(IDField, r.Header.Get(IDField))
	resp, err := o.client.Do(req)
	if err != nil {
		unanswered(w, err)
		return
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		unanswered(w, err)
		return
	}
	if attempts := resp.Header.Get(AttemptsField); attempts != "" {
		w.Header().Set(AttemptsField, attempts)
	}
	w.Header().Set("Content-Type", resp.Header.Get("Content-Type"))
	w.WriteHeader(resp.StatusCode)
	_, _ = w.Write(answer)
}

func unanswered(w http.ResponseWriter, err error) {
	status := http.StatusBadGateway
	var network net.Error
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &network) && network.Timeout() {
		status = http.StatusGatewayTimeout
	}
	http.Error(w, fmt.Sprintf("inventory did not answer: %v", err), status)
}
