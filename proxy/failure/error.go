package failure

import (
	"errors"
	"strings"
	"time"

	"outrigger/policy"
)

// Error is a failure with a code. Layers return it as the error of a RoundTrip; it is immutable once returned.
type Error struct {
	Code Code
	// Status overrides the table's, for codes with several (request_invalid); 0 keeps it.
	Status int
	// Detail says what happened in this case, without secrets, header values or bodies.
	Detail string
	// RetryAfter tells the client when another try makes sense; 0 says nothing.
	RetryAfter time.Duration
	// Reason refines the code for metrics where it has several causes (queue_timeout); empty keeps the code.
	Reason string
	// Violations are the ways in which a request breaks its contract, for the client to mend.
	Violations []policy.Violation
	Err        error
}

// ReasonCertificate refines TLSFailed: the upstream's certificate was not believed. Trying again would meet the same one.
const ReasonCertificate = "certificate"

// New returns a failure of the given code.
func New(code Code, detail string) *Error { return &Error{Code: code, Detail: detail} }

// Wrap returns a failure of the given code caused by err.
func Wrap(code Code, err error) *Error { return &Error{Code: code, Detail: cause(err), Err: err} }

func cause(err error) string {
	if err == nil {
		return ""
	}
	return strings.ToValidUTF8(err.Error(), "?")
}

// Error returns "code: detail".
func (e *Error) Error() string {
	if e.Detail == "" {
		return string(e.Code)
	}
	return string(e.Code) + ": " + e.Detail
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// HTTPStatus is the status of the answer that tells this failure.
func (e *Error) HTTPStatus() int {
	if e.Status != 0 {
		return e.Status
	}
	return Of(e.Code).Status
}

// MetricReason is the value of the label reason.
func (e *Error) MetricReason() string {
	if e.Reason != "" {
		return e.Reason
	}
	return string(e.Code)
}

// From returns err as a failure; an error without a code becomes Internal.
func From(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return Wrap(Internal, err)
}
