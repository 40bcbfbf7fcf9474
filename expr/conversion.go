package expr

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

func conversionFunctions() []Function {
	one := func(name, usage string, eval func(c invocation) (Value, error)) Function {
		return Function{Name: name, Min: 1, Max: 1, usage: usage, eval: eval}
	}
	list := []Function{
		{Name: "array", Min: 1, Max: 1, opaque: true, usage: "one parameter: the value that is to be converted to an array", eval: evalCreateArray},
		{Name: "createArray", Min: 1, Max: -1, opaque: true, usage: "a comma separated list of parameters", eval: evalCreateArray},
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
	return String(c.args[0].Text()), nil
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
		f := math.Float64frombits(v.num)
		if f == math.Trunc(f) && f >= -(1<<63) && f < 1<<63 {
			return Int(int64(f)), nil
		}
	case KindDecimal, KindString:
		if n, ok := wholeNumber(v); ok {
			return Int(n), nil
		}
	}
	return Value{}, c.notConvertible()
}

// wholeNumber reads a decimal or a numeral without a fraction other than zeros.
func wholeNumber(v Value) (int64, bool) {
	if v.kind == KindString {
		d, ok := parseDecimal(v.str)
		if !ok {
			return 0, false
		}
		v = Decimal(d)
	}
	n, err := v.node.dec.Int64()
	return n, err == nil
}

func evalIsInt(c invocation) (Value, error) {
	s, err := c.text(0)
	if err != nil {
		return Value{}, err
	}
	_, err = strconv.ParseInt(strings.TrimSpace(s), 10, 64)
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

// parseFloat reads .NET's NumberStyles.Float with thousands and trailing sign in a
// culture. The invariant culture spells infinity as a word, the others as a symbol.
func parseFloat(s string, locale *culture) (float64, bool) {
	s = strings.TrimSpace(s)
	switch unsigned := strings.TrimPrefix(s, "-"); {
	case equalFold(strings.TrimPrefix(unsigned, "+"), "NaN"):
		return math.NaN(), true
	case equalFold(strings.TrimPrefix(s, "+"), locale.infinity):
		return math.Inf(1), true
	case equalFold(unsigned, locale.infinity):
		return math.Inf(-1), true
	}
	group, point := locale.separators()
	plain, ok := plainNumber(s, group, point, true)
	if !ok {
		return 0, false
	}
	f, err := strconv.ParseFloat(plain, 64)
	return f, err == nil || math.IsInf(f, 0)
}

// separators returns the characters between groups of digits and before the fraction.
func (c *culture) separators() (group, point rune) {
	group, _ = utf8.DecodeRuneInString(c.groupSeparator)
	point, _ = utf8.DecodeRuneInString(c.decimalSeparator)
	return group, point
}
