package compile

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"outrigger/policy"
	"outrigger/policy/document"
	"outrigger/policy/language"
	"outrigger/policy/rules"
)

// conditions are what a list of retry.when or breaker.failures means, with its items one by one.
type conditions struct {
	policy.Conditions
	items []condition
}

// condition is one item of such a list.
type condition = rules.Condition

// retryable is what "5xx" means where attempts are repeated, failing where they are judged.
var retryable, failing = serverErrors(501, 505), serverErrors(501)

func serverErrors(except ...int) policy.StatusSet {
	var s policy.StatusSet
	for code := 500; code <= 599; code++ {
		if !slices.Contains(except, code) {
			s.Add(code)
		}
	}
	return s
}

// conditionList reads a list of conditions. serverErrors is what 5xx means in it, why the reason of what the language refuses in it.
func conditionList(serverErrors policy.StatusSet, why string) func(language.Shape) kind[conditions] {
	return func(list language.Shape) kind[conditions] { return conditionsOf(*list.Item, serverErrors, why) }
}

func conditionsOf(item language.Shape, serverErrors policy.StatusSet, why string) kind[conditions] {
	expected := conditionExpected(item)
	one := func(c *compiler, key string, n *document.Node) (condition, bool) {
		var v policy.Conditions
		text, ok := c.scalar(key, n, expected)
		if !ok {
			return condition{}, false
		}
		switch text {
		case "connect":
			v.Connect = true
		case "refused":
			v.Refused = true
		case "reset":
			v.Reset = true
		case "timeout":
			v.Timeout = true
		case "5xx":
			v.Statuses = serverErrors
		case "gateway":
			v.Statuses = policy.Statuses(502, 503, 504)
		default:
			code, ok := c.status(key, n, item, why)
			return condition{Conditions: policy.Conditions{Statuses: policy.Statuses(code)}, Text: text, Status: code, Place: n.Place()}, ok
		}
		return condition{Conditions: v, Text: text, Place: n.Place()}, true
	}
	return func(c *compiler, key string, n *document.Node) (conditions, bool) {
		parts, ok := items(one)(c, key, n)
		if ok && len(parts) == 0 {
			feature, _, _ := strings.Cut(key, ".")
			c.fail(codeRange, n.Place(), key+" is empty", conditionExpected(item), fmt.Sprintf("write %s: off if nothing shall count", feature))
			return conditions{}, false
		}
		all := conditions{items: parts}
		for i, part := range parts {
			parts[i].Cut, _ = n.Cut(i)
			if first := slices.IndexFunc(parts, func(p condition) bool { return p.Text == part.Text }); ok && first < i {
				c.twice(part.Place, fmt.Sprintf("%s: %s stands twice", key, part.Text), parts[first].Place)
				c.lastTold().Fix = policy.Edit{Place: parts[i].Cut}
			}
			all.add(part.Conditions)
		}
		return all, ok
	}
}

func conditionExpected(item language.Shape) string {
	return either(append(slices.Clone(item.Words), "a status such as 503"))
}

// status reads a condition that is written as a number.
func (c *compiler) status(key string, n *document.Node, item language.Shape, why string) (int, bool) {
	text := n.Text()
	code, err := strconv.Atoi(text)
	switch {
	case slices.Contains(item.WordsLater, strings.ToUpper(text)):
		c.notYetValue(n.Place(), "gRPC code "+text, conditionExpected(item))
	case err != nil:
		meant, instead := conditionMeant(text, item.Words), ""
		if meant != "" {
			instead = "write " + meant
		}
		c.fail(codeRange, n.Place(), fmt.Sprintf("%s: unknown condition %q", key, text), conditionExpected(item), instead)
		if meant != "" {
			c.mend(meant)
		}
	case code < 400 || code > 599:
		c.fail(codeRange, n.Place(), fmt.Sprintf("%s: status %d is not a failure", key, code), "a status from 400 to 599")
	case slices.Contains(item.Never, code):
		c.fail(codeRange, n.Place(), fmt.Sprintf("%s: status %d %s", key, code, why), "a status that tells of trouble at the upstream, such as 503", "remove it")
	default:
		return code, true
	}
	return 0, false
}

// otherClass is a class of statuses that is no condition: 4xx is near to 5xx, and nearly its opposite.
var otherClass = regexp.MustCompile(`^[1-46-9][xX][xX]$`)

func conditionMeant(text string, words []string) string {
	if otherClass.MatchString(text) {
		return ""
	}
	if other := language.OtherConditions[strings.ToLower(text)]; other != "" {
		return other
	}
	return nearest(text, words)
}

func (v *conditions) add(other policy.Conditions) {
	v.Connect = v.Connect || other.Connect
	v.Refused = v.Refused || other.Refused
	v.Reset = v.Reset || other.Reset
	v.Timeout = v.Timeout || other.Timeout
	for i, w := range other.Statuses {
		v.Statuses[i] |= w
	}
}
