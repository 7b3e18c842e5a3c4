package policy

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Spell writes a duration as policies do, in the form of Gateway API (GEP-2257): "1m30s", "250ms"; 0 is "off".
// Parts of a millisecond, which no policy has, are written as a fraction.
func Spell(d time.Duration) string {
	if d <= 0 {
		return "off"
	}
	var b strings.Builder
	for _, u := range []struct {
		name string
		size time.Duration
	}{{"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}} {
		if n := d / u.size; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, u.name)
			d %= u.size
		}
	}
	if d > 0 {
		b.WriteString(strconv.FormatFloat(float64(d)/float64(time.Millisecond), 'f', -1, 64) + "ms")
	}
	return b.String()
}

// SpellSize writes a number of bytes as policies do, "64KiB", in the largest unit that leaves no fraction.
func SpellSize(n int64) string {
	for _, u := range []struct {
		name  string
		shift uint
	}{{"GiB", 30}, {"MiB", 20}, {"KiB", 10}} {
		if n != 0 && n%(1<<u.shift) == 0 {
			return fmt.Sprintf("%d%s", n>>u.shift, u.name)
		}
	}
	return fmt.Sprintf("%dB", n)
}

// SpellShare writes a fraction of 1 as policies do: 0.2 is "20%".
func SpellShare(f float64) string {
	return strconv.FormatFloat(f*100, 'g', 6, 64) + "%"
}
