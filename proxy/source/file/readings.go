package file

import (
	"bytes"
	"crypto/sha256"
	"io"
	"os"
	"slices"
)

// readings remembers what was read for the last compilation, by name. No edit can slip in between, because the very bytes that
// were compiled are hashed.
type readings map[string]reading

// reading is how much of a file was looked at, and a hash of that, or of the error in its stead.
type reading struct {
	limit int64
	hash  [sha256.Size]byte
}

// read reads a file and remembers it. Of one larger than limit it reads a byte more, so that it is known to be too large.
func (r readings) read(name string, limit int64) ([]byte, error) {
	data, err := whole(name, limit)
	sum := sha256.Sum256(data)
	if err != nil {
		sum = hashOf(err)
	}
	r[name] = reading{limit, sum}
	return data, err
}

func whole(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var data bytes.Buffer
	if info, err := f.Stat(); err == nil {
		data.Grow(int(min(info.Size(), limit)) + bytes.MinRead) // as much as meets the end without growing
	}
	_, err = data.ReadFrom(io.LimitReader(f, limit+1))
	return data.Bytes(), err
}

// changed reports whether any file reads otherwise now.
func (r readings) changed() bool {
	for name, old := range r {
		if hashFile(name, old.limit) != old.hash {
			return true
		}
	}
	return false
}

// hashFile is the hash that read would remember, without holding the file.
func hashFile(name string, limit int64) [sha256.Size]byte {
	f, err := os.Open(name)
	if err != nil {
		return hashOf(err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, io.LimitReader(f, limit+1)); err != nil {
		return hashOf(err)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

func hashOf(err error) [sha256.Size]byte { return sha256.Sum256([]byte("error: " + err.Error())) }

// names are all files that were read.
func (r readings) names() []string {
	names := make([]string, 0, len(r))
	for name := range r {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
