package proxies

import (
	"slices"
	"testing"
)

func TestANameSelectsAlsoWhatBeginsWithItAndAHyphen(t *testing.T) {
	for names, want := range map[string][]string{
		"outrigger":         {OutriggerPass, OutriggerFull, OutriggerLog},
		"nethttp,haproxy":   {HAProxy, "haproxy-splice", NetHTTP},
		"outrigger-full":    {OutriggerFull},
		"outrigger,nethttp": {NetHTTP, OutriggerPass, OutriggerFull, OutriggerLog},
	} {
		chosen, err := Select(names)
		var got []string
		for _, p := range chosen {
			got = append(got, p.Name)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("Select(%s) = %q, %v, want %q", names, got, err, want)
		}
	}
}

func TestAnUnknownNameIsRefused(t *testing.T) {
	for _, names := range []string{"out", "haproxy,envoy", "haproxy,"} {
		if _, err := Select(names); err == nil {
			t.Errorf("Select(%q): no error", names)
		}
	}
	if _, err := Named("outrigger"); err == nil {
		t.Error(`Named("outrigger"): no error, though three begin with it`)
	}
	if p, err := Named(HAProxy); err != nil || p.Name != HAProxy {
		t.Errorf("Named(%s) = %v, %v", HAProxy, p.Name, err)
	}
}
