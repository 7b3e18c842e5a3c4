package deadline

import (
	"net/http"
	"strings"

	"outrigger/policy"
)

// streamTypes are media types whose replies last for as long as their sender likes.
var streamTypes = []string{
	"text/event-stream", "application/x-ndjson", "application/jsonl", "application/json-seq", "multipart/x-mixed-replace", "application/grpc",
}

// streams reports whether a reply may last beyond the request timeout: because its operation always streams, because it switched
// protocols, or by its media type.
func streams(op *policy.Operation, resp *http.Response) bool {
	if op.Streaming == policy.StreamAlways || resp.StatusCode == http.StatusSwitchingProtocols {
		return true
	}
	types := resp.Header["Content-Type"]
	if len(types) == 0 {
		return false
	}
	media, _, _ := strings.Cut(types[0], ";")
	media = strings.TrimSpace(media)
	for _, t := range streamTypes {
		if strings.EqualFold(media, t) {
			return true
		}
	}
	const grpc = "application/grpc+" // with the name of an encoding
	return len(media) > len(grpc) && strings.EqualFold(media[:len(grpc)], grpc)
}
