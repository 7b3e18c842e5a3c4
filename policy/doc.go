// Package policy is the vocabulary of Outrigger: the immutable values that say what may happen to a request.
//
// It decides nothing about sockets, clocks or files; it knows bytes in, values out. Package compile makes a Set from
// documents and catalogs, package wire gives it a version, and proxy executes it. Everything here is a value that is
// built once and then only read, so all of it is safe for concurrent use.
package policy
