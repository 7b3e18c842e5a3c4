package editing

import (
	"fmt"
	"slices"
	"strings"

	"outrigger/policy"
	"outrigger/policy/language"
)

// The forms of texts, as both Go and JavaScript read them. A text with a variable in it is taken as it comes.
const (
	variable = `.*\$\{.*`
	hostText = `([A-Za-z0-9_]([A-Za-z0-9._-]{0,252}[A-Za-z0-9_.])?|\[[0-9A-Fa-f:.]*\])`
	portText = `0*([0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])`

	durationPattern = `^([0-9]{1,5}(h|m|s|ms)){1,4}$`
	noTimePattern   = `^(0+(h|m|s|ms))+$` // every duration is longer than nothing, which is "off"
	sizePattern     = `^[0-9]{1,12}(B|KiB|MiB|GiB)$`
	namePattern     = `^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`
	nameError       = "a name of letters, digits, dots, dashes and underscores, at most 128"
	headerPattern   = "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$"
	methodPattern   = `^[A-Z][A-Z0-9-]{0,31} +/[^?# ]*$`
)

// texts are the forms of the kinds that are one, with what an editor says of another.
var texts = map[language.Kind]schema{
	language.Duration: {Pattern: durationPattern, PatternError: "a duration such as 250ms, 2s or 1m30s", Not: &schema{Pattern: noTimePattern}},
	language.Size:     {Pattern: sizePattern, PatternError: "a size such as 64KiB"},
	language.Address:  {Pattern: `^(` + variable + `|` + hostText + `?:` + portText + `)$`, PatternError: "an address such as 127.0.0.1:8080"},
	language.URL:      {Pattern: `^(` + variable + `|[Hh][Tt][Tt][Pp][Ss]?://` + hostText + `(:` + portText + `)?/?)$`, PatternError: "a URL such as http://inventory:8080"},
	language.Host:     {Pattern: `^(` + variable + `|` + hostText + `(:` + portText + `)?)$`, PatternError: "a host such as api.example.com or inventory:8080"},
	language.Network:  {Pattern: `^(` + variable + `|[0-9A-Fa-f:.]+/[0-9]{1,3})$`, PatternError: "a network such as 10.0.0.0/8"},
	language.Header:   {Pattern: headerPattern, PatternError: "the name of a header field"},
	language.Path:     {MinLength: 1},
}

// shape is the schema of a value; at is where it stands, or what stands in it.
func (w *writer) shape(s language.Shape, at language.Position) *schema {
	switch {
	case s.Kind == language.Mapping && definitionOf[at] != "" && s.Find("use") != nil:
		return w.policy(at)
	case s.Short != nil:
		return w.orOff(s, &schema{AnyOf: []*schema{w.shape(*s.Short, at), w.mapping(s, at)}})
	case s.Kind == language.Mapping:
		return w.orOff(s, w.mapping(s, at))
	case s.Kind == language.Named:
		names := &schema{Pattern: namePattern, PatternError: nameError}
		if at == language.Outbound {
			names.Not = &schema{Enum: []any{policy.Application, policy.Unknown}}
		}
		return &schema{Type: "object", PropertyName: names, Additional: w.shape(*s.Item, at)}
	case s.Kind == language.Operations:
		// "METHOD /path" in that spelling, or any id.
		names := &schema{AnyOf: []*schema{{Pattern: methodPattern}, {Not: &schema{Pattern: `^[^ ]* +/`}}}}
		return &schema{Type: "object", PropertyName: names, Additional: w.policy(at)}
	case s.Kind == language.List:
		list := &schema{Type: "array", MinItems: s.Low, Items: w.shape(*s.Item, at)}
		if s.Single {
			return &schema{AnyOf: []*schema{w.shape(*s.Item, at), list}}
		}
		return list
	}
	return w.orOff(s, scalar(s))
}

// policy returns a reference to the policy at a position.
func (w *writer) policy(at language.Position) *schema {
	shape := language.Policy
	if at == language.UpstreamOperation || at == language.InboundOperation {
		shape = language.Operation
	}
	return w.define(definitionOf[at], func() *schema { return w.mapping(shape, at) })
}

// orOff adds "off", and the false that YAML 1.1 tools make of it, to what a value may be.
func (w *writer) orOff(s language.Shape, value *schema) *schema {
	switch {
	case !s.Off:
		return value
	case s.Kind == language.Word && len(s.Words) == 0:
		return off()
	}
	return &schema{AnyOf: []*schema{value, off()}}
}

func off() *schema { return &schema{Enum: []any{"off", false}} }

// scalar is the schema of a text of some form. Where YAML may take it for a number, so may the schema.
func scalar(s language.Shape) *schema {
	if text, ok := texts[s.Kind]; ok {
		text.Type = "string"
		return &text
	}
	switch s.Kind {
	case language.Integer:
		return &schema{Type: "integer", Minimum: &s.Low, Maximum: &s.High}
	case language.Share:
		return &schema{Type: "string", Pattern: sharePattern(s.Low), PatternError: fmt.Sprintf("a share such as 20%%, %d%% to 100%%", s.Low)}
	case language.Word:
		return &schema{Enum: anyOf(s.Words)}
	case language.Truth:
		return &schema{Enum: []any{true, false, "off"}}
	case language.Version:
		return &schema{Const: 1}
	case language.Name:
		return &schema{Type: []string{"string", "number"}, Pattern: namePattern, PatternError: nameError}
	case language.Requests:
		return &schema{AnyOf: []*schema{{Enum: []any{"all", "failures"}}, {Type: "string", Pattern: `^sample ` + strings.TrimPrefix(sharePattern(0), "^"), PatternError: "all, failures, or a share such as sample 1%"}}}
	case language.Spec:
		return spec(s)
	case language.Condition:
		return condition(s)
	}
	return &schema{Type: []string{"string", "number"}}
}

// sharePattern is a percentage from low, which is 0 or 1, to 100.
func sharePattern(low int64) string {
	first := `[0-9]`
	if low > 0 {
		first = `[1-9]`
	}
	return `^(100(\.0{1,4})?|0?[1-9][0-9](\.[0-9]{1,4})?|0{0,2}` + first + `(\.[0-9]{1,4})?)%$`
}

func spec(s language.Shape) *schema {
	if s.Served {
		return &schema{Type: "string", MinLength: 1, Not: &schema{Pattern: `^application:([^/]|//|$|.*[ #\\])`}}
	}
	return &schema{Type: "string", MinLength: 1, Not: &schema{Pattern: `^application:`}}
}

// condition is a word or a status.
func condition(s language.Shape) *schema {
	low, high := int64(400), int64(599)
	never := make([]any, 0, 2*len(s.Never))
	for _, code := range s.Never {
		never = append(never, code, fmt.Sprint(code))
	}
	return &schema{
		AnyOf: []*schema{{Enum: anyOf(s.Words)}, {Type: "integer", Minimum: &low, Maximum: &high}, {Type: "string", Pattern: `^[45][0-9][0-9]$`}},
		Not:   &schema{Enum: never},
	}
}

func anyOf(words []string) []any {
	all := make([]any, len(words))
	for i, w := range slices.All(words) {
		all[i] = w
	}
	return all
}
