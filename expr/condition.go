package expr

// Conditions of If, Until, triggers and Query (wdl-semantics §11.3): a template
// string, or an object with one function whose arguments are literals, template
// strings and objects of the same form.

import "strconv"

// CompileCondition compiles a condition in string or object form. Eval of the
// template gives a boolean or an error.
func (d *Dialect) CompileCondition(v Value) (*Template, []Problem) {
	c := compiler{dialect: d}
	t := &Template{dialect: d, condition: true}
	switch v.kind {
	case KindObject:
		t.root = c.conditionCall(v, "", 0)
	case KindString:
		t.root = c.string(v.str)
	case KindBool:
		t.root = &literal{v}
	default:
		t.root = c.badCondition("The condition must be an expression string or an object, but is of type '" + v.TypeName() + "'.")
	}
	return c.finish(t)
}

func (c *compiler) badCondition(message string) expression {
	c.begin("")
	c.report(Problem{Code: CodeCondition, Message: message})
	return &literal{}
}

// conditionCall compiles {"function": [arguments]}.
func (c *compiler) conditionCall(v Value, parent string, depth int) expression {
	if depth++; depth > MaxDepth {
		return c.badCondition("The condition nests too deeply.")
	}
	if v.Len() != 1 {
		return c.badCondition("An object of a condition must have exactly one property, the name of a function. It has " + strconv.Itoa(v.Len()) + ".")
	}
	m := v.members()[0]
	x := &call{name: m.Name}
	c.inside(m.Name, func() {
		function := c.dialect.functions.find(m.Name)
		if function != nil {
			x.name = m.Name
		}
		c.conditionArguments(x, function, m.Value, parent, depth)
	})
	return &conditionCall{source{body: x, text: m.Name, pointer: c.pointer()}}
}

// conditionArguments compiles the arguments of a call in document order: the call
// itself is recorded before those inside its arguments.
func (c *compiler) conditionArguments(x *call, f *Function, args Value, parent string, depth int) {
	list := args.elements()
	if args.kind != KindArray {
		list = []Value{args} // {"not": {…}}
	}
	if !c.resolveCondition(x, f, list, parent) {
		return
	}
	for i, arg := range list {
		compile := func() { x.args = append(x.args, c.conditionArgument(arg, f.target(), depth)) }
		if args.kind == KindArray {
			c.inside(strconv.Itoa(i), compile)
		} else {
			compile()
		}
	}
}

// resolveCondition checks name and count; and, or may be empty.
func (c *compiler) resolveCondition(x *call, f *Function, args []Value, parent string) bool {
	if f != nil && len(args) == 0 && (f.Name == "and" || f.Name == "or") {
		x.function = f
		return true
	}
	probe := &call{name: x.name, args: make([]expression, len(args))}
	for i, arg := range args {
		if pieces, problem := c.dialect.split(arg.str); arg.kind == KindString && problem == nil && pieces == nil {
			probe.args[i] = &literal{arg}
		}
	}
	c.begin("")
	if !c.resolve(&source{text: x.name, pointer: c.pointer()}, probe, parent) {
		return false
	}
	x.function = probe.function
	return true
}

func (c *compiler) conditionArgument(v Value, parent string, depth int) expression {
	switch v.kind {
	case KindObject:
		return c.conditionCall(v, parent, depth)
	case KindArray:
		return c.badCondition("An argument of a function in a condition must not be an array.")
	case KindString:
		return c.string(v.str)
	}
	return &literal{v}
}
