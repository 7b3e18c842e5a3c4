package replay

// Memory bounds the bytes that all records of bodies hold, together with whatever else its owner counts there. It must be safe for
// concurrent use.
type Memory interface {
	// Take counts n bytes in, or says that there are not so many left.
	Take(n int64) bool
	// Force counts bytes in that have been read already and that somebody waits for: a single read's worth.
	Force(n int64)
	// Give counts bytes out.
	Give(n int64)
}
