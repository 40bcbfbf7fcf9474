package expr

import "strings"

func logicalFunctions() []Function {
	ordered := func(name string, holds func(order int) bool) Function {
		return Function{
			Name: name, Min: 2, Max: 2, usage: "two parameter of matching types",
			pair: func(a, b Value) (Value, bool) {
				order, ok := order(a, b)
				return Bool(holds(order)), ok
			},
			eval: func(c invocation) (Value, error) {
				order, err := c.order()
				return Bool(holds(order)), err
			},
		}
	}
	return []Function{
		{Name: "and", Min: 1, Max: -1, Lazy: true, usage: "at least one boolean parameter", eval: func(c invocation) (Value, error) { return c.decide(false) }},
		{Name: "or", Min: 1, Max: -1, Lazy: true, usage: "at least one boolean parameter", eval: func(c invocation) (Value, error) { return c.decide(true) }},
		{Name: "not", Min: 1, Max: 1, usage: "one parameter: the boolean value to negate", eval: evalNot},
		{Name: "if", Min: 3, Max: 3, Lazy: true, usage: "three parameter: the condition to test as the first parameter, the value to return if the condition is true as the second parameter, and the value to return if the condition is false as the third parameter", eval: evalIf},
		{Name: "coalesce", Min: 1, Max: -1, Lazy: true, usage: "at least one parameter: the value to coalesce", eval: evalCoalesce},
		{Name: "equals", Min: 2, Max: -1, usage: "two parameters: the values to test for deep equality", pair: equalScalars, eval: evalEquals},
		ordered("greater", func(order int) bool { return order > 0 }),
		ordered("greaterOrEquals", func(order int) bool { return order >= 0 }),
		ordered("less", func(order int) bool { return order < 0 }),
		ordered("lessOrEquals", func(order int) bool { return order <= 0 }),
	}
}

// decide is and (deciding value false) and or (true): left to right, stopping at
// the first argument that decides.
func (c invocation) decide(deciding bool) (Value, error) {
	for _, arg := range c.call.args {
		v, err := arg.eval(c.e)
		switch {
		case err != nil:
			return Value{}, err
		case v.kind != KindBool:
			return Value{}, c.undecided(v)
		case (v.num != 0) == deciding:
			return v, nil
		}
	}
	return Bool(!deciding), nil
}

// undecided complains about what should be a boolean.
func (c invocation) undecided(v Value) error {
	if v.kind == KindReference {
		return unloaded(v)
	}
	return c.fail(ArgumentError, "expects all of its parameters to be booleans. Found invalid parameter types: '%s'.", v.TypeName())
}

func evalNot(c invocation) (Value, error) {
	b, ok := c.args[0].AsBool()
	if !ok {
		return Value{}, c.wrongKind(0, "a boolean")
	}
	return Bool(!b), nil
}

func evalIf(c invocation) (Value, error) {
	v, err := c.evaluate(0)
	switch {
	case err != nil:
		return Value{}, err
	case v.kind != KindBool:
		return Value{}, c.noCondition(v)
	case v.num != 0:
		return c.evaluate(1)
	}
	return c.evaluate(2)
}

// noCondition complains about the condition of an if.
func (c invocation) noCondition(v Value) error {
	if v.kind == KindReference {
		return unloaded(v)
	}
	return c.fail(ArgumentError, "expects its first parameter to be of type boolean. The provided value is of type '%s'. %s", v.TypeName(), c.see())
}

func evalCoalesce(c invocation) (Value, error) {
	for i := range c.call.args {
		if v, err := c.evaluate(i); err != nil || !v.IsNull() {
			return v, err
		}
	}
	return Null(), nil
}

func evalEquals(c invocation) (Value, error) {
	for _, other := range c.args[1:] {
		if !Equal(c.args[0], other) {
			return Bool(false), nil
		}
	}
	return Bool(true), nil
}

// equalScalars is equals for values without anything inside.
func equalScalars(a, b Value) (Value, bool) {
	if a.kind > KindString || b.kind > KindString {
		return Value{}, false
	}
	return Bool(Equal(a, b)), true
}

// order compares two numbers, or two strings ignoring case.
func order(a, b Value) (int, bool) {
	switch {
	case a.kind == KindInt && b.kind == KindInt:
		return compare(int64(a.num), int64(b.num)), true
	case a.isNumber() && b.isNumber():
		return compareNumbers(a, b), true
	case a.kind == KindString && b.kind == KindString:
		return compareText(a.str, b.str), true
	}
	return 0, false
}

// order compares the arguments.
func (c invocation) order() (int, error) {
	if n, ok := order(c.args[0], c.args[1]); ok {
		return n, nil
	}
	return 0, c.unordered()
}

// unordered complains about values that have no order.
func (c invocation) unordered() error {
	var invalid []string
	for _, v := range c.args {
		if !v.isNumber() && v.kind != KindString {
			invalid = append(invalid, v.TypeName())
		}
	}
	if invalid != nil {
		return c.fail(ArgumentError, "expects all of its parameters to be either integer or decimal numbers. Found invalid parameter types: '%s'.", strings.Join(invalid, "', '"))
	}
	return c.fail(ArgumentError, "expects two parameter of matching types. The function was invoked with values of type '%s' and '%s' that do not match.", c.args[0].TypeName(), c.args[1].TypeName())
}
