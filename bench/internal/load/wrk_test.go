package load

import "testing"

func TestARunWithoutAnswersOrWithFailuresIsRefused(t *testing.T) {
	good := Figures{Requests: 10, Micros: 2e6}
	if err := good.Check(); err != nil {
		t.Errorf("Check() = %v for a good run", err)
	}
	if got := good.PerSecond(); got != 5 {
		t.Errorf("PerSecond() = %v, want 5", got)
	}
	for _, bad := range []Figures{
		{}, {Requests: 10, Connect: 1}, {Requests: 10, Read: 1}, {Requests: 10, Write: 1}, {Requests: 10, Status: 1}, {Requests: 10, Timeout: 1},
	} {
		if bad.Check() == nil {
			t.Errorf("Check() accepts %+v", bad)
		}
	}
}

func TestFiguresAreReadFromTheOutputOfWrk(t *testing.T) {
	got, err := parseWrk([]byte("Running 1s test\nRESULT {\"requests\":7,\"bytes\":900,\"micros\":1000000,\"status\":2}\n"))
	if err != nil || got != (Figures{Requests: 7, Bytes: 900, Micros: 1e6, Status: 2}) {
		t.Errorf("parseWrk = %+v, %v", got, err)
	}
	for _, out := range []string{"", "Running 1s test", "RESULT {"} {
		if _, err := parseWrk([]byte(out)); err == nil {
			t.Errorf("parseWrk(%q): no error", out)
		}
	}
}
