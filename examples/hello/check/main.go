// Command check looks at the running hello example from outside, as a caller, an operator and Prometheus see it, and says
// whether it does what its README promises. It starts and stops nothing. It makes inventory flaky and edits a policy file; at
// the end inventory is well and the policy reads as before.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"
)

// site is where the parts of the example are.
type site struct {
	serviceOne string
	orders     string
	inventory  string
	prometheus string // empty: not there
	policy     string // file that the sidecar of orders reads
}

func main() {
	var at site
	flag.StringVar(&at.serviceOne, "service-one", "http://127.0.0.1:8081", "sidecar of service_one")
	flag.StringVar(&at.orders, "orders", "http://127.0.0.1:8082", "sidecar of orders")
	flag.StringVar(&at.inventory, "inventory", "http://127.0.0.1:8083", "sidecar of inventory")
	flag.StringVar(&at.prometheus, "prometheus", "http://127.0.0.1:9090", "Prometheus; empty when there is none")
	flag.StringVar(&at.policy, "policy", "examples/hello/orders/policy.yaml", "policy file of orders, which is edited and put back")
	limit := flag.Duration("limit", 3*time.Minute, "longest run")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, *limit)
	defer cancel()
	if err := at.check(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "FAIL %v\n", err)
		os.Exit(1)
	}
}

// check runs every promise in order and stops at the first that is not kept.
func (at site) check(ctx context.Context) error {
	promises := []struct {
		name string
		kept func(context.Context) (what string, err error)
	}{
		{"all services answer", at.answer},
		{"hello through the sidecar", at.hello},
		{"orders while inventory fails 30 %", at.flaky},
		{"the stream outlives the request timeouts", at.stream},
		{"inventory dead, then well again", at.dead},
		{"a policy edit under load", at.edit},
		{"Prometheus sees all sidecars", at.scraped},
	}
	defer at.well()
	for _, promise := range promises {
		what, err := promise.kept(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", promise.name, err)
		}
		fmt.Printf("ok   %s: %s\n", promise.name, what)
	}
	return nil
}

// well ends all faults, whatever became of the run.
func (at site) well() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := at.steer(ctx, "failure=0&delay=0s&dead=false"); err != nil {
		fmt.Fprintln(os.Stderr, "inventory keeps its faults:", strings.TrimSpace(err.Error()))
	}
}
