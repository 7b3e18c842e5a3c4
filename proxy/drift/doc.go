// Package drift compares traffic with what the specs declare: requests and statuses that no spec knows, and
// operations that a spec asks callers to leave.
//
// It only counts, and tells of each deprecated operation once. An exchange goes in when it has ended; whether a request is let through is decided elsewhere. What it keeps is
// bounded: paths are told by their shape, never as they came, and the rarest give way to new ones. State is keyed by upstream and
// operation, so that an edit of the policy keeps it.
package drift
