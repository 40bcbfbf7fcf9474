package expr

// The syntax tree. A template is a tree of the same nodes as an expression: the
// arrays, objects and interpolations around expressions are nodes too, so one
// evaluator walks all of it.

// expression is a node of the tree; eval.go has how each is evaluated.
type expression interface {
	eval(e *evaluator) (Value, error)
}

// literal is a value that needs no evaluation.
type literal struct{ value Value }

// call is a function applied to arguments.
type call struct {
	function *Function // nil until checked, and when there is no such function
	name     string    // as written
	args     []expression
	offset   int // of the name, in bytes within the expression
}

// path is a dereference: the steps that lead from a base into it.
type path struct {
	base  expression
	steps []step
}

// step is .name, ['name'] or [index] of a path.
type step struct {
	safe     bool       // written with ?
	index    Value      // a name or a number; null if computed
	computed expression // nil if the index is a literal
	template bool       // it fails in Resource Manager's words
}

// conditionCall is a call of a condition in object form.
type conditionCall struct{ source }

// source marks where the text of an expression begins, for messages.
type source struct {
	body     expression
	text     string // without the leading @ or the @{ }
	pointer  string // of the string that holds it
	offset   int    // of text within that string, in bytes
	template bool   // dereferences have failed in their own words
}

// interpolation is text with expressions inside; parts are joined in text form.
type interpolation struct{ parts []expression }

// list is an array with something to evaluate inside.
type list struct{ elems []expression }

// record is an object with something to evaluate inside. Without computed names
// the names are known to be distinct.
type record struct {
	names    []string
	computed []expression // per member, nil for a literal name; nil if there is none
	values   []expression
}
