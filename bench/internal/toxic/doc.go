// Package toxic tries a running sidecar behind and before bad networks: slow, slicing, resetting and silent ones, made by toxiproxy.
//
// It decides what each kind of bad network may cost: which status and code, how many attempts, what the circuit learns and whom it
// blames. It refuses to know how the network is made bad. It holds tests only, and what they share.
package toxic
