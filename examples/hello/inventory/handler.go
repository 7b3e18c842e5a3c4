package main

import (
	"encoding/json"
	"errors"
	"net/http"
)

// newHandler serves the operations of openapi.yaml. Only those under /stock suffer from the faults:
// /flaky must stay reachable while the rest is dead.
func newHandler(stock *stock, faults *faults) http.Handler {
	goods := http.NewServeMux()
	goods.HandleFunc("GET /stock/{item}", func(w http.ResponseWriter, r *http.Request) { getStock(w, r, stock) })
	goods.HandleFunc("POST /stock/{item}/reservations", func(w http.ResponseWriter, r *http.Request) { reserve(w, r, stock) })
	goods.HandleFunc("GET /stock/events", func(w http.ResponseWriter, r *http.Request) { watch(w, r, stock) })

	mux := http.NewServeMux()
	mux.Handle("/stock/", faults.strike(goods))
	mux.HandleFunc("GET /flaky", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, faults.current()) })
	mux.HandleFunc("POST /flaky", func(w http.ResponseWriter, r *http.Request) { steer(w, r, faults) })
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok")) })
	return mux
}

func getStock(w http.ResponseWriter, r *http.Request, stock *stock) {
	level, err := stock.level(r.PathValue("item"))
	if err != nil {
		refuse(w, http.StatusNotFound, err)
		return
	}
	answer(w, http.StatusOK, level)
}

func reserve(w http.ResponseWriter, r *http.Request, stock *stock) {
	var wanted struct {
		Quantity int `json:"quantity"`
	}
	body := http.MaxBytesReader(w, r.Body, 4<<10)
	if err := json.NewDecoder(body).Decode(&wanted); err != nil || wanted.Quantity < 1 {
		refuse(w, http.StatusBadRequest, errors.New(`body must be {"quantity": n} with n of 1 or more`))
		return
	}
	made, err := stock.reserve(r.PathValue("item"), wanted.Quantity, r.Header.Get("Idempotency-Key"))
	switch {
	case errors.Is(err, errUnknownItem):
		refuse(w, http.StatusNotFound, err)
	case err != nil:
		refuse(w, http.StatusConflict, err)
	default:
		answer(w, http.StatusCreated, made)
	}
}

func steer(w http.ResponseWriter, r *http.Request, faults *faults) {
	if err := faults.steer(r.URL.RawQuery); err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	answer(w, http.StatusOK, faults.current())
}

func answer(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}

func refuse(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": err.Error(),
	})
}
