package language

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Describe says in Markdown what a value of a shape may be, "1ms to 24h or `off`"; "" where its name says it all.
func Describe(s Shape) string {
	var may []string
	if s.Short != nil {
		may = append(may, Describe(*s.Short))
	}
	if text := form(s); text != "" {
		may = append(may, text)
	}
	if s.Off {
		may = append(may, "`off`")
	}
	return strings.Join(may, ", or ")
}

var forms = map[Kind]string{
	Truth: "`true` or `false`", Version: "`1`", Name: "a name", Use: "the name of a policy", Former: "a name", Address: "an address",
	URL: "a URL", Host: "a host", Network: "a network", Path: "a path", Header: "the name of a header field",
	Condition: "a condition", Requests: "`all`, `failures` or `sample SHARE`", Mapping: "a mapping", Operations: "a mapping of operations",
}

func form(s Shape) string {
	switch s.Kind {
	case Duration:
		return spell(time.Duration(s.Low)) + " to " + spell(time.Duration(s.High))
	case Integer:
		return fmt.Sprintf("%d to %d", s.Low, s.High)
	case Share:
		return fmt.Sprintf("%d%% to %d%%", s.Low, s.High)
	case Size:
		return spellSize(s.Low) + " to " + spellSize(s.High)
	case Word:
		words := make([]string, len(s.Words))
		for i, w := range s.Words {
			words[i] = "`" + w + "`"
		}
		return either(words)
	case Spec:
		if s.Served {
			return "a path, or `application:/path`"
		}
		return "a path"
	case List:
		if s.Single {
			return form(*s.Item) + ", or a list of them"
		}
		return "a list, each " + form(*s.Item)
	case Named:
		if s.Item.Find("use") != nil {
			return "a mapping of names to policies"
		}
		return "a mapping of names"
	case Mapping:
		if s.Find("use") != nil {
			return "a policy"
		}
	}
	return forms[s.Kind]
}

func either(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// spell writes a bound of a duration, which is whole in one unit, as policies do.
func spell(d time.Duration) string {
	for _, unit := range []struct {
		size time.Duration
		name string
	}{{time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}} {
		if d >= unit.size && d%unit.size == 0 {
			return strconv.FormatInt(int64(d/unit.size), 10) + unit.name
		}
	}
	return strconv.FormatInt(d.Milliseconds(), 10) + "ms"
}

func spellSize(n int64) string {
	for _, unit := range []struct {
		size int64
		name string
	}{{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
		if n >= unit.size && n%unit.size == 0 {
			return strconv.FormatInt(n/unit.size, 10) + unit.name
		}
	}
	return strconv.FormatInt(n, 10) + "B"
}

// DefaultOf says in Markdown what holds where a key is not written; "" where nothing does.
func DefaultOf(key Key) string {
	switch {
	case key.Required:
		return "none, it is required"
	case key.Default == "":
		return key.DefaultText
	case key.DefaultText == "":
		return "`" + key.Default + "`"
	}
	return "`" + key.Default + "`, " + key.DefaultText
}

// OtherWords are words that other systems, and people, have for the words of values here. Where a value has several of them, the
// first one holds.
var OtherWords = map[string][]string{
	"deny": {"refuse"}, "reject": {"refuse"}, "block": {"refuse", "enforce"}, "drop": {"refuse"}, "forbid": {"refuse"},
	"allow": {"pass"}, "accept": {"pass"}, "permit": {"pass"}, "preserve": {"pass"}, "keep": {"pass"}, "overwrite": {"replace"}, "add": {"append"},
	"verbose": {"debug"}, "trace": {"debug"}, "critical": {"error"}, "fatal": {"error"}, "console": {"text"}, "plain": {"text"},
	"strict": {"enforce"}, "true": {"enforce", "count"}, "on": {"enforce", "count"}, "monitor": {"report"}, "log": {"report"}, "warn": {"report"},
	"high": {"critical"}, "low": {"sheddable"}, "normal": {"default"}, "medium": {"default"},
	"service": {"upstream"}, "cluster": {"upstream"}, "backend": {"upstream"}, "host": {"endpoint"}, "instance": {"endpoint"}, "route": {"operation"}, "path": {"operation"},
	"auto": {"inject"}, "generate": {"inject"}, "required": {"require"}, "mandatory": {"require"}, "passthrough": {"forward", "pass"},
	"leastRequest": {"leastBusy"}, "least_request": {"leastBusy"}, "LEAST_REQUEST": {"leastBusy"}, "leastConn": {"leastBusy"}, "least_conn": {"leastBusy"},
}

// OtherConditions are what other systems call the conditions of retries.
var OtherConditions = map[string]string{
	"gateway-error": "gateway", "connect-failure": "connect", "connection-error": "connect", "refused-stream": "refused", "reset-before-request": "reset",
	"500-599": "5xx", "5**": "5xx", "50x": "5xx", "server-error": "5xx", "retriable-4xx": "409", "deadline": "timeout",
}
