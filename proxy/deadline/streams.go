package deadline

import (
	"net/http"
	"strings"

	"outrigger/policy"
)

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
	if policy.StreamType(types[0]) {
		return true
	}
	media, _, _ := strings.Cut(types[0], ";")
	media = strings.TrimSpace(media)
	const grpc = "application/grpc" // alone, or with "+" and the name of an encoding
	return len(media) >= len(grpc) && strings.EqualFold(media[:len(grpc)], grpc) &&
		(len(media) == len(grpc) || media[len(grpc)] == '+' && len(media) > len(grpc)+1)
}
