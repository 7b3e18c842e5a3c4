// Package demo is the whole product in one process, with nothing to install: an upstream that turns flaky, slow and dead, a service
// that calls it through a sidecar and, for comparison, directly, and a view of both.
//
// It ties the parts together: package stage plays, load calls and measures, watch reads the sidecar's admin port, screen shows. No
// figure is made here, and the sidecar is the one that outrigger proxy runs.
package demo
