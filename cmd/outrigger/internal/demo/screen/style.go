package screen

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"
)

// Width is the longest line, in columns.
const Width = 100

// colour is an SGR code of ECMA-48.
type colour string

const (
	plain  colour = ""
	bold   colour = "1"
	dim    colour = "2"
	red    colour = "31"
	green  colour = "32"
	yellow colour = "33"
)

// Style says how text may look.
type Style struct{ Color bool }

func (s Style) paint(c colour, text string) string {
	if !s.Color || c == plain || text == "" {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}

// right and left fill text up to a width before it is painted, because escapes have no width.
func (s Style) right(c colour, width int, text string) string {
	return s.paint(c, fmt.Sprintf("%*s", width, text))
}

func (s Style) left(c colour, width int, text string) string {
	return s.paint(c, fmt.Sprintf("%-*s", width, text))
}

// brief is a duration in three digits or so: 0.84ms, 12.3ms, 812ms, 1.20s, 41s.
func brief(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	switch {
	case d == 0:
		return "-"
	case ms < 9.995:
		return fmt.Sprintf("%.2fms", ms)
	case ms < 99.95:
		return fmt.Sprintf("%.1fms", ms)
	case ms < 999.5:
		return fmt.Sprintf("%.0fms", ms)
	case ms < 9995:
		return fmt.Sprintf("%.2fs", ms/1000)
	}
	return fmt.Sprintf("%.0fs", ms/1000)
}

// seconds is a duration in tenths of a second.
func seconds(d time.Duration) string { return fmt.Sprintf("%.1fs", d.Seconds()) }

// percent never rounds up to a whole that is none: 99.97 % is shown as 99.9%.
func percent(share float64) string {
	return fmt.Sprintf("%.1f%%", math.Floor(share*1000+1e-6)/10)
}

// count shows 0 as a dash, so that what happened stands out.
func count(n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

// wrap breaks text at spaces into lines of a width; a word that is longer is cut.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if utf8.RuneCountInString(word) > width {
			word = string([]rune(word)[:width-2]) + ".."
		}
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= width:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
