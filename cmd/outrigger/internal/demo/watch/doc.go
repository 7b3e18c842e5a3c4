// Package watch reads a sidecar's admin port as any other program could: /operations, /metrics and /decisions over HTTP.
//
// It decides nothing. What it returns are the sidecar's own figures, summed up by operation.
package watch
