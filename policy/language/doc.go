// Package language is the table of the policy language: every key, what it may have as a value, what holds without it, what it means
// and an example of it. The compiler reads policies by this table, and the schema for editors, the text that editors show, the page
// of reference and the words of messages come from it, so that none of them can know a key that the others do not.
//
// It decides what may be written where. It refuses to know what a value does, where the file comes from, and what a spec declares:
// it stands below the compiler and imports nothing of the product.
package language
