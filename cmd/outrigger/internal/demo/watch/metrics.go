package watch

import (
	"bufio"
	"io"
	"strconv"
	"strings"
)

// Counts are an operation's counters since the sidecar began.
type Counts struct {
	Attempts int // that an endpoint was chosen for
	Retries  int
	// Budget and Unsafe count the retries that were not made because the budget was used up, or the request may have been processed.
	Budget, Unsafe int
	FailedFast     int // requests turned down by an open circuit
	// Opened and Closed count what callers notice: a circuit that opened, a failed probe aside, and one that closed again.
	Opened, Closed int
}

// metrics are the figures taken from a scrape.
type metrics struct {
	operations map[string]Counts
	applied    int // policies, the first one included
	rejected   int
	reloadOK   bool
}

// maxLine bounds a line of a scrape.
const maxLine = 64 << 10

// parseMetrics reads the Prometheus text format as far as it is needed here: names, labels without escapes, values.
func parseMetrics(r io.Reader) (metrics, error) {
	m := metrics{operations: map[string]Counts{}}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		name, labels, value, ok := parseLine(lines.Text())
		if !ok {
			continue
		}
		switch name {
		case "outrigger_policy_reloads_total":
			switch labels["result"] {
			case "applied":
				m.applied = value
			case "rejected":
				m.rejected = value
			}
		case "outrigger_policy_last_reload_successful":
			m.reloadOK = value == 1
		default:
			c := m.operations[labels["operation"]]
			c.count(name, labels, value)
			m.operations[labels["operation"]] = c
		}
	}
	return m, lines.Err()
}

func (c *Counts) count(name string, labels map[string]string, value int) {
	switch name {
	case "outrigger_attempts_total":
		c.Attempts += value
	case "outrigger_retries_total":
		c.Retries += value
	case "outrigger_retries_refused_total":
		switch labels["reason"] {
		case "budget":
			c.Budget += value
		case "not_idempotent":
			c.Unsafe += value
		}
	case "outrigger_refused_total":
		if labels["reason"] == "circuit_open" {
			c.FailedFast += value
		}
	case "outrigger_circuit_transitions_total":
		switch {
		case labels["from"] == "closed":
			c.Opened += value
		case labels["to"] == "closed":
			c.Closed += value
		}
	}
}

// parseLine splits NAME{LABEL="VALUE",...} NUMBER. It is false for comments and for what is no count.
func parseLine(line string) (name string, labels map[string]string, value int, ok bool) {
	if !strings.HasPrefix(line, "outrigger_") {
		return "", nil, 0, false
	}
	at := strings.LastIndexByte(line, ' ')
	if at < 0 {
		return "", nil, 0, false
	}
	number, err := strconv.ParseFloat(line[at+1:], 64)
	if err != nil {
		return "", nil, 0, false
	}
	name, rest, _ := strings.Cut(line[:at], "{")
	labels = map[string]string{}
	for _, pair := range strings.Split(strings.TrimSuffix(rest, "}"), ",") {
		key, quoted, _ := strings.Cut(pair, "=")
		labels[key] = strings.Trim(quoted, `"`)
	}
	return name, labels, int(number), true
}
