// Package editing is what an editor is told while a policy is written: the JSON Schema of the language, with the operations and
// statuses of a policy's specs in it, and what stands at a place of a text, what it means and what could be written there.
//
// It decides how the table of the language is told to programs and people. It refuses to know any protocol of editors, and it
// judges nothing: a schema knows less than the compiler, which alone says whether a policy is right. It stands above language,
// document and openapi, beside explain and diff.
package editing
