package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// keepAlive is well below the idle timeout of the policies, so that a quiet stream is not taken for a dead one.
const keepAlive = 15 * time.Second

// watch streams every change of stock as a server-sent event until the client or the process goes.
func watch(w http.ResponseWriter, r *http.Request, stock *stock) {
	changes, end, err := stock.watch()
	if err != nil {
		refuse(w, http.StatusServiceUnavailable, err)
		return
	}
	defer end()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	stream := http.NewResponseController(w)
	tick := time.NewTicker(keepAlive)
	defer tick.Stop()
	for err = stream.Flush(); err == nil; err = stream.Flush() {
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
			_, err = fmt.Fprint(w, ": still here\n\n")
		case change := <-changes:
			text, _ := json.Marshal(change)
			_, err = fmt.Fprintf(w, "event: stock\ndata: %s\n\n", text)
		}
		if err != nil {
			return
		}
	}
}
