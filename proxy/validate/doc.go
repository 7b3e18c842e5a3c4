// Package validate holds messages against what the spec says of them, where a policy asks for it.
//
// It decides which part of a message is looked at, within which bounds, and what becomes of one that breaks its contract: told, refused,
// or counted against the upstream. How a value is judged (policy/schema, handed in) and where contracts come from it refuses to know.
// Requests are looked at once, below the limit and above the record for replay; replies once per attempt, next to the verdict.
//
// What cannot be looked at within the bounds passes, and is counted: a body above MaxBody, an encoded one, one that is too complex.
// A body that streams is never held up for it: only JSON is read, a request's as far as the bound, and a reply's while it goes by.
package validate
