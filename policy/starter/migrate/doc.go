// Package migrate turns the files of other systems into a policy: Envoy's routes and clusters, Istio's VirtualService and
// DestinationRule, Dapr's Resiliency, Linkerd's HTTPRoute, ServiceProfile and annotations.
//
// It decides what a setting of theirs means here (whether a number counts tries or retries, what a timeout covers, which failures a
// word stands for) and says of everything that has no meaning here, or another one, that it was left, with its line. Nothing is ever
// made less safe by it: what may not be sent twice by its method stays so, whatever the other system did. It refuses to know specs,
// and asks compile whether what it wrote is a policy. Bytes in, bytes out.
//
// The walk: From reads the file and hands its documents to the reader of the system, each in a file of its own; settings.go holds
// what they find, in our words; words.go knows the vocabulary that Envoy lends to the others; render.go makes the policy.
package migrate
