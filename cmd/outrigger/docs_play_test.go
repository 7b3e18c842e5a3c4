package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// playtime bounds the commands of one page together.
const playtime = 90 * time.Second

// play types the commands of a page into one shell, with outrigger in its path, and returns what each printed on both streams. Ports
// that the page names are others here, so that it can be played beside anything; what is printed names the page's again.
func play(t *testing.T, steps []*step) []string {
	t.Helper()
	there, back, numbers := ports(t, steps)
	var script strings.Builder
	fmt.Fprintf(&script, prelude, strings.Join(numbers, " "))
	script.WriteString(there.Replace("export OUTRIGGER_ADMIN=127.0.0.1:9901\n")) // the default, which a page need not write
	for i, s := range steps {
		fmt.Fprintf(&script, "printf '%s%%d\\n' %d\n", mark, i)
		text := there.Replace(s.text)
		switch background := strings.HasSuffix(strings.TrimSpace(s.text), "&"); {
		case s.file != "":
			fmt.Fprintf(&script, "cat >%s <<'%s'\n%s%s\n", s.file, mark, text, mark)
		case background:
			script.WriteString("before=$(listening)\n" + text + "settled\n")
		default:
			script.WriteString(text)
		}
	}
	printed := strings.Split(back.Replace(shell(t, script.String())), mark)
	if len(printed) != len(steps)+1 {
		t.Fatalf("the shell ended after %d of %d steps; at the last one it printed\n%s", len(printed)-1, len(steps), printed[len(printed)-1])
	}
	for i := range printed {
		_, printed[i], _ = strings.Cut(printed[i], "\n")
	}
	return printed[1:]
}

const mark = "@@@@step"

// prelude knows which of the page's ports are open. What was started in the background has settled when it opened one.
const prelude = `exec 2>&1
trap 'kill $(jobs -p) 2>/dev/null; wait 2>/dev/null' EXIT
listening() { for p in %s; do (: <>/dev/tcp/127.0.0.1/$p) 2>/dev/null && echo $p; done; true; }
settled() { for i in $(seq 100); do [ "$(listening)" = "$before" ] || break; sleep 0.05; done; }
`

func shell(t *testing.T, script string) string {
	t.Helper()
	dir := t.TempDir()
	name := filepath.Join(dir, ".page.sh")
	if err := os.WriteFile(name, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), playtime)
	defer cancel()
	c := exec.CommandContext(ctx, "bash", name)
	c.Dir = dir
	c.Env = append(os.Environ(), "NO_COLOR=1", "http_proxy=", "HTTP_PROXY=", "no_proxy=", "NO_PROXY=")
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // what the page started ends with the shell
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	c.WaitDelay = 5 * time.Second
	out, err := c.CombinedOutput()
	if ctx.Err() != nil {
		t.Fatalf("the page takes longer than %s: %v\n%s", playtime, err, out)
	}
	return strings.ReplaceAll(string(out), "\r\n", "\n") // as HTTP ends its lines
}

var portForm = regexp.MustCompile(`\b(?:127\.0\.0\.1|0\.0\.0\.0|localhost):(\d{4,5})\b`)

// ports gives each port that the page names a free one: replacers there and back, and the free ones.
func ports(t *testing.T, steps []*step) (there, back *strings.Replacer, numbers []string) {
	t.Helper()
	seen := map[string]bool{}
	var forth, home []string
	for _, s := range steps {
		for _, m := range portForm.FindAllStringSubmatch(s.text, -1) {
			if seen[m[1]] {
				continue
			}
			seen[m[1]] = true
			free := freePort(t)
			numbers = append(numbers, free)
			forth = append(forth, ":"+m[1], ":"+free)
			home = append(home, ":"+free, ":"+m[1])
		}
	}
	return strings.NewReplacer(forth...), strings.NewReplacer(home...), numbers
}

func freePort(t *testing.T) string {
	t.Helper()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
