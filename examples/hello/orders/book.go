package main

import (
	"strconv"
	"sync"
)

// maxOrders are kept; the oldest is forgotten first.
const maxOrders = 10_000

// order is what a caller gets back.
type order struct {
	ID          string `json:"id"`
	Item        string `json:"item"`
	Quantity    int    `json:"quantity"`
	Reservation string `json:"reservation"`
	StockLeft   *int   `json:"stockLeft,omitempty"` // as last heard from inventory's stream
}

// book keeps the orders; safe for concurrent use.
type book struct {
	mu     sync.Mutex
	made   int
	orders map[string]order
}

func newBook() *book { return &book{orders: map[string]order{}} }

func (b *book) add(item string, quantity int, reservation string) order {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.made++
	made := order{ID: strconv.Itoa(b.made), Item: item, Quantity: quantity, Reservation: reservation}
	b.orders[made.ID] = made
	delete(b.orders, strconv.Itoa(b.made-maxOrders))
	return made
}

func (b *book) find(id string) (order, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	found, ok := b.orders[id]
	return found, ok
}
