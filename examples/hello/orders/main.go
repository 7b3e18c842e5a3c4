// Command orders is the service in the middle of the hello example: callers order from it, and it asks inventory. It has
// no retry, no timeout of its own for a call and no breaker: all of that is in the policy of the sidecar beside it, which it
// reaches as an ordinary proxy (HTTP_PROXY) or as the address of inventory (INVENTORY_URL).
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	address := net.JoinHostPort(setting("HOST", "127.0.0.1"), setting("PORT", "5000"))
	run := serve
	if len(os.Args) > 1 && os.Args[1] == "healthcheck" {
		run = healthcheck
	}
	if err := run(address); err != nil {
		log.Fatalf("orders: %v", err)
	}
}

func setting(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}

// serve answers requests until SIGTERM or SIGINT, then finishes what is in flight.
func serve(address string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	inventory := newInventory(setting("INVENTORY_URL", "http://inventory:8080"))
	go inventory.follow(ctx)
	server := &http.Server{
		Addr:              address,
		Handler:           newHandler(newBook(), inventory),
		ReadHeaderTimeout: 5 * time.Second,
	}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		limited, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		stopped <- server.Shutdown(limited)
	}()
	log.Printf("orders: serving on %s, inventory at %s", address, inventory.url)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}

// healthcheck is for a container without a shell: it asks the process that serves on the address.
func healthcheck(address string) error {
	client := &http.Client{Timeout: time.Second}
	answer, err := client.Get("http://" + address + "/healthz")
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("/healthz answered %s", answer.Status)
	}
	return nil
}
