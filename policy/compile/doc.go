// Package compile turns policy files and the specs they name into a *policy.Set, or into every Problem that stands in the way.
//
// It is the only place that knows defaults and inheritance, and what is asked whether a policy is right. It refuses to know how a file is stored (it is handed a function that reads one), what
// a request is and what time it is. check, explain, the file source and the control plane all call the same Compile, so what
// was checked is what runs.
//
// The walk: package document reads each file; fields.go says how a table of keys is read, and keys.go and top.go are the
// tables; what a policy writes becomes a layer of values with their origins (layer.go); layers are laid over one another in the
// order built-in, spec, defaults, upstream, operation; upstream.go and operation.go join them with the catalogs; judge.go shows
// the result to the rules, a package for each family below policy/rules; silence.go takes out what a comment allows.
package compile
