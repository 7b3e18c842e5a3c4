package cases

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestTheSameSeedMakesTheSameCases(t *testing.T) {
	a, b, other := New(7, nil, nil), New(7, nil, nil), New(8, nil, nil)
	same := 0
	for range 50 {
		x, y, z := a.Request(), b.Request(), other.Request()
		if !bytes.Equal(x.Bytes, y.Bytes) {
			t.Fatalf("%q and %q from one seed", x.Bytes, y.Bytes)
		}
		if bytes.Equal(x.Bytes, z.Bytes) {
			same++
		}
	}
	if same > 0 {
		t.Errorf("%d of 50 cases are those of another seed", same)
	}
}

func TestManyCasesAreWholeMessagesAndManyAreNot(t *testing.T) {
	g := New(1, nil, nil)
	whole := 0
	const n = 2000
	for range n {
		c := g.Request()
		if strings.HasSuffix(lastTarget(c.Bytes), c.Token) && strings.HasPrefix(lastTarget(c.Bytes), "/end-") {
			whole++
		}
	}
	if whole < n/5 || whole > n*4/5 {
		t.Errorf("net/http reads %d of %d cases to their end: too few of one kind", whole, n)
	}
}

// lastTarget is the target of the last request that net/http finds.
func lastTarget(b []byte) string {
	r, last := bufio.NewReader(bytes.NewReader(b)), ""
	for {
		req, err := http.ReadRequest(r)
		if err != nil {
			return last
		}
		if _, err := io.Copy(io.Discard, req.Body); err != nil {
			return last
		}
		last = req.RequestURI
	}
}

func TestMutationLeavesTheTokenWhole(t *testing.T) {
	g := New(3, nil, nil)
	token := g.NewToken()
	for range 5000 {
		s := g.mutate("GET /" + token + " HTTP/1.1\r\nHost: a\r\n\r\n")
		for i := 0; i+tokenLength <= len(s); i++ {
			if part := s[i : i+tokenLength]; isToken(part) && part != token {
				t.Fatalf("token %s became %s in %q", token, part, s)
			}
		}
	}
}

func TestThePiecesOfACaseAreItsBytes(t *testing.T) {
	g := New(9, nil, nil)
	cut := 0
	for range 300 {
		c := g.Request()
		pieces := c.Pieces()
		if !bytes.Equal(bytes.Join(pieces, nil), c.Bytes) {
			t.Fatalf("%q in pieces %q", c.Bytes, pieces)
		}
		if len(pieces) > 1 {
			cut++
		}
	}
	if cut < 30 || cut > 150 {
		t.Errorf("%d of 300 cases are cut, want about a quarter", cut)
	}
}
