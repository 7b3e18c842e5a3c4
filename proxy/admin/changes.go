package admin

import (
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"outrigger/policy"
)

// What Circuits.Force fails with.
var (
	ErrNoOperation = errors.New("the policy has no such operation")
	ErrNoCircuit   = errors.New("the policy switches the breaker of this operation off")
)

func (p *port) reload(w http.ResponseWriter, r *http.Request) {
	if !read(w, r, &struct{}{}, "") {
		return
	}
	done, err := p.Policies.Reload(r.Context())
	if err != nil {
		refuse(w, http.StatusServiceUnavailable, "the policy was not read: "+err.Error())
		return
	}
	p.changed(r, slog.String("result", done.Result))
	status := http.StatusOK
	if done.Result == "rejected" {
		status = http.StatusUnprocessableEntity
	}
	problems := done.Problems
	if problems == nil {
		problems = policy.Problems{}
	}
	answer(w, status, struct {
		Reload
		Problems policy.Problems `json:"problems"`
	}{done, problems})
}

func (p *port) drain(w http.ResponseWriter, r *http.Request) {
	if !read(w, r, &struct{}{}, "") {
		return
	}
	p.changed(r)
	p.Drain()
	answer(w, http.StatusAccepted, struct {
		Draining bool `json:"draining"`
	}{true})
}

var levels = []string{"debug", "info", "warn", "error"}

func (p *port) logLevel(w http.ResponseWriter, r *http.Request) {
	const needed = `{"level":"debug|info|warn|error"}`
	var to struct {
		Level string `json:"level"`
	}
	if !read(w, r, &to, needed) {
		return
	}
	if !slices.Contains(levels, to.Level) {
		refuse(w, http.StatusBadRequest, "the level is none of "+strings.Join(levels, ", ")+", send "+needed)
		return
	}
	_ = p.Level.UnmarshalText([]byte(to.Level)) // the four levels are all known to it
	p.changed(r, slog.String("to", to.Level))
	answer(w, http.StatusOK, to)
}

var circuitStates = []string{"open", "closed", "auto"}

func (p *port) breaker(w http.ResponseWriter, r *http.Request) {
	const needed = `{"state":"open|closed|auto"}`
	var to struct {
		State string `json:"state"`
	}
	if !read(w, r, &to, needed) {
		return
	}
	if !slices.Contains(circuitStates, to.State) {
		refuse(w, http.StatusBadRequest, "the state is none of "+strings.Join(circuitStates, ", ")+", send "+needed)
		return
	}
	upstream, operation := r.PathValue("upstream"), r.PathValue("operation")
	switch err := p.Circuits.Force(upstream, operation, to.State); {
	case errors.Is(err, ErrNoOperation):
		refuse(w, http.StatusNotFound, err.Error()+"; /operations lists them")
		return
	case err != nil:
		refuse(w, http.StatusConflict, err.Error())
		return
	}
	p.changed(r, slog.String("upstream", upstream), slog.String("operation", operation), slog.String("to", to.State))
	answer(w, http.StatusOK, struct {
		Upstream  string `json:"upstream"`
		Operation string `json:"operation"`
		State     string `json:"state"`
	}{upstream, operation, to.State})
}

// changed logs who changed what; what was asked for in vain is not worth a line that anybody could provoke.
func (p *port) changed(r *http.Request, attrs ...slog.Attr) {
	attrs = append([]slog.Attr{slog.String("change", r.Pattern), slog.String("client", r.RemoteAddr)}, attrs...)
	p.Log.LogAttrs(r.Context(), slog.LevelWarn, "changed by an operator", attrs...)
}
