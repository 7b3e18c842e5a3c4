package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const (
	// maxPattern bounds the text of a pattern, maxProgram what it compiles to: repetitions multiply.
	maxPattern = 4 << 10
	maxProgram = 20_000
	// maxPatterns bounds what all patterns of one document compile to, which is about as many times 100 bytes and a microsecond.
	maxPatterns = 500_000
)

// Patterns compiles patterns, each once however many schemas have it, and only so many: beyond a bound on what they take together each
// is an error. The zero value is ready for use. It is not safe for concurrent use.
type Patterns struct {
	known map[string]compiledPattern
	size  int
}

type compiledPattern struct {
	pattern *pattern
	err     error
}

// Check says why a pattern of ECMA-262, which OpenAPI asks for, cannot be used: RE2 has no look-around and no back
// references, and a pattern may be too large.
func (all *Patterns) Check(pattern string) error {
	_, err := all.compile(pattern)
	return err
}

// compile makes a pattern that runs in linear time.
func (all *Patterns) compile(text string) (jsonschema.Regexp, error) {
	if len(text) > maxPattern {
		return nil, fmt.Errorf("it is longer than %d bytes", maxPattern)
	}
	found, known := all.known[text]
	if !known {
		if all.size > maxPatterns {
			return nil, errors.New("it and the patterns before it are too large together")
		}
		if all.known == nil {
			all.known = map[string]compiledPattern{}
		}
		var size int
		found.pattern, size, found.err = compilePattern(text)
		all.known[text] = found
		all.size += max(size, len(text)) // one that cannot be used has taken its time all the same
	}
	if found.err != nil {
		return nil, found.err
	}
	return found.pattern, nil
}

// compilePattern also gives the instructions that the pattern was compiled to, whether or not it can be used.
func compilePattern(text string) (made *pattern, size int, err error) {
	parsed, err := syntax.Parse(re2(text), syntax.Perl)
	if err != nil {
		var broken *syntax.Error
		if errors.As(err, &broken) {
			return nil, 0, fmt.Errorf("%s: %q", broken.Code, clip(broken.Expr, maxQuote))
		}
		return nil, 0, err
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return nil, 0, err
	}
	if size = len(program.Inst); size > maxProgram {
		return nil, size, fmt.Errorf("it expands to more than %d steps", maxProgram)
	}
	compiled, err := regexp.Compile(re2(text))
	if err != nil {
		return nil, size, err
	}
	return &pattern{Regexp: compiled, size: size}, size, nil
}

// pattern is a compiled one. Linear time is that of its text times its instructions, all of which it may be at with each byte.
type pattern struct {
	*regexp.Regexp
	size  int    // in instructions
	meter *meter // of the book; nil for a pattern that is not its own, such as those of the schema of schemas
}

// cost is the steps of matching so many bytes.
func (p *pattern) cost(bytes int) int { return bytes * p.size / bytesPerStep }

// MatchString counts before it matches.
func (p *pattern) MatchString(text string) bool {
	if p.meter != nil {
		p.meter.count(p.cost(len(text)))
	}
	return p.Regexp.MatchString(text)
}

// re2 spells the escapes of ECMA-262 that RE2 knows by another spelling: \uXXXX, \u{X}, \cX, \/ and \-.
func re2(pattern string) string {
	if !strings.Contains(pattern, `\`) {
		return pattern
	}
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		if pattern[i] != '\\' || i+1 == len(pattern) {
			b.WriteByte(pattern[i])
			continue
		}
		rest := pattern[i+2:]
		switch c := pattern[i+1]; {
		case c == 'u' && len(rest) >= 4 && hex(rest[:4]):
			b.WriteString(`\x{` + rest[:4] + `}`)
			i += 5
		case c == 'u' && strings.HasPrefix(rest, "{"):
			b.WriteString(`\x`)
			i++
		case c == 'c' && rest != "" && (rest[0]|0x20) >= 'a' && (rest[0]|0x20) <= 'z':
			fmt.Fprintf(&b, `\x%02x`, rest[0]&0x1f)
			i += 2
		default:
			b.WriteString(pattern[i : i+2])
			i++
		}
	}
	return b.String()
}

func hex(s string) bool { return strings.Trim(s, "0123456789abcdefABCDEF") == "" }

// Asserted reports whether a format is held against values: those that everybody reads alike. All others are remarks, as
// draft 2020-12 and OpenAPI have them.
func Asserted(format string) bool {
	switch format {
	case "date", "date-time", "uuid", "ipv4", "ipv6", "int32", "int64":
		return true
	}
	return false
}

// remarks are the formats that the library would assert and we do not.
var remarks = []string{
	"json-pointer", "relative-json-pointer", "duration", "period", "hostname", "email", "time", "uri", "iri", "uri-reference", "iri-reference",
	"uri-template", "semver", "regex",
}

// formats are those that differ from the library's. OpenAPI's integers it does not know; a fraction is not their business.
func formats() []*jsonschema.Format {
	all := []*jsonschema.Format{integerFormat("int32", 31), integerFormat("int64", 63)}
	for _, name := range remarks {
		all = append(all, &jsonschema.Format{Name: name, Validate: func(any) error { return nil }})
	}
	return all
}

func integerFormat(name string, bits uint) *jsonschema.Format {
	limit := new(big.Int).Lsh(big.NewInt(1), bits)
	low, high := new(big.Int).Neg(limit), limit
	return &jsonschema.Format{Name: name, Validate: func(v any) error {
		text, ok := v.(json.Number)
		if !ok {
			return nil
		}
		n, ok := new(big.Int).SetString(string(text), 10)
		if ok && (n.Cmp(low) < 0 || n.Cmp(high) >= 0) {
			return errors.New("out of range")
		}
		return nil
	}}
}
