package diff_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"outrigger/policy"
	"outrigger/policy/diff"
)

const everything = `version: 1
service: shop
inbound: {listen: 127.0.0.1:8080, application: http://127.0.0.1:5000, policy: {breaker: {window: 10s}}}
outbound: {listen: 127.0.0.1:15001, unknown: pass}
upstreams:
  stock:
    endpoints: [http://stock:80]
    listen: 127.0.0.1:15101
    policy: {timeouts: {attempt: 5s}}
    operations:
      GET /stock/{sku}: {}
      POST /orders: {retry: {retries: 2, when: [connect]}}
log: {requests: sample 10%}
metrics: {listen: 127.0.0.1:9902}
`

// silent are the members of a set that say where a value stands, what it was called or which version it has, and nothing of
// what happens to a request.
var silent = []string{"Version", "Files", "Place", "Origins", "Formerly"}

// TestEveryValueOfASetIsCompared changes one value of a set after the other, those of members that this test never heard of
// included. A member of which no difference is told belongs into settingsOf, into the upstream's values or into explain.Effective.
func TestEveryValueOfASetIsCompared(t *testing.T) {
	set := compiled(t, &txtar.Archive{Files: []txtar.File{{Name: "p.yaml", Data: []byte(everything)}}}, "p.yaml")
	before := copied(t, set)
	total := eachLeaf(reflect.ValueOf(copied(t, set)).Elem(), "", func(string, reflect.Value) bool { return true })
	if total < 100 {
		t.Fatalf("%d values found in a set: this test would hold of little", total)
	}
	// Hosts that no upstream lists have no circuit, whatever its values.
	idle := func(path string) bool {
		return strings.HasPrefix(path, ".Outbound.Unknown.Unmatched.Policy.Breaker.") && !strings.HasSuffix(path, ".Off")
	}
	for i := range total {
		after, at, n := copied(t, set), "", 0
		eachLeaf(reflect.ValueOf(after).Elem(), "", func(path string, v reflect.Value) bool {
			if n++; n <= i {
				return true
			}
			at = path
			change(v)
			return false
		})
		if !idle(at) && len(diff.Compare(before, after)) == 0 {
			t.Errorf("%s changed, and no difference is told", at)
		}
	}
}

// copied goes by way of JSON, as sets on the wire do.
func copied(t *testing.T, set *policy.Set) *policy.Set {
	t.Helper()
	data, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	again := &policy.Set{}
	if err := json.Unmarshal(data, again); err != nil {
		t.Fatal(err)
	}
	return again
}

// eachLeaf visits values until visit answers false, and returns how many it visited.
func eachLeaf(v reflect.Value, path string, visit func(path string, v reflect.Value) bool) int {
	n, more := 0, true
	var walk func(v reflect.Value, path string)
	walk = func(v reflect.Value, path string) {
		switch {
		case !more:
		case v.Kind() == reflect.Pointer && !v.IsNil():
			walk(v.Elem(), path)
		case v.Kind() == reflect.Struct:
			for i := range v.NumField() {
				if f := v.Type().Field(i); f.IsExported() && !slices.Contains(silent, f.Name) {
					walk(v.Field(i), path+"."+f.Name)
				}
			}
		case v.Kind() == reflect.Slice && v.Len() > 0:
			for i := range v.Len() {
				walk(v.Index(i), fmt.Sprintf("%s[%d]", path, i))
			}
		case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Pointer:
		case v.CanSet() && v.Kind() != reflect.Pointer && v.Kind() != reflect.Map:
			n++
			more = visit(path, v)
		}
	}
	walk(v, path)
	return n
}

// change gives a value another one.
func change(v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.String:
		if v.Type() == reflect.TypeFor[policy.Stream]() {
			v.SetString(string(policy.StreamMay))
			return
		}
		v.SetString(v.String() + "x")
	case reflect.Int, reflect.Int64:
		v.SetInt(v.Int() + 1_000_000)
	case reflect.Float64:
		v.SetFloat(v.Float() + 0.25)
	case reflect.Array: // a StatusSet
		v.Index(0).SetUint(v.Index(0).Uint() ^ 1)
	case reflect.Slice:
		more := reflect.New(v.Type().Elem()).Elem()
		if more.Kind() == reflect.Struct {
			change(more.Field(0))
		} else {
			change(more)
		}
		v.Set(reflect.Append(v, more))
	default:
		panic("a value of kind " + v.Kind().String())
	}
}
