package diff

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"outrigger/policy/spelling"
)

// setting is one value as a policy spells it, with the line that it comes from.
type setting struct {
	key, value, source string
}

// setting adds the change of a value, if it is one.
func (l *list) setting(was, is setting, where ...Where) {
	if was.value == is.value {
		return
	}
	v := judge(is.key, was.value, is.value)
	l.add(Change{
		Effect: v.effect, Key: is.key, Old: was.value, New: is.value, OldSource: was.source, NewSource: is.source, What: v.what,
	}, where...)
}

// judge says what it does that a value is another now.
func judge(key, old, now string) verdict {
	r := rules[key]
	if to, ok := rules[key+"="+now]; ok {
		r = to
	}
	var v verdict
	switch gained, lost, lists := compareLists(old, now); {
	case lists:
		return r.lists(gained, lost)
	case now == "off":
		v = r.off
	case old == "off":
		v = r.on
	case strings.HasSuffix(key, ".listen"):
		v = moved(old, now)
	default:
		if a, b, ok := measures(old, now); ok && a < b {
			v = r.more
		} else if ok {
			v = r.less
		}
	}
	if v.what == "" {
		v = r.other
	}
	if v.what == "" {
		return verdict{Neutral, "is " + now + ", was " + old}
	}
	attempts := 0
	if n, err := strconv.Atoi(now); err == nil {
		attempts = n + 1
	}
	v.what = strings.NewReplacer("{old}", old, "{new}", now, "{attempts}", counted(attempts)).Replace(v.what)
	return v
}

// lists joins what was gained and lost into one verdict, the worse of the two.
func (r rule) lists(gained, lost []string) verdict {
	v := verdict{effect: Safer}
	var parts []string
	tell := func(side, unruled verdict, words []string) {
		if len(words) == 0 {
			return
		}
		if side.what == "" {
			side = unruled
		}
		if rank(side.effect) < rank(v.effect) {
			v.effect = side.effect
		}
		parts = append(parts, strings.ReplaceAll(side.what, "{words}", strings.Join(words, ", ")))
	}
	tell(r.more, verdict{Neutral, "has {words} too"}, gained)
	tell(r.less, verdict{Neutral, "has {words} no more"}, lost)
	v.what = strings.Join(parts, "; ")
	return v
}

// compareLists gives the words that only one of two lists "[a, b]" has.
func compareLists(old, now string) (gained, lost []string, lists bool) {
	a, okA := spelling.Members(old)
	b, okB := spelling.Members(now)
	if !okA || !okB {
		return nil, nil, false
	}
	for _, w := range b {
		if !slices.Contains(a, w) {
			gained = append(gained, w)
		}
	}
	for _, w := range a {
		if !slices.Contains(b, w) {
			lost = append(lost, w)
		}
	}
	return gained, lost, true
}

// measures gives two amounts of one kind as numbers: durations, shares, sizes or plain ones.
func measures(old, now string) (a, b float64, ok bool) {
	a, okA := spelling.Amount(old)
	b, okB := spelling.Amount(now)
	return a, b, okA && okB
}

func counted(attempts int) string {
	if attempts == 1 {
		return "1 attempt"
	}
	return strconv.Itoa(attempts) + " attempts"
}

// moved judges another address of a port: from loopback to elsewhere, everybody on the network may come.
func moved(old, now string) verdict {
	switch a, b := loopback(old), loopback(now); {
	case a && !b:
		return verdict{Riskier, "other machines can reach it now"}
	case b && !a:
		return verdict{Safer, "only this machine can reach it now"}
	}
	return verdict{Neutral, "whoever calls the old address must follow"}
}

func loopback(hostPort string) bool {
	host := hostPort[:max(0, strings.LastIndexByte(hostPort, ':'))]
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || err == nil && addr.IsLoopback()
}
