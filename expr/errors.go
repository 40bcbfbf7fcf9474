package expr

import (
	"strings"
	"unicode/utf8"
)

// ErrorKind sorts the failures of an evaluation.
type ErrorKind uint8

// The kinds of failures.
const (
	ArgumentError    ErrorKind = iota // a function got an argument it cannot use
	ConversionError                   // a conversion got a value it cannot convert
	DereferenceError                  // a property or element cannot be selected
	ArithmeticError                   // overflow, division by zero
	LimitError                        // a result is too large or nests too deeply
	ContextError                      // a function is not available at this place
	ConditionError                    // a condition is not a boolean
)

// Error is the failure of an evaluation. Message is the reason in the service's
// words (wdl-semantics §4.3, §4.4, §16); the code that goes with it is
// InvalidTemplate.
type Error struct {
	Kind       ErrorKind
	Function   string // canonical name, "" for a dereference
	Expression string // the whole expression, without the leading @
	Pointer    string // JSON pointer, within the template, of the string that holds it
	Message    string
}

func (e *Error) Error() string { return e.Message }

// Unloaded is returned when an evaluation had to look inside a value that is kept
// in content storage. Nothing happened: load it and evaluate again.
type Unloaded struct{ Reference ContentReference }

func (e *Unloaded) Error() string {
	return "the content " + e.Reference.ID + " is needed and not loaded"
}

// NotExpected is the error for a function that its place does not offer; Env.Lookup
// returns it for contextual functions (wdl-semantics §4.3).
func NotExpected(function string) *Error {
	return &Error{Kind: ContextError, Function: function, Message: "The template function '" + function + "' is not expected at this location."}
}

// ParameterNotFound is the error for an unknown workflow parameter.
func ParameterNotFound(name string) *Error {
	return &Error{Kind: ContextError, Function: "parameters", Message: "The workflow parameter '" + name + "' is not found."}
}

// Problem is something wrong with a template that Compile found.
type Problem struct {
	Pointer    string // JSON pointer of the string within the tree
	InName     bool   // the string is the name of the member that Pointer points to
	Offset     int    // in bytes, within that string
	Line       int    // of Offset within that string, from 1
	Column     int    // the same, from 1; in characters
	Code       string // one of the Problem codes
	Message    string // in the service's words
	Expression string // the expression, without the leading @
}

// The codes of problems.
const (
	CodeSyntax     = "ExpressionSyntax"   // the expression does not parse
	CodeFunction   = "UnknownFunction"    // no such function
	CodeArguments  = "WrongArgumentCount" // too few or too many arguments
	CodeParameters = "InvalidParameters"  // a name that must be a string is a literal of another kind
	CodeCondition  = "InvalidCondition"   // a condition object has the wrong shape
	CodeDepth      = "TemplateTooDeep"    // the tree nests too deeply
	CodeLength     = "ExpressionTooLong"  // longer than Bounds.Length
)

// How many bytes stand in a message of a value, and of a list of names.
const (
	longestShown = 1_000
	longestNames = 10_000
)

// shown shortens a value for a message.
func shown(text string) string { return abridged(text, longestShown) }

// abridged cuts a text that is too long for a message.
func abridged(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most] + "…"
}

// place is a position in a text; columns count characters. The zero place is its
// start.
type place struct{ offset, line, column int }

// at goes on to an offset that is not before p.
func (p place) at(text string, offset int) place {
	between := text[p.offset:min(offset, len(text))]
	p.offset += len(between)
	if last := strings.LastIndexByte(between, '\n'); last >= 0 {
		p.line += strings.Count(between, "\n")
		p.column, between = 0, between[last+1:]
	}
	p.column += utf8.RuneCountInString(between)
	return p
}
