package screen

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"outrigger/proxy/observe"
)

// Decision is one thing that the sidecar decided, in its own words.
type Decision struct {
	Operation string
	What      string
	// Source is FILE:LINE of the policy, without folders, or "default".
	Source string
	Status int // that the caller got
	Ago    time.Duration
}

// decisionRows is how many lines decisions take.
const decisionRows = 8

// Latest picks what was decided last in each exchange, and of all that differs in numbers only the newest, so that a storm of one
// kind does not hide the others. The list is newest first.
func Latest(list []observe.Decision, now time.Time) []Decision {
	var found []Decision
	seen := map[string]bool{}
	for _, d := range list {
		if len(d.Events) == 0 || len(found) >= decisionRows {
			continue
		}
		last := d.Events[len(d.Events)-1]
		kind := d.Operation + withoutDigits(last.What)
		if seen[kind] {
			continue
		}
		seen[kind] = true
		found = append(found, Decision{
			Operation: d.Operation, What: last.What, Source: filepath.Base(last.Source), Status: d.Status, Ago: ago(d, now),
		})
	}
	return found
}

// withoutDigits also drops the units of durations, which change with their size.
func withoutDigits(text string) string {
	words := strings.Fields(text)
	for i, w := range words {
		if strings.ContainsAny(w, "0123456789") && !isStatus(w) {
			words[i] = "#"
		}
	}
	return strings.Join(words, " ")
}

// isStatus keeps 503 apart from 429: they are different news.
func isStatus(word string) bool {
	word = strings.Trim(word, ",;:.")
	return len(word) == 3 && strings.Trim(word, "0123456789") == ""
}

// ago is how long it is since an exchange ended, which is the order of the list.
func ago(d observe.Decision, now time.Time) time.Duration {
	began, err := time.Parse(time.RFC3339Nano, d.Time)
	if err != nil {
		return 0
	}
	return max(0, now.Sub(began)-time.Duration(d.Duration*float64(time.Millisecond)))
}

func age(d time.Duration) string {
	if d < 100*time.Millisecond {
		return "now"
	}
	return seconds(d)
}

const decisionIndent = 22

func decisionLines(s Style, list []Decision) []string {
	var lines []string
	for _, d := range list {
		text := d.What
		if d.Status != 0 {
			text += fmt.Sprintf(" -> %d", d.Status)
		}
		if d.Source != "" {
			text += " (" + d.Source + ")"
		}
		wrapped := wrap(text, Width-decisionIndent)
		if len(lines)+len(wrapped) > decisionRows {
			break
		}
		for i, part := range wrapped {
			name, when := "", ""
			if i == 0 {
				name, when = d.Operation, age(d.Ago)
			}
			lines = append(lines, fmt.Sprintf(" %6s  %s%s", when, s.left(bold, decisionIndent-9, name), part))
		}
	}
	for len(lines) < decisionRows {
		lines = append(lines, "")
	}
	return lines
}
