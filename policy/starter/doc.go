// Package starter writes the first policy of a service from the specs of what it calls and of what it is.
//
// It decides which operations need something else than the defaults, by what their specs show (streams, files, long polls,
// idempotency keys, Retry-After), and says of every line why it is there. Where a default is right it writes nothing: a spec of a
// thousand operations gives a policy of a page. It refuses to know how text is laid out (draft), and what is a right policy: that it
// asks compile, with the text it wrote, and takes back what compile refuses. It reads by a function that it is handed.
//
// The walk: Make reads the catalogs; part.go lays a catalog out as inbound or an upstream, class.go finds the class of each operation,
// address.go names and places the services; round after round the text is compiled, until check --strict has nothing to say.
package starter
