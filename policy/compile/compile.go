package compile

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"outrigger/policy"
	"outrigger/policy/document"
	"outrigger/policy/openapi"
	"outrigger/policy/rules/network"
	"outrigger/policy/wire"
)

// Options say how Compile reaches what is outside the documents.
type Options struct {
	// ReadFile returns the content of a policy file or of a spec; os.ReadFile is one. Required.
	ReadFile func(path string) ([]byte, error)
	// Env returns the value of an environment variable for ${NAME}; os.LookupEnv is one. Without it none is set.
	Env func(name string) (string, bool)
	// Application returns the spec that the application served last under a path, false while it has not served any. Without it
	// nobody asks the application: the operations of such a spec are not known, and not judged.
	Application func(application policy.Endpoint, path string) ([]byte, bool)
	// CheckSchemas also loads the schemas of every spec, which costs seconds for a large one. Only check asks for it.
	CheckSchemas bool
	// Coverage also tells which operations have no policy of their own, as information.
	Coverage bool
}

// Result is what one compilation gave.
type Result struct {
	// Set is nil when a problem is an error.
	Set *policy.Set
	// Problems are all that were found, in order of file and line; warnings and information travel with a Set.
	Problems policy.Problems
	// Files are all files that were asked for, policies and specs, sorted, also those that could not be read: watch these.
	Files []string
	// Served is the spec that the application is to be asked for, nil where the policy names none.
	Served *Served
	// Catalogs are the specs that were read without errors, by the upstream that names them; policy.Application stands for inbound.
	// They are there also where the policy has problems.
	Catalogs map[string]*openapi.Catalog
}

// Compile reads policy files, which together are one policy, and the specs they name, and gives the set they mean.
// Version must agree among the files, every other top-level key but upstreams and policies stands in one of them only.
// It is a function of what ReadFile and Env answer, and safe for concurrent use.
func Compile(files []string, o Options) Result {
	c := &compiler{
		options:  o,
		files:    map[string]bool{},
		catalogs: map[string]*catalog{},
		named:    map[string]*layer{},
		hosts:    map[string]*policy.Upstream{},
		told:     map[toldKey]bool{},
		declared: map[string]*openapi.Catalog{},
		used:     map[string]bool{},
		counts:   map[policy.Severity]int{},
	}
	set := c.compile(files)
	c.silence()
	c.tooMany()
	c.problems.Sort()
	for i := range c.problems {
		c.problems[i].Message, c.problems[i].Expected = clip(c.problems[i].Message), clip(c.problems[i].Expected)
		c.problems[i].Suggestion = clip(c.problems[i].Suggestion)
	}
	result := Result{Problems: c.problems, Files: slices.Sorted(maps.Keys(c.files)), Served: c.served, Catalogs: c.declared}
	if set == nil || c.problems.HasErrors() {
		return result
	}
	set.Files = result.Files
	for _, u := range set.All() {
		u.Index()
	}
	if set.Outbound != nil && set.Outbound.Unknown != nil {
		set.Outbound.Unknown.Index()
	}
	wire.Seal(set)
	result.Set = set
	return result
}

// longestText bounds what a problem says, in bytes: what it quotes of a file can be as long as the file.
const longestText = 2000

// clip leaves the middle of a text out that is too long.
func clip(text string) string {
	if len(text) <= longestText {
		return text
	}
	head, tail := text[:longestText/2], text[len(text)-longestText/2:]
	return strings.ToValidUTF8(head, "") + " ... " + strings.ToValidUTF8(tail, "")
}

// compiler is one compilation.
type compiler struct {
	options  Options
	problems policy.Problems
	files    map[string]bool // asked for
	roots    []*document.Node
	catalogs map[string]*catalog
	specs    []specFile // wherever a policy names one
	named    map[string]*layer
	hosts    map[string]*policy.Upstream
	shared   []policy.Problem // hosts of two upstreams, which matter where one port serves all
	told     map[toldKey]bool
	again    bool // the problem reported last had been told before, or is one too many
	counts   map[policy.Severity]int
	searched int // steps in search of operations that were meant
	served   *Served
	declared map[string]*openapi.Catalog
	used     map[string]bool // named policies
}

func (c *compiler) compile(files []string) *policy.Set {
	for _, file := range files {
		if root := c.read(file); root != nil {
			c.roots = append(c.roots, root)
		}
	}
	if len(c.roots) == 0 {
		return nil
	}
	top := c.merge()
	set := c.assemble(top)
	network.Check(set, c.roots[0].Place(), c.report)
	return set
}

// read gives the root of a policy file, or nil with the reasons among the problems.
func (c *compiler) read(file string) *document.Node {
	data, err := c.readFile(file)
	if err != nil {
		c.report(policy.Problem{
			Code: codeMissingFile, Severity: policy.Error, Place: policy.Place{File: file, Line: 1, Column: 1},
			Message: "policy file cannot be read: " + err.Error(), Expected: "a readable file",
		})
		return nil
	}
	root, problems := document.Parse(file, data)
	c.problems = append(c.problems, problems...)
	if root == nil {
		return nil
	}
	if root.Kind() != document.Mapping {
		c.wrongType(root, "policy file", "a mapping such as \"version: 1\"", forKind(root, document.Sequence, noDashes))
		return nil
	}
	if c.notAPolicy(root) {
		return nil
	}
	return root
}

func (c *compiler) readFile(path string) ([]byte, error) {
	if strings.HasPrefix(path, fromApplication) {
		return c.readServed(path)
	}
	c.files[path] = true
	return c.options.ReadFile(path)
}

// report takes a problem. What is wrong with a value is told once, however many aliases bring it to other places.
func (c *compiler) report(p policy.Problem) {
	if slices.Contains(ofValues, p.Code) {
		key := toldKey{p.Code, p.Place, p.Because}
		if c.again = c.told[key]; c.again {
			return
		}
		c.told[key] = true
	}
	c.counts[p.Severity]++
	if c.again = c.counts[p.Severity] > maxProblems; c.again {
		return
	}
	c.problems = append(c.problems, p)
}

// maxProblems bounds the errors, the warnings and the remarks, each apart from the others: many of these must not hide one of
// those. A file with more is mended in rounds.
const maxProblems = 1000

// maxSearch bounds the search for what was meant by operations that do not exist, in steps of comparing letters: about a second.
// Three hundred misspelt ids among a thousand operations take less.
const maxSearch = 150_000_000

// tooMany tells that there is more than what is told.
func (c *compiler) tooMany() {
	for _, severity := range []policy.Severity{policy.Error, policy.Warning, policy.Info} {
		if n := c.counts[severity]; n > maxProblems {
			c.problems = append(c.problems, policy.Problem{
				Code: document.CodeTooLarge, Severity: severity, Place: c.roots[0].Place(),
				Message:  fmt.Sprintf("%d more problems of severity %s are not told", n-maxProblems, severity),
				Expected: fmt.Sprintf("at most %d", maxProblems), Suggestion: "mend these, and check again",
			})
		}
	}
}

// lastTold is the problem told last, for what is to be added to it; one that nobody sees where it had been told before.
func (c *compiler) lastTold() *policy.Problem {
	if c.again {
		return &policy.Problem{}
	}
	return &c.problems[len(c.problems)-1]
}

// ofValues are the codes of problems that a key or a value has by itself.
var ofValues = []string{codeUnknownField, codeType, codeRange, codeNotYet, codeSpelling, codeSecret}

// reportOnce is for checks of operations: a value that many inherit is wrong once.
func (c *compiler) reportOnce(p policy.Problem) {
	key := toldKey{p.Code, p.Place, p.Because}
	if !c.told[key] {
		c.told[key] = true
		c.report(p)
	}
}

type toldKey struct {
	code           string
	place, because policy.Place
}

// fail reports an error; advice is what was expected and, if there is more to say, what to write instead.
func (c *compiler) fail(code string, at policy.Place, message string, advice ...string) {
	p := policy.Problem{Code: code, Severity: policy.Error, Place: at, Message: message}
	if len(advice) > 0 {
		p.Expected = advice[0]
	}
	if len(advice) > 1 {
		p.Suggestion = advice[1]
	}
	c.report(p)
}

// mend gives the problem told last an edit: what to write at its place. Only for what leaves no doubt of what was meant.
func (c *compiler) mend(text string) {
	last := c.lastTold()
	last.Fix = policy.Edit{Place: last.Place, Text: text}
}

// mendWord is mend with a word that a file may have to put in quotes.
func (c *compiler) mendWord(word string) {
	if !plainForm.MatchString(word) {
		word = strconv.Quote(word) // of what is printable, as ids and templates are, YAML and Go quote alike
	}
	c.mend(word)
}

// because gives the problem told last the place of its reason.
func (c *compiler) because(at policy.Place) { c.lastTold().Because = at }

// plainForm are words that YAML takes for text wherever they stand.
var plainForm = regexp.MustCompile(`^[A-Za-z_/-]*[a-z_/-][A-Za-z0-9_/.-]*$`)
