package expr

// The evaluator: one walk over the tree, arguments on a stack of its own, results
// bounded in size and depth.

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Env is what one evaluation may read.
type Env interface {
	// Lookup answers a contextual function, by its canonical name: parameters,
	// variables, outputs, body, actions, trigger, item, … It gets the arguments
	// evaluated and must not keep them. For a name it does not offer here it
	// returns NotExpected.
	Lookup(name string, args []Value) (Value, error)
	// Now is the current time.
	Now() time.Time
	// Random returns 64 random bits, other ones each time.
	Random() uint64
}

// evaluator is the state of one Template.Eval. The dialect keeps it for the next
// one, for the room that stack and text have grown to.
type evaluator struct {
	env   Env
	most  int64   // bytes of the result of a call or an interpolation
	stack []Value // evaluated arguments of the calls being evaluated
	high  int     // how long stack has been
	text  []byte  // of the interpolations and calls being evaluated

	lambdas     []lambdaVariable // of the lambdas being evaluated, innermost last
	lambdaCalls int
	lambdaSize  int64
}

const (
	resultDepth = 2 * MaxDepth
	resultSize  = 2 * MaxSize
)

// What an evaluator may have grown to and still be kept.
const (
	keptStack = 64       // values
	keptText  = 64 << 10 // bytes
)

// Eval evaluates the template. The error is an *Error, an *Unloaded, or what
// env.Lookup returned.
func (t *Template) Eval(env Env) (Value, error) {
	if l, ok := t.root.(*literal); ok {
		return l.value, t.checkCondition(l.value)
	}
	e := t.dialect.evaluator(env)
	v, err := t.root.eval(e)
	t.dialect.release(e)
	if err != nil {
		return Value{}, err
	}
	if v.depth() > resultDepth || v.weight() > resultSize {
		return Value{}, &Error{Kind: LimitError, Message: "The result of the template is too large or nests too deeply."}
	}
	return v, t.checkCondition(v)
}

func (d *Dialect) evaluator(env Env) *evaluator {
	e, kept := d.evaluators.Get().(*evaluator)
	if !kept {
		e = &evaluator{stack: make([]Value, 0, 16)}
	}
	e.env, e.most = env, d.bounds.Result
	return e
}

// release keeps an evaluator that holds on to nothing.
func (d *Dialect) release(e *evaluator) {
	if cap(e.stack) > keptStack || cap(e.text) > keptText {
		return
	}
	clear(e.stack[:max(e.high, len(e.stack))])
	*e = evaluator{stack: e.stack[:0], text: e.text[:0]}
	d.evaluators.Put(e)
}

// checkCondition holds conditions to booleans (wdl-semantics §11.3).
func (t *Template) checkCondition(v Value) error {
	if !t.condition || v.kind == KindBool {
		return nil
	}
	if v.kind == KindReference {
		return &Unloaded{*v.node.ref}
	}
	return &Error{Kind: ConditionError, Message: fmt.Sprintf("The result of the condition expression is of type '%s'. The result must be of type 'Boolean'.", v.TypeName())}
}

func (x *literal) eval(*evaluator) (Value, error) { return x.value, nil }

// eval names the expression in the error of a failure.
func (x *source) eval(e *evaluator) (Value, error) {
	v, err := x.body.eval(e)
	if err != nil {
		return Value{}, x.name(err)
	}
	return v, nil
}

// name is the error with the expression that failed, unless it has one.
func (x *source) name(err error) error {
	var failure *Error
	if !errors.As(err, &failure) || failure.Expression != "" {
		return err
	}
	named := *failure
	named.Expression, named.Pointer = x.text, x.pointer
	if named.Kind == DereferenceError && named.Function == "" && !x.template {
		named.Message = fmt.Sprintf("The template language expression '%s' cannot be evaluated because %s %s", x.text, named.Message, seeExpressions)
	}
	return &named
}

func (x *call) eval(e *evaluator) (Value, error) {
	f := x.function
	switch {
	case f.Lazy:
		return f.eval(invocation{call: x, e: e})
	case f.eval == nil && len(x.args) == 0:
		return e.env.Lookup(f.target(), nil)
	case f.pair != nil && len(x.args) == 2:
		return x.evalPair(e)
	}
	base := len(e.stack)
	for _, arg := range x.args {
		v, err := arg.eval(e)
		if err != nil {
			return Value{}, err
		}
		e.stack = append(e.stack, v)
	}
	return x.apply(e, base)
}

// evalPair tries the short way of a function of two arguments first.
func (x *call) evalPair(e *evaluator) (Value, error) {
	a, err := x.args[0].eval(e)
	if err != nil {
		return Value{}, err
	}
	b, err := x.args[1].eval(e)
	if err != nil {
		return Value{}, err
	}
	if v, ok := x.function.pair(a, b); ok {
		return v, nil
	}
	e.stack = append(e.stack, a, b)
	return x.apply(e, len(e.stack)-2)
}

// apply calls the function with the arguments on the stack from base, and takes them
// off.
func (x *call) apply(e *evaluator, base int) (Value, error) {
	f := x.function
	e.high = max(e.high, len(e.stack))
	c := invocation{call: x, args: e.stack[base:len(e.stack):len(e.stack)], e: e}
	for i, v := range c.args {
		if v.HasReference() && (f.opaque == 0 || i+1 < f.opaque) && (v.kind == KindReference || !f.shallow) {
			return Value{}, unloaded(v)
		}
	}
	var v Value
	var err error
	if f.eval == nil {
		v, err = e.lookup(c)
	} else if v, err = f.eval(c); err == nil && (v.weight() > e.most || v.depth() > resultDepth) {
		err = c.tooLarge()
	}
	e.stack = e.stack[:base]
	return v, err
}

// lookup asks the environment.
func (e *evaluator) lookup(c invocation) (Value, error) {
	if c.function.named {
		if _, err := c.text(0); err != nil {
			return Value{}, err
		}
	}
	return e.env.Lookup(c.function.target(), c.args)
}

// unloaded names the first reference in a value.
func unloaded(v Value) error {
	if v.kind == KindReference {
		return &Unloaded{*v.node.ref}
	}
	for _, child := range v.elements() {
		if child.HasReference() {
			return unloaded(child)
		}
	}
	for _, m := range v.members() {
		if m.Value.HasReference() {
			return unloaded(m.Value)
		}
	}
	return &Unloaded{}
}

// eval dereferences (wdl-semantics §4.4).
func (x *path) eval(e *evaluator) (Value, error) {
	v, err := x.base.eval(e)
	for i := 0; err == nil && i < len(x.steps); i++ {
		v, err = x.steps[i].from(v, e)
	}
	return v, err
}

// from takes the step from a value. First the usual ones: a member of an object, an
// element of an array.
func (s *step) from(base Value, e *evaluator) (Value, error) {
	switch {
	case base.kind == KindObject && s.index.kind == KindString:
		if v, ok := base.Get(s.index.str); ok || s.safe {
			return v, nil
		}
	case base.kind == KindArray && s.index.kind == KindInt:
		if elems := base.elements(); s.index.num < uint64(len(elems)) {
			return elems[s.index.num], nil
		}
	}
	return s.choose(base, e)
}

// choose is from for every index and base, and says why it cannot be.
func (s *step) choose(base Value, e *evaluator) (Value, error) {
	index := s.index
	if s.computed != nil {
		var err error
		if index, err = s.computed.eval(e); err != nil {
			return Value{}, err
		}
	}
	switch {
	case base.kind == KindReference:
		return Value{}, unloaded(base)
	case s.template:
		return templateStep(base, index)
	case base.kind == KindNull && s.safe:
		return Value{}, nil
	case index.kind == KindString:
		return property(base, index.str, s.safe)
	case index.kind == KindInt:
		return element(base, int64(index.num), s.safe)
	}
	return Value{}, cannot("the index is of type '%s'. Properties are selected by a string, elements by an integer.", index.TypeName())
}

func property(base Value, name string, safe bool) (Value, error) {
	switch base.kind {
	case KindObject:
		if v, ok := base.Get(name); ok || safe {
			return v, nil
		}
		return Value{}, cannot("property '%s' doesn't exist, available properties are '%s'.", shown(name), available(base))
	case KindArray:
		return Value{}, cannot("property '%s' cannot be selected. Array elements can only be selected using an integer index.", shown(name))
	case KindNull:
		return Value{}, cannot("property '%s' cannot be selected.", shown(name))
	}
	return Value{}, cannot("property '%s' cannot be selected. Property selection is not supported on values of type '%s'.", shown(name), base.TypeName())
}

// available lists the names of an object's members for a message.
func available(object Value) string {
	names := make([]string, 0, object.Len())
	for name := range object.Members() {
		names = append(names, name)
	}
	return abridged(strings.Join(names, ", "), longestNames)
}

func element(base Value, i int64, safe bool) (Value, error) {
	if base.kind != KindArray {
		return Value{}, cannot("array index '%d' cannot be selected. Element selection is not supported on values of type '%s'.", i, base.TypeName())
	}
	elems := base.elements()
	if i >= 0 && i < int64(len(elems)) {
		return elems[i], nil
	}
	if safe {
		return Value{}, nil
	}
	return Value{}, cannot("array index '%d' is outside bounds (0, %d) of array.", i, len(elems)-1)
}

// cannot is the reason of a failed dereference; the sentence around it names the
// expression (source.name).
func cannot(format string, args ...any) error {
	return &Error{Kind: DereferenceError, Message: fmt.Sprintf(format, args...)}
}

func (x *interpolation) eval(e *evaluator) (Value, error) {
	start := len(e.text)
	for _, part := range x.parts {
		v, err := part.eval(e)
		if err != nil {
			return Value{}, err
		}
		if v.HasReference() {
			return Value{}, unloaded(v)
		}
		if problem := v.textProblem(); problem != "" {
			return Value{}, &Error{Kind: ConversionError, Message: "The value cannot be converted to text. " + problem}
		}
		if int64(len(e.text)-start)+v.weight() > e.most {
			return Value{}, &Error{Kind: LimitError, Message: fmt.Sprintf("The result of the interpolation is longer than the limit of %d bytes.", e.most)}
		}
		e.text = v.appendText(e.text)
	}
	text := String(string(e.text[start:]))
	e.text = e.text[:start]
	return text, nil
}

func (x *list) eval(e *evaluator) (Value, error) {
	elems := make([]Value, len(x.elems))
	for i, elem := range x.elems {
		v, err := elem.eval(e)
		if err != nil {
			return Value{}, err
		}
		elems[i] = v
	}
	return arrayOf(elems), nil
}

func (x *record) eval(e *evaluator) (Value, error) {
	members := make([]Member, len(x.values))
	for i, value := range x.values {
		name, err := e.memberName(x, i)
		if err != nil {
			return Value{}, err
		}
		v, err := value.eval(e)
		if err != nil {
			return Value{}, err
		}
		members[i] = Member{name, v}
	}
	if x.computed != nil {
		members = dropDuplicates(members)
	}
	return objectOf(members), nil
}

// memberName is the name of a member, which must be a string.
func (e *evaluator) memberName(x *record, i int) (string, error) {
	if x.computed == nil || x.computed[i] == nil {
		return x.names[i], nil
	}
	name, err := x.computed[i].eval(e)
	if err != nil {
		return "", err
	}
	if name.HasReference() {
		return "", unloaded(name)
	}
	text, ok := name.AsString()
	if !ok {
		return "", &Error{Kind: ArgumentError, Message: fmt.Sprintf("The name of a property must evaluate to a string. The result is of type '%s'.", name.TypeName())}
	}
	return text, nil
}
