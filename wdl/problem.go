package wdl

import (
	"fmt"
	"strings"
)

// Severity says whether a problem stops a definition from being saved.
type Severity uint8

// The severities.
const (
	Error Severity = iota
	Warning
)

// String returns "error" or "warning".
func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// Codes that a refused save answers with (wdl-semantics §15).
const (
	CodeInvalidTemplate               = "InvalidTemplate"
	CodeInvalidRequestContent         = "InvalidRequestContent"
	CodeInvalidVariableInitialization = "InvalidVariableInitialization"
	CodeInvalidVariableOperation      = "InvalidVariableOperation"
	CodeInputsMissingProperty         = "WorkflowRunActionInputsMissingProperty"
	CodeInputsInvalidProperty         = "WorkflowRunActionInputsInvalidProperty"
	CodeInvalidConcurrency            = "InvalidConcurrencyConfiguration"
	CodeInvalidStaticResultName       = "InvalidStaticResultName"
	CodeInvalidTriggerName            = "InvalidWorkflowTriggerName"
	CodeActionDescription             = "ActionDescriptionTooLong"
	CodeTriggerDescription            = "TriggerDescriptionTooLong"
)

// Problem is one thing wrong with a definition.
type Problem struct {
	Pointer  string // JSON pointer into the definition
	Code     string // the service's code
	Rule     Rule   // which rule is broken
	Message  string
	Line     int // of the text compiled, or of the compact definition; from 1
	Column   int
	Severity Severity

	inName bool // the problem is in the name of the member that Pointer points to
}

// String prints the problem on one line.
func (p Problem) String() string {
	return fmt.Sprintf("%d:%d: %s: %s: %s [%s]", p.Line, p.Column, p.Severity, p.Code, p.Message, p.Pointer)
}

// Problems are all problems of a definition, in document order.
type Problems []Problem

// Error tells the first error in the service's words. Problems without an error
// are no failure; ask [Problems.Failed] first.
func (p Problems) Error() string {
	first, ok := p.First()
	if !ok {
		return "no errors"
	}
	if first.Code == CodeInvalidTemplate {
		return "The template validation failed: '" + first.Message + "'."
	}
	return first.Message
}

// First returns the first problem that is an error.
func (p Problems) First() (Problem, bool) {
	for _, problem := range p {
		if problem.Severity == Error {
			return problem, true
		}
	}
	return Problem{}, false
}

// Failed reports whether an error is among the problems.
func (p Problems) Failed() bool {
	_, ok := p.First()
	return ok
}

// Err returns p as an error if it holds one, else nil.
func (p Problems) Err() error {
	if p.Failed() {
		return p
	}
	return nil
}

// position stands in a message where the place of the problem is printed, which is
// found only when all problems are known.
const position = "\x00"

func placed(message string, line, column int) string {
	if !strings.Contains(message, position) {
		return message
	}
	return strings.ReplaceAll(message, position, fmt.Sprintf("at line '%d' and column '%d'", line, column))
}
