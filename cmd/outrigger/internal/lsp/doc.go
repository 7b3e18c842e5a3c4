// Package lsp is the language server for policy files: it tells an editor, while a person types, what "outrigger check" would say,
// what a key means and what holds there, which operations there are, and how to mend what is wrong.
//
// It decides when a policy is checked and how an answer is put into the Language Server Protocol 3.17
// (https://microsoft.github.io/language-server-protocol/). It refuses to know what is right: it compiles the files as check does,
// with the texts that are open in the editor in place of those on disk, and asks package editing for the rest. It stands beside
// the commands, one of which runs it on standard input and output.
package lsp
