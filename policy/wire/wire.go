// Package wire turns a policy.Set into canonical bytes and back: the form in which a set travels, is kept as a last good copy,
// and gets its version. It refuses to know where bytes come from or go to.
//
// The bytes are JSON with the fields in the order of the types and the keys of maps sorted, so equal sets have equal bytes, and
// a set's version, the hash of its bytes, changes exactly when its meaning or the places it came from do.
package wire

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"outrigger/policy"
)

// Encode returns the canonical bytes of a set, its version included. It does not change the set.
func Encode(set *policy.Set) []byte {
	b, err := json.Marshal(set)
	if err != nil {
		// Only values that JSON cannot say, such as an infinite rate, can fail; compile lets none through.
		panic(fmt.Sprintf("wire: a set that cannot be encoded: %v", err))
	}
	return b
}

// Seal sets the version of a set: the SHA-256 of its canonical bytes with no version, in hex. Call it before the set is shared.
func Seal(set *policy.Set) {
	set.Version = version(set)
}

func version(set *policy.Set) string {
	bare := *set
	bare.Version = ""
	sum := sha256.Sum256(Encode(&bare))
	return hex.EncodeToString(sum[:])
}

// Decode reads what Encode wrote, checks that it is a set that may run, and makes it ready to match. Bytes of another version
// of the product, damaged bytes and bytes whose version is not their hash are errors.
func Decode(data []byte) (*policy.Set, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	set := new(policy.Set)
	if err := decoder.Decode(set); err != nil {
		return nil, fmt.Errorf("set cannot be decoded: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("set cannot be decoded: something follows it")
	}
	if err := check(set); err != nil {
		return nil, err
	}
	if got := version(set); got != set.Version {
		return nil, fmt.Errorf("set says version %.12q, its bytes are version %.12q: it was changed or cut", set.Version, got)
	}
	for _, u := range everyUpstream(set) {
		u.Index()
	}
	return set, nil
}

func everyUpstream(set *policy.Set) []*policy.Upstream {
	all := set.All()
	if set.Outbound != nil && set.Outbound.Unknown != nil {
		all = append(all, set.Outbound.Unknown)
	}
	return all
}
