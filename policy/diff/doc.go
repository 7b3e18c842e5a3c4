// Package diff says what changed in meaning between two compiled sets: values, operations, endpoints and ports, each with the
// line that is the reason and with its effect.
//
// It is a pure function of two sets. It decides what counts as one change (a line that five hundred operations inherit is one)
// and what a change does to callers and upstreams. It refuses to know how sets are read and compiled, and takes the effective
// values of an operation as package explain spells them. Files that differ in text and not in meaning are the same to it.
package diff
