// Package clue knows the names by which specs give facts away: media types of files, parameters by which clients
// wait, headers that carry an idempotency key.
//
// It decides by the name alone, in any spelling. It refuses to know where in a document a name stands and what follows from the
// fact; that is policy/openapi's to say, which is its only user.
package clue
