package expr

// The syntax tree. A template is a tree of the same nodes as an expression: the
// arrays, objects and interpolations around expressions are nodes too, so one
// evaluator walks all of it.

// expression is a node of the tree.
type expression interface{ isExpression() }

// literal is a value that needs no evaluation.
type literal struct{ value Value }

// call is a function applied to arguments.
type call struct {
	function *Function // nil until checked, and when there is no such function
	name     string    // as written
	args     []expression
	offset   int // of the name, in bytes within the expression
}

// access is one step of a dereference: .name, ['name'] or [index].
type access struct {
	base  expression
	safe  bool       // written with ?
	index expression // a literal string for .name
}

// source marks where the text of an expression begins, for messages.
type source struct {
	body    expression
	text    string // without the leading @ or the @{ }
	pointer string // of the string that holds it
	offset  int    // of text within that string, in bytes
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

func (literal) isExpression()        {}
func (*call) isExpression()          {}
func (*access) isExpression()        {}
func (*source) isExpression()        {}
func (*interpolation) isExpression() {}
func (*list) isExpression()          {}
func (*record) isExpression()        {}
