package proxy

import (
	"log/slog"
	"maps"
	"slices"

	"outrigger/policy"
	"outrigger/policy/schema"
	"outrigger/proxy/live"
	"outrigger/proxy/validate"
)

// contracts holds the compiled schemas of the upstream whose stacks are being built. A snapshot is built one upstream after the other,
// by one goroutine at a time.
type contracts struct {
	of   *policy.Upstream
	book *schema.Book
}

// validation is what the layers that validate the messages of an operation need.
func (p *Proxy) validation(on live.Parts) validate.Settings {
	s := validate.Settings{Operation: on.Operation, Memory: p.memory}
	if on.Operation.Contract == nil {
		return s
	}
	if p.contracts.of != on.Upstream {
		p.contracts = contracts{on.Upstream, compiled(on.Upstream, p.log)}
	}
	s.Schemas = p.contracts.book
	return s
}

// compiled makes the schemas of an upstream ready. Whoever made the set has compiled them before, so that none is broken unless the two
// are of different versions; its place then allows everything.
func compiled(u *policy.Upstream, log *slog.Logger) *schema.Book {
	book, broken := schema.New(u.Schemas)
	for _, name := range slices.Sorted(maps.Keys(broken)) {
		log.Warn("schema not used for validation", "upstream", u.Name, "schema", name, "error", broken[name].Error())
	}
	return book
}
