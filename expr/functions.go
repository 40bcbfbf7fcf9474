package expr

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Function is an entry of a dialect's list. Lists are values built by one function
// for each subject (stringFunctions, dateFunctions, …), joined by
// workflowFunctions and templateFunctions.
type Function struct {
	Name string // canonical spelling; lookup ignores case
	Min  int    // fewest arguments
	Max  int    // most arguments, -1 for any number

	Lazy       bool // arguments are evaluated on demand: and, or, if, coalesce
	Contextual bool // answered by Env.Lookup
	Volatile   bool // reads Env.Now or Env.Random
	Deprecated bool

	// For editors; empty in the dialect of deployment templates.
	Category   string
	Parameters []Parameter
	Returns    string // type of the result
	Summary    string // a sentence

	// usage says what the function expects, for the sentence about a wrong number of
	// arguments; "" stands for a sentence made of Min and Max. See arityMessage.
	usage string
	// shallow functions never look inside the elements or members of their
	// arguments, so that references may stand there (see Unloaded).
	shallow bool
	// opaque is the first argument, counted from 1, that the function does not even
	// look at, nor at those after it: they may be references themselves. 0 if it looks
	// at all of them.
	opaque int
	// named functions are contextual ones that take one name, a string: of an action,
	// a loop, a variable, a parameter.
	named bool
	// dependent functions are named ones whose name must be known when the workflow is
	// saved, for what an action depends on: a literal that is no string is refused.
	dependent bool
	// alias is the canonical name of the function that this one is another name of.
	alias string
	// template functions speak in Resource Manager's words: see arm_errors.go.
	template bool
	// pair is the short way of functions of two arguments, for scalars of the usual
	// kinds: what it does not decide is left to eval.
	pair func(a, b Value) (result Value, decided bool)
	// eval computes a pure function; nil for contextual ones.
	eval func(c invocation) (Value, error)
}

// invocation is one call being evaluated. Functions get it by value, read their
// arguments through it and must not keep args.
type invocation struct {
	*call         // function, and name as the author wrote it
	args  []Value // evaluated; empty for lazy functions
	e     *evaluator
}

// evaluate evaluates an argument of a lazy function.
func (c invocation) evaluate(i int) (Value, error) { return c.call.args[i].eval(c.e) }

// text returns an argument that must be a string.
func (c invocation) text(i int) (string, error) {
	if s, ok := c.args[i].AsString(); ok {
		return s, nil
	}
	return "", c.wrongType(i, "string")
}

// optionalText returns an argument that may be missing or null.
func (c invocation) optionalText(i int, missing string) (string, error) {
	if i >= len(c.args) || c.args[i].IsNull() {
		return missing, nil
	}
	return c.text(i)
}

// integer returns an argument that must be an integer of 64 bits.
func (c invocation) integer(i int) (int64, error) {
	if n, ok := c.args[i].AsInt(); ok {
		return n, nil
	}
	return 0, c.wrongKind(i, "an integer")
}

// fail returns an error whose message is "The template language function 'x' " and
// the text.
func (c invocation) fail(kind ErrorKind, format string, args ...any) error {
	return c.failWith(kind, "The template language function '%s' %s", c.name, fmt.Sprintf(format, args...))
}

// failWith returns an error with a message of its own.
func (c invocation) failWith(kind ErrorKind, format string, args ...any) error {
	return &Error{Kind: kind, Function: c.function.Name, Message: fmt.Sprintf(format, args...)}
}

// wrongType complains about the kind of an argument (wdl-semantics §4.3).
func (c invocation) wrongType(i int, wanted string) error {
	which := ordinal(i) + " parameter"
	if c.function.Max == 1 {
		which = "parameter"
	}
	return c.fail(ArgumentError, "expects its %s to be of type %s. The provided value is of type '%s'. %s", which, wanted, c.args[i].TypeName(), c.see())
}

// wrongKind is wrongType for functions that take more than one kind: wanted reads
// "an array or a string".
func (c invocation) wrongKind(i int, wanted string) error {
	which := ordinal(i) + " parameter"
	if c.function.Max == 1 {
		which = "parameter"
	}
	return c.fail(ArgumentError, "expects its %s to be %s. The provided value is of type '%s'. %s", which, wanted, c.args[i].TypeName(), c.see())
}

// notConvertible complains about the value of an argument of a conversion.
func (c invocation) notConvertible() error {
	return c.fail(ConversionError, "was invoked with a parameter that is not valid. The value cannot be converted to the target type.")
}

// notValid complains about the value of an argument; reason is a sentence.
func (c invocation) notValid(format string, args ...any) error {
	return c.fail(ArgumentError, "was invoked with a parameter that is not valid. %s %s", fmt.Sprintf(format, args...), c.see())
}

// see is the sentence that ends most messages.
func (c invocation) see() string {
	if c.function.template {
		return seeFunctions(c.function.Name)
	}
	return "Please see https://aka.ms/logicexpressions#" + c.function.anchor() + " for usage details."
}

// seeExpressions is the sentence with the link that belongs to no function.
const seeExpressions = "Please see https://aka.ms/logicexpressions for usage details."

func ordinal(i int) string {
	words := [...]string{"first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"}
	if i < len(words) {
		return words[i]
	}
	return strconv.Itoa(i+1) + "th"
}

// target is the canonical name that calls and Env.Lookup see.
func (f *Function) target() string {
	if f.alias != "" {
		return f.alias
	}
	return f.Name
}

// tooLarge complains about the size of a result.
func (c invocation) tooLarge() error {
	return c.fail(LimitError, "has a result that is too large. The limit is %d bytes and %d levels.", c.e.most, resultDepth)
}

// functionSet finds functions by name, ignoring case.
type functionSet struct {
	sorted []Function           // by name
	byName map[string]*Function // as spelled, and in lower case
}

func newFunctionSet(lists ...[]Function) *functionSet {
	s := &functionSet{sorted: slices.Concat(lists...)}
	slices.SortFunc(s.sorted, func(a, b Function) int { return strings.Compare(a.Name, b.Name) })
	s.byName = make(map[string]*Function, len(s.sorted))
	for i := range s.sorted {
		f := &s.sorted[i]
		s.byName[f.Name], s.byName[strings.ToLower(f.Name)] = f, f
	}
	return s
}

func (s *functionSet) find(name string) *Function {
	if f := s.byName[name]; f != nil {
		return f
	}
	return s.byName[strings.ToLower(name)]
}
