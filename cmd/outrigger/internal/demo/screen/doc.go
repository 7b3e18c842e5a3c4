// Package screen turns the figures of the demo into text: the live table, plain lines of progress, and the summary.
//
// It is handed every figure and the time; it decides only what a person reads first, and what words a comparison deserves. The
// terminal is touched in one place, Terminal.
package screen
