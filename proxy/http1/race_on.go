//go:build race

package http1

// The race detector cannot see through system calls made past the standard
// library, and would report handlers and clients that are ordered by them.
func init() { raceDetector = true }
