package schema

import (
	"cmp"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"outrigger/policy"
)

const (
	// maxViolations bounds what is told of one value: whoever mends ten will ask again.
	maxViolations = 10
	maxCollected  = 200
	// maxPointer and maxQuote bound what is quoted: keys of the message in a pointer, words of the schema in a reason.
	maxPointer = 200
	maxQuote   = 80
	maxWords   = 6
)

// violations tells what the library found.
func violations(err error) ([]policy.Violation, error) {
	var failed *jsonschema.ValidationError
	if !errors.As(err, &failed) {
		return nil, ErrTooComplex
	}
	c := collector{}
	c.collect(failed)
	if c.cycle {
		return nil, ErrCycle
	}
	// Properties come in no order of their own; what is told should not change from one time to the next.
	slices.SortStableFunc(c.found, func(a, b policy.Violation) int {
		return cmp.Or(cmp.Compare(a.Pointer, b.Pointer), cmp.Compare(a.Reason, b.Reason))
	})
	return c.found[:min(len(c.found), maxViolations)], nil
}

type collector struct {
	found []policy.Violation
	cycle bool
}

// collect goes down to the causes that a person can mend. Of alternatives it follows the one that the value was probably meant for.
func (c *collector) collect(e *jsonschema.ValidationError) {
	switch k := e.ErrorKind.(type) {
	case *kind.RefCycle:
		c.cycle = true
	case *kind.Schema, *kind.Group, *kind.AllOf, *kind.Reference:
		for _, cause := range e.Causes {
			c.collect(cause)
		}
	case *kind.AnyOf:
		c.alternatives(e)
	case *kind.OneOf:
		if len(k.Subschemas) > 0 {
			c.add(e, "fits more than one of the alternatives, and only one may")
			return
		}
		c.alternatives(e)
	case *kind.AdditionalProperties:
		for _, name := range k.Properties {
			c.addAt(append(e.InstanceLocation[:len(e.InstanceLocation):len(e.InstanceLocation)], name), "is not a property that the schema knows")
		}
	case *kind.Required:
		for _, name := range k.Missing {
			c.add(e, "lacks "+clip(printable(name), maxQuote))
		}
	default:
		c.add(e, reason(e.ErrorKind))
	}
}

// alternatives speaks of the one branch whose type the value has, if it is one.
func (c *collector) alternatives(e *jsonschema.ValidationError) {
	var meant *jsonschema.ValidationError
	several := false
	for _, cause := range e.Causes {
		if hasCycle(cause) {
			c.cycle = true
			return
		}
		if wrongType(cause, len(e.InstanceLocation)) {
			continue
		}
		several = several || meant != nil
		meant = cause
	}
	if meant == nil || several {
		c.add(e, fmt.Sprintf("fits none of the %d alternatives", len(e.Causes)))
		return
	}
	c.collect(meant)
}

func hasCycle(e *jsonschema.ValidationError) bool {
	if _, ok := e.ErrorKind.(*kind.RefCycle); ok {
		return true
	}
	for _, cause := range e.Causes {
		if hasCycle(cause) {
			return true
		}
	}
	return false
}

// wrongType reports whether a branch failed because the value itself is of another type.
func wrongType(e *jsonschema.ValidationError, depth int) bool {
	if _, ok := e.ErrorKind.(*kind.Type); ok {
		return len(e.InstanceLocation) == depth
	}
	for _, cause := range e.Causes {
		if wrongType(cause, depth) {
			return true
		}
	}
	return false
}

func (c *collector) add(e *jsonschema.ValidationError, reason string) {
	c.addAt(e.InstanceLocation, reason)
}

func (c *collector) addAt(location []string, reason string) {
	if len(c.found) < maxCollected {
		c.found = append(c.found, policy.Violation{In: policy.InBody, Pointer: pointer(location), Reason: reason})
	}
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// pointer writes a location as RFC 6901 has it. Its keys come from the message: they are cut, and nothing in them can control a
// terminal.
func pointer(location []string) string {
	var b strings.Builder
	for _, token := range location {
		b.WriteByte('/')
		b.WriteString(pointerEscapes.Replace(token))
		if b.Len() > maxPointer {
			break
		}
	}
	return clip(printable(b.String()), maxPointer)
}

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return utf8.RuneError
		}
		return r
	}, s)
}

// clip cuts a text at a rune.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// reason says what a keyword asks for. It speaks of the schema, never of the value.
func reason(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.Type:
		return "is " + typeName(k.Got) + ", must be " + strings.Join(typeNames(k.Want), " or ")
	case *kind.Enum:
		return "must be one of " + quoted(k.Want)
	case *kind.Const:
		return "must be " + quoted([]any{k.Want})
	case *kind.Format:
		if strings.HasPrefix(k.Want, "int") {
			return "is out of range for " + k.Want
		}
		return "must be of the form " + k.Want
	case *kind.Pattern:
		return "must match the pattern " + strconv.Quote(clip(k.Want, maxQuote))
	case *kind.FalseSchema:
		return "is not allowed here"
	case *kind.Not:
		return "is what the schema rules out"
	}
	if text := sizeReason(k); text != "" {
		return text
	}
	return otherReason(k)
}

// sizeReason is for keywords that compare numbers.
func sizeReason(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.Minimum:
		return "must be at least " + decimal(k.Want)
	case *kind.Maximum:
		return "must be at most " + decimal(k.Want)
	case *kind.ExclusiveMinimum:
		return "must be more than " + decimal(k.Want)
	case *kind.ExclusiveMaximum:
		return "must be less than " + decimal(k.Want)
	case *kind.MultipleOf:
		return "must be a multiple of " + decimal(k.Want)
	case *kind.MinLength:
		return fmt.Sprintf("must have at least %d characters", k.Want)
	case *kind.MaxLength:
		return fmt.Sprintf("must have at most %d characters", k.Want)
	case *kind.MinItems:
		return fmt.Sprintf("must have at least %d items", k.Want)
	case *kind.MaxItems:
		return fmt.Sprintf("must have at most %d items", k.Want)
	case *kind.MinProperties:
		return fmt.Sprintf("must have at least %d properties", k.Want)
	case *kind.MaxProperties:
		return fmt.Sprintf("must have at most %d properties", k.Want)
	}
	return ""
}

func otherReason(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.UniqueItems:
		return fmt.Sprintf("must have no item twice, items %d and %d are equal", k.Duplicates[0], k.Duplicates[1])
	case *kind.Contains, *kind.MinContains:
		return "lacks an item that the schema asks for"
	case *kind.MaxContains:
		return "has too many items of a kind that the schema bounds"
	case *kind.PropertyNames:
		return "has a property whose name the schema does not allow"
	case *kind.DependentRequired:
		return "lacks a property that another one asks for"
	}
	return "is not what the schema allows"
}

// decimal writes a bound as people do.
func decimal(r *big.Rat) string {
	if r.IsInt() && len(r.Num().String()) <= 20 {
		return r.Num().String()
	}
	f, _ := r.Float64()
	return strconv.FormatFloat(f, 'g', -1, 64)
}

func typeNames(types []string) []string {
	named := make([]string, len(types))
	for i, t := range types {
		named[i] = typeName(t)
	}
	return named
}

func typeName(t string) string {
	switch t {
	case "null":
		return "null"
	case "array", "integer", "object":
		return "an " + t
	}
	return "a " + t
}

// quoted lists words of the schema, a few of many.
func quoted(values []any) string {
	var words []string
	for _, v := range values[:min(len(values), maxWords)] {
		word := fmt.Sprint(v)
		if s, ok := v.(string); ok {
			word = strconv.Quote(clip(s, maxQuote))
		}
		words = append(words, clip(printable(word), maxQuote))
	}
	list := strings.Join(words, ", ")
	if more := len(values) - len(words); more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	return list
}
