// Package simulate runs the steps of a table's case on a whole sidecar in fake time: the gate, the stacks and the wire that serve
// real traffic, between callers and upstreams that exist in memory only. A minute of waiting takes no time, and what comes out is
// the same from run to run.
//
// It decides what an upstream's answer looks like on the wire and what is told of an exchange; it refuses to know what was wanted.
// The fake clock is that of testing/synctest, in the product's own binary: see docs/decisions/0006-fake-time-for-policy-tests.md.
package simulate
