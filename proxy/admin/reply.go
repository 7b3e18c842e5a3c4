package admin

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
)

// maxBody bounds the body of a change, in bytes.
const maxBody = 4096

// read decodes the body of a change strictly into to, and answers the request itself when that cannot be done. An empty body
// is fine only where nothing is needed.
func read(w http.ResponseWriter, r *http.Request, to any, needed string) bool {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		refuse(w, http.StatusRequestEntityTooLarge, "the body is longer than 4096 bytes")
		return false
	case err != nil:
		refuse(w, http.StatusBadRequest, "the body cannot be read")
		return false
	case len(body) == 0 && needed == "":
		return true
	}
	decoder := json.NewDecoder(strings.NewReader(string(body)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(to); err != nil {
		refuse(w, http.StatusBadRequest, "the body is not what is expected here, send "+expected(needed)+": "+err.Error())
		return false
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		refuse(w, http.StatusBadRequest, "the body goes on after its JSON value, send "+expected(needed)+" alone")
		return false
	}
	return true
}

func expected(needed string) string {
	if needed == "" {
		return "nothing or {}"
	}
	return needed
}

// answer writes v as JSON.
func answer(w http.ResponseWriter, status int, v any) {
	h := w.Header()
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/json")
	}
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a reader that went away has nowhere to be told
}

// refuse answers with a problem (RFC 9457) of no type of its own.
func refuse(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	answer(w, status, struct {
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
	}{http.StatusText(status), status, detail})
}

func text(w http.ResponseWriter, status int, body string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}
