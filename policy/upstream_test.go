package policy

import "testing"

func TestMediaTypesThatStreamAreKnown(t *testing.T) {
	for media, want := range map[string]bool{
		"text/event-stream": true, "Text/Event-Stream; charset=utf-8": true, "application/x-ndjson": true, "application/jsonl": true,
		"application/json-seq": true, "application/geo+json-seq": true, "application/vnd.docker.raw-stream": true,
		"application/vnd.docker.multiplexed-stream": true, "application/json;stream=watch": true, "application/json; stream=watch": true,
		"multipart/x-mixed-replace;boundary=a": true,
		"application/json":                     false, "application/octet-stream": false, "text/plain": false, "*/*": false, "application/vnd.docker.plugins.v1.2+json": false, "": false,
	} {
		if StreamType(media) != want {
			t.Errorf("StreamType(%q) is %v", media, !want)
		}
	}
}

func TestAskingForAMediaTypeAllocatesNothing(t *testing.T) {
	for _, media := range []string{"application/json", "text/event-stream", "text/event-stream; charset=utf-8", "text/html; charset=utf-8"} {
		if n := testing.AllocsPerRun(100, func() { StreamType(media) }); n != 0 {
			t.Errorf("%s: %v allocations", media, n)
		}
	}
}
