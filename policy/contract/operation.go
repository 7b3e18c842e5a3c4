package contract

import (
	"strconv"
	"strings"

	"outrigger/policy"
	"outrigger/policy/document"
	"outrigger/policy/openapi"
)

// operation is one operation while its contract is read.
type operation struct {
	*bundler
	text openapi.OperationText
	name string
}

func (o *operation) swagger2() bool { return strings.HasPrefix(o.text.Version, "2") }

// request reads the parameters and the body.
func (o *operation) request(c *policy.Contract) {
	seen := map[string]bool{}
	for _, list := range o.text.Parameters {
		for item := range list.Items() {
			p, ok := item.Follow("parameter")
			where := p.Get("in").Text()
			key := where + " " + p.Get("name").Text()
			if !ok || seen[key] {
				continue
			}
			seen[key] = true
			switch where {
			case "path", "query", "header", "cookie":
				o.parameter(c, p)
			case "body", "formData":
				o.bodyParameter(c, p)
			}
		}
	}
	body, ok := o.text.Body.Get("requestBody").Follow("request body")
	if !ok || body.Kind() != document.Mapping {
		return
	}
	if media := o.content(body.Get("content"), request, o.name+".body"); len(media) > 0 {
		c.Body = &policy.Body{Required: truth(body.Get("required")), Media: media}
	}
}

// unread are the header parameters that OpenAPI says are ignored: other parts of a document describe them.
func unread(where, name string) bool {
	return where == "header" && (strings.EqualFold(name, "Accept") || strings.EqualFold(name, "Content-Type") || strings.EqualFold(name, "Authorization"))
}

func (o *operation) parameter(c *policy.Contract, v openapi.Value) {
	name, where := v.Get("name").Text(), v.Get("in").Text()
	if name == "" || unread(where, name) {
		return
	}
	p := policy.Parameter{
		Name: name, In: policy.Location(where), Required: truth(v.Get("required")) || where == "path", AllowEmpty: truth(v.Get("allowEmptyValue")),
	}
	if where == "header" {
		p.Name = canonicalHeader(name)
	}
	schema := v.Get("schema")
	known := true
	switch content := v.Get("content"); {
	case o.swagger2():
		schema = v
		p.Style, p.Explode = collected(v.Get("collectionFormat").Text(), where)
	case content.Kind() == document.Mapping:
		p.Style = policy.StyleJSON
		for media, value := range content.Members() {
			schema, known = value.Get("schema"), isJSON(mediaType(media))
		}
	default:
		p.Style, p.Explode, known = styled(v, where)
	}
	switch {
	case !known:
		o.unusable(v.Place(), "parameter "+name+" is written in a style, or in a media type, that is not read")
		p.Style = policy.StyleSimple
	case o.scattered(&p, schema) && len(p.Properties) == 0: // whatever names its parts have, nobody else has said
	default:
		p.Schema = o.named(schema, request, o.name+"."+name)
	}
	c.Parameters = append(c.Parameters, p)
}

// scattered reports whether a parameter is an object whose parts stand in the query under their own names, which it finds.
func (o *operation) scattered(p *policy.Parameter, schema openapi.Value) bool {
	if p.Style != policy.StyleForm || !p.Explode {
		return false
	}
	resolved, ok := schema.Follow("schema")
	if !ok || resolved.Get("type").Text() != "object" && resolved.Get("properties").Kind() != document.Mapping {
		return false
	}
	for name := range resolved.Get("properties").Members() {
		o.bytes += len(name) + bytesBeside
		if o.spent += len(name) + bytesBeside; !o.fits() {
			break
		}
		p.Properties = append(p.Properties, name)
	}
	return true
}

// styled reads style and explode with their defaults.
func styled(v openapi.Value, where string) (style policy.Style, explode, known bool) {
	style = policy.StyleSimple
	if where == "query" || where == "cookie" {
		style = policy.StyleForm
	}
	if text := v.Get("style").Text(); text != "" {
		style = policy.Style(text)
	}
	explode = style == policy.StyleForm
	if e := v.Get("explode"); e.Kind() == document.Scalar {
		explode = truth(e)
	}
	switch style {
	case policy.StyleSimple, policy.StyleForm, policy.StyleSpace, policy.StylePipe, policy.StyleDeep:
		return style, explode, true
	case policy.StyleLabel, policy.StyleMatrix:
		return style, explode, where == "path"
	}
	return style, explode, false
}

// collected is what a collectionFormat of 2.0 is called since.
func collected(format, where string) (style policy.Style, explode bool) {
	switch format {
	case "multi":
		return policy.StyleForm, true
	case "ssv":
		return policy.StyleSpace, false
	case "tsv":
		return policy.StyleTab, false
	case "pipes":
		return policy.StylePipe, false
	}
	if where == "query" {
		return policy.StyleForm, false
	}
	return policy.StyleSimple, false
}

// bodyParameter reads the body of 2.0. Of a form only its presence is demanded.
func (o *operation) bodyParameter(c *policy.Contract, v openapi.Value) {
	if c.Body == nil {
		c.Body = &policy.Body{}
		for _, media := range o.types(o.text.Body.Get("consumes"), o.text.Consumes) {
			c.Body.Media = append(c.Body.Media, policy.Media{Type: media})
		}
	}
	c.Body.Required = c.Body.Required || truth(v.Get("required"))
	if v.Get("in").Text() != "body" {
		return
	}
	for i := range c.Body.Media {
		if m := &c.Body.Media[i]; isJSON(m.Type) || strings.Contains(m.Type, "*") {
			m.Schema = o.named(v.Get("schema"), request, o.name+".body")
		}
	}
}

// types are the media types of an operation of 2.0, its own or the document's.
func (o *operation) types(own, all openapi.Value) []string {
	if own.Kind() != document.Sequence {
		own = all
	}
	var types []string
	for item := range own.Items() {
		types = append(types, mediaType(item.Text()))
	}
	if len(types) == 0 {
		return []string{"application/json"}
	}
	return types
}

// content reads the media types of a body. Only JSON is held against a schema.
func (o *operation) content(content openapi.Value, f flavour, hint string) []policy.Media {
	content, ok := content.Follow("content")
	if !ok {
		return nil
	}
	var all []policy.Media
	seen := map[string]bool{}
	for key, value := range content.Members() {
		m := policy.Media{Type: mediaType(key)}
		media, ok := value.Follow("media type")
		if ok && (isJSON(m.Type) || strings.Contains(m.Type, "*")) && !media.Get("itemSchema").Present() && !strings.Contains(key, "stream=watch") {
			m.Schema = o.named(media.Get("schema"), f, hint)
		}
		if !seen[m.Type] {
			seen[m.Type] = true
			all = append(all, m)
		}
	}
	return all
}

// replies reads the bodies of responses. One without a body stands for its status all the same, so that default does not.
func (o *operation) replies(c *policy.Contract) {
	responses, ok := o.text.Body.Get("responses").Follow("responses")
	if !ok {
		return
	}
	for key, value := range responses.Members() {
		first, last, ok := statuses(key)
		response, found := value.Follow("response")
		if !ok || !found {
			continue
		}
		r := policy.Reply{First: first, Last: last}
		hint := o.name + "." + key
		if o.swagger2() {
			for _, media := range o.types(o.text.Body.Get("produces"), o.text.Produces) {
				if isJSON(media) {
					r.Media = append(r.Media, policy.Media{Type: media, Schema: o.named(response.Get("schema"), reply, hint)})
				}
			}
		} else {
			r.Media = o.content(response.Get("content"), reply, hint)
		}
		c.Replies = append(c.Replies, r)
	}
}

// statuses reads a key of a responses object.
func statuses(key string) (first, last int, ok bool) {
	if key == "default" {
		return 0, 0, true
	}
	if len(key) == 3 && strings.EqualFold(key[1:], "xx") && key[0] >= '1' && key[0] <= '5' {
		low := int(key[0]-'0') * 100
		return low, low + 99, true
	}
	code, err := strconv.Atoi(key)
	return code, code, err == nil && code >= 100 && code <= 599
}

func truth(v openapi.Value) bool { return v.Kind() == document.Scalar && v.Text() == "true" }

// mediaType is a media type without its parameters.
func mediaType(text string) string {
	name, _, _ := strings.Cut(strings.ToLower(text), ";")
	return strings.TrimSpace(name)
}

// isJSON knows JSON by its name or suffix (RFC 6839), but not the streams of JSON texts.
func isJSON(media string) bool {
	return media == "application/json" || strings.HasSuffix(media, "+json") && media != "application/stream+json"
}

// canonicalHeader is the form that the proxy's header maps use: a capital at the start and behind every hyphen.
func canonicalHeader(name string) string {
	b := []byte(strings.ToLower(name))
	for i, c := range b {
		if 'a' <= c && c <= 'z' && (i == 0 || b[i-1] == '-') {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}
