package expr

// The sentences of Resource Manager for calls that cannot be evaluated, as answers of
// the service show them. Like those of the workflow service they differ from function
// to function for no reason that can be seen.

import (
	"fmt"
	"strconv"
)

// templateArity is the sentence for a call of the deployment dialect with count
// arguments.
func (f *Function) templateArity(name string, count int) string {
	function := "The template language function '" + name + "' "
	switch f.Name {
	case "base64", "toLower", "toUpper", "trim":
		return function + "must have only one parameter. " + seeFunctions("")
	case "replace", "split":
		return function + "expects exactly '" + strconv.Itoa(f.Min) + "' parameters. " + seeFunctions("")
	case "skip", "take":
		return function + "expects exactly two parameters: the collection to " + f.Name + " the objects from as the first parameter and the count of objects to " + f.Name +
			" as the second parameter. The function was invoked with '" + strconv.Itoa(count) + "' parameter(s). " + seeFunctions(f.Name)
	case "substring":
		return function + "expects at least two parameters and up to three parameters: a string, a start index and optionally a length. " + seeFunctions(f.Name)
	case "length":
		return function + "expects exactly one parameter: an array, object, or a string the length of which is returned. The function was invoked with '" + strconv.Itoa(count) + "' parameters. " + seeFunctions(f.Name)
	}
	return unableTo(name, f.templateCount(count))
}

// templateCount says how many arguments a function takes, and where that is
// explained.
func (f *Function) templateCount(count int) string {
	see := " Please see https://aka.ms/arm-resource-functions/#" + f.Name + " for usage details."
	switch {
	case f.Max < 0 && f.Min == 1:
		return ". At least one parameter should be provided. " + seeFunctions("")
	case f.Max < 0 && f.Min == 2:
		return ". At least two parameter should be provided. " + seeFunctions("") // in the singular
	case f.Max < 0:
		return ". At least " + strconv.Itoa(f.Min) + " parameters should be provided. " + seeFunctions("")
	case f.Name == "padLeft":
		return ": function requires minimum two and maximum three arguments while '" + strconv.Itoa(count) + "' was provided. " + padLeftSyntax
	case f.Min == f.Max:
		return fmt.Sprintf(": function requires %d argument(s) while %d were provided.", f.Min, count) + see
	}
	return fmt.Sprintf(": function requires between %d and %d argument(s) while %d were provided.", f.Min, f.Max, count) + see
}

const padLeftSyntax = "The syntax is padLeft(string, totalWidth [, paddingChar]). Please see https://aka.ms/arm-resource-functions/#padleft for usage details."

func unableTo(name, reason string) string {
	return "Unable to evaluate template language function '" + name + "'" + reason
}

// seeFunctions is the sentence with the link; anchor may be "".
func seeFunctions(anchor string) string {
	if anchor != "" {
		anchor = "#" + anchor
	}
	return "Please see https://aka.ms/arm-functions" + anchor + " for usage details."
}

// unable fails with "Unable to evaluate template language function 'x': " and a
// reason.
func (c invocation) unable(format string, args ...any) error {
	return c.failWith(ArgumentError, "%s", unableTo(c.name, ": "+fmt.Sprintf(format, args...)+" "+seeFunctions(c.function.Name)))
}

// expects fails with "The template language function 'x' expects …" and says what is
// there instead.
func (c invocation) expects(i int, wanted, see string) error {
	return c.fail(ArgumentError, "expects %s. The provided value is of type '%s'. %s", wanted, c.args[i].TypeName(), see)
}

// demand is what a function of the deployment dialect wants of its arguments.
type demand func(c invocation) error

// demanding is eval for arguments that are as demanded.
func demanding(d demand, eval func(c invocation) (Value, error)) func(c invocation) (Value, error) {
	return func(c invocation) (Value, error) {
		if err := d(c); err != nil {
			return Value{}, err
		}
		return eval(c)
	}
}

// parameter is how a sentence names an argument.
func (c invocation) parameter(i int) string {
	if c.function.Max == 1 {
		return "its parameter"
	}
	return "its " + ordinal(i) + " parameter"
}

// ofType demands arguments of one kind each, named as a type: 'String'.
func ofType(kinds ...Kind) demand {
	return func(c invocation) error {
		for i, kind := range kinds[:min(len(kinds), len(c.args))] {
			if c.args[i].kind != kind {
				return c.expects(i, c.parameter(i)+" to be of type '"+Value{kind: kind}.TypeName()+"'", seeFunctions(""))
			}
		}
		return nil
	}
}

// aKind demands one argument of one of the kinds, said as "a string".
func aKind(words string, kinds ...Kind) demand {
	return func(c invocation) error {
		for _, kind := range kinds {
			if c.args[0].kind == kind {
				return nil
			}
		}
		return c.expects(0, c.parameter(0)+" to be "+words, seeFunctions(c.function.Name))
	}
}

// textPair demands two strings.
func textPair(c invocation) error {
	if c.args[0].kind == KindString && c.args[1].kind == KindString {
		return nil
	}
	return c.fail(ArgumentError, "expects its parameters to be of type string and string. The provided value is of type '%s' and '%s'. %s",
		c.args[0].TypeName(), c.args[1].TypeName(), seeFunctions(c.function.Name))
}

// oneEnd demands what has a first and a last element. The sentence lacks a "to".
func oneEnd(c invocation) error {
	if k := c.args[0].kind; k == KindString || k == KindArray {
		return nil
	}
	return c.expects(0, "its parameter be an array or a string", seeFunctions(c.function.Name))
}

// measurable demands what has a length.
func measurable(c invocation) error {
	switch c.args[0].kind {
	case KindString, KindArray, KindObject:
		return nil
	}
	return c.expects(0, "its parameter to be an array, object, or a string", "Please see https://aka.ms/arm-resource-functions/#length for usage details.")
}

// emptiable demands what can be empty; null counts as empty.
func emptiable(c invocation) error {
	switch c.args[0].kind {
	case KindString, KindArray, KindObject, KindNull:
		return nil
	}
	return c.failWith(ArgumentError, "The template function '%s' expects its parameter to be an object, an array, or a string. The provided value is of type '%s'. %s",
		c.name, c.args[0].TypeName(), seeFunctions(c.function.Name))
}

// cuttable demands a collection and a count.
func cuttable(c invocation) error {
	if k := c.args[0].kind; k != KindString && k != KindArray {
		return c.expects(0, "its first parameter 'collection' to be an array or a string", seeFunctions(c.function.Name))
	}
	if c.args[1].kind != KindInt {
		return c.expects(1, "its second parameter 'count' to be an integer", seeFunctions(c.function.Name))
	}
	return nil
}

// alike demands arrays only or objects only.
func alike(c invocation) error {
	kind := c.args[0].kind
	for _, arg := range c.args[1:] {
		if arg.kind != kind {
			return c.failWith(ArgumentError, "Template language function '%s' expects parameters of the same type, but found multiple types.", c.name)
		}
	}
	if kind != KindArray && kind != KindObject {
		return c.fail(ArgumentError, "expects either a comma separated list of arrays or a comma separated list of objects as its parameters. %s", seeFunctions(c.function.Name))
	}
	return nil
}

// onlyText demands strings, as many as there are.
func onlyText(c invocation) error {
	for _, arg := range c.args {
		if arg.kind != KindString {
			return c.failWith(ArgumentError, "%s", unableTo(c.name, ". All function parameters should be string literals. "+seeFunctions("")))
		}
	}
	return nil
}

// ordered demands two integers or two strings.
func ordered(c invocation) error {
	a, b := c.args[0], c.args[1]
	if a.isNumber() && b.isNumber() || a.kind == KindString && b.kind == KindString {
		return nil
	}
	return c.fail(ArgumentError, "expects two parameters of matching types. The function was invoked with values of type '%s' and '%s' that do not match.", a.TypeName(), b.TypeName())
}

// templateStep selects a member, ignoring the case of its name, or an element.
func templateStep(base, index Value) (Value, error) {
	switch {
	case index.kind == KindString && base.kind == KindObject:
		if v, ok := base.Get(index.str); ok {
			return v, nil
		}
		return Value{}, dereferenceError("property '%s' doesn't exist, available properties are '%s'.", shown(index.str), available(base))
	case index.kind == KindInt && base.kind == KindArray:
		if i := int64(index.num); i >= 0 && i < int64(base.Len()) {
			return base.Index(int(i)), nil
		}
		return Value{}, dereferenceError("property array index '%s' is out of bounds.", index.Text())
	case base.kind == KindObject:
		return Value{}, dereferenceError("property '%s' can't be evaluated, property name must be a string.", shown(index.Text()))
	}
	return Value{}, dereferenceError("property '%s' can't be evaluated.", shown(index.Text()))
}

func dereferenceError(format string, args ...any) error {
	return &Error{Kind: DereferenceError, Message: "The language expression " + fmt.Sprintf(format, args...)}
}
