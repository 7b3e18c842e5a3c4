package wire

import (
	"errors"
	"fmt"
	"slices"

	"outrigger/policy"
)

// maxRetries is the ceiling of extra tries, 5 attempts in all.
const maxRetries = 4

// check refuses a set that compile would never give: what the proxy relies on without looking again.
func check(set *policy.Set) error {
	if set.Service == "" {
		return errors.New("set names no service")
	}
	if set.Inbound != nil && set.Inbound.Application == nil {
		return errors.New("set has an inbound port and no application")
	}
	if err := checkLimits(set.Limits); err != nil {
		return err
	}
	names := map[string]bool{}
	for _, u := range everyUpstream(set) {
		if u == nil {
			return errors.New("set holds an upstream that is nothing")
		}
		if u.Name == "" || names[u.Name] {
			return fmt.Errorf("upstream %q: a name that is empty or stands twice", u.Name)
		}
		names[u.Name] = true
		if err := checkUpstream(u); err != nil {
			return fmt.Errorf("upstream %q: %w", u.Name, err)
		}
	}
	return nil
}

// checkLimits lets 0 pass: the wire then has bounds of its own.
func checkLimits(l policy.Limits) error {
	const longestHead = 1 << 20
	switch {
	case l.HeaderBytes < 0 || l.HeaderBytes > longestHead || l.ResponseHeaderBytes < 0 || l.ResponseHeaderBytes > longestHead,
		l.RequestLineBytes < 0 || l.RequestLineBytes > longestHead, l.HeaderCount < 0, l.InterimReplies < 0:
		return errors.New("limits of heads out of range")
	case l.HeaderTimeout < 0, l.IdleTimeout < 0, l.UpstreamIdleTimeout < 0:
		return errors.New("limits with a negative timeout")
	case l.Connections < 0, l.BufferBytes < 0:
		return errors.New("limits of connections or buffers out of range")
	}
	return nil
}

func checkUpstream(u *policy.Upstream) error {
	switch {
	case u.Direction != policy.Inbound && u.Direction != policy.Outbound:
		return fmt.Errorf("unknown direction %q", u.Direction)
	case u.Unmatched == nil:
		return errors.New("no operation for unmatched requests")
	case len(u.Endpoints) == 0 && u.Name != policy.Unknown:
		return errors.New("no endpoint")
	case !u.Budget.Off && (u.Budget.Window <= 0 || u.Budget.Ratio < 0 || u.Budget.Floor < 0):
		return errors.New("a retry budget out of range")
	}
	for _, e := range u.Endpoints {
		if e.Host == "" || e.Scheme != "http" && e.Scheme != "https" {
			return fmt.Errorf("endpoint %q %q", e.Scheme, e.Host)
		}
	}
	for _, op := range append([]*policy.Operation{u.Unmatched}, u.Operations...) {
		if op == nil || op.ID == "" {
			return errors.New("an operation without a name")
		}
		if err := checkPolicy(&op.Policy); err != nil {
			return fmt.Errorf("operation %q: %w", op.ID, err)
		}
		if err := checkContract(u, op.Contract); err != nil {
			return fmt.Errorf("operation %q: %w", op.ID, err)
		}
	}
	return nil
}

func checkPolicy(p *policy.Policy) error {
	t, r, b, l := p.Timeouts, p.Retry, p.Breaker, p.Concurrency
	switch {
	case t.Request < 0 || t.Attempt < 0 || t.Connect < 0 || t.Idle < 0 || t.Body < 0:
		return errors.New("a negative timeout")
	case r.Retries < 0 || r.Retries > maxRetries:
		return fmt.Errorf("%d retries", r.Retries)
	case r.Backoff.Base < 0 || r.Backoff.Max < r.Backoff.Base || r.RespectRetryAfter < 0 || r.MaxBody < 0:
		return errors.New("retry settings out of range")
	case !b.Off && (b.Window <= 0 || b.MinimumRequests < 1 || b.OpenFor <= 0 || b.OpenForMax < b.OpenFor || b.Probes < 1 || b.ConsecutiveFailures < 0):
		return errors.New("breaker settings out of range")
	case !b.Off && (b.FailureRate <= 0 || b.FailureRate > 1):
		return fmt.Errorf("breaker failure rate %v", b.FailureRate)
	case !l.Off && (l.Max < 1 || l.Queue < 0 || l.QueueTimeout < 0):
		return errors.New("concurrency settings out of range")
	}
	return checkValidate(p.Validate)
}

func checkValidate(v policy.Validate) error {
	request := []policy.Validation{"", policy.ValidationOff, policy.ValidationReport, policy.ValidationEnforce}
	response := []policy.Validation{"", policy.ValidationOff, policy.ValidationReport, policy.ValidationCount}
	if !slices.Contains(request, v.Request) || !slices.Contains(response, v.Response) {
		return fmt.Errorf("unknown validation %q of requests or %q of replies", v.Request, v.Response)
	}
	return nil
}

// checkContract refuses a contract that refers to schemas which the upstream does not bring: they would allow everything.
func checkContract(u *policy.Upstream, c *policy.Contract) error {
	if c == nil {
		return nil
	}
	var names []string
	for _, p := range c.Parameters {
		names = append(names, p.Schema)
	}
	if c.Body != nil {
		names = append(names, schemasOf(c.Body.Media)...)
	}
	for _, r := range c.Replies {
		names = append(names, schemasOf(r.Media)...)
	}
	for _, name := range names {
		if _, brought := u.Schemas[name]; name != "" && !brought {
			return fmt.Errorf("a contract by schema %q, which the upstream does not bring", name)
		}
	}
	return nil
}

func schemasOf(media []policy.Media) []string {
	var names []string
	for _, m := range media {
		names = append(names, m.Schema)
	}
	return names
}
