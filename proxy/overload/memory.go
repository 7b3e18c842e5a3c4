package overload

import (
	"bytes"
	"math"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// group is one control group of Linux with a memory limit: ours, or one above it. Its files stay open, so that memory can be looked
// at when no descriptor is left.
type group struct {
	limit, usage, stat *os.File
	inactive           string // what the kernel gives back before it kills, in stat
	buf                [8 << 10]byte
}

// ContainerLimit is the smallest memory limit of the control groups that this process is in, in bytes, and whether there is one.
// Root is "/" on a real system.
func ContainerLimit(root string) (int64, bool) {
	limit := int64(math.MaxInt64)
	for _, g := range findGroups(root) {
		if n, ok := g.number(g.limit); ok {
			limit = min(limit, n)
		}
		g.close()
	}
	return limit, limit < unlimited
}

// unlimited is where version 1 of control groups begins to mean that there is no limit.
const unlimited = math.MaxInt64 / 2

// findGroups finds the memory limits that hold for this process, of version 2 and 1 (kernel: admin-guide/cgroup-v2, cgroup-v1/memory).
// A path that does not exist is one that the container does not see; the mount itself is then the container's group.
func findGroups(root string) []*group {
	table, err := os.ReadFile(filepath.Join(root, "proc", "self", "cgroup"))
	if err != nil {
		return nil
	}
	var found []*group
	for line := range strings.Lines(string(table)) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) < 3 {
			continue
		}
		switch {
		case fields[0] == "0" && fields[1] == "":
			found = append(found, climb(filepath.Join(root, "sys", "fs", "cgroup"), fields[2], version2)...)
		case strings.Contains(","+fields[1]+",", ",memory,"):
			found = append(found, climb(filepath.Join(root, "sys", "fs", "cgroup", "memory"), fields[2], version1)...)
		}
	}
	return found
}

// names are the names of files, and of the line of stat.
type names struct{ limit, usage, inactive string }

var (
	version2 = names{"memory.max", "memory.current", "inactive_file"}
	version1 = names{"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"}
)

// mostLevels bounds the groups that are watched.
const mostLevels = 8

// climb opens the groups with a limit, from the one at place below mount upwards.
func climb(mount, place string, n names) []*group {
	var found []*group
	for at := path.Clean("/" + place); len(found) < mostLevels; at = path.Dir(at) {
		if g := openGroup(filepath.Join(mount, filepath.FromSlash(at)), n); g != nil {
			if _, limited := g.used(); limited {
				found = append(found, g)
			} else {
				g.close()
			}
		}
		if at == "/" {
			break
		}
	}
	return found
}

func openGroup(dir string, n names) *group {
	g := &group{inactive: n.inactive + " "}
	for name, file := range map[string]**os.File{n.limit: &g.limit, n.usage: &g.usage, "memory.stat": &g.stat} {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			g.close()
			return nil
		}
		*file = f
	}
	return g
}

func (g *group) close() {
	for _, f := range []*os.File{g.limit, g.usage, g.stat} {
		if f != nil {
			_ = f.Close()
		}
	}
}

// used is the share of the limit that the kernel could not simply give back.
func (g *group) used() (float64, bool) {
	limit, ok := g.number(g.limit)
	if !ok || limit >= unlimited || limit <= 0 {
		return 0, false
	}
	usage, ok := g.number(g.usage)
	if !ok {
		return 0, false
	}
	return float64(max(0, usage-g.inactiveBytes())) / float64(limit), true
}

// number reads a file that holds one; the word max is none.
func (g *group) number(f *os.File) (int64, bool) {
	n, _ := f.ReadAt(g.buf[:64], 0)
	v, err := strconv.ParseInt(string(bytes.TrimSpace(g.buf[:n])), 10, 64)
	return v, err == nil
}

func (g *group) inactiveBytes() int64 {
	n, _ := g.stat.ReadAt(g.buf[:], 0)
	for line := range bytes.Lines(g.buf[:n]) {
		if rest, ok := bytes.CutPrefix(line, []byte(g.inactive)); ok {
			v, _ := strconv.ParseInt(string(bytes.TrimSpace(rest)), 10, 64)
			return v
		}
	}
	return 0
}
