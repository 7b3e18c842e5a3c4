package main

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/spf13/cobra"
)

// healthTimeout bounds the one request of a health check.
const healthTimeout = 3 * time.Second

func newHealthcheckCommand() *cobra.Command {
	var admin string
	c := &cobra.Command{
		Use:   "healthcheck",
		Short: "Ask a running sidecar whether it is ready",
		Long:  "Exit 0 when /readyz of the admin port answers 200, for containers that have no shell and no curl.",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			client := http.Client{Timeout: healthTimeout, Transport: &http.Transport{Proxy: nil}}
			resp, err := client.Get("http://" + admin + "/readyz")
			if err != nil {
				return failed("no sidecar answers at %s: %v", admin, err)
			}
			defer resp.Body.Close()
			body, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
			if resp.StatusCode != http.StatusOK {
				return failed("the sidecar at %s is not ready: %s", admin, body)
			}
			fmt.Fprintln(c.OutOrStdout(), "ready")
			return nil
		},
	}
	c.Flags().StringVar(&admin, "admin", "127.0.0.1:9901", "address of the admin port")
	return c
}
