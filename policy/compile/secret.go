package compile

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"outrigger/policy/document"
)

// secretKeys are keys that people write a secret under. No policy has them: it is read by many, in reviews and in ConfigMaps.
var secretKeys = []string{"token", "password", "passwd", "secret", "apikey", "accesstoken", "authorization", "credentials", "privatekey", "bearer"}

func secretWord(word string) bool {
	return slices.Contains(secretKeys, strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(word)))
}

// secretIn reports whether a URL has a user's name or password, or a parameter that is a secret.
func secretIn(u *url.URL) bool {
	for name := range u.Query() {
		if secretWord(name) {
			return true
		}
	}
	return u.User != nil
}

// plainSecret reports an unknown key that holds a secret in plain text, and whether it is one.
func (c *compiler) plainSecret(where string, e document.Entry) bool {
	if !secretWord(e.Key) || e.Value.Kind() != document.Scalar {
		return false
	}
	instead := "let the application send its credentials"
	if where == "admin" {
		instead = "write tokenFile: FILE, and the token into that file"
	}
	c.fail(codeSecret, e.Value.Place(), fmt.Sprintf("%s.%s: a secret in plain text", where, e.Key), "no secret in a policy, which many people read", instead)
	return true
}
