package schema

import (
	"bytes"
	"encoding/json"
	"math/big"
	"strconv"
	"unicode/utf8"
)

// answer is what a glance at a value tells.
type answer uint8

const (
	unknown answer = iota // ask the library
	yes
	no
)

func of(fits bool) answer {
	if fits {
		return yes
	}
	return no
}

// both is no if either answer is, and yes if both are.
func both(a, b answer) answer {
	if a == no || b == no {
		return no
	}
	return min(a, b)
}

// glance is a first look at the text of a value. Nearly every message keeps its contract by keywords that are told from its bytes,
// without exact arithmetic, without taking it apart and without a list of reasons, in a fifth of the time that the library takes. A
// glance says yes to those; the library has the word on all others. Its steps are bounded.
//
// It walks over a text that is known to be JSON and within the bounds, once for each schema that has a word on a part of it.
type glance struct {
	text  []byte
	steps int
	level int // of schemas that are looked at for the sake of others
}

// maxLevel bounds the way from schema to schema. Only one that leads back to itself goes on for so long.
const maxLevel = 1000

// glanceAt reports whether a JSON text fits a shape for sure.
func glanceAt(h *shape, text []byte) (fits bool) {
	defer func() {
		if fault := recover(); fault != nil { // the way out when it has taken too long; the library may find it too complex as well
			fits = false
		}
	}()
	g := glance{text: text}
	found, _ := g.value(h, g.skip(0))
	return found == yes
}

// step counts what looking at so many bytes takes.
func (g *glance) step(n int) {
	if g.steps += 1 + n/bytesPerStep; g.steps > maxSteps {
		panic(ErrTooComplex)
	}
}

// skip returns the place of the next byte that is no white space.
func (g *glance) skip(at int) int {
	start := at
	for at < len(g.text) && (g.text[at] == ' ' || g.text[at] == '\n' || g.text[at] == '\t' || g.text[at] == '\r') {
		at++
	}
	g.steps += (at - start) / bytesPerStep // which the next value holds against the bound
	return at
}

// value looks at the value that begins at a place, and returns the place behind it. No shape allows everything.
func (g *glance) value(h *shape, at int) (answer, int) {
	if h == nil {
		return yes, g.end(at)
	}
	g.step(0)
	if h.constant != unknown {
		return h.constant, g.end(at)
	}
	var result answer
	var end int
	switch c := g.text[at]; c {
	case '{':
		switch {
		case !h.types.has(object):
			result = no
		case h.noProperties:
			result, end = yes, g.end(at)
		default:
			result, end = g.object(h, at)
		}
		result = both(result, h.otherwise)
	case '[':
		switch {
		case !h.types.has(array):
			result = no
		case h.noItems:
			result, end = yes, g.end(at)
		default:
			result, end = g.array(h, at)
		}
		result = both(result, h.otherwise)
	case '"':
		end = at + 1 + stringEnd(g.text[at+1:])
		g.step(end - at)
		result = g.str(h, g.text[at:end])
	case 't', 'f', 'n':
		is := boolean
		if c == 'n' {
			is = null
		}
		end = g.end(at)
		result = both(of(h.types.has(is)), h.otherwise)
	default:
		end = at + numberEnd(g.text[at:])
		result = both(h.number(g.text[at:end]), h.otherwise)
	}
	if result == no {
		return no, g.end(at)
	}
	if h.open {
		result = unknown
	}
	return both(result, g.composed(h, at)), end
}

// end returns the place behind the value that begins at a place.
func (g *glance) end(at int) int {
	depth, start := 0, at
	for at < len(g.text) {
		switch c := g.text[at]; c {
		case '"':
			at += 1 + stringEnd(g.text[at+1:])
		case '{', '[':
			depth++
			at++
		case '}', ']':
			depth--
			at++
		case ',', ':', ' ', '\n', '\t', '\r':
			at++
			continue
		default:
			for at < len(g.text) && bytes.IndexByte(delimiting, g.text[at]) < 0 {
				at++
			}
		}
		if depth == 0 {
			break
		}
	}
	g.step(at - start)
	return at
}

var delimiting = []byte(",:]} \n\t\r")

// object looks at each property. One that is named and stands twice is left to the library, which goes by the last.
func (g *glance) object(h *shape, at int) (answer, int) {
	result, seen := yes, uint64(0)
	for at = g.skip(at + 1); g.text[at] != '}'; at = g.skip(at) {
		if g.text[at] == ',' {
			at = g.skip(at + 1)
		}
		var name []byte
		name, at = g.name(at)
		p, named := h.properties[string(name)]
		var one answer
		if named {
			one, at = g.value(p.shape, at)
			switch {
			case seen&p.bit != 0:
				one = unknown
			case one == no:
				return g.unlessAgain(h, p.bit, at), at
			}
			seen |= p.bit
		} else if one, at = g.value(h.additional, at); one == no && h.additional.constant == unknown {
			one = unknown // it may stand twice
		}
		if result = both(result, one); result == no {
			return no, at
		}
	}
	return both(result, of(seen&h.required == h.required)), at + 1
}

// name returns the name of a property that begins at a place, and the place of its value.
func (g *glance) name(at int) ([]byte, int) {
	end := at + 1 + stringEnd(g.text[at+1:])
	g.steps += (end - at) / bytesPerStep
	return plainText(g.text[at:end]), g.skip(g.skip(end) + 1)
}

// unlessAgain is no, unless the property of a bit stands again from a place on.
func (g *glance) unlessAgain(h *shape, bit uint64, at int) answer {
	for at = g.skip(at); g.text[at] != '}'; at = g.skip(at) {
		if g.text[at] == ',' {
			at = g.skip(at + 1)
		}
		var name []byte
		if name, at = g.name(at); h.properties[string(name)].bit == bit {
			return unknown
		}
		at = g.end(at)
	}
	return no
}

func (g *glance) array(h *shape, at int) (answer, int) {
	result, n := yes, 0
	for at = g.skip(at + 1); g.text[at] != ']'; at = g.skip(at) {
		if g.text[at] == ',' {
			at = g.skip(at + 1)
		}
		var one answer
		one, at = g.value(h.items, at)
		if result = both(result, one); result == no {
			return no, at
		}
		n++
	}
	return both(result, of(n >= h.minItems && (h.maxItems < 0 || n <= h.maxItems))), at + 1
}

// plainText is the text of a string in quotes.
func plainText(quoted []byte) []byte {
	inner := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return inner
	}
	var text string
	_ = json.Unmarshal(quoted, &text) // it is known to be JSON
	return []byte(text)
}

func (g *glance) str(h *shape, quoted []byte) answer {
	if !h.types.has(str) {
		return no
	}
	text := plainText(quoted)
	if h.minLength > 0 || h.maxLength >= 0 {
		if n := utf8.RuneCount(text); n < h.minLength || h.maxLength >= 0 && n > h.maxLength {
			return no
		}
	}
	if h.words != nil && !h.words[string(text)] {
		return no
	}
	if h.pattern != nil {
		g.step(h.pattern.cost(len(text)) * bytesPerStep)
		if !h.pattern.Match(text) {
			return no
		}
	}
	return of(h.format == nil || h.format.Validate(string(text)) == nil)
}

// number compares whole numbers with exact bounds, and others where they are not close.
func (h *shape) number(text []byte) answer {
	if !h.types.has(number) {
		return no
	}
	result := yes
	broken := bytes.ContainsAny(text, ".eE")
	if broken && h.types.has(whole) {
		result = unknown
	}
	if h.format != nil && h.format.Validate(json.Number(text)) != nil {
		return no
	}
	if h.multipleOf != nil {
		result = both(result, multiple(text, h.multipleOf))
	}
	if len(h.bounds) == 0 {
		return result
	}
	const exact = 1 << 53
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil || f >= exact || f <= -exact {
		return unknown
	}
	for _, b := range h.bounds {
		switch {
		case f == b.at && (!b.exact || broken): // too close to tell
			result = both(result, unknown)
		case f == b.at:
			result = both(result, of(b.inclusive))
		default:
			result = both(result, of(f > b.at == b.above))
		}
	}
	return result
}

// multiple divides by whole numbers alone: digits · 10^-places is a multiple of num/den where digits · den is one of num · 10^places.
func multiple(text []byte, by *big.Rat) answer {
	const most = 9 // digits of each factor, so that no product overflows
	digits, fraction, _ := bytes.Cut(text, []byte("."))
	if len(digits)+len(fraction) > most || !by.Num().IsInt64() || !by.Denom().IsInt64() {
		return unknown
	}
	unit, den := by.Num().Int64(), by.Denom().Int64()
	n, err := strconv.ParseInt(string(digits)+string(fraction), 10, 64)
	if err != nil || unit >= 1e9 || den >= 1e9 {
		return unknown
	}
	for range fraction {
		if unit *= 10; unit > 1e17 {
			return unknown
		}
	}
	return of(n*den%unit == 0)
}

// composed looks at what a schema refers to and is made of.
func (g *glance) composed(h *shape, at int) answer {
	result := yes
	if g.level++; g.level > maxLevel {
		panic(ErrTooComplex)
	}
	if h.ref != nil {
		result, _ = g.value(h.ref, at)
	}
	for _, part := range h.allOf {
		one, _ := g.value(part, at)
		result = both(result, one)
	}
	if len(h.anyOf) > 0 {
		fit, unsure := g.count(h.anyOf, at)
		if fit == 0 {
			result = both(result, of(false).or(unsure))
		}
	}
	if len(h.oneOf) > 0 {
		fit, unsure := g.count(h.oneOf, at)
		result = both(result, of(fit == 1).or(unsure))
	}
	if h.not != nil {
		one, _ := g.value(h.not, at)
		result = both(result, [...]answer{unknown: unknown, yes: no, no: yes}[one])
	}
	if h.condition != nil {
		result = both(result, g.conditional(h, at))
	}
	g.level--
	return result
}

// or is unknown instead where something is unsure.
func (a answer) or(unsure bool) answer {
	if unsure {
		return unknown
	}
	return a
}

func (g *glance) count(alternatives []*shape, at int) (fit int, unsure bool) {
	for _, alternative := range alternatives {
		switch one, _ := g.value(alternative, at); one {
		case yes:
			fit++
		case unknown:
			unsure = true
		}
	}
	return fit, unsure
}

func (g *glance) conditional(h *shape, at int) answer {
	condition, _ := g.value(h.condition, at)
	chosen := h.then
	switch condition {
	case unknown:
		return unknown
	case no:
		chosen = h.otherThen
	}
	one, _ := g.value(chosen, at)
	return one
}
