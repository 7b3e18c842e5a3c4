package explain_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"outrigger/policy"
	"outrigger/policy/explain"
)

func TestTheTableHasEveryOperationOnce(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/orders.txtar")
	if err != nil {
		t.Fatal(err)
	}
	set := compiled(t, archive)
	rows := explain.Table(set)
	type line struct{ operation, again string }
	var got []line
	for _, r := range rows {
		if r.Upstream == "inventory" || r.Direction == policy.Inbound {
			got = append(got, line{r.Operation, r.Again})
		}
		if len(r.Effective) == 0 || !r.Refused && r.Worst.Attempts == 0 {
			t.Errorf("%s is not explained: %+v", r.Operation, r)
		}
	}
	want := []line{{"GET /orders/{id}", "not sent"}, {"unmatched", ""}, {"getStock", "failures"}, {"addStock", "not sent"}, {"reserveStock", "failures"}, {"payStock", "not sent"}, {"watchStock", "failures"}, {"unmatched", "failures"}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(line{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
