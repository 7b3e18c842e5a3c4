package drift

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"outrigger/policy"
)

const (
	maxShapes   = 100 // of one upstream
	maxStatuses = 16  // of one operation
)

// Requests are those of one method and one shape of path.
type Requests struct {
	Method string
	// Template is the path with what looks like an identifier written as a parameter; see Template.
	Template string
	Count    uint64
	// Succeeded of them were answered with a status below 400: the upstream knows them, though its spec does not.
	Succeeded uint64
	Last      time.Time
}

// shape is a request without what varies from one to the next.
type shape struct{ method, template string }

type shapes struct {
	seen   map[shape]*Requests
	others uint64 // requests of shapes that gave way
}

// add counts a request. Where there is no room, the rarest shape gives way, so that what goes on for long is always told.
func (v *shapes) add(s shape, status int, now time.Time) {
	r := v.seen[s]
	if r == nil {
		if v.seen == nil {
			v.seen = map[shape]*Requests{}
		}
		if len(v.seen) >= maxShapes {
			v.giveWay()
		}
		r = &Requests{Method: s.method, Template: s.template}
		v.seen[s] = r
	}
	r.Count++
	if status < 400 {
		r.Succeeded++
	}
	r.Last = now
}

func (v *shapes) giveWay() {
	rarest := slices.MinFunc(slices.Collect(maps.Values(v.seen)), func(a, b *Requests) int {
		return cmp.Or(cmp.Compare(a.Count, b.Count), a.Last.Compare(b.Last))
	})
	v.others += rarest.Count
	delete(v.seen, shape{rarest.Method, rarest.Template})
}

func (v *shapes) forget(declared func(shape) bool) {
	maps.DeleteFunc(v.seen, func(s shape, _ *Requests) bool { return declared(s) })
}

func (v *shapes) report() []Requests {
	all := make([]Requests, 0, len(v.seen))
	for _, r := range v.seen {
		all = append(all, *r)
	}
	slices.SortFunc(all, func(a, b Requests) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Template, b.Template), strings.Compare(a.Method, b.Method))
	})
	return all
}

// statuses counts by status; beyond maxStatuses different ones 0 counts the rest.
type statuses struct{ count map[int]uint64 }

func (v *statuses) add(status int) {
	if v.count == nil {
		v.count = map[int]uint64{}
	}
	if _, known := v.count[status]; !known && len(v.count) >= maxStatuses {
		status = 0
	}
	v.count[status]++
}

func (v *statuses) forget(declared *policy.StatusSet) {
	maps.DeleteFunc(v.count, func(status int, _ uint64) bool { return declared.Has(status) })
}

func (v *statuses) report() map[int]uint64 { return maps.Clone(v.count) }
