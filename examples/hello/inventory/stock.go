package main

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
)

const (
	items        = 100    // items are numbered from 1 to this
	unitsAtStart = 10_000 // of every item
	rememberKeys = 10_000 // idempotency keys kept; the oldest goes first
	watchers     = 100    // streams open at once
)

var (
	errUnknownItem = fmt.Errorf("item unknown, expected a number from 1 to %d", items)
	errSoldOut     = errors.New("fewer units left than were asked for")
	errWatchers    = fmt.Errorf("%d streams are open already", watchers)
)

// level is how many units of an item are left.
type level struct {
	Item      string `json:"item"`
	Available int    `json:"available"`
}

// reservation is the answer to a request that took units off the stock.
type reservation struct {
	ID       string `json:"reservation"`
	Item     string `json:"item"`
	Quantity int    `json:"quantity"`
}

// stock is the warehouse; safe for concurrent use.
type stock struct {
	mu       sync.Mutex
	left     map[string]int
	made     int
	byKey    map[string]reservation
	keys     []string // ring of the keys in byKey
	oldest   int      // place in the full ring of the key that goes next
	watching map[chan level]struct{}
}

func newStock() *stock {
	s := &stock{left: map[string]int{}, byKey: map[string]reservation{}, watching: map[chan level]struct{}{}}
	for n := 1; n <= items; n++ {
		s.left[strconv.Itoa(n)] = unitsAtStart
	}
	return s
}

func (s *stock) level(item string) (level, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	left, known := s.left[item]
	if !known {
		return level{}, errUnknownItem
	}
	return level{item, left}, nil
}

// reserve takes units off the stock. A second call with the same key takes nothing and answers as the first did:
// that is what makes it safe for a sidecar to send the request again.
func (s *stock) reserve(item string, quantity int, key string) (reservation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if earlier, seen := s.byKey[key]; seen && key != "" {
		return earlier, nil
	}
	left, known := s.left[item]
	if !known {
		return reservation{}, errUnknownItem
	}
	if left < quantity {
		return reservation{}, errSoldOut
	}
	s.left[item] = left - quantity
	s.made++
	made := reservation{ID: fmt.Sprintf("r-%d", s.made), Item: item, Quantity: quantity}
	s.remember(key, made)
	s.tell(level{item, s.left[item]})
	return made, nil
}

func (s *stock) remember(key string, made reservation) {
	if key == "" {
		return
	}
	if len(s.keys) < rememberKeys {
		s.keys = append(s.keys, key)
	} else {
		delete(s.byKey, s.keys[s.oldest])
		s.keys[s.oldest] = key
		s.oldest = (s.oldest + 1) % rememberKeys
	}
	s.byKey[key] = made
}

// tell passes a change to every watcher. One that reads too slowly misses changes rather than hold up the warehouse.
func (s *stock) tell(change level) {
	for watcher := range s.watching {
		select {
		case watcher <- change:
		default:
		}
	}
}

// watch returns a channel of changes and the function that ends it.
func (s *stock) watch() (changes <-chan level, end func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.watching) >= watchers {
		return nil, nil, errWatchers
	}
	watcher := make(chan level, 64)
	s.watching[watcher] = struct{}{}
	return watcher, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.watching, watcher)
	}, nil
}
