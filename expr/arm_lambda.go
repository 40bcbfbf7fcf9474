package expr

// Lambdas of deployment templates: lambda('x', …, body) stands only as an argument of
// the functions below, which evaluate the body once for each element, with
// lambdaVariables('x') the element. Lambdas nest; an inner name hides an outer one.

import (
	"slices"
	"strconv"
)

func templateLambdaFunctions() []Function {
	taking := func(name string, least, most int, eval func(c invocation) (Value, error)) Function {
		return Function{Name: name, Min: least, Max: most, Lazy: true, eval: eval}
	}
	return []Function{
		{Name: "lambda", Min: 2, Max: -1, Lazy: true, eval: lambdaOutOfPlace},
		{Name: "lambdaVariables", Min: 1, Max: 1, opaque: 1, eval: lambdaVariables},
		taking("filter", 2, 2, filterElements), taking("map", 2, 2, mapElements), taking("mapValues", 2, 2, mapMemberValues), taking("reduce", 3, 3, reduceElements),
		taking("sort", 2, 2, sortElements), taking("toObject", 2, 3, elementsToObject), taking("groupBy", 2, 3, groupElements),
	}
}

// lambda is a function argument: names for what it is called with, and its body.
type lambda struct {
	names []string
	body  expression
}

// lambdaVariable is a name with its value while a body is evaluated.
type lambdaVariable struct {
	name  string
	value Value
}

// Metered is an Env that bounds what lambdas do in many evaluations together.
type Metered interface {
	// Spend is told of each evaluation of a lambda's body; its error ends it.
	Spend() error
}

// What the lambdas of one evaluation may do, so that loops in loops end.
const (
	maxLambdaCalls = 1_000_000
	maxLambdaSize  = 512 << 20 // bytes of all results together
)

func lambdaOutOfPlace(c invocation) (Value, error) {
	return Value{}, c.failWith(ContextError, "The template function '%s' is not expected at this location: a lambda can only be an argument of filter, map, mapValues, reduce, sort, toObject or groupBy.", c.name)
}

func lambdaVariables(c invocation) (Value, error) {
	if c.args[0].kind != KindString {
		return Value{}, c.expects(0, "its parameter to be a string", seeFunctions("lambdaVariables"))
	}
	for _, v := range slices.Backward(c.e.lambdas) {
		if equalFold(v.name, c.args[0].str) {
			return v.value, nil
		}
	}
	return Value{}, c.failWith(ContextError, "The template lambda variable '%s' is not found: no lambda around it has it.", shown(c.args[0].str))
}

// lambda reads an argument that must be one with as many variables.
func (c invocation) lambda(i, least, most int) (lambda, error) {
	x, ok := c.call.args[i].(*call)
	if !ok || x.function.Name != "lambda" {
		return lambda{}, c.fail(ArgumentError, "expects its %s parameter to be a lambda, written lambda('x', …). %s", ordinal(i), seeFunctions(c.function.Name))
	}
	l := lambda{body: x.args[len(x.args)-1]}
	for _, arg := range x.args[:len(x.args)-1] {
		name, ok := arg.(*literal)
		if !ok || name.value.kind != KindString {
			return lambda{}, c.fail(ArgumentError, "expects the variables of its lambda to be string literals. %s", seeFunctions(c.function.Name))
		}
		l.names = append(l.names, name.value.str)
	}
	if n := len(l.names); n < least || n > most {
		words := strconv.Itoa(least)
		if most > least {
			words += " to " + strconv.Itoa(most)
		}
		return lambda{}, c.fail(ArgumentError, "expects its %s parameter to be a lambda of %s variable(s), and it has %d. %s", ordinal(i), words, n, seeFunctions(c.function.Name))
	}
	return l, nil
}

// apply evaluates a lambda's body; values beyond its variables are not wanted.
func (c invocation) apply(l lambda, values ...Value) (Value, error) {
	e := c.e
	outer := len(e.lambdas)
	for i, name := range l.names {
		e.lambdas = append(e.lambdas, lambdaVariable{name, values[i]})
	}
	v, err := l.body.eval(e)
	clear(e.lambdas[outer:])
	e.lambdas = e.lambdas[:outer]
	if err != nil {
		return Value{}, err
	}
	if m, ok := e.env.(Metered); ok {
		if err := m.Spend(); err != nil {
			return Value{}, err
		}
	}
	e.lambdaCalls++
	e.lambdaSize += v.weight()
	if e.lambdaCalls > maxLambdaCalls || e.lambdaSize > maxLambdaSize {
		return Value{}, c.failWith(LimitError, "The lambdas of one expression are evaluated more than %d times, or make more than %d bytes.", maxLambdaCalls, maxLambdaSize)
	}
	return v, nil
}

// decides applies a lambda that must give a boolean.
func (c invocation) decides(l lambda, values ...Value) (bool, error) {
	v, err := c.apply(l, values...)
	if err != nil {
		return false, err
	}
	b, ok := v.AsBool()
	if !ok {
		return false, c.fail(ArgumentError, "expects its lambda to give a boolean. The result is of type '%s'. %s", v.TypeName(), seeFunctions(c.function.Name))
	}
	return b, nil
}

// nameBy applies a lambda that must give a property name.
func (c invocation) nameBy(l lambda, v Value) (string, error) {
	name, err := c.apply(l, v)
	if err != nil {
		return "", err
	}
	s, ok := name.AsString()
	if !ok {
		return "", c.fail(ArgumentError, "expects its lambda for keys to give a string. The result is of type '%s'. %s", name.TypeName(), seeFunctions(c.function.Name))
	}
	return s, nil
}

// elementsAnd evaluates the array argument and reads the lambda after it.
func (c invocation) elementsAnd(at, least, most int) ([]Value, lambda, error) {
	v, err := c.evaluate(0)
	if err != nil {
		return nil, lambda{}, err
	}
	if v.kind != KindArray {
		return nil, lambda{}, c.fail(ArgumentError, "expects its first parameter to be an array. The provided value is of type '%s'. %s", v.TypeName(), seeFunctions(c.function.Name))
	}
	l, err := c.lambda(at, least, most)
	return v.elements(), l, err
}

// each calls do for each element with what the lambda gives for it and its index.
func (c invocation) each(elems []Value, l lambda, do func(element, result Value)) error {
	for i, v := range elems {
		result, err := c.apply(l, v, Int(int64(i)))
		if err != nil {
			return err
		}
		do(v, result)
	}
	return nil
}

func filterElements(c invocation) (Value, error) {
	elems, l, err := c.elementsAnd(1, 1, 2)
	if err != nil {
		return Value{}, err
	}
	var kept []Value
	for i, v := range elems {
		keep, err := c.decides(l, v, Int(int64(i)))
		if err != nil {
			return Value{}, err
		}
		if keep {
			kept = append(kept, v)
		}
	}
	return arrayOf(kept), nil
}

func mapElements(c invocation) (Value, error) {
	elems, l, err := c.elementsAnd(1, 1, 2)
	if err != nil {
		return Value{}, err
	}
	results := make([]Value, 0, len(elems))
	err = c.each(elems, l, func(_, result Value) { results = append(results, result) })
	return arrayOf(results), err
}

func mapMemberValues(c invocation) (Value, error) {
	v, err := c.evaluate(0)
	if err != nil {
		return Value{}, err
	}
	if v.kind != KindObject {
		return Value{}, c.fail(ArgumentError, "expects its first parameter to be an object. The provided value is of type '%s'. %s", v.TypeName(), seeFunctions("mapValues"))
	}
	l, err := c.lambda(1, 1, 1)
	if err != nil {
		return Value{}, err
	}
	members := v.copyMembers(0)
	for i := range members {
		if members[i].Value, err = c.apply(l, members[i].Value); err != nil {
			return Value{}, err
		}
	}
	return objectOf(members), nil
}

func reduceElements(c invocation) (Value, error) {
	elems, l, err := c.elementsAnd(2, 2, 3)
	if err != nil {
		return Value{}, err
	}
	current, err := c.evaluate(1)
	for i, next := range elems {
		if err != nil {
			return Value{}, err
		}
		current, err = c.apply(l, current, next, Int(int64(i)))
	}
	return current, err
}

// sortElements keeps the order of elements of which the lambda puts neither first.
func sortElements(c invocation) (Value, error) {
	elems, l, err := c.elementsAnd(1, 2, 2)
	if err != nil {
		return Value{}, err
	}
	before := func(a, b Value) bool {
		if err != nil {
			return false
		}
		var first bool
		first, err = c.decides(l, a, b)
		return first
	}
	sorted := slices.Clone(elems)
	slices.SortStableFunc(sorted, func(a, b Value) int {
		switch {
		case before(a, b):
			return -1
		case before(b, a):
			return 1
		}
		return 0
	})
	return arrayOf(sorted), err
}

func elementsToObject(c invocation) (Value, error) {
	members, err := c.keyed()
	return objectOf(dropDuplicates(members)), err
}

// keyed applies the lambda for keys and, where there is one, that for values.
func (c invocation) keyed() ([]Member, error) {
	elems, key, err := c.elementsAnd(1, 1, 1)
	if err != nil {
		return nil, err
	}
	value := lambda{}
	if len(c.call.args) == 3 {
		if value, err = c.lambda(2, 1, 1); err != nil {
			return nil, err
		}
	}
	members := make([]Member, 0, len(elems))
	for _, v := range elems {
		name, err := c.nameBy(key, v)
		if err == nil && value.body != nil {
			v, err = c.apply(value, v)
		}
		if err != nil {
			return nil, err
		}
		members = append(members, Member{name, v})
	}
	return members, nil
}

// groupElements gives an array for each key, in order of the first elements.
func groupElements(c invocation) (Value, error) {
	keyed, err := c.keyed()
	if err != nil {
		return Value{}, err
	}
	var names []string
	groups := map[string][]Value{}
	for _, m := range keyed {
		if groups[m.Name] == nil {
			names = append(names, m.Name)
		}
		groups[m.Name] = append(groups[m.Name], m.Value)
	}
	members := make([]Member, len(names))
	for i, name := range names {
		members[i] = Member{name, arrayOf(groups[name])}
	}
	return objectOf(members), nil
}
