package language

// File is the policy file from its top.
var File = mapping(
	Key{Name: "version", Shape: of(Version), Required: true, Example: "1", Text: "The version of the policy language. In a folder of files each has it."},
	Key{Name: "service", Shape: of(Name), Required: true, Example: "orders", Text: "The name of the service beside the sidecar, as logs and metrics tell it."},
	Key{
		Name: "inbound", Shape: mapping(inbound...), Example: "{listen: 0.0.0.0:8080, application: http://127.0.0.1:5000}",
		Text: "Callers to my application.",
	},
	Key{
		Name: "outbound", Shape: mapping(outbound...).OrOff(), DefaultText: "a port on 127.0.0.1:15001, where an upstream has no `listen`", Example: "{listen: 127.0.0.1:15001}",
		Text: "One proxy port for all upstreams: the variable HTTP_PROXY, or the field `Host`, picks one.",
	},
	Key{
		Name: "upstreams", Shape: named(mapping(upstream...)), Example: "{inventory: {endpoints: [http://inventory:8080]}}",
		Text: "The services that my application calls, by the names that this file, metrics and logs have for them.",
	},
	Key{Name: "defaults", Shape: Policy, Example: "{timeouts: {connect: 1s}}", Text: "A policy for every upstream and for inbound."},
	Key{
		Name: "policies", Shape: named(Policy), Example: "{patient: {timeouts: {request: 8s}}}",
		Text: "Policies with names, for operations and upstreams that say `use`.",
	},
	Key{Name: "admin", Shape: mapping(admin...).OrOff(), Example: "{listen: 127.0.0.1:9901}", Text: "The port for operators."},
	Key{Name: "metrics", Shape: mapping(metrics...).OrOff(), DefaultText: "none", Example: "{listen: 0.0.0.0:9902}", Text: "A port for metrics and probes alone, for scraping from outside."},
	Key{Name: "log", Shape: mapping(log...), Example: "{level: info, requests: failures}", Text: "What is logged, and how."},
	Key{Name: "limits", Shape: mapping(limits...), Example: "{connections: 2000}", Text: "What clients may cost on all ports that carry requests, and upstreams too."},
	Key{Name: "trust", Shape: mapping(trust...), Example: "{callers: [10.0.0.0/8]}", Text: "Whose control fields are believed."},
)

var policyOfAll = Key{Name: "policy", Shape: Policy, Example: "{timeouts: {request: 2s}}", Text: "A policy for all operations of it."}

var operations = Key{
	Name: "operations", Shape: Shape{Kind: Operations, Item: &Operation}, Example: "{getStock: {retry: {retries: 1}}}",
	Text: "Policies of single operations, by `operationId` or as `METHOD /path/{template}`. Without a spec these keys are the operations.",
}

// Operation is what stands at an operation: a policy, and what the operation was called before.
var Operation = mapping(append(append([]Key{}, Policy.Keys...), Key{
	Name: "formerly", Shape: former, Example: "readStock", Text: "Earlier ids; the circuit and the limit are kept.",
})...)

var former = Shape{Kind: List, Item: &Shape{Kind: Former}, Single: true}

var unmatched = Key{
	Name: "unmatched", Shape: words("pass", "refuse"), Default: "pass", Example: "refuse",
	Text: "What becomes of requests that no operation matches: `pass` runs them under the policy of all as operation `unmatched`, `refuse` answers 404 `no_route`.",
}

var inbound = []Key{
	{Name: "listen", Shape: of(Address), Required: true, Example: "0.0.0.0:8080", Text: "Where callers come."},
	{Name: "application", Shape: of(URL), Required: true, Example: "http://127.0.0.1:5000", Text: "Where the application is."},
	{
		Name: "openapi", Shape: Shape{Kind: Spec, Served: true}, Example: "openapi/orders.yaml",
		Text: "The spec of the application: a file, relative to the policy file, or `application:/openapi.json`, what the application itself serves.",
	},
	policyOfAll,
	operations,
	unmatched,
}

var outbound = []Key{
	{Name: "listen", Shape: of(Address), Default: "127.0.0.1:15001", Example: "127.0.0.1:15001", Text: "The HTTP proxy port for all upstreams; plain requests with a `Host` field work too."},
	{
		Name: "unknown", Shape: words("refuse", "pass"), Default: "refuse", Example: "pass",
		Text: "What becomes of a host of no upstream: 404 `no_route`, or it is sent there under `defaults`, without a breaker.",
	},
}

var upstream = []Key{
	{Name: "listen", Shape: of(Address), Example: "127.0.0.1:15101", Text: "A port of its own, for clients that know no proxies."},
	{
		Name: "hosts", Shape: list(of(Host)), DefaultText: "those of the endpoints, which are always among them", Example: "[inventory]",
		Text: "The hosts by which the outbound port knows it.",
	},
	{
		Name: "endpoints", Shape: Shape{Kind: List, Item: &Shape{Kind: URL}, Low: 1}, Required: true, Example: "[http://inventory:8080]",
		Text: "Its addresses: scheme, host and port. Each attempt goes to the less busy of two, a retry to one that was not yet tried.",
	},
	{Name: "openapi", Shape: of(Spec), Example: "openapi/inventory.yaml", Text: "Its spec, a file, relative to the policy file."},
	policyOfAll,
	operations,
	unmatched,
	{Name: "formerly", Shape: former, Example: "stock", Text: "Earlier names; circuits, budget and connections are kept across a renaming."},
	later("tls", "Certificates of one's own."),
}
