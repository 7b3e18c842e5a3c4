package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"outrigger/cmd/outrigger/internal/patch"
	"outrigger/policy"
	"outrigger/policy/mend"
	"outrigger/policy/suggest"
	"outrigger/proxy/observe"
)

func newSuggestCommand() *cobra.Command {
	var admin, output, policyPath string
	c := &cobra.Command{
		Use:   "suggest --policy PATH",
		Short: "Propose timeouts and limits from what a running sidecar measured",
		Long: "Ask a running sidecar how long exchanges and attempts took and how many were in flight at once, and propose the values of the\n" +
			"policy that do not fit, each with its figures, and all of them as a diff. It changes nothing. An operation is judged after\n" +
			"1,000 exchanges.\n\n" +
			"Exit status: 0 done, with or without proposals, 2 usage, no answer or a policy that is not valid.",
		Example: "  outrigger suggest --policy policy.yaml\n  outrigger suggest --policy policy.yaml --admin 127.0.0.1:9901 --output json",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case output != "text" && output != "json":
				return usage("--output %q is not known: write text or json", output)
			case policyPath == "":
				return usage("--policy is missing: name the policy that the sidecar runs, as in --policy policy.yaml")
			}
			states, err := operationsOf(c.Context(), admin)
			if err != nil {
				return err
			}
			set, err := validSet(policyPath, c.ErrOrStderr())
			if err != nil {
				return err
			}
			proposals, notes := suggest.Suggest(set, evidence(states))
			if output == "json" {
				return writeProposals(c.OutOrStdout(), proposals, notes)
			}
			if err := printProposals(c.OutOrStdout(), proposals, notes); err != nil {
				return failed("the result cannot be written: %w", err)
			}
			return propose(c.OutOrStdout(), policyPath, changesOf(proposals))
		},
	}
	c.Flags().StringVar(&admin, "admin", "127.0.0.1:9901", "address of the admin port")
	c.Flags().StringVar(&output, "output", "text", "text or json")
	c.Flags().StringVar(&policyPath, "policy", "", "the policy that the sidecar runs")
	return c
}

func evidence(states []observe.UpstreamState) []suggest.Evidence {
	var all []suggest.Evidence
	for _, u := range states {
		for _, op := range u.Operations {
			all = append(all, suggest.Evidence{
				Direction: u.Direction, Upstream: u.Name, Operation: op.Name, Peak: op.Peak,
				Exchanges: latency(op.Exchanges), Attempts: latency(op.Attempts),
			})
		}
	}
	return all
}

func latency(l *observe.Latency) suggest.Latency {
	if l == nil {
		return suggest.Latency{}
	}
	at := func(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }
	return suggest.Latency{Count: l.Count, P50: at(l.P50), P95: at(l.P95), P99: at(l.P99), P999: at(l.P999)}
}

func printProposals(w io.Writer, proposals []suggest.Proposal, notes []suggest.Note) error {
	var b strings.Builder
	if len(proposals) == 0 {
		b.WriteString("no value calls for a change\n")
	}
	for _, p := range proposals {
		fmt.Fprintf(&b, "%s %s: %s %s -> %s (%s)\n  %s\n", p.Upstream.Name, p.Operation.ID, p.Key, p.From, p.To, p.Operation.Policy.Source(p.Key), p.Why)
	}
	for _, n := range notes {
		fmt.Fprintf(&b, "%s %s: %s\n", n.Upstream, n.Operation, n.Text)
	}
	_, err := io.WriteString(w, visible(b.String()))
	return err
}

func writeProposals(w io.Writer, proposals []suggest.Proposal, notes []suggest.Note) error {
	type proposal struct {
		Direction policy.Direction `json:"direction"`
		Upstream  string           `json:"upstream"`
		Operation string           `json:"operation"`
		Key       string           `json:"key"`
		From      string           `json:"from"`
		To        string           `json:"to"`
		Source    string           `json:"source"`
		Why       string           `json:"why"`
	}
	type note struct {
		Upstream  string `json:"upstream"`
		Operation string `json:"operation"`
		Text      string `json:"text"`
	}
	answer := struct {
		Version   int        `json:"version"`
		Proposals []proposal `json:"proposals"`
		Notes     []note     `json:"notes"`
	}{1, []proposal{}, []note{}}
	for _, p := range proposals {
		answer.Proposals = append(answer.Proposals, proposal{
			p.Upstream.Direction, p.Upstream.Name, p.Operation.ID, p.Key, p.From, p.To, p.Operation.Policy.Source(p.Key), p.Why,
		})
	}
	for _, n := range notes {
		answer.Notes = append(answer.Notes, note(n))
	}
	return indented(w, answer)
}

// changesOf writes each proposal at its operation.
func changesOf(proposals []suggest.Proposal) []patch.Change {
	var all []patch.Change
	for _, p := range proposals {
		path := []string{"upstreams", p.Upstream.Name}
		if p.Upstream.Direction == policy.Inbound {
			path = []string{"inbound"}
		}
		path = append(path, "operations", p.Operation.ID)
		path = append(path, strings.Split(p.Key, ".")...)
		all = append(all, patch.Change{File: p.Upstream.Place.File, Change: mend.Change{Path: path, Value: p.To}})
	}
	return all
}
