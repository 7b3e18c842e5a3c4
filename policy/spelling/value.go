package spelling

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Members returns the words of a list that is spelt "[a, b]"; false for any other text.
func Members(list string) ([]string, bool) {
	inner, ok := strings.CutPrefix(list, "[")
	if !ok {
		return nil, false
	}
	inner = strings.TrimSuffix(inner, "]")
	if inner == "" {
		return nil, true
	}
	return strings.Split(inner, ", "), true
}

// Amount returns a duration in nanoseconds, a share as a fraction, a size in bytes or a plain number; false for any other text.
func Amount(text string) (float64, bool) {
	if d, err := time.ParseDuration(text); err == nil {
		return float64(d), true
	}
	for _, unit := range []struct {
		suffix string
		size   float64
	}{{"%", 0.01}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"B", 1}, {"", 1}} {
		number, found := strings.CutSuffix(text, unit.suffix)
		if !found {
			continue
		}
		if f, err := strconv.ParseFloat(number, 64); err == nil {
			return f * unit.size, true
		}
	}
	return 0, false
}

// Same reports whether two spellings are one value: "1500ms" and "1s500ms", "64KiB" and "65536B", lists in any order.
func Same(a, b string) bool {
	if a == b {
		return true
	}
	membersA, listA := Members(a)
	membersB, listB := Members(b)
	if listA && listB {
		return slices.Equal(slices.Sorted(slices.Values(membersA)), slices.Sorted(slices.Values(membersB)))
	}
	amountA, okA := Amount(a)
	amountB, okB := Amount(b)
	return okA && okB && amountA == amountB && kind(a) == kind(b)
}

// kind tells a share, a time, a size and a plain number apart, so that 1 is neither 1B nor 1ns.
func kind(text string) string {
	switch _, err := time.ParseDuration(text); {
	case strings.HasSuffix(text, "%"), strings.HasSuffix(text, "B"):
		return text[len(text)-1:]
	case err == nil && text != "0":
		return "s"
	}
	return ""
}

// durationForm is that of Gateway API (GEP-2257): no sign, no fraction, nothing finer than a millisecond.
var durationForm = regexp.MustCompile(`^([0-9]{1,5}(h|m|s|ms)){1,4}$`)

// Duration reads a duration as policies spell it; false for any other text.
func Duration(text string) (time.Duration, bool) {
	d, err := time.ParseDuration(text)
	return d, err == nil && durationForm.MatchString(text)
}
