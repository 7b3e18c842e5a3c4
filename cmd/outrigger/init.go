package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"outrigger/policy"
	"outrigger/policy/starter"
	"outrigger/policy/starter/migrate"
)

// stdoutPolicy is what a policy on standard output is called in messages.
const stdoutPolicy = "policy.yaml"

func newInitCommand() *cobra.Command {
	var o initOptions
	c := &cobra.Command{
		Use:   "init OPENAPI... | init --from SYSTEM FILE",
		Short: "Write a first policy from OpenAPI specs, or from the files of another system",
		Long: "Write a starter policy with comments, which passes \"outrigger check --strict\", to standard output or to a new file. Each OPENAPI is\n" +
			"the spec of a service that is called, an upstream; --inbound names the spec of the service itself.\n\n" +
			"Operations whose specs show that they need more than the defaults are listed: streams, uploads, downloads, long polls, those with an\n" +
			"idempotency key, those that say when to try again. An existing file is never overwritten.\n\n" +
			"With --from, FILE is one of Envoy (routes and clusters), Istio (VirtualService, DestinationRule), Dapr (Resiliency) or Linkerd\n" +
			"(HTTPRoute, ServiceProfile, annotations). What could not be carried over is told with its line, and stands at the end of the policy.\n\n" +
			"Exit status: 0 written, 1 a spec or file has errors, 2 usage or unreadable input.",
		Example: "  outrigger init inventory.yaml payments.json >policy.yaml\n  outrigger init --service orders --inbound openapi.yaml -o policy.yaml inventory.yaml\n" +
			"  outrigger init --from istio -o policy.yaml ratings.yaml",
		RunE: o.run,
	}
	flags := c.Flags()
	flags.StringVarP(&o.file, "out", "o", "", "file to write; it must not exist")
	flags.StringVar(&o.inbound, "inbound", "", "the spec of the service beside the sidecar")
	flags.StringVar(&o.service, "service", "", "the name of that service")
	flags.StringVar(&o.from, "from", "", "the system whose file is to be turned into a policy: "+strings.Join(migrate.Systems(), ", "))
	// outrigger run gives OUTRIGGER_INBOUND, an address, to the service it starts.
	flags.Lookup("inbound").Annotations = map[string][]string{notFromEnvironment: nil}
	return c
}

type initOptions struct {
	file, inbound, service, from string
}

func (o *initOptions) run(c *cobra.Command, specs []string) error {
	if err := o.free(); err != nil {
		return err
	}
	read := sources{}
	if o.from != "" {
		return o.migrate(c, specs, read)
	}
	s := starter.Options{File: o.policyFile(), Service: o.service, ReadFile: read.read}
	for _, name := range specs {
		spec, err := o.spec(name, read)
		if err != nil {
			return err
		}
		s.Upstreams = append(s.Upstreams, spec)
	}
	if o.inbound != "" {
		spec, err := o.spec(o.inbound, read)
		if err != nil {
			return err
		}
		s.Inbound = &spec
	}
	made, err := starter.Make(s)
	if err != nil {
		return usage("%w", err)
	}
	if made.Text == nil {
		return notWritten(c.ErrOrStderr(), made.Problems, read)
	}
	if err := o.write(c.OutOrStdout(), made.Text); err != nil {
		return err
	}
	if n := counted(made.Problems); n.Warnings > 0 {
		fmt.Fprintf(c.ErrOrStderr(), "%s in the specs, silenced where the policy names them; \"outrigger check\" shows them when the comment is removed\n", n)
	}
	if o.file != "" {
		fmt.Fprintf(c.ErrOrStderr(), "%s written: %d of %d operations are listed, the others keep the defaults\nnext: outrigger check --strict %s\n",
			o.file, made.Listed, made.Declared, o.file)
	}
	return nil
}

// migrate turns the file of another system into a policy.
func (o *initOptions) migrate(c *cobra.Command, files []string, read sources) error {
	if len(files) != 1 || o.inbound != "" {
		return usage("--from takes one FILE and no spec: write outrigger init --from %s FILE", o.from)
	}
	data, err := read.read(files[0])
	if err != nil {
		return usage("%s: %w", files[0], err)
	}
	made, err := migrate.From(migrate.Source{System: o.from, File: files[0], Data: data, Service: o.service})
	if err != nil {
		return usage("%w", err)
	}
	if made.Text == nil {
		return notWritten(c.ErrOrStderr(), made.Problems, read)
	}
	if err := o.write(c.OutOrStdout(), made.Text); err != nil {
		return err
	}
	for _, l := range made.Left {
		fmt.Fprintln(c.ErrOrStderr(), visible(fmt.Sprintf("%s: not carried over: %s", l.Place, l.Text)))
	}
	if o.file != "" {
		fmt.Fprintf(c.ErrOrStderr(), "%s written\nnext: outrigger check %s\n", o.file, o.file)
	}
	return nil
}

func notWritten(stderr io.Writer, problems policy.Problems, read sources) error {
	printer := problemPrinter{out: stderr, sources: read, colour: coloured(stderr)}
	for _, p := range problems {
		if p.Severity == policy.Error {
			printer.print(p)
		}
	}
	return failed("no policy was written (%s): mend that first", counted(problems))
}

func (o *initOptions) policyFile() string {
	if o.file == "" {
		return stdoutPolicy
	}
	return filepath.ToSlash(filepath.Clean(o.file))
}

// spec finds how the policy is to name a spec, from the folder that it will stand in.
func (o *initOptions) spec(name string, read sources) (starter.Spec, error) {
	if _, err := read.read(name); err != nil {
		return starter.Spec{}, usage("%s: %w", name, err)
	}
	relative := filepath.Clean(name)
	if !filepath.IsAbs(relative) {
		folder, err := filepath.Rel(filepath.Dir(o.policyFile()), relative)
		if err != nil { // the policy stands elsewhere altogether
			folder, err = filepath.Abs(name)
		}
		if err != nil {
			return starter.Spec{}, usage("%s: %w", name, err)
		}
		relative = folder
	}
	// Both names must lead to one file, also by way of the policy's folder.
	path := relative
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(o.policyFile()), relative)
	}
	return starter.Spec{Path: filepath.ToSlash(path), Name: filepath.ToSlash(relative)}, nil
}

// free refuses a file that exists before any work is done; write refuses it again when it creates the file.
func (o *initOptions) free() error {
	if o.file == "" {
		return nil
	}
	if _, err := os.Lstat(o.file); err == nil {
		return usage("%s exists and is never overwritten: name another file with -o, or remove it first", o.file)
	}
	return nil
}

func (o *initOptions) write(stdout io.Writer, text []byte) error {
	if o.file == "" {
		if _, err := stdout.Write(text); err != nil {
			return failed("the policy cannot be written: %w", err)
		}
		return nil
	}
	f, err := os.OpenFile(o.file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		return o.free()
	}
	if err != nil {
		return usage("%s cannot be written: %w", o.file, cause(err))
	}
	_, err = f.Write(text)
	if err := errors.Join(err, f.Close()); err != nil {
		return failed("%s cannot be written: %w", o.file, cause(err))
	}
	return nil
}
