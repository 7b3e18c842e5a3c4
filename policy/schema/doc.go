// Package schema judges values by the JSON Schemas (draft 2020-12) that a set carries.
//
// It decides whether a JSON text, or the text of a parameter, is what a schema allows, and says what is wrong without repeating the
// value. Where schemas come from (policy/contract bundles them from a spec) and what becomes of a message that is wrong
// (proxy/validate) it refuses to know. It is the only importer of the JSON Schema library.
//
// Making schemas ready is bounded, in the parts of one and of all of them: one that is too large is broken, and the others are not.
// Every judgement is bounded too: in the depth and the numbers of a text before it is read, in the steps that a schema may take with it
// (a recursive schema with alternatives can take exponentially many), in the violations told. What is beyond a bound is not
// judged, which is an error and no violation. Patterns run on RE2, in linear time; formats that people disagree about are no assertions.
package schema
