package explain

import (
	"fmt"
	"strings"

	"outrigger/policy"
)

// plain says in a few sentences what happens to the request.
func (r *request) plain(path string, w Worst) string {
	sentences := []string{r.tries(path, w), r.again(w)}
	sentences = append(sentences, r.guards()...)
	return strings.Join(sentences, " ")
}

func (r *request) tries(path string, w Worst) string {
	t := r.op.Policy.Timeouts
	var b strings.Builder
	fmt.Fprintf(&b, "A %s to %s is tried %s", r.method, path, times(w.Attempts))
	streams := r.op.Streaming == policy.StreamAlways
	switch {
	case t.Request == 0 && t.Attempt == 0:
		b.WriteString(", and nothing bounds how long that takes")
	case t.Request == 0:
		fmt.Fprintf(&b, ", each time for at most %s", policy.Spell(t.Attempt))
	default:
		fmt.Fprintf(&b, " within %s", policy.Spell(t.Request))
		if t.Attempt > 0 && t.Attempt < t.Request && w.Attempts > 1 {
			fmt.Fprintf(&b, ", each time for at most %s", policy.Spell(t.Attempt))
		}
	}
	if top := r.op.Policy.Retry.Backoff.Top(w.Retries); w.Retries > 0 && top > 0 {
		fmt.Fprintf(&b, ", after a random pause of up to %s", policy.Spell(top))
	}
	b.WriteByte('.')
	if streams {
		fmt.Fprintf(&b, " That is the time to the head of its reply: the reply streams, and lasts until %s pass without a byte.", policy.Spell(t.Idle))
	}
	return b.String()
}

func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "at most twice"
	}
	return fmt.Sprintf("at most %d times", n)
}

// inSentence makes sentences of what retried lists.
var inSentence = strings.NewReplacer(
	"no connection", "a failure to connect", "connection lost", "a connection lost", "attempt timeout", "an attempt timeout",
	"answers ", "an answer of ", "answer ", "an answer of ",
)

// again says what another try follows, and what not.
func (r *request) again(w Worst) string {
	if w.Retries == 0 {
		return "It is not tried again, but for a kept connection that turns out closed."
	}
	yes, _ := r.retried()
	var after []string
	for _, reason := range yes[:len(yes)-1] { // the last is the kept connection, which retries do not govern
		after = append(after, inSentence.Replace(reason.What))
	}
	text := "Another try follows " + sentenceList(after) + "."
	if ok, why := r.mayRepeat(); !ok {
		if _, because, found := strings.Cut(why, ": "); found {
			why = because
		}
		text += " What may have been processed is not sent again: " + why + "."
	}
	if b := r.upstream.Budget; !b.Off {
		text += fmt.Sprintf(" All retries to %s together stay under %s of its requests in %s, plus %d.",
			r.upstream.Name, policy.SpellShare(b.Ratio), policy.Spell(b.Window), b.Floor)
	}
	return text
}

// guards say when the request is not sent at all.
func (r *request) guards() []string {
	var all []string
	if b := r.op.Policy.Breaker; !b.Off {
		trips := fmt.Sprintf("%s of at least %d attempts in %s fail", policy.SpellShare(b.FailureRate), b.MinimumRequests, policy.Spell(b.Window))
		if b.ConsecutiveFailures > 0 {
			trips += fmt.Sprintf(", or %d in a row", b.ConsecutiveFailures)
		}
		all = append(all, fmt.Sprintf("When %s, the circuit opens: the sidecar answers 503 at once, for %s at first and up to %s, and then lets %d through to see.",
			trips, policy.Spell(b.OpenFor), policy.Spell(b.OpenForMax), b.Probes))
	}
	if c := r.op.Policy.Concurrency; !c.Off {
		text := fmt.Sprintf("At most %d are in flight at once", c.Max)
		if c.Queue > 0 {
			text += fmt.Sprintf(", and %d more wait for up to %s", c.Queue, policy.Spell(c.QueueTimeout))
		}
		all = append(all, text+".")
	}
	return all
}

func sentenceList(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
