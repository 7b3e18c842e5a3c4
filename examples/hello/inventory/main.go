// Command inventory is the flaky upstream of the hello example: it keeps stock, takes reservations, streams changes,
// and fails, slows down or drops connections as it is told through /flaky. It knows nothing of the sidecar in front of it.
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
		log.Fatalf("inventory: %v", err)
	}
}

func setting(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}

// serve answers requests until SIGTERM or SIGINT, then ends its streams and finishes what is in flight.
func serve(address string) error {
	faults, err := newFaults(os.Getenv("FAILURE"), os.Getenv("DELAY"), os.Getenv("DEAD"))
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	server := &http.Server{
		Addr:              address,
		Handler:           newHandler(newStock(), faults),
		ReadHeaderTimeout: 5 * time.Second,
		// A stream ends when its request context does; without this, Shutdown would wait for it.
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		limited, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		stopped <- server.Shutdown(limited)
	}()
	log.Printf("inventory: serving on %s", address)
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
