package clue

import "strings"

// streaming are the media types whose bodies come in pieces for as long as the server likes.
var streaming = map[string]bool{
	"text/event-stream": true, "application/x-ndjson": true, "application/ndjson": true, "application/jsonl": true,
	"application/x-jsonl": true, "application/jsonlines": true, "application/x-jsonlines": true, "application/json-lines": true,
	"application/json-seq": true, "application/stream+json": true, "application/x-json-stream": true,
	"multipart/x-mixed-replace": true,
}

// Streams knows a streaming media type by its name, or by the parameter Kubernetes marks its watches with.
func Streams(media string) bool {
	name, parameters := split(media)
	return streaming[name] || strings.HasSuffix(name, "+json-seq") ||
		strings.HasPrefix(name, "application/vnd.docker.") && strings.HasSuffix(name, "-stream") ||
		strings.Contains(strings.ReplaceAll(parameters, " ", ""), "stream=watch")
}

// File knows the media types of files, which are large or come from disks.
func File(media string) bool {
	name, _ := split(media)
	switch name {
	case "application/octet-stream", "application/zip", "application/gzip", "application/x-gzip", "application/x-tar", "application/tar":
		return true
	}
	return strings.HasPrefix(name, "video/") || strings.HasPrefix(name, "audio/")
}

// Text knows media types whose bodies are characters, of which a schema may say "binary" by mistake.
func Text(media string) bool {
	name, _ := split(media)
	return strings.HasPrefix(name, "text/") || name == "application/json" || strings.HasSuffix(name, "+json") || name == "application/x-www-form-urlencoded"
}

// Multipart knows bodies of several parts.
func Multipart(media string) bool { return strings.HasPrefix(strings.ToLower(media), "multipart/") }

func split(media string) (name, parameters string) {
	name, parameters, _ = strings.Cut(strings.ToLower(media), ";")
	return strings.TrimSpace(name), parameters
}
