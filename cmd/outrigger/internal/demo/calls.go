package demo

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"outrigger/cmd/outrigger/internal/demo/load"
	"outrigger/cmd/outrigger/internal/demo/stage"
)

// operations are inventory's, in the order of the table.
var operations = [load.Operations]string{"getStock", "listStock", "reserveStock"}

// pattern is the order in which they are called: mostly reads, as in life.
var pattern = []int{0, 1, 0, 2, 0, 0, 1, 0, 2, 0, 0, 1, 0, 2, 0, 1, 0, 0, 1, 2}

// callsTo makes the requests that callers of orders send.
func callsTo(orders *stage.Orders) [load.Operations]load.Call {
	get := func(ctx context.Context, url string) (*http.Request, error) {
		return http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	}
	return [load.Operations]load.Call{
		func(ctx context.Context, p load.Path, n int64) (*http.Request, error) {
			return get(ctx, fmt.Sprintf("%s/availability/item-%d", orders.URL(p.String()), n%100))
		},
		func(ctx context.Context, p load.Path, _ int64) (*http.Request, error) {
			return get(ctx, orders.URL(p.String())+"/catalogue")
		},
		func(ctx context.Context, p load.Path, n int64) (*http.Request, error) {
			body := fmt.Sprintf(`{"order":"%s/%d","quantity":1}`, p, n)
			return http.NewRequestWithContext(ctx, http.MethodPost, fmt.Sprintf("%s/orders/item-%d", orders.URL(p.String()), n%100), strings.NewReader(body))
		},
	}
}
