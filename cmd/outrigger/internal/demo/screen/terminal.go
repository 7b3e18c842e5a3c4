package screen

import (
	"fmt"
	"io"
	"strings"
)

// Terminal redraws frames in place on the alternate screen of an ANSI terminal, which gives back what stood there before.
type Terminal struct{ out io.Writer }

// Open takes the screen over: alternate screen, no cursor, long lines cut instead of wrapped.
func Open(out io.Writer) *Terminal {
	fmt.Fprint(out, "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J")
	return &Terminal{out}
}

// Draw shows lines. Each is placed by its number, so that a window which is too low never scrolls, and erased before it is
// written: after a line that fills the window, erasing to the right would take its last column.
func (t *Terminal) Draw(lines []string) {
	var b strings.Builder
	for i, line := range lines {
		fmt.Fprintf(&b, "\x1b[%d;1H\x1b[2K%s", i+1, line)
	}
	b.WriteString("\x1b[J")
	fmt.Fprint(t.out, b.String())
}

// Close gives the screen back.
func (t *Terminal) Close() {
	fmt.Fprint(t.out, "\x1b[?7h\x1b[?25h\x1b[?1049l")
}
