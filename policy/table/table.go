package table

import (
	"time"

	"outrigger/policy"
)

// Table is one file of cases about one policy. It is immutable after Parse.
type Table struct {
	File string
	// Policy is the path of the policy as the table writes it: a file or a folder, relative to the table's own folder.
	Policy string
	// PolicyPlace is where the table names it.
	PolicyPlace policy.Place
	Cases       []*Case
}

// Case is a sequence of steps that meets one sidecar, which knows nothing of the cases before.
type Case struct {
	Name  string
	Place policy.Place
	Steps []*Step
}

// Step is a pause, or one request or several of a kind, with what must come of them.
type Step struct {
	Place policy.Place
	// Wait lets time pass, and nothing else; then the rest is empty.
	Wait time.Duration
	Send Request
	// Answers are what the upstream does with the attempts of each request: the first attempt meets the first answer, the last
	// answer stands for all further ones. Without any, it answers 200.
	Answers []Answer
	// Times is how many requests are sent: each when the one before has ended, or one every Every.
	Times  int
	Every  time.Duration
	Expect Expect
}

// Request is what a caller sends.
type Request struct {
	Method, Target string
	Header         map[string]string // by canonical name
	Body           int64             // bytes
	// Inbound, Upstream: whose call it is, where Target is a path; see explain.Question.
	Inbound  bool
	Upstream string
}

// Action is what an upstream does with an attempt.
type Action string

// What an upstream can do, beside answering.
const (
	Respond     Action = "respond"     // with a status
	Refuse      Action = "refuse"      // the connection
	Unreachable Action = "unreachable" // no connection comes about
	Reset       Action = "reset"       // the connection, once the request has arrived
	Hang        Action = "hang"        // take the request and answer nothing
	Truncate    Action = "truncate"    // answer 200 and reset the connection in the middle of the body
)

// Answer is what an upstream does with one attempt.
type Answer struct {
	Action Action
	Status int // of Respond
	// After is how long the upstream takes, from the arrival of the request, or of the connection where there is none.
	After  time.Duration
	Header map[string]string
	Body   int64 // bytes
}

// Expect is what must come of a step. What is not written is not expected.
type Expect struct {
	// Of the policy, for the request of the step.
	Operation  *Wanted[string]
	Values     []Value
	Retries    *Wanted[int]
	Retried    []Wanted[Condition]
	NotRetried []Wanted[Condition]
	// Of each exchange of the step.
	Status   *Wanted[int]
	Code     *Wanted[string] // "none" where all went well
	Attempts *Wanted[int]
	AtLeast  *Wanted[time.Duration]
	AtMost   *Wanted[time.Duration]
	// Of all exchanges of the step together.
	Statuses      []Count
	Codes         []Count
	TotalAttempts *Wanted[int]
	// Of the operation's circuit, when the step is over.
	Circuit *Wanted[string]
}

// Wanted is an expected value and where it is written.
type Wanted[T any] struct {
	Value T
	Place policy.Place
}

// Value is an expected effective value of a policy, spelt as policies spell it.
type Value struct {
	Key   string
	Value string
	Place policy.Place
}

// Count is how many exchanges must end with one status or code.
type Count struct {
	What  string
	Times int
	Place policy.Place
}

// Condition is something that may happen to an attempt, in the words of retry.when.
type Condition string

// Exchange is what a simulator saw of one request.
type Exchange struct {
	Operation string
	// Status is 0 where the caller got no answer.
	Status   int
	Code     string // of docs/failures; empty when all went well
	Attempts int
	Took     time.Duration
	// Circuit is the state of the operation's circuit after the step, off without one.
	Circuit string
	// Story is what was decided, a line each.
	Story []string
}

// Simulator runs the steps of a case on a sidecar of its own, and returns for each step its exchanges in the order in which they
// began, none for a pause. The error says why the steps could not be run.
type Simulator func(set *policy.Set, steps []*Step) ([][]Exchange, error)
