package expr

// Numbers, conversions and comparisons of deployment templates: integers only, where
// workflow definitions compute with floats and decimals too.

import (
	"cmp"
	"strconv"
	"strings"
	"unicode"
)

func templateNumberFunctions() []Function {
	two := func(name string, op operation) Function {
		return Function{Name: name, Min: 2, Max: 2, eval: func(c invocation) (Value, error) { return c.integers(op) }}
	}
	compared := func(name string, holds func(order int) bool) Function {
		return Function{Name: name, Min: 2, Max: 2, eval: demanding(ordered, func(c invocation) (Value, error) {
			a, b := c.args[0], c.args[1]
			if a.kind == KindString {
				return Bool(holds(collate(a.str, b.str))), nil
			}
			return Bool(holds(compareNumbers(a, b))), nil
		})}
	}
	return []Function{
		two("add", opAdd), two("sub", opSub), two("mul", opMul), two("div", opDiv), two("mod", opMod),
		{Name: "max", Min: 1, Max: -1, eval: templateExtreme(1)},
		{Name: "min", Min: 1, Max: -1, eval: templateExtreme(-1)},
		{Name: "range", Min: 2, Max: 2, eval: templateRange},
		{Name: "bool", Min: 1, Max: 1, eval: templateBool},
		{Name: "int", Min: 1, Max: 1, eval: templateInt},
		{Name: "float", Min: 1, Max: 1, eval: templateFloat},
		{Name: "coalesce", Min: 1, Max: -1, Lazy: true, eval: evalCoalesce},
		{Name: "equals", Min: 2, Max: 2, eval: evalEquals},
		compared("greater", func(order int) bool { return order > 0 }),
		compared("greaterOrEquals", func(order int) bool { return order >= 0 }),
		compared("less", func(order int) bool { return order < 0 }),
		compared("lessOrEquals", func(order int) bool { return order <= 0 }),
		{Name: "and", Min: 1, Max: -1, Lazy: true, eval: func(c invocation) (Value, error) { return c.templateDecide(false) }},
		{Name: "or", Min: 1, Max: -1, Lazy: true, eval: func(c invocation) (Value, error) { return c.templateDecide(true) }},
		{Name: "not", Min: 1, Max: 1, eval: demanding(aKind("a boolean", KindBool), evalNot)},
		{Name: "if", Min: 3, Max: 3, Lazy: true, eval: templateIf},
	}
}

// collate orders texts as a culture does, without its tables: symbols before digits
// before letters, letters by the alphabet, and of texts that differ in case alone the
// one in lower case first.
func collate(a, b string) int {
	x, y := []rune(a), []rune(b)
	tie := 0
	for i := range min(len(x), len(y)) {
		p, q := upper(x[i]), upper(y[i])
		switch {
		case p != q:
			return cmp.Or(cmp.Compare(letterClass(p), letterClass(q)), cmp.Compare(p, q))
		case tie == 0 && x[i] != y[i]:
			tie = -cmp.Compare(x[i], y[i]) // capitals have the smaller codes
		}
	}
	return cmp.Or(cmp.Compare(len(x), len(y)), tie)
}

func letterClass(c rune) int {
	switch {
	case unicode.IsLetter(c):
		return 2
	case unicode.IsDigit(c):
		return 1
	}
	return 0
}

// integers computes with two integers of 64 bits.
func (c invocation) integers(op operation) (Value, error) {
	a, b := c.args[0], c.args[1]
	if err := ofType(KindInt, KindInt)(c); err != nil {
		return Value{}, err
	}
	if b.num == 0 && (op == opDiv || op == opMod) {
		return Value{}, c.failWith(ArithmeticError, "%s", unableTo(c.name, ". The divisor must not be zero. "+seeFunctions(c.function.Name)))
	}
	n, ok := intArithmetic(op, int64(a.num), int64(b.num))
	if !ok { // operants is the service's spelling
		return Value{}, c.fail(ArithmeticError, "overflowed with the operants '%s' and '%s'. %s", a.Text(), b.Text(), seeFunctions(""))
	}
	return Int(n), nil
}

// templateExtreme takes integers or one array of them.
func templateExtreme(sign int) func(c invocation) (Value, error) {
	return func(c invocation) (Value, error) {
		list := c.args
		if len(list) == 1 && list[0].kind == KindArray {
			list = list[0].elements()
		}
		if len(list) == 0 {
			return Value{}, c.unable("the array must not be empty.")
		}
		best := list[0]
		for _, v := range list {
			if v.kind != KindInt {
				return Value{}, c.fail(ArgumentError, "expects either an array of integers or a comma separated list of integers as its parameters. One is of type '%s'. %s", v.TypeName(), seeFunctions(c.function.Name))
			}
			if compareNumbers(v, best) == sign {
				best = v
			}
		}
		return best, nil
	}
}

// maxTemplateRange is the largest count of range().
const maxTemplateRange = 10_000

func templateRange(c invocation) (Value, error) {
	if err := ofType(KindInt, KindInt)(c); err != nil {
		return Value{}, err
	}
	start, count := int64(c.args[0].num), int64(c.args[1].num)
	if count < 0 || count > maxTemplateRange {
		return Value{}, c.unable("the count '%d' must be a non-negative integer of at most %d.", count, maxTemplateRange)
	}
	if start > 1<<31-1-count || start < -1<<31 {
		return Value{}, c.unable("the sum of the start index '%d' and the count '%d' must not exceed 2147483647.", start, count)
	}
	elems := make([]Value, count)
	for i := range elems {
		elems[i] = Int(start + int64(i))
	}
	return arrayOf(elems), nil
}

func templateBool(c invocation) (Value, error) {
	switch v := c.args[0]; v.kind {
	case KindBool:
		return v, nil
	case KindInt:
		return Bool(v.num != 0), nil
	case KindString:
		switch s := trimSpace(v.str); {
		case equalFold(s, "true"), s == "1":
			return Bool(true), nil
		case equalFold(s, "false"), s == "0":
			return Bool(false), nil
		}
	}
	return Value{}, c.notConvertible()
}

// templateInt reads a string as .NET reads an integer, with white space and a sign.
func templateInt(c invocation) (Value, error) {
	switch v := c.args[0]; v.kind {
	case KindInt:
		return v, nil
	case KindFloat, KindBool:
		return evalInt(c)
	case KindString:
		if n, err := strconv.ParseInt(trimSpace(v.str), 10, 64); err == nil && !strings.Contains(v.str, "_") {
			return Int(n), nil
		}
	}
	return Value{}, c.fail(ConversionError, "cannot convert provided value '%s' to integer value. Please see https://aka.ms/arm-function-int for usage details.", shown(c.args[0].Text()))
}

func templateFloat(c invocation) (Value, error) {
	v := c.args[0]
	if f, ok := v.AsFloat(); ok {
		return Float(f), nil
	}
	if v.kind == KindString {
		if f, ok := parseFloat(v.str, invariantCulture()); ok {
			return Float(f), nil
		}
	}
	return Value{}, c.notConvertible()
}

// templateDecide is and (deciding value false) and or (true).
func (c invocation) templateDecide(deciding bool) (Value, error) {
	for i := range c.call.args {
		b, found, err := c.templateBool(i)
		if err == nil && found != "" {
			err = c.fail(ArgumentError, "expects its parameters to be of type boolean. The provided value at position %d is of type '%s'. %s", i, found, seeFunctions(c.function.Name))
		}
		if err != nil {
			return Value{}, err
		}
		if b == deciding {
			return Bool(b), nil
		}
	}
	return Bool(!deciding), nil
}

// templateBool evaluates an argument that must be a boolean; found is the type of one
// that is none.
func (c invocation) templateBool(i int) (b bool, found string, err error) {
	v, err := c.evaluate(i)
	if err == nil && v.kind == KindReference {
		err = unloaded(v)
	}
	if err != nil {
		return false, "", err
	}
	b, ok := v.AsBool()
	if !ok {
		found = v.TypeName()
	}
	return b, found, nil
}

func templateIf(c invocation) (Value, error) {
	b, found, err := c.templateBool(0)
	switch {
	case err != nil:
		return Value{}, err
	case found != "":
		return Value{}, c.fail(ArgumentError, "expects its first parameter to be a boolean. The provided value is of type '%s'. %s", found, seeFunctions("if"))
	case b:
		return c.evaluate(1)
	}
	return c.evaluate(2)
}
