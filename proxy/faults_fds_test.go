package proxy_test

const childRole = "OUTRIGGER_TEST_CHILD"

func childMain(string) int { return 0 }
