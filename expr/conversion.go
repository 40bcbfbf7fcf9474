package expr

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

func conversionFunctions() []Function {
	one := func(name, usage string, eval func(c invocation) (Value, error)) Function {
		return Function{Name: name, Min: 1, Max: 1, usage: usage, eval: eval}
	}
	list := []Function{
		{Name: "array", Min: 1, Max: 1, opaque: 1, usage: "one parameter: the value that is to be converted to an array", eval: evalCreateArray},
		{Name: "createArray", Min: 1, Max: -1, opaque: 1, usage: "a comma separated list of parameters", eval: evalCreateArray},
		one("bool", "one parameter: the value that is to be converted to a boolean", evalBool),
		one("int", "one parameter: the value that is to be converted to an integer", evalInt),
		one("decimal", "one parameter: the value that is to be converted to a decimal number", evalDecimal),
		{Name: "float", Min: 1, Max: 2, usage: "one parameter: the value that is to be converted to a floating point number", eval: evalFloat},
		{Name: "isFloat", Min: 1, Max: 2, usage: "a string to parse as the first parameter, and an optional RFC4646 culture-identifier string as the second parameter", eval: evalIsFloat},
		one("isInt", "one parameter, a string which may contain an integer", evalIsInt),
		one("string", "one parameter: the value that is to be converted to a string", evalString),
	}
	return slices.Concat(list, contentFunctions(), uriComponentFunctions())
}

func evalCreateArray(c invocation) (Value, error) { return Array(c.args...), nil }

func evalString(c invocation) (Value, error) {
	if c.args[0].kind == KindString {
		return c.args[0], nil
	}
	text, err := c.join(c.args, "")
	return String(text), err
}

func evalBool(c invocation) (Value, error) {
	v := c.args[0]
	switch {
	case v.kind == KindBool:
		return v, nil
	case v.isNumber():
		f, _ := v.AsFloat()
		return Bool(f != 0), nil
	case v.kind == KindString && equalFold(strings.TrimSpace(v.str), "true"):
		return Bool(true), nil
	case v.kind == KindString && equalFold(strings.TrimSpace(v.str), "false"):
		return Bool(false), nil
	}
	return Value{}, c.notConvertible()
}

func evalInt(c invocation) (Value, error) {
	switch v := c.args[0]; v.kind {
	case KindInt:
		return v, nil
	case KindBool:
		return Int(int64(v.num)), nil
	case KindFloat:
		if n, ok := wholeFloat(math.Float64frombits(v.num)); ok {
			return Int(n), nil
		}
	case KindDecimal:
		if n, err := v.node.dec.Int64(); err == nil {
			return Int(n), nil
		}
	case KindString:
		if n, ok := parseInt(v.str); ok {
			return Int(n), nil
		}
	}
	return Value{}, c.notConvertible()
}

// parseInt reads an integer as the service does: as a double, which it casts when it
// has no fraction. So 1e3 and 1,000.0 are integers, digits beyond 2^53 are rounded,
// 9223372036854775807 is out of range and NaN is the smallest integer (measured,
// wdl-semantics §1 ILL).
func parseInt(s string) (int64, bool) {
	f, ok := readFloat(s, invariantCulture(), numberStyle{exponent: true})
	switch {
	case !ok:
		return 0, false
	case math.IsNaN(f):
		return math.MinInt64, true
	}
	return wholeFloat(f)
}

func wholeFloat(f float64) (int64, bool) {
	return int64(f), f == math.Trunc(f) && f >= -(1<<63) && f < 1<<63
}

func evalIsInt(c invocation) (Value, error) {
	s, err := c.text(0)
	if err != nil {
		return Value{}, err
	}
	_, err = strconv.ParseInt(strings.Trim(s, numeralSpace), 10, 64)
	return Bool(err == nil), nil
}

func evalDecimal(c invocation) (Value, error) {
	v := c.args[0]
	switch {
	case v.kind == KindDecimal:
		return v, nil
	case v.isNumber():
		if d, ok := toDecimal(v); ok {
			return Decimal(d), nil
		}
	case v.kind == KindString:
		if d, ok := parseDecimal(v.str); ok {
			return Decimal(d), nil
		}
	}
	return Value{}, c.notConvertible()
}

func evalFloat(c invocation) (Value, error) {
	v := c.args[0]
	if f, ok := v.AsFloat(); ok {
		return Float(f), nil
	}
	if v.kind != KindString {
		return Value{}, c.notConvertible()
	}
	locale, err := c.locale(1)
	if err != nil {
		return Value{}, err
	}
	f, ok := parseFloat(v.str, locale)
	if !ok {
		return Value{}, c.notConvertible()
	}
	return Float(f), nil
}

func evalIsFloat(c invocation) (Value, error) {
	s, err := c.text(0)
	if err != nil {
		return Value{}, err
	}
	locale := invariantCulture()
	if len(c.args) == 2 {
		if locale, err = c.locale(1); err != nil {
			return Value{}, err
		}
	}
	_, ok := parseFloat(s, locale)
	return Bool(ok), nil
}
