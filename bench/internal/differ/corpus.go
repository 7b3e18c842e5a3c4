package differ

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"

	"outrigger/bench/internal/differ/cases"
)

var (
	//go:embed requests.txt
	requestCorpus string
	//go:embed replies.txt
	replyCorpus string
)

// Corpus returns the streams that every run begins with and that the generator mutates.
func Corpus() (requests, replies []string, err error) {
	for _, c := range []struct {
		text string
		into *[]string
	}{{requestCorpus, &requests}, {replyCorpus, &replies}} {
		entries, err := parseCorpus(c.text)
		if err != nil {
			return nil, nil, err
		}
		for _, e := range entries {
			*c.into = append(*c.into, string(e.Bytes))
		}
	}
	return requests, replies, nil
}

// parseCorpus reads one quoted stream a line, with the words head and close before it where they hold; # begins a comment line.
func parseCorpus(text string) ([]cases.Case, error) {
	var all []cases.Case
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		var c cases.Case
		for {
			word, rest, found := strings.Cut(line, " ")
			if !found || word[0] == '"' {
				break
			}
			switch word {
			case "head":
				c.Head = true
			case "close":
				c.Close = true
			default:
				return nil, fmt.Errorf("corpus: %q: head, close or a quoted stream expected", word)
			}
			line = rest
		}
		stream, err := strconv.Unquote(line)
		if err != nil {
			return nil, fmt.Errorf("corpus: %s: %w", line, err)
		}
		c.Bytes = []byte(stream)
		all = append(all, c)
	}
	return all, nil
}

// corpusTasks are the cases of the corpus with tokens of their own.
func corpusTasks(g *cases.Generator) ([]task, error) {
	var tasks []task
	for direction, text := range map[Direction]string{Requests: requestCorpus, Replies: replyCorpus} {
		entries, err := parseCorpus(text)
		if err != nil {
			return nil, err
		}
		for _, c := range entries {
			c.Token = g.NewToken()
			c.Bytes = []byte(cases.Fill(string(c.Bytes), c.Token))
			if direction == Requests {
				c.Bytes = append(c.Bytes, cases.End(c.Token)...)
			}
			tasks = append(tasks, task{direction, c})
		}
	}
	return tasks, nil
}
