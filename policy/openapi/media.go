package openapi

import (
	"strings"

	"outrigger/policy"
)

// streamTally counts what the replies of one operation may be.
type streamTally struct {
	declared        bool // a success is declared, with content or without
	streams, others int
	media           string
	place           policy.Place
}

func (t *streamTally) stream(media string, place policy.Place) {
	if t.streams == 0 {
		t.media, t.place = media, place
	}
	t.streams++
}

func (t *streamTally) verdict() Streams {
	switch {
	case t.streams == 0:
		return Streams{}
	case t.others == 0:
		return Streams{Kind: policy.StreamAlways, Media: t.media, Place: t.place}
	}
	return Streams{Kind: policy.StreamMay, Media: t.media, Place: t.place}
}

// content tallies the media types of one response. In 2.0 they are the operation's or the document's, and a response
// has a body when it has a schema, or when the types say that its body cannot be described by one.
func (r *reading) content(response spot, produces tree, seen *streamTally) {
	if r.swagger2 {
		if !isSequence(produces) {
			produces = r.produces
		}
		for item := range produces.items() {
			switch media := item.Text(); {
			case streams(media):
				seen.stream(media, item.Place())
			case isMapping(response.get("schema")):
				seen.others++
			}
		}
		return
	}
	content, ok := r.follow(response.at("content"), "content", policy.Warning)
	if !ok {
		return
	}
	for m := range content.members() {
		if streams(m.key) || r.itemSchema(spot{m.value, content.file}) {
			seen.stream(m.key, m.place)
			continue
		}
		seen.others++
	}
}

// itemSchema reports whether a media type describes its items one by one, which 3.2 has for streams alone.
func (r *reading) itemSchema(s spot) bool {
	media, ok := r.follow(s, "media type", policy.Warning)
	return ok && isMapping(media.get("itemSchema"))
}

// streaming are the media types whose bodies come in pieces for as long as the server likes.
var streaming = map[string]bool{
	"text/event-stream": true, "application/x-ndjson": true, "application/ndjson": true, "application/jsonl": true,
	"application/x-jsonl": true, "application/jsonlines": true, "application/x-jsonlines": true, "application/json-lines": true,
	"application/json-seq": true, "application/stream+json": true, "application/x-json-stream": true,
	"multipart/x-mixed-replace": true,
}

// streams knows a streaming media type by its name, or by the parameter Kubernetes marks its watches with.
func streams(media string) bool {
	name, parameters, _ := strings.Cut(strings.ToLower(media), ";")
	name = strings.TrimSpace(name)
	return streaming[name] || strings.HasSuffix(name, "+json-seq") ||
		strings.HasPrefix(name, "application/vnd.docker.") && strings.HasSuffix(name, "-stream") ||
		strings.Contains(strings.ReplaceAll(parameters, " ", ""), "stream=watch")
}
