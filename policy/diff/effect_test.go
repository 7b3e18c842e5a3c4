package diff

import "testing"

func TestAValueWithoutARuleIsNeutralAndTold(t *testing.T) {
	for _, c := range []struct{ old, now, want string }{
		{"1", "2", "is 2, was 1"},
		{"off", "p95", "is p95, was off"},
		{"on", "off", "is off, was on"},
		{"[a, b]", "[b, c]", "has c too; has a no more"},
		{"[]", "[a]", "has a too"},
	} {
		if got := judge("a.key.of.tomorrow", c.old, c.now); got.effect != Neutral || got.what != c.want {
			t.Errorf("from %s to %s: %+v, want neutral, %q", c.old, c.now, got, c.want)
		}
	}
}

func TestEveryRuleHasWordsAndAnEffect(t *testing.T) {
	for key, r := range rules {
		told := 0
		for _, v := range []verdict{r.less, r.more, r.on, r.off, r.other} {
			if v.what == "" && v.effect == "" {
				continue
			}
			told++
			if v.what == "" || rank(v.effect) < 0 {
				t.Errorf("the rule of %s has a verdict without words or effect: %+v", key, v)
			}
		}
		if told == 0 {
			t.Errorf("the rule of %s says nothing", key)
		}
	}
}

func TestAPortThatLeavesLoopbackIsRiskier(t *testing.T) {
	for _, c := range []struct {
		old, now string
		want     Effect
	}{
		{"127.0.0.1:9901", "0.0.0.0:9901", Riskier},
		{"localhost:9901", "10.1.2.3:9901", Riskier},
		{"0.0.0.0:9901", "[::1]:9901", Safer},
		{"127.0.0.1:9901", "127.0.0.1:9902", Neutral},
		{":9901", "0.0.0.0:9901", Neutral},
	} {
		if got := judge("admin.listen", c.old, c.now); got.effect != c.want {
			t.Errorf("from %s to %s is %s, want %s", c.old, c.now, got.effect, c.want)
		}
	}
}
