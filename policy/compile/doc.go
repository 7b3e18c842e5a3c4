// Package compile turns policy files and the specs they name into a *policy.Set, or into every Problem that stands in the way.
//
// It is the only place that knows keys, defaults and inheritance, and the only place that checks a policy against its specs,
// against arithmetic and against itself. It refuses to know how a file is stored (it is handed a function that reads one), what
// a request is and what time it is. check, explain, the file source and the control plane all call the same Compile, so what
// was checked is what runs.
//
// The walk: package document reads each file; fields.go says how a table of keys is read, and keys.go and top.go are the
// tables; what a policy writes becomes a layer of values with their origins (layer.go); layers are laid over one another in the
// order built-in, spec, defaults, upstream, operation; upstream.go and operation.go join them with the catalogs; the files
// named after a family of checks look at the result.
package compile
