// Package draft writes policy files: values in the order in which people read them, each with the comment that explains it.
//
// It decides how a policy looks as text: indentation, what stands on one line, how names that come from elsewhere are quoted, and
// that no comment ends its line or reaches a terminal as a control character. It refuses to know what a value means and whether
// the policy is right: package compile says that of the text. Who fills a File is policy/starter, from specs, and
// policy/starter/migrate, from the files of other systems.
package draft
