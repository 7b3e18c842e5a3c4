package compile

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"outrigger/policy"
	"outrigger/policy/document"
	"outrigger/policy/language"
	"outrigger/policy/spelling"
)

// The words of messages, by the names that the tables of keys have them under.
var (
	nearest = spelling.Nearest
	list    = spelling.List
	either  = spelling.Either
)

// kind reads one leaf; it is false after reporting why the leaf cannot be read. key names the leaf in messages.
type kind[T any] func(c *compiler, key string, n *document.Node) (T, bool)

// leaf is a field of one value. Where the language lets it be off, that is its zero value.
func leaf[S, T any](name string, of func(language.Shape) kind[T], set func(*S, T)) field[S] {
	return field[S]{name: name, read: func(shape language.Shape) func(*compiler, string, *document.Node) func(*S) {
		k := of(shape)
		return func(c *compiler, key string, n *document.Node) func(*S) {
			var v T
			if !shape.Off || !isOff(n) {
				var ok bool
				if v, ok = k(c, key, n); !ok {
					return nil
				}
			}
			return func(s *S) { set(s, v) }
		}
	}}
}

// fixed is a kind that is the same for every key.
func fixed[T any](k kind[T]) func(language.Shape) kind[T] {
	return func(language.Shape) kind[T] { return k }
}

// listOf is a list of a kind that is the same for every key.
func listOf[T any](k kind[T]) func(language.Shape) kind[[]T] { return fixed(items(k)) }

// scalar gives the text of a value, and reports what is none.
func (c *compiler) scalar(key string, n *document.Node, expected string) (string, bool) {
	if n.Kind() != document.Scalar {
		c.wrongType(n, key, expected, "")
		return "", false
	}
	return n.Text(), true
}

func (c *compiler) misspelt(key string, n *document.Node, expected, instead string) {
	switch {
	case strings.Contains(n.Text(), "${") && instead == "":
		instead = "variables stand in addresses, paths and names of files only: write the value"
	case instead != "":
		instead = "write " + instead
	}
	c.fail(codeSpelling, n.Place(), fmt.Sprintf("%s: %q is not %s", key, n.Text(), expected), expected, instead)
}

func (c *compiler) outOfRange(key string, n *document.Node, expected string) {
	c.fail(codeRange, n.Place(), fmt.Sprintf("%s: %s is out of range", key, n.Text()), expected)
}

const durationExpected = "a duration such as 250ms, 2s or 1m30s"

func duration(s language.Shape) kind[time.Duration] {
	low, high := time.Duration(s.Low), time.Duration(s.High)
	return func(c *compiler, key string, n *document.Node) (time.Duration, bool) {
		text, ok := c.scalar(key, n, durationExpected)
		if !ok {
			return 0, false
		}
		d, spelt := spelling.Duration(text)
		if long, err := time.ParseDuration(text); err == nil && long > high {
			d, spelt = long, true // also where it has more digits than durations may
		}
		if !spelt {
			meant := durationMeant(text)
			if s.Off && meansOff(n) {
				meant = "off"
			}
			c.misspelt(key, n, durationExpected, meant)
			if meant == "off" {
				c.mend(meant)
			}
			if _, exact := spelling.Duration(meant); exact {
				c.mend(meant)
			}
			return 0, false
		}
		if d < low || d > high {
			c.outOfRange(key, n, fmt.Sprintf("%s to %s", spell(low), spell(high)))
			if s.Off && d == 0 {
				c.lastTold().Suggestion = "write off if it shall have no end"
			}
			return 0, false
		}
		return d, true
	}
}

var longUnits = regexp.MustCompile(`^([0-9]+)\s*(milliseconds?|msecs?|millis|seconds?|secs?|minutes?|mins?|hours?|hrs?|ms|s|m|h)$`)

// unitLeftOut is a duration whose last unit goes without saying, as in 1h30.
var unitLeftOut = regexp.MustCompile(`^[0-9]+(h|m|s)[0-9]+$`)

var nextUnit = map[string]string{"h": "m", "m": "s", "s": "ms"}

// durationMeant guesses what a misspelt duration should be.
func durationMeant(text string) string {
	text = strings.ReplaceAll(strings.Trim(strings.ToLower(text), " “”‘’'\""), "_", "")
	text = strings.TrimPrefix(text, "pt") // ISO 8601
	if text == "1d" || text == "1day" {
		return "24h"
	}
	if _, err := strconv.Atoi(text); err == nil {
		return fmt.Sprintf("%ss or %sms", text, text)
	}
	if m := unitLeftOut.FindStringSubmatch(text); m != nil {
		if d, err := time.ParseDuration(text + nextUnit[m[1]]); err == nil {
			return spell(d)
		}
	}
	if m := longUnits.FindStringSubmatch(text); m != nil {
		unit := m[2][:1]
		if unit == "m" && strings.HasPrefix(m[2], "ms") || strings.HasPrefix(m[2], "mil") {
			unit = "ms"
		}
		return m[1] + unit
	}
	if d, err := time.ParseDuration(strings.ReplaceAll(text, ",", ".")); err == nil && d >= time.Millisecond {
		return spell(d)
	}
	return ""
}

// spell writes a duration in the form that policies use.
func spell(d time.Duration) string { return policy.Spell(d) }

func integer(s language.Shape) kind[int] {
	low, high := int(s.Low), int(s.High)
	return func(c *compiler, key string, n *document.Node) (int, bool) {
		expected := fmt.Sprintf("a whole number, %d to %d", low, high)
		text, ok := c.scalar(key, n, expected)
		if !ok {
			return 0, false
		}
		v, err := strconv.Atoi(text)
		switch {
		case err != nil:
			c.misspelt(key, n, expected, "")
			return 0, false
		case n.Quoted():
			c.fail(codeType, n.Place(), fmt.Sprintf("%s is the text %q", key, text), expected, "write it without quotes")
			c.mend(text)
			return 0, false
		case v < low || v > high:
			c.outOfRange(key, n, expected)
			return 0, false
		}
		return v, true
	}
}

var shareForm = regexp.MustCompile(`^([0-9]{1,3}(\.[0-9]{1,4})?)%$`)

// share reads a percentage as a fraction of 1.
func share(s language.Shape) kind[float64] {
	low, high := float64(s.Low), float64(s.High)
	return func(c *compiler, key string, n *document.Node) (float64, bool) {
		const expected = "a share such as 20%"
		text, ok := c.scalar(key, n, expected)
		if !ok {
			return 0, false
		}
		m := shareForm.FindStringSubmatch(text)
		if m == nil {
			meant := shareMeant(text)
			c.misspelt(key, n, expected, meant)
			if meant != "" && text != "1" {
				c.mend(meant)
			}
			return 0, false
		}
		v, err := strconv.ParseFloat(m[1], 64)
		if err != nil || v < low || v > high {
			c.outOfRange(key, n, fmt.Sprintf("%g%% to %g%%", low, high))
			return 0, false
		}
		return v / 100, true
	}
}

func shareMeant(text string) string {
	v, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(text, "%")), 64)
	switch {
	case err != nil || v < 0 || v > 100:
		return ""
	case v <= 1 && strings.Contains(text, "."):
		return strconv.FormatFloat(v*100, 'f', -1, 64) + "%"
	}
	return strconv.FormatFloat(v, 'f', -1, 64) + "%"
}

var sizeForm = regexp.MustCompile(`^([0-9]{1,12})(B|KiB|MiB|GiB)$`)

var sizeUnits = map[string]int64{"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}

func size(s language.Shape) kind[int64] {
	low, high := s.Low, s.High
	return func(c *compiler, key string, n *document.Node) (int64, bool) {
		const expected = "a size such as 64KiB"
		text, ok := c.scalar(key, n, expected)
		if !ok {
			return 0, false
		}
		m := sizeForm.FindStringSubmatch(text)
		if m == nil {
			meant := sizeMeant(text)
			c.misspelt(key, n, expected, meant)
			if meant != "" && !decimalSize.MatchString(text) {
				c.mend(meant)
			}
			return 0, false
		}
		v, err := strconv.ParseInt(m[1], 10, 64)
		if err != nil || v > high/sizeUnits[m[2]] || v*sizeUnits[m[2]] < low {
			c.outOfRange(key, n, fmt.Sprintf("%s to %s", policy.SpellSize(low), policy.SpellSize(high)))
			return 0, false
		}
		return v * sizeUnits[m[2]], true
	}
}

var looseSize = regexp.MustCompile(`^([0-9]+)\s*([kmg]?)i?b?$`)

// decimalSize is a size in thousands, which is not quite what its nearest spelling means.
var decimalSize = regexp.MustCompile(`^[0-9]+\s*[kKMG]B$`)

func sizeMeant(text string) string {
	m := looseSize.FindStringSubmatch(strings.ToLower(strings.TrimSpace(text)))
	if m == nil {
		return ""
	}
	if m[2] == "" {
		return m[1] + "B"
	}
	return m[1] + strings.ToUpper(m[2]) + "iB"
}

// word reads one of a few words, of which some may have no meaning yet.
func word(s language.Shape) kind[string] {
	words := slices.Concat(s.Words, s.WordsLater)
	return func(c *compiler, key string, n *document.Node) (string, bool) {
		if len(words) == 0 {
			c.notYet(n.Place(), key)
			return "", false
		}
		text, ok := c.scalar(key, n, either(words))
		if !ok {
			return "", false
		}
		if slices.Contains(s.WordsLater, text) {
			c.notYetValue(n.Place(), key+": "+text, either(s.Words))
		}
		if slices.Contains(words, text) {
			return text, true
		}
		meant, instead := nearest(text, words), ""
		if meant != "" {
			instead = "write " + meant
		}
		for _, other := range language.OtherWords[text] {
			if meant == "" && instead == "" && slices.Contains(s.Words, other) {
				instead = "write " + other
			}
		}
		c.fail(codeRange, n.Place(), fmt.Sprintf("%s: %q is not a value it can have", key, text), either(words), instead)
		if meant != "" {
			c.mend(meant)
		}
		return "", false
	}
}

func truth(c *compiler, key string, n *document.Node) (bool, bool) {
	if n.Kind() == document.Scalar && isOff(n) {
		return false, true
	}
	if n.Kind() != document.Scalar || n.Tag() != "!!bool" {
		c.wrongType(n, key, "true or false", "")
		if meant := truthMeant(n); meant != "" {
			c.lastTold().Suggestion = "write " + meant
			c.mend(meant)
		}
		return false, false
	}
	return n.Text() == "true", true
}

// truthMeant knows the words that YAML 1.1 takes for true and false, and both in quotes.
func truthMeant(n *document.Node) string {
	switch strings.ToLower(n.Text()) {
	case "true", "yes", "on", "y":
		return "true"
	case "false", "no", "n":
		return "false"
	}
	return ""
}

var nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

const nameExpected = "a name of letters, digits, dots, dashes and underscores, at most 128"

// name reads what becomes a label of metrics: short, and of few kinds of characters.
func name(c *compiler, key string, n *document.Node) (string, bool) {
	text, ok := c.scalar(key, n, nameExpected)
	if ok && !nameForm.MatchString(text) {
		c.misspelt(key, n, nameExpected, "")
		return "", false
	}
	return text, ok
}

// items reads a list of one kind; a single value without brackets is reported with what to write.
func items[T any](k kind[T]) kind[[]T] {
	return func(c *compiler, key string, n *document.Node) ([]T, bool) {
		if n.Kind() == document.Scalar {
			if rest, dashed := strings.CutPrefix(n.Text(), "-"); dashed && rest != "" && !n.Quoted() {
				c.fail(codeType, n.Place(), key+" is one value", "a list", "put a space behind the dash: - "+rest)
				return nil, false
			}
			c.fail(codeType, n.Place(), key+" is one value", "a list", fmt.Sprintf("write [%s]", strings.TrimSpace(n.Text())))
			if !strings.ContainsAny(n.Text(), ",[]{}#&*!|>'\"%@`") {
				c.mend("[" + n.Text() + "]")
			}
			return nil, false
		}
		if n.Kind() != document.Sequence {
			c.wrongType(n, key, "a list", forKind(n, document.Mapping, "write its items in brackets, such as [a, b], or behind a dash each"))
			return nil, false
		}
		var all []T
		good := true
		for _, item := range n.Items() {
			v, ok := k(c, key, item)
			good = good && ok
			all = append(all, v)
		}
		return all, good
	}
}
