package expr

// Arithmetic (wdl-semantics §5): integers stay integers of 64 bits and overflow is
// an error; a float makes the result a float; a decimal makes it a decimal.

import (
	"math"
	"math/bits"

	"github.com/cockroachdb/apd/v3"
)

func mathFunctions() []Function {
	two := func(name, usage string, op operation) Function {
		return Function{
			Name: name, Min: 2, Max: 2, usage: "two numeric parameters: " + usage,
			pair: func(a, b Value) (Value, bool) { return quickly(op, a, b) },
			eval: func(c invocation) (Value, error) { return c.arithmetic(op, c.args[0], c.args[1]) },
		}
	}
	many := "either an array of numbers or a comma separated list of numbers as its parameters"
	return []Function{
		// seccond is the service's spelling.
		two("add", "the first summand as the first parameter and the seccond summand as the second parameter", opAdd),
		two("sub", "the minuend as the first parameter and the subtrahend as the second parameter", opSub),
		two("mul", "the first multiplicand as the first parameter and the second multiplicand as the second parameter", opMul),
		two("div", "the dividend as the first parameter and the divisor as the second parameter", opDiv),
		two("mod", "the dividend as the first parameter and the divisor as the second parameter", opMod),
		{Name: "max", Min: 1, Max: -1, usage: many, eval: func(c invocation) (Value, error) { return c.extreme(1) }},
		{Name: "min", Min: 1, Max: -1, usage: many, eval: func(c invocation) (Value, error) { return c.extreme(-1) }},
		{Name: "rand", Min: 2, Max: 2, Volatile: true, usage: "two integer parameters: an inclusive minimum of the range as the first parameter and an inclusive maximum of the range as the second parameter", eval: evalRand},
		{Name: "range", Min: 2, Max: 2, usage: "two integer parameters: an inclusive start index of the range as the first parameter and a count of integers to return as the second parameter", eval: evalRange},
	}
}

type operation uint8

const (
	opAdd operation = iota
	opSub
	opMul
	opDiv
	opMod
)

// quickly computes a∘b for integers and floats, where nothing goes wrong.
func quickly(op operation, a, b Value) (Value, bool) {
	if (op == opDiv || op == opMod) || a.kind != KindInt && a.kind != KindFloat || b.kind != KindInt && b.kind != KindFloat {
		return Value{}, false
	}
	if a.kind == KindInt && b.kind == KindInt {
		n, ok := intArithmetic(op, int64(a.num), int64(b.num))
		return Int(n), ok
	}
	x, _ := a.AsFloat()
	y, _ := b.AsFloat()
	return Float(floatArithmetic(op, x, y)), true
}

// arithmetic computes a∘b in the widest of the kinds of both.
func (c invocation) arithmetic(op operation, a, b Value) (Value, error) {
	for i, v := range [...]Value{a, b} {
		switch v.kind {
		case KindInt, KindFloat, KindDecimal:
		case KindBigInt: // comes from JSON text; arithmetic has 64 bits
			return Value{}, c.overflow()
		default:
			return Value{}, c.wrongKind(i, "an integer, a float or a decimal number")
		}
	}
	if f, _ := b.AsFloat(); f == 0 && (op == opDiv || op == opMod) {
		return Value{}, c.failWith(ArithmeticError, "Attempt to divide an integral or decimal value by zero in function '%s'.", c.name)
	}
	switch {
	case a.kind == KindDecimal || b.kind == KindDecimal:
		return c.decimalArithmetic(op, a, b)
	case a.kind == KindFloat || b.kind == KindFloat:
		x, _ := a.AsFloat()
		y, _ := b.AsFloat()
		return Float(floatArithmetic(op, x, y)), nil
	}
	n, ok := intArithmetic(op, int64(a.num), int64(b.num))
	if !ok {
		return Value{}, c.overflow()
	}
	return Int(n), nil
}

func (c invocation) overflow() error {
	return c.fail(ArithmeticError, "failed: the result of the arithmetic operation is out of range. %s", c.see())
}

func floatArithmetic(op operation, x, y float64) float64 {
	switch op {
	case opAdd:
		return x + y
	case opSub:
		return x - y
	case opMul:
		return x * y
	case opDiv:
		return x / y
	}
	return math.Mod(x, y)
}

// intArithmetic reports false on overflow; y is not zero for div and mod.
func intArithmetic(op operation, x, y int64) (int64, bool) {
	switch op {
	case opAdd:
		sum := x + y
		return sum, (sum > x) == (y > 0)
	case opSub:
		diff := x - y
		return diff, (diff < x) == (y > 0)
	case opMul:
		return multiply(x, y)
	case opDiv:
		return x / y, x != math.MinInt64 || y != -1
	}
	if y == -1 {
		return 0, true
	}
	return x % y, true
}

func multiply(x, y int64) (int64, bool) {
	negative := (x < 0) != (y < 0)
	high, low := bits.Mul64(unsigned(x), unsigned(y))
	if high != 0 || low > 1<<63 || low == 1<<63 && !negative {
		return 0, false
	}
	if negative {
		return -int64(low), true
	}
	return int64(low), true
}

func unsigned(x int64) uint64 {
	if x < 0 {
		return -uint64(x)
	}
	return uint64(x)
}

// decimalArithmetic computes as .NET's decimal does.
func (c invocation) decimalArithmetic(op operation, a, b Value) (Value, error) {
	x, okX := toDecimal(a)
	y, okY := toDecimal(b)
	if !okX || !okY {
		return Value{}, c.overflow()
	}
	var z apd.Decimal
	var err error
	switch op {
	case opAdd:
		_, err = wideContext.Add(&z, x, y)
	case opSub:
		_, err = wideContext.Sub(&z, x, y)
	case opMul:
		_, err = wideContext.Mul(&z, x, y)
	case opDiv:
		if _, err = wideContext.Quo(&z, x, y); err == nil {
			err = scaleQuotient(&z, max(0, y.Exponent-x.Exponent))
		}
	case opMod:
		if _, err = wideContext.Rem(&z, x, y); new(apd.Decimal).Abs(x).Cmp(new(apd.Decimal).Abs(y)) < 0 {
			z.Set(x)
		}
	}
	if err != nil || !fitDecimal(&z) {
		return Value{}, c.overflow()
	}
	return Decimal(&z), nil
}

// wideContext computes with digits to spare; fitDecimal rounds to .NET's range.
var wideContext = apd.BaseContext.WithPrecision(80)

var maxDecimal = func() *apd.BigInt {
	m, _ := new(apd.BigInt).SetString("79228162514264337593543950335", 10) // 2^96-1
	return m
}()

// fitDecimal rounds d, half to even, to at most 28 digits after the point and a
// coefficient of 96 bits. It reports false when d is out of range.
func fitDecimal(d *apd.Decimal) bool {
	if d.Form != apd.Finite {
		return false
	}
	if d.Exponent > 0 {
		if d.Exponent > 40 {
			return d.IsZero()
		}
		d.Coeff.Mul(&d.Coeff, new(apd.BigInt).Exp(apd.NewBigInt(10), apd.NewBigInt(int64(d.Exponent)), nil))
		d.Exponent = 0
	}
	rounding := apd.BaseContext.WithPrecision(80)
	rounding.Rounding = apd.RoundHalfEven
	exact := new(apd.Decimal).Set(d)
	for scale := max(d.Exponent, -28); scale <= 0; scale++ {
		if scale != exact.Exponent {
			if _, err := rounding.Quantize(d, exact, scale); err != nil {
				return false
			}
		}
		if d.Coeff.Cmp(maxDecimal) <= 0 {
			if d.Coeff.Sign() == 0 {
				d.Negative = false
			}
			return true
		}
	}
	return false
}

// scaleQuotient gives a quotient as many digits after the point as it needs, and at
// least scale, what the dividend has more than the divisor.
func scaleQuotient(d *apd.Decimal, scale int32) error {
	if d.Form != apd.Finite {
		return nil
	}
	stripZeros(d, int(scale))
	if -d.Exponent >= scale {
		return nil
	}
	_, err := wideContext.Quantize(d, d, -scale)
	return err
}

// stripZeros removes trailing zeros after the point, down to scale digits.
func stripZeros(d *apd.Decimal, scale int) {
	ten, rest := apd.NewBigInt(10), new(apd.BigInt)
	for int(d.Exponent) < -scale {
		quotient, _ := new(apd.BigInt).QuoRem(&d.Coeff, ten, rest)
		if rest.Sign() != 0 {
			return
		}
		d.Coeff.Set(quotient)
		d.Exponent++
	}
}

// toDecimal converts a number as .NET's cast does; a double keeps 15 digits.
func toDecimal(v Value) (*apd.Decimal, bool) {
	d := new(apd.Decimal)
	switch v.kind {
	case KindFloat:
		f := math.Float64frombits(v.num)
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, false
		}
		if _, err := d.SetFloat64(f); err != nil {
			return nil, false
		}
		if _, err := apd.BaseContext.WithPrecision(15).Round(d, d); err != nil {
			return nil, false
		}
		stripZeros(d, 0)
	default:
		d.Set(v.decimal())
	}
	return d, fitDecimal(d)
}

// extreme finds the largest (sign 1) or smallest (sign -1) of the arguments or of
// the elements of one array. The result has the widest kind of all.
func (c invocation) extreme(sign int) (Value, error) {
	values := c.args
	if len(values) == 1 && values[0].kind == KindArray {
		values = values[0].elements()
	}
	if len(values) == 0 {
		return Value{}, c.notValid("The array must not be empty.")
	}
	widest := KindInt
	best := values[0]
	for i, v := range values {
		if !v.isNumber() {
			return Value{}, c.fail(ArgumentError, "expects either an array of numbers or a comma separated list of numbers as its parameters. The value at position %d is of type '%s'. %s", i, v.TypeName(), c.see())
		}
		widest = max(widest, v.kind)
		if compareNumbers(v, best) == sign {
			best = v
		}
	}
	switch {
	case widest == KindFloat:
		f, _ := best.AsFloat()
		return Float(f), nil
	case widest == KindDecimal:
		d, ok := toDecimal(best)
		if !ok {
			return Value{}, c.overflow()
		}
		return Decimal(d), nil
	}
	return best, nil
}

func evalRand(c invocation) (Value, error) {
	low, err := c.integer(0)
	if err != nil {
		return Value{}, err
	}
	high, err := c.integer(1)
	if err != nil {
		return Value{}, err
	}
	switch {
	case low > high:
		return Value{}, c.notValid("The minimum '%d' must not be greater than the maximum '%d'.", low, high)
	case low == high: // as Random.Next
		return Int(low), nil
	}
	offset, _ := bits.Mul64(c.e.env.Random(), uint64(high)-uint64(low))
	return Int(int64(uint64(low) + offset)), nil
}

// maxRange is the largest count of range().
const maxRange = 100_000

func evalRange(c invocation) (Value, error) {
	start, err := c.integer(0)
	if err != nil {
		return Value{}, err
	}
	count, err := c.integer(1)
	if err != nil {
		return Value{}, err
	}
	if count <= 0 || count > maxRange {
		return Value{}, c.notValid("The count '%d' must be a positive integer of at most %d.", count, maxRange)
	}
	if start > math.MaxInt32-count || start < math.MinInt32 {
		return Value{}, c.notValid("The sum of the start index '%d' and the count '%d' must not exceed %d.", start, count, math.MaxInt32)
	}
	elems := make([]Value, count)
	for i := range elems {
		elems[i] = Int(start + int64(i))
	}
	return arrayOf(elems), nil
}
