package file

import (
	"crypto/sha256"
	"os"
	"slices"
)

// readings remembers what was read for the last compilation: a hash of each file's content, or of the error in its stead. The
// hash is of the very bytes that were compiled, so no edit can slip in between.
type readings map[string][sha256.Size]byte

// read reads a file and remembers it.
func (r readings) read(name string) ([]byte, error) {
	data, err := os.ReadFile(name)
	r[name] = hash(data, err)
	return data, err
}

// changed reports whether any file reads otherwise now.
func (r readings) changed() bool {
	for name, old := range r {
		if hash(os.ReadFile(name)) != old {
			return true
		}
	}
	return false
}

// names are all files that were read.
func (r readings) names() []string {
	names := make([]string, 0, len(r))
	for name := range r {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func hash(data []byte, err error) [sha256.Size]byte {
	if err != nil {
		return sha256.Sum256([]byte("error: " + err.Error()))
	}
	return sha256.Sum256(data)
}
