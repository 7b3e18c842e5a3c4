package verdict

import (
	"net/http"
	"strconv"
	"time"
)

// longest bounds what a reply may ask for; anything above is as good as never.
const longest = 24 * time.Hour

// retryAfter reads Retry-After (RFC 9110 section 10.2.3): seconds, or a date, which is compared with the reply's own Date so that
// two clocks need not agree. What cannot be read, or lies in the past, asks for nothing.
func retryAfter(header http.Header, now func() time.Time) time.Duration {
	values := header["Retry-After"]
	if len(values) != 1 {
		return 0
	}
	if seconds, err := strconv.ParseUint(values[0], 10, 63); err == nil {
		if seconds > uint64(longest/time.Second) {
			return longest
		}
		return time.Duration(seconds) * time.Second
	}
	at, err := http.ParseTime(values[0])
	if err != nil {
		return 0
	}
	from, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		from = now()
	}
	return min(longest, max(0, at.Sub(from)))
}
