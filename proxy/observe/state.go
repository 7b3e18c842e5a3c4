package observe

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"outrigger/policy"
)

// State tells how things stand at this moment. It is asked when somebody scrapes or looks, never on the path of a request,
// and must be safe for concurrent use.
type State interface {
	// Upstreams tells of every upstream of the served set, the application of an inbound port included.
	Upstreams() []UpstreamState
	// ClientConnections is the number of open connections from clients, of all listeners together.
	ClientConnections() int
	// Pressure tells how near the sidecar as a whole is to taking on no more.
	Pressure() PressureState
}

// PressureState is how near a sidecar is to taking on no more.
type PressureState struct {
	// Memory is the share of the memory limit that is used; it is told only where Limited says that there is a limit.
	Memory  float64
	Limited bool
	Step    string // what is done about it: one of pressureSteps
	// BufferBytes are held by buffers that grow with traffic, BufferLimit is their bound, BuffersRefused counts those not had.
	BufferBytes, BufferLimit int64
	BuffersRefused           uint64
	// NotAccepted counts connections that could not be accepted, Flood those over a limit that were closed without an answer.
	NotAccepted, Flood uint64
}

// UpstreamState is how one upstream stands, in the shape of the admin port's /operations.
type UpstreamState struct {
	Name      string           `json:"name"`
	Direction policy.Direction `json:"direction"`
	// BudgetLeft is the share of the retry budget that is not used, 0 to 1.
	BudgetLeft  float64          `json:"budget_left"`
	InFlight    int              `json:"in_flight"`   // exchanges
	Connections int              `json:"connections"` // open ones to its endpoints
	Endpoints   []EndpointState  `json:"endpoints"`
	Operations  []OperationState `json:"operations"` // Unmatched included
	// Declared says that a spec stands behind the upstream.
	Declared bool `json:"declared,omitempty"`
	// Undeclared are answered requests that match no operation, by method and shape of the path, the most frequent first.
	Undeclared []UndeclaredRequests `json:"undeclared,omitempty"`
	// UndeclaredOthers are such requests beyond those that Undeclared tells of.
	UndeclaredOthers uint64 `json:"undeclared_others,omitempty"`
}

// UndeclaredRequests are those of one method and one shape of path.
type UndeclaredRequests struct {
	Method    string    `json:"method"`
	Template  string    `json:"template"`
	Requests  uint64    `json:"requests"`
	Succeeded uint64    `json:"succeeded"` // answered with a status below 400
	Last      time.Time `json:"last"`
}

// EndpointState is how one address of an upstream stands.
type EndpointState struct {
	Address string `json:"address"`
	State   string `json:"state"` // healthy, ejected, unhealthy
}

// OperationState is how one operation stands.
type OperationState struct {
	Name    string `json:"name"`
	Circuit string `json:"circuit"` // closed, open, half_open (from the end of the open time on, also without traffic), off
	// Since is when the circuit came into its state; zero where it has no circuit.
	Since       time.Time `json:"since,omitzero"`
	FailureRate float64   `json:"failure_rate"` // in the breaker's window, 0 to 1
	InFlight    int       `json:"in_flight"`
	Requests    uint64    `json:"requests"`         // ended since the sidecar began, see Series.Ended
	Limit       int       `json:"limit,omitempty"`  // of concurrency; 0 where it is off
	Queued      int       `json:"queued,omitempty"` // waiting for the limiter
	Peak        int       `json:"peak_in_flight,omitempty"`
	Deprecated  bool      `json:"deprecated,omitempty"`
	// Exchanges and Attempts tell how long they took since the sidecar began; nil before the first.
	Exchanges *Latency `json:"exchanges,omitempty"`
	Attempts  *Latency `json:"attempts,omitempty"`
	// UndeclaredStatuses counts answers by statuses that the spec does not declare; _other counts what is beyond a bound.
	UndeclaredStatuses map[string]uint64 `json:"undeclared_statuses,omitempty"`
}

// Latency is how long things took, in milliseconds, as a histogram knows it: that of exchanges to about a tenth, that of attempts
// within the bounds of its buckets. What lies beyond the last bucket counts as its bound.
type Latency struct {
	Count uint64  `json:"count"`
	P50   float64 `json:"p50_ms"`
	P95   float64 `json:"p95_ms"`
	P99   float64 `json:"p99_ms"`
	P999  float64 `json:"p999_ms"`
}

var (
	circuitStates  = []string{"closed", "open", "half_open"}
	endpointStates = []string{"healthy", "ejected", "unhealthy"}
	pressureSteps  = []string{"calm", "closing", "shedding"}
)

var (
	circuitDesc     = gauge("outrigger_circuit_state", "1 for the state that the circuit is in.", "upstream", "operation", "state")
	inFlightDesc    = gauge("outrigger_in_flight_requests", "Exchanges that have begun and not ended.", "direction", "upstream")
	budgetDesc      = gauge("outrigger_retry_budget_available_ratio", "Share of the retry budget that is not used.", "upstream")
	endpointsDesc   = gauge("outrigger_endpoints", "Endpoints by how they stand.", "upstream", "state")
	connectionsDesc = gauge("outrigger_connections_open", "Open connections.", "side", "upstream")
	answersDesc     = gauge("outrigger_undeclared_answers_total", "Answers with a status that the spec does not declare.", "upstream", "operation", "status")
	deprecatedDesc  = gauge("outrigger_deprecated_requests_total", "Exchanges of operations that the spec deprecates.", "upstream", "operation")
	uncalledDesc    = gauge("outrigger_uncalled_operations", "Operations of the spec that nobody has called since the sidecar began.", "upstream")

	memoryDesc         = gauge("outrigger_memory_used_ratio", "Share of the memory limit that is used.")
	stepDesc           = gauge("outrigger_overload_step", "1 for the step that want of memory has led to.", "step")
	bufferDesc         = gauge("outrigger_buffer_bytes", "Bytes held by buffers that grow with traffic.")
	bufferLimitDesc    = gauge("outrigger_buffer_limit_bytes", "The most that they may hold together.")
	buffersRefusedDesc = gauge("outrigger_buffers_refused_total", "Buffers that were not had because the rest was too small.")
	unansweredDesc     = gauge("outrigger_connections_unanswered_total", "Connections of clients that got no answer at all.", "reason")
)

func gauge(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

// collector makes gauges of the State at each scrape, so that nothing has to be kept up to date in between.
type collector struct{ observer *Observer }

// Describe names the gauges.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		circuitDesc, inFlightDesc, budgetDesc, endpointsDesc, connectionsDesc, answersDesc, deprecatedDesc, uncalledDesc,
		memoryDesc, stepDesc, bufferDesc, bufferLimitDesc, buffersRefusedDesc, unansweredDesc,
	} {
		out <- d
	}
}

// Collect asks the State. Upstreams that carry a name twice are told of once, and no more than maxSeries operations, because
// one duplicate or one flood would spoil the whole scrape.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	state := c.observer.state.Load()
	if state == nil {
		return
	}
	send := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	seen := map[string]bool{}
	operations := map[[2]string]bool{}
	send(connectionsDesc, float64((*state).ClientConnections()), "client", "")
	collectPressure(out, (*state).Pressure())
	for _, u := range (*state).Upstreams() {
		if seen[u.Name] {
			continue
		}
		seen[u.Name] = true
		send(inFlightDesc, float64(u.InFlight), string(u.Direction), u.Name)
		send(budgetDesc, u.BudgetLeft, u.Name)
		send(connectionsDesc, float64(u.Connections), "upstream", u.Name)
		for _, s := range endpointStates {
			send(endpointsDesc, float64(countIn(u.Endpoints, s)), u.Name, s)
		}
		collectDrift(out, &u)
		for _, op := range u.Operations {
			key := [2]string{u.Name, op.Name}
			if op.Circuit == "" || op.Circuit == "off" || operations[key] || len(operations) >= maxSeries {
				continue
			}
			operations[key] = true
			for _, s := range circuitStates {
				send(circuitDesc, oneIf(op.Circuit == s), u.Name, op.Name, s)
			}
		}
	}
}

// collectDrift tells how the traffic of an upstream differs from its spec. The state bounds what there is to tell.
func collectDrift(out chan<- prometheus.Metric, u *UpstreamState) {
	if !u.Declared {
		return
	}
	uncalled := 0
	for _, op := range u.Operations {
		if op.Name == policy.Unmatched {
			continue
		}
		if op.Requests == 0 {
			uncalled++
		}
		for status, n := range op.UndeclaredStatuses {
			out <- prometheus.MustNewConstMetric(answersDesc, prometheus.CounterValue, float64(n), u.Name, op.Name, status)
		}
		if op.Deprecated && op.Requests > 0 {
			out <- prometheus.MustNewConstMetric(deprecatedDesc, prometheus.CounterValue, float64(op.Requests), u.Name, op.Name)
		}
	}
	out <- prometheus.MustNewConstMetric(uncalledDesc, prometheus.GaugeValue, float64(uncalled), u.Name)
}

func collectPressure(out chan<- prometheus.Metric, p PressureState) {
	send := func(d *prometheus.Desc, kind prometheus.ValueType, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, kind, v, labels...)
	}
	if p.Limited {
		send(memoryDesc, prometheus.GaugeValue, p.Memory)
	}
	for _, step := range pressureSteps {
		send(stepDesc, prometheus.GaugeValue, oneIf(p.Step == step), step)
	}
	send(bufferDesc, prometheus.GaugeValue, float64(p.BufferBytes))
	send(bufferLimitDesc, prometheus.GaugeValue, float64(p.BufferLimit))
	send(buffersRefusedDesc, prometheus.CounterValue, float64(p.BuffersRefused))
	send(unansweredDesc, prometheus.CounterValue, float64(p.NotAccepted), "not_accepted")
	send(unansweredDesc, prometheus.CounterValue, float64(p.Flood), "flood")
}

func countIn(endpoints []EndpointState, state string) int {
	n := 0
	for _, e := range endpoints {
		if e.State == state {
			n++
		}
	}
	return n
}

func oneIf(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
