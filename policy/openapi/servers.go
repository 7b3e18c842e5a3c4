package openapi

import (
	"slices"
	"strings"
)

// serverPaths returns the path part of each server once, nil when none is declared. Variables take their defaults.
func serverPaths(servers tree) []string {
	var paths []string
	for server := range servers.items() {
		url := server.get("url").Text()
		for variable := range server.get("variables").members() {
			if value := variable.value.get("default"); isScalar(value) {
				url = strings.ReplaceAll(url, "{"+variable.key+"}", value.Text())
			}
		}
		if p := basePath(urlPath(url)); !slices.Contains(paths, p) {
			paths = append(paths, p)
		}
	}
	return paths
}

// urlPath returns the path of a URL or of a relative reference. net/url refuses what templates leave in a host.
func urlPath(url string) string {
	if i := strings.IndexAny(url, "?#"); i >= 0 {
		url = url[:i]
	}
	scheme, rest, absolute := strings.Cut(url, "://")
	if !absolute || strings.Contains(scheme, "/") {
		rest, absolute = strings.CutPrefix(url, "//")
	}
	if !absolute {
		return url
	}
	i := strings.IndexByte(rest, '/')
	if i < 0 {
		return ""
	}
	return rest[i:]
}

// basePath brings a path to the form that stands before a path template: a slash in front and none behind, "" for the root.
// A relative one ("v1", "./") is taken from the root, where the document is usually served.
func basePath(path string) string {
	path = strings.Trim(strings.TrimPrefix(path, "./"), "/")
	if path == "" || path == "." {
		return ""
	}
	return "/" + path
}
