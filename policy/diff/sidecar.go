package diff

import (
	"strconv"

	"outrigger/policy"
)

// sidecar compares what belongs to no upstream: ports, logging, limits and trust.
func (l *list) sidecar(was, is *policy.Set) {
	now := settingsOf(is)
	for i, old := range settingsOf(was) {
		l.setting(old, now[i])
	}
}

// settingsOf lists the values of a set that belong to no upstream, the same keys in the same order for every set.
func settingsOf(s *policy.Set) []setting {
	inbound, outbound, unknown := policy.Address{}, policy.Address{}, "refuse"
	if s.Inbound != nil {
		inbound = s.Inbound.Listen
	}
	if s.Outbound != nil {
		outbound = s.Outbound.Listen
		unknown = either(s.Outbound.PassUnknown, "pass", "refuse")
	}
	sample := "off"
	if s.Log.Requests == policy.LogSample {
		sample = policy.SpellShare(s.Log.Sample)
	}
	return []setting{
		{"service", s.Service, ""},
		{"inbound.listen", spellAddress(inbound), source(inbound.Place)},
		{"outbound.listen", spellAddress(outbound), source(outbound.Place)},
		{"outbound.unknown", unknown, ""},
		{"admin.listen", spellAddress(s.Admin.Listen), source(s.Admin.Listen.Place)},
		{"admin.tokenFile", given(s.Admin.TokenFile), ""},
		{"metrics.listen", spellAddress(s.Metrics.Listen), source(s.Metrics.Listen.Place)},
		{"log.level", s.Log.Level, ""},
		{"log.format", s.Log.Format, ""},
		{"log.requests", string(s.Log.Requests), ""},
		{"log.sample", sample, ""},
		{"limits.headerBytes", policy.SpellSize(s.Limits.HeaderBytes), ""},
		{"limits.responseHeaderBytes", policy.SpellSize(s.Limits.ResponseHeaderBytes), ""},
		{"limits.headerCount", strconv.Itoa(s.Limits.HeaderCount), ""},
		{"limits.requestLineBytes", policy.SpellSize(s.Limits.RequestLineBytes), ""},
		{"limits.interimReplies", strconv.Itoa(s.Limits.InterimReplies), ""},
		{"limits.headerTimeout", policy.Spell(s.Limits.HeaderTimeout), ""},
		{"limits.idleTimeout", policy.Spell(s.Limits.IdleTimeout), ""},
		{"limits.upstreamIdleTimeout", policy.Spell(s.Limits.UpstreamIdleTimeout), ""},
		{"limits.connections", strconv.Itoa(s.Limits.Connections), ""},
		{"limits.bufferBytes", policy.SpellSize(s.Limits.BufferBytes), ""},
		{"trust.callers", spellList(s.Trust.Callers), ""},
		{"trust.forwarded", string(s.Trust.Forwarded), ""},
	}
}

func given(text string) string {
	if text == "" {
		return "off"
	}
	return text
}
