package patch

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"outrigger/policy/mend"
)

const shop = `version: 1
service: shop
upstreams:
  stock:
    endpoints: [http://stock:80]
    operations:
      GET /stock/{id}: {timeouts: {request: 1s}} # as agreed
`

func change(file, value string, path ...string) Change {
	return Change{file, mend.Change{Path: path, Value: value}}
}

func TestTheTextHoldsTheChangesThatThePolicyCanBear(t *testing.T) {
	file := filepath.Join(t.TempDir(), "policy.yaml")
	if err := os.WriteFile(file, []byte(shop), 0o600); err != nil {
		t.Fatal(err)
	}
	op := []string{"upstreams", "stock", "operations", "GET /stock/{id}", "timeouts"}
	changed, left := Make([]string{file}, []Change{
		change(file, "300ms", append(op, "request")...),
		change(file, "9s", append(op, "attempt")...), // above the request timeout at the same level
		change(file, "100ms", append(op, "attempt")...),
		change(file, "1", "service", "name"),
	})
	want := strings.Replace(shop, "{request: 1s}", "{attempt: 100ms, request: 300ms}", 1)
	if len(changed) != 1 || string(changed[0].Before) != shop || string(changed[0].After) != want {
		t.Errorf("changed: %s", changed)
	}
	if len(left) != 2 || left[0].Value != "9s" || !strings.Contains(left[0].Reason, "attempt") || left[1].Path[0] != "service" {
		t.Errorf("left: %+v", left)
	}
	if changed, left := Make([]string{file}, []Change{change(file, "9s", append(op, "attempt")...)}); len(changed) != 0 || len(left) != 1 {
		t.Errorf("without a change that the policy bears: changed %s, left %+v", changed, left)
	}
	if now, _ := os.ReadFile(file); string(now) != shop {
		t.Error("the file was written")
	}
}
