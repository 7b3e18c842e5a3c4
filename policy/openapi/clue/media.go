package clue

import "strings"

// File knows the media types of files, which are large or come from disks.
func File(media string) bool {
	name := nameOf(media)
	switch name {
	case "application/octet-stream", "application/zip", "application/gzip", "application/x-gzip", "application/x-tar", "application/tar":
		return true
	}
	return strings.HasPrefix(name, "video/") || strings.HasPrefix(name, "audio/")
}

// Text knows media types whose bodies are characters, of which a schema may say "binary" by mistake.
func Text(media string) bool {
	name := nameOf(media)
	return strings.HasPrefix(name, "text/") || name == "application/json" || strings.HasSuffix(name, "+json") || name == "application/x-www-form-urlencoded"
}

// Multipart knows bodies of several parts.
func Multipart(media string) bool { return strings.HasPrefix(strings.ToLower(media), "multipart/") }

func nameOf(media string) string {
	name, _, _ := strings.Cut(strings.ToLower(media), ";")
	return strings.TrimSpace(name)
}
