// Package table reads the tables in which users write what their policies must do, and says which of their expectations hold.
//
// A table is a YAML file of cases: a request, what the upstream answers, what must come of it. What a policy says of a request
// (operation, values, retries) is asked of package explain; what a sidecar does with it is asked of a simulator, which the caller
// passes in and package proxy/simulate is. The package decides what a table may say and when an expectation is met; it refuses to
// know clocks, layers and how a policy is read. It is a pure function of the bytes of a table, a set and a simulator.
package table
