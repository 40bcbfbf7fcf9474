package expr

// Traces: an evaluation that also tells what each part came to. It walks a copy of the
// tree in which every node that is told of is wrapped, so that Eval pays nothing for it.

import "errors"

// Trace is what one expression, or a part of one, came to (logic-api §2.6).
type Trace struct {
	Text    string // in the form of [Template.Source], without the leading @
	Pointer string // JSON pointer of the string, within the template; of whole expressions only
	Value   Value
	Err     error // why there is no Value; nil: there is one
	Untold  bool  // neither is there: whoever shows the trace may not tell
	// Parts are the calls and dereferences inside that were evaluated, in that order.
	// Literals, and what a reference such as body('A')?['b'] begins with, have none.
	Parts []*Trace

	// Function is the canonical name of the call that this is; "" for others.
	Function string
	// Base is the canonical name of the contextual function that a reference begins with,
	// or that this is a call of; "" for others.
	Base string
	// Names are the names that a dereference selects, in order.
	Names []string
}

// Trace evaluates the template as Eval does, and tells what the expressions in it came
// to. The env is asked what Eval would ask it, in the same order.
func (t *Template) Trace(env Env) (Value, []*Trace, error) {
	w := &tracing{dialect: t.dialect}
	traced := Template{dialect: t.dialect, root: w.tree(t.root), condition: t.condition}
	v, err := traced.Eval(env)
	if l, ok := t.root.(*literal); ok && t.condition {
		w.found = []*Trace{{Text: printLiteral(l.value), Value: v, Err: err}}
	}
	return v, w.found, err
}

// tracing wraps the nodes of one evaluation, and gathers what they came to.
type tracing struct {
	dialect *Dialect
	found   []*Trace
	inside  *Trace // the innermost one being evaluated
}

// traced is a node whose value is told.
type traced struct {
	body  expression
	to    *tracing
	about Trace // all but what it comes to
}

func (x *traced) eval(e *evaluator) (Value, error) {
	found, outer := x.about, x.to.inside
	x.to.inside = &found
	v, err := x.body.eval(e)
	if x.to.inside = outer; outer == nil {
		x.to.found = append(x.to.found, &found)
	} else {
		outer.Parts = append(outer.Parts, &found)
	}
	found.Value, found.Err = v, err
	var failure *Error
	if errors.As(err, &failure) && failure.Expression == "" {
		found.Err = (&source{text: found.Text}).name(err)
	}
	return v, err
}

// tree wraps the expressions of a template.
func (w *tracing) tree(x expression) expression {
	switch x := x.(type) {
	case *source:
		return w.source(x)
	case *conditionCall:
		return w.condition(x)
	case *interpolation:
		return &interpolation{w.list(x.parts, w.tree)}
	case *list:
		return &list{w.list(x.elems, w.tree)}
	case *record:
		wrapped := *x
		wrapped.values = w.list(x.values, w.tree)
		wrapped.computed = w.list(x.computed, w.tree)
		return &wrapped
	}
	return x
}

// list wraps each node; nil stays nil.
func (w *tracing) list(nodes []expression, wrap func(expression) expression) []expression {
	if nodes == nil {
		return nil
	}
	wrapped := make([]expression, len(nodes))
	for i, x := range nodes {
		if x != nil {
			wrapped[i] = wrap(x)
		}
	}
	return wrapped
}

func (w *tracing) source(x *source) expression {
	inner := *x
	inner.body = w.inner(x.body)
	t := w.node(&inner, x.body)
	t.about.Pointer = x.pointer
	return t
}

func (w *tracing) condition(x *conditionCall) expression {
	inner := *x
	inner.body = w.inner(x.body)
	return w.node(&inner, x)
}

// node tells of a node, x, by what evaluates it.
func (w *tracing) node(body, x expression) *traced {
	t := &traced{body: body, to: w, about: Trace{Text: printed(x)}}
	switch x := x.(type) {
	case *conditionCall:
		t.about.Function = x.body.(*call).function.target()
	case *call:
		t.about.Function = x.function.target()
		t.about.Base = contextual(x)
	case *interpolation:
		t.about.Text = x.template()
	case *path:
		t.about.Base = contextual(x.base)
		for i := range x.steps {
			if name, ok := x.steps[i].index.AsString(); ok {
				t.about.Names = append(t.about.Names, name)
			}
		}
	}
	return t
}

// contextual is the name of the function that a reference begins with.
func contextual(x expression) string {
	if c, ok := x.(*call); ok && c.function.Contextual {
		return c.function.target()
	}
	return ""
}

// inner wraps what stands inside a node.
func (w *tracing) inner(x expression) expression {
	switch x := x.(type) {
	case *call:
		if x.function.Name == "lambda" {
			return x // who calls it looks at the node itself
		}
		wrapped := *x
		wrapped.args = w.list(x.args, w.part)
		return &wrapped
	case *path:
		wrapped := path{base: w.base(x.base), steps: make([]step, len(x.steps))}
		for i, s := range x.steps {
			if s.computed != nil {
				s.computed = w.part(s.computed)
			}
			wrapped.steps[i] = s
		}
		return &wrapped
	}
	return x
}

// base wraps what a path begins with: a plain reference is told of as a whole only.
func (w *tracing) base(x expression) expression {
	if c, ok := x.(*call); ok && c.function.Contextual {
		if _, plain := literals(c.args); plain {
			return x
		}
	}
	return w.part(x)
}

// part wraps a part of an expression.
func (w *tracing) part(x expression) expression {
	switch x := x.(type) {
	case *literal:
		return x
	case *source:
		return w.source(x)
	case *conditionCall:
		return w.condition(x)
	case *interpolation:
		return w.node(&interpolation{w.list(x.parts, w.tree)}, x)
	case *call:
		if x.function.Name == "lambda" {
			return x
		}
	}
	return w.node(w.inner(x), x)
}
