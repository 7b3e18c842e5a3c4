package policy

import (
	"fmt"
	"testing"
)

// manyOperations is an upstream of 1,500 operations on 500 paths, as deep as those of large specs are.
func manyOperations() *Upstream {
	u := &Upstream{Unmatched: &Operation{ID: Unmatched}}
	for i := range 500 {
		template := fmt.Sprintf("/orgs/{org}/part%d/things%d/{id}/detail", i/25, i)
		for _, method := range []string{"GET", "PUT", "DELETE"} {
			u.Operations = append(u.Operations, &Operation{ID: fmt.Sprint(method, i), Method: method, Template: template})
		}
	}
	u.Index()
	return u
}

const deepPath = "/orgs/some-org/part19/things499/0123456789/detail"

func TestAMatchAmongManyOperationsAllocatesNothing(t *testing.T) {
	u := manyOperations()
	if op := u.Match("DELETE", deepPath); op == nil || op.ID != "DELETE499" {
		t.Fatalf("matched %+v", op)
	}
	if allocs := testing.AllocsPerRun(100, func() { u.Match("DELETE", deepPath); u.Match("GET", "/orgs/a/none") }); allocs != 0 {
		t.Errorf("a match allocates %v times", allocs)
	}
}

func BenchmarkMatchAmong1500Operations(b *testing.B) {
	u := manyOperations()
	b.ReportAllocs()
	for b.Loop() {
		u.Match("DELETE", deepPath)
	}
}
