// Package breaker stops sending to an upstream that fails, and finds out carefully when it works again.
//
// It decides whether an attempt gets a permit, from the verdicts on earlier attempts; what a reply means (package verdict) and
// whether anybody tries again (package retry, which never does against an open circuit) it refuses to know. It stands below the
// retries, so that every attempt asks, and above the attempt's deadline, so that an attempt's time begins with its permit.
//
// The story of a circuit:
//
//	closed ──(failure rate of the window, or N hard failures in a row)──► open
//	open ──(its time is over: by the clock, not by traffic)──► half-open
//	half-open ──(as many probes as the policy says succeeded)──► closed
//	half-open ──(one probe failed)──► open, for twice as long as before, up to a limit
//
// While half-open only so many probes are placed; one that was cancelled gives its place back without a verdict. Every change of
// state begins a new generation, and results of attempts that were admitted in an earlier one are ignored: a late success of
// before cannot close an open circuit.
//
// The counts of the sliding window and the states are failsafe-go's circuit breaker, used standalone. What it leaves open is
// done here: exact rates (its own are rounded to two digits), placing of probes and release without verdict, generations, growing
// open times, settings that change. It has no listeners: they would run between its locks.
package breaker
