package policy

import "time"

// Names that stand for something no user declared.
const (
	// Application is the upstream name under which an inbound sidecar knows its own service.
	Application = "application"
	// Unmatched is the operation of requests that match no declared one.
	Unmatched = "unmatched"
	// Unknown is the upstream name that stands for hosts which no upstream lists, where outbound passes them on.
	Unknown = "unknown"
)

// Direction tells whose call a sidecar carries.
type Direction string

// Inbound calls come from others to my application, outbound calls go from my application to upstreams.
const (
	Inbound  Direction = "inbound"
	Outbound Direction = "outbound"
)

// Set is everything one sidecar needs to know: one compiled, checked policy. It is immutable.
type Set struct {
	// Version is the hash of the set's canonical bytes in hex; package wire sets it.
	Version string `json:"version,omitempty"`
	Service string `json:"service"`
	// Inbound is nil where the sidecar carries no calls to its own service.
	Inbound   *InboundPort  `json:"inbound,omitempty"`
	Outbound  *OutboundPort `json:"outbound,omitempty"`
	Upstreams []*Upstream   `json:"upstreams,omitempty"` // by name
	Admin     Admin         `json:"admin"`
	Metrics   Metrics       `json:"metrics"`
	Log       Log           `json:"log"`
	Limits    Limits        `json:"limits"`
	Trust     Trust         `json:"trust"`
	// Files are all files this set was made from: policies and specs, sorted.
	Files []string `json:"files,omitempty"`
}

// All returns every upstream of the set, the application of an inbound port first.
func (s *Set) All() []*Upstream {
	all := make([]*Upstream, 0, len(s.Upstreams)+1)
	if s.Inbound != nil {
		all = append(all, s.Inbound.Application)
	}
	return append(all, s.Upstreams...)
}

// Address is a socket to listen on and the place of the policy that says so.
type Address struct {
	HostPort string `json:"address"` // host:port; empty when nothing listens
	Place    Place  `json:"place,omitzero"`
}

// InboundPort carries calls from others to the application beside us.
type InboundPort struct {
	Listen      Address   `json:"listen"`
	Application *Upstream `json:"application"`
}

// OutboundPort is the one proxy port for all upstreams, chosen by absolute-form target or Host.
type OutboundPort struct {
	Listen Address `json:"listen"`
	// PassUnknown forwards requests for hosts that no upstream lists, without any policy of their own but the defaults.
	PassUnknown bool `json:"passUnknown,omitempty"`
	// Unknown is the upstream that stands for all such hosts; nil where they are refused.
	Unknown *Upstream `json:"unknown,omitempty"`
}

// Admin says where probes, metrics, decisions and the effective policy are served.
type Admin struct {
	Listen    Address `json:"listen"`
	TokenFile string  `json:"tokenFile,omitempty"`
}

// Metrics says where only /metrics and the probes are served, for scraping from outside. Off when its address is empty.
type Metrics struct {
	Listen Address `json:"listen,omitzero"`
}

// LogRequests says which exchanges get a log line.
type LogRequests string

// All exchanges, only those that did not end well, or a share of the well-ended ones and every other.
const (
	LogAll      LogRequests = "all"
	LogFailures LogRequests = "failures"
	LogSample   LogRequests = "sample"
)

// Log settings.
type Log struct {
	Level    string      `json:"level"`  // debug, info, warn, error
	Format   string      `json:"format"` // json, text
	Requests LogRequests `json:"requests"`
	Sample   float64     `json:"sample,omitempty"` // share of ordinary exchanges, 0 to 1, where Requests is LogSample
}

// Limits bound what clients and upstreams may make us hold. Sizes are bytes.
type Limits struct {
	HeaderBytes         int64         `json:"headerBytes"`         // of a request's head
	ResponseHeaderBytes int64         `json:"responseHeaderBytes"` // of a reply's head
	HeaderCount         int           `json:"headerCount"`         // fields of either
	RequestLineBytes    int64         `json:"requestLineBytes"`
	InterimReplies      int           `json:"interimReplies"` // 1xx before one reply
	HeaderTimeout       time.Duration `json:"headerTimeout"`
	IdleTimeout         time.Duration `json:"idleTimeout"`         // of a client's connection
	UpstreamIdleTimeout time.Duration `json:"upstreamIdleTimeout"` // of a connection to an endpoint
	Connections         int           `json:"connections"`         // per listener
	BufferBytes         int64         `json:"bufferBytes"`         // all buffers that grow with traffic together
}

// Forwarded says what happens to X-Forwarded-* and Forwarded of a request.
type Forwarded string

// Append adds ours to what a trusted caller sent, Replace drops theirs, Pass leaves them alone.
const (
	ForwardedAppend  Forwarded = "append"
	ForwardedReplace Forwarded = "replace"
	ForwardedPass    Forwarded = "pass"
)

// Trust says whose word we take for deadlines, attempts and forwarded headers.
type Trust struct {
	Callers   []string  `json:"callers"` // CIDRs
	Forwarded Forwarded `json:"forwarded"`
}
