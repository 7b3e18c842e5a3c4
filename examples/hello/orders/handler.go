package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

// newHandler serves the operations of openapi.yaml.
func newHandler(book *book, inventory *inventory) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /orders", func(w http.ResponseWriter, r *http.Request) { createOrder(w, r, book, inventory) })
	mux.HandleFunc("GET /orders/{id}", func(w http.ResponseWriter, r *http.Request) { getOrder(w, r, book, inventory) })
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok")) })
	return mux
}

// createOrder asks whether enough units are there, reserves them and writes the order down.
func createOrder(w http.ResponseWriter, r *http.Request, book *book, inventory *inventory) {
	var wanted struct {
		Item     string `json:"item"`
		Quantity int    `json:"quantity"`
	}
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4<<10)).Decode(&wanted)
	if err != nil || wanted.Item == "" || wanted.Quantity < 1 {
		refuse(w, http.StatusBadRequest, errors.New(`body must be {"item": "42", "quantity": n} with n of 1 or more`))
		return
	}
	item := url.PathEscape(wanted.Item)
	now, err := inventory.stock(r, item)
	if err != nil {
		blame(w, err)
		return
	}
	if now.Available < wanted.Quantity {
		refuse(w, http.StatusConflict, fmt.Errorf("only %d units of item %s left", now.Available, wanted.Item))
		return
	}
	reserved, err := inventory.reserve(r, item, wanted.Quantity)
	if err != nil {
		blame(w, err)
		return
	}
	made := book.add(wanted.Item, wanted.Quantity, reserved.ID)
	w.Header().Set("Location", "/orders/"+made.ID)
	answer(w, http.StatusCreated, made)
}

func getOrder(w http.ResponseWriter, r *http.Request, book *book, inventory *inventory) {
	found, ok := book.find(r.PathValue("id"))
	if !ok {
		refuse(w, http.StatusNotFound, fmt.Errorf("no order %q", r.PathValue("id")))
		return
	}
	if left, heard := inventory.lastHeard(found.Item); heard {
		found.StockLeft = &left
	}
	answer(w, http.StatusOK, found)
}

// blame turns a failed call into an answer: what is the caller's fault stays so, anything else is a failure behind us.
func blame(w http.ResponseWriter, err error) {
	status := http.StatusBadGateway
	var answered *answerError
	if errors.As(err, &answered) {
		switch answered.Status {
		case http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			status = answered.Status
		}
	}
	refuse(w, status, err)
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
