package rules

import (
	"testing"

	"outrigger/policy"
)

func TestAProblemSpeaksOfTheDeepestValue(t *testing.T) {
	values := map[string]Value{"retry.retries": {Level: Shared}, "timeouts.request": {Level: Own}, "timeouts.attempt": {Level: Own, Named: true}}
	o := Operation{Operation: &policy.Operation{}, Value: func(key string) (Value, bool) { v, ok := values[key]; return v, ok }}
	if key, v, ok := o.Deepest("retry.retries", "timeouts.request", "timeouts.attempt"); key != "timeouts.request" || v.Named || !ok {
		t.Errorf("deepest is %s %+v %v, want the first of the two at the operation", key, v, ok)
	}
	if key, _, ok := o.Deepest("retry.maxBody"); ok {
		t.Errorf("deepest of what nobody wrote is %s", key)
	}
	if _, ok := o.Written("retry.retries", Own); ok {
		t.Error("a value of the upstream counts as written at the operation")
	}
}

func TestAProblemSpeaksOfTheKeyOfAnOperationBeforeItsSpec(t *testing.T) {
	o := Operation{Operation: &policy.Operation{Place: policy.Place{File: "spec.yaml", Line: 3}}}
	if at := o.At(); at.File != "spec.yaml" {
		t.Errorf("an operation without a key is at %s", at)
	}
	o.Key = policy.Place{File: "policy.yaml", Line: 7}
	if at := o.At(); at != o.Key {
		t.Errorf("an operation with a key is at %s", at)
	}
}
