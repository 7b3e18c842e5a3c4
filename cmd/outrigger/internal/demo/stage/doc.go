// Package stage is what the demo plays with: inventory, an upstream that goes through phases; orders, a service that calls it; and
// the script that says when which phase is. Both are real HTTP servers on loopback.
//
// It refuses to know of the sidecar: orders is given one address of inventory for each path, and which of them is the sidecar's is
// not its business.
package stage
