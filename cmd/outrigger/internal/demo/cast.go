package demo

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"outrigger/cmd/outrigger/internal/demo/load"
	"outrigger/cmd/outrigger/internal/demo/screen"
	"outrigger/cmd/outrigger/internal/demo/stage"
	"outrigger/cmd/outrigger/internal/demo/watch"
	"outrigger/proxy"
)

// upstreamName is inventory's in the policy.
const upstreamName = "inventory"

// drain is the longest time that the sidecar takes to end.
const drain = 300 * time.Millisecond

// cast is everything that runs.
type cast struct {
	inventory *stage.Inventory
	orders    *stage.Orders
	admin     *watch.Admin
	places    screen.Places
	// ends are what has to be ended, the last one first.
	ends []func()
}

// gather starts inventory, the sidecar and orders, in this order. After an error nothing runs.
func gather(o Options, cycle time.Duration) (*cast, error) {
	c := &cast{}
	if err := c.startAll(o, cycle); err != nil {
		c.end()
		return nil, err
	}
	return c, nil
}

func (c *cast) startAll(o Options, cycle time.Duration) error {
	dir, err := folder(o.Dir)
	if err != nil {
		return err
	}
	c.places.Dir = dir
	if c.inventory, err = stage.NewInventory(); err != nil {
		return err
	}
	c.ends = append(c.ends, c.inventory.Close)
	if err := write(dir, settingsFor(cycle, c.inventory.Address())); err != nil {
		return err
	}
	port, err := c.startSidecar(o)
	if err != nil {
		return err
	}
	c.orders, err = stage.NewOrders(map[string]string{
		load.With.String():    port,
		load.Without.String(): "http://" + c.inventory.Address(),
	})
	if err != nil {
		return err
	}
	c.ends = append(c.ends, c.orders.Close)
	return nil
}

// startSidecar returns the URL of its port for inventory.
func (c *cast) startSidecar(o Options) (string, error) {
	log, err := createLog(filepath.Join(c.places.Dir, screen.LogName))
	if err != nil {
		return "", err
	}
	c.ends = append(c.ends, func() { _ = log.Close() })
	sidecar, err := proxy.New(proxy.Options{
		Policy: filepath.Join(c.places.Dir, screen.PolicyName), Drain: drain, Stderr: log, Version: o.Version, Revision: o.Revision,
	})
	var invalid *proxy.InvalidPolicy
	if errors.As(err, &invalid) && len(invalid.Problems) > 0 {
		return "", fmt.Errorf("%w: %s", err, invalid.Problems[0])
	}
	if err == nil {
		err = sidecar.Start()
	}
	if err != nil {
		return "", err
	}
	c.ends = append(c.ends, func() { sidecar.Drain(context.Background(), nil) })
	port := ""
	for _, variable := range sidecar.Environment() {
		name, value, _ := strings.Cut(variable, "=")
		switch name {
		case "OUTRIGGER_ADMIN":
			c.places.Admin = value
		case "OUTRIGGER_UPSTREAM_INVENTORY":
			port = value
		}
	}
	c.admin = watch.New(c.places.Admin)
	c.ends = append(c.ends, c.admin.Close)
	return port, nil
}

// end ends what was started.
func (c *cast) end() {
	for i := len(c.ends) - 1; i >= 0; i-- {
		c.ends[i]()
	}
	c.ends = nil
}
