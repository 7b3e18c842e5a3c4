package main

import (
	"io"
	"net/textproto"
	"strings"

	"github.com/spf13/cobra"

	"outrigger/policy"
	"outrigger/policy/explain"
)

func newExplainCommand() *cobra.Command {
	var path, output string
	var headers []string
	q := explain.Question{}
	c := &cobra.Command{
		Use:   "explain --policy PATH [[--inbound | --upstream NAME] METHOD TARGET]",
		Short: "Say what a policy means for one request, or for all operations",
		Long: "Say which operation a request is, in plain words what happens to it, every effective value with the line it comes from, the\n" +
			"worst case in time and attempts, and what would be retried, what not, and why. TARGET is a path, or a URL whose host is one of\n" +
			"an upstream. Without a request it prints a table of all operations.",
		Example: "  outrigger explain --policy policy.yaml\n  outrigger explain --policy policy.yaml --upstream inventory GET /stock/42\n" +
			"  outrigger explain --policy policy.yaml -H 'Idempotency-Key: 1' POST http://inventory:8080/stock/42/reservations",
		Args: requestOrNothing,
		RunE: func(c *cobra.Command, args []string) error {
			if path == "" {
				return usage("--policy is missing: name the policy file, as in --policy policy.yaml")
			}
			if output != "text" && output != "json" {
				return usage("--output %q is not known: write text or json", output)
			}
			var err error
			if q.Header, err = headerFields(headers); err != nil {
				return err
			}
			read := sources{}
			result, err := compilePath(path, read, false)
			if err != nil {
				return err
			}
			if result.Set == nil {
				printer := problemPrinter{out: c.ErrOrStderr(), sources: read, colour: coloured(c.ErrOrStderr())}
				for _, p := range result.Problems {
					if p.Severity == policy.Error { // check tells the rest
						printer.print(p)
					}
				}
				return failed("the policy is not valid (%s): mend it first", counted(result.Problems))
			}
			if len(args) == 0 {
				return writeTable(c.OutOrStdout(), output, result.Set)
			}
			q.Set, q.Method, q.Target = result.Set, args[0], args[1]
			answer, err := explain.Explain(q)
			if err != nil {
				return usage("%w", err)
			}
			if output == "json" {
				return indented(c.OutOrStdout(), answer)
			}
			_, err = io.WriteString(c.OutOrStdout(), visible(answer.Text()))
			return err
		},
	}
	flags := c.Flags()
	flags.StringVar(&path, "policy", "", "policy file, or a folder of them (required)")
	flags.BoolVar(&q.Inbound, "inbound", false, "a call to the application beside the sidecar")
	flags.StringVar(&q.Upstream, "upstream", "", "a call to the upstream of this name")
	flags.StringArrayVarP(&headers, "header", "H", nil, "a header field of the request, 'Name: value'; may be repeated")
	flags.StringVar(&output, "output", "text", "text or json")
	// outrigger run gives OUTRIGGER_INBOUND, an address, to the service it starts.
	flags.Lookup("inbound").Annotations = map[string][]string{notFromEnvironment: nil}
	return c
}

func requestOrNothing(_ *cobra.Command, args []string) error {
	if len(args) > 0 && (strings.HasSuffix(args[0], ".yaml") || strings.HasSuffix(args[0], ".yml")) {
		return usage("the policy goes behind a flag: --policy %s", args[0])
	}
	if len(args) != 0 && len(args) != 2 {
		return usage("a request is METHOD TARGET, as in GET /stock/42; without both, all operations are explained")
	}
	return nil
}

func writeTable(w io.Writer, output string, set *policy.Set) error {
	rows := explain.Table(set)
	if output == "json" {
		return indented(w, struct {
			Version    int           `json:"version"`
			Operations []explain.Row `json:"operations"`
		}{1, rows})
	}
	_, err := io.WriteString(w, visible(explain.TableText(rows)))
	return err
}

// headerFields reads 'Name: value' as curl does.
func headerFields(lines []string) (map[string]string, error) {
	fields := map[string]string{}
	for _, line := range lines {
		name, value, found := strings.Cut(line, ":")
		name = strings.TrimSpace(name)
		if !found || name == "" || strings.ContainsAny(name, " \t") {
			return nil, usage("-H %q is not a header field: write 'Name: value'", line)
		}
		fields[textproto.CanonicalMIMEHeaderKey(name)] = strings.TrimSpace(value)
	}
	return fields, nil
}
