// Package explain says what a policy means for one request: which operation it is, every effective value and the line that it
// comes from, the worst case in time and attempts, what would be retried, what would not, and why.
//
// It is a pure function of a set and a question. It refuses to know how the answer is shown (outrigger explain prints it) and
// anything a running sidecar knows: budgets left, circuits, endpoints. What it says of retries follows proxy/retry, and changes
// with it.
package explain
