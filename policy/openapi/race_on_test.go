//go:build race

package openapi

// raceDetector slows scanning tenfold and adds to the heap: sizes are measured without it.
const raceDetector = true
