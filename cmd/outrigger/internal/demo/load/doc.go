// Package load calls the service at an even pace, each call on every path at the same moment, and measures what callers got.
//
// It decides when a call is made and what counts as a failure for a caller: anything but a 2xx answer. Of the sidecar it knows only
// what a caller can see, the number of attempts in an answer's head.
package load
