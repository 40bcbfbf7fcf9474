package engine

import (
	"fmt"
	"strings"
	"time"

	"isle/expr"
	"isle/wdl"
)

// Record is what happened to one action in one repetition.
type Record struct {
	Action     string
	Index      int // the action's place in the program
	Type       wdl.Type
	Repetition []RepetitionIndex // outermost first; nil at the top level
	// Iteration marks the record of one iteration of the loop Action: its container,
	// which has no inputs or outputs. Repetition ends with that iteration.
	Iteration bool

	Status     wdl.Status
	Code       string
	Error      *Error
	Start, End time.Time // End is zero while the action runs
	TrackingID string

	Inputs, Outputs             expr.Value // may be a reference to a Content
	HasInputs, HasOutputs       bool
	SecureInputs, SecureOutputs bool // not to be shown, as are texts of errors; see ShownError
	RetryHistory                []Retry
	TrackedProperties           expr.Value // null: none

	IterationCount    int // of an Until
	ForeachItemsCount int // of a Foreach
	Attempts          int // requests made so far

	// Repeated says that a request was made again after a crash, under the same client
	// request id: its receiver may have seen it twice.
	Repeated bool

	// Kept says that the record is of the run that this one was resubmitted from: nothing
	// was done for it here.
	Kept bool

	// Callback is the URL that a webhook has handed on. Whoever holds it may call: it
	// is not to be shown, neither by itself nor in the inputs.
	Callback string
}

// RepetitionIndex is one level of a repetition.
type RepetitionIndex struct {
	Scope string // name of the loop
	Index int    // from 0
}

// Retry is one attempt of an action that was tried more than once
// (wdl-semantics §12.4).
type Retry struct {
	Start, End       time.Time
	Code             string
	ClientRequestID  string
	ServiceRequestID string
	Error            *Error
	Repeated         bool // as Record.Repeated
	// Answer is what an attempt got that another one followed: the outputs of the last one
	// are the record's. Large members are references to Contents, very large ones are left
	// out. Null: there was no answer, or it was secured.
	Answer expr.Value
}

// RepetitionName is the name of a repetition in the API: "000001-000000".
func RepetitionName(path []RepetitionIndex) string {
	var b strings.Builder
	for i, r := range path {
		if i > 0 {
			b.WriteByte('-')
		}
		fmt.Fprintf(&b, "%06d", r.Index)
	}
	return b.String()
}

// ScopeOf is the scope that holds the records of a repetition.
func ScopeOf(path []RepetitionIndex) string {
	var b []byte
	for _, r := range path {
		b = appendScope(b, r.Scope, r.Index)
	}
	return string(b)
}
