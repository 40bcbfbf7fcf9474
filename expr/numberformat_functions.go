package expr

const formatNumberUsage = "two parameters, with an optional third parameter. It expects the number to be formatted at the first parameter, a numeric format string as the second parameter, and an optional locale string, which defaults to 'en-us', as the third parameter"

// numberFormatFunctions lists formatNumber alone.
func numberFormatFunctions() []Function {
	return []Function{{Name: "formatNumber", Min: 2, Max: 3, usage: formatNumberUsage, eval: func(c invocation) (Value, error) {
		if !c.args[0].isNumber() {
			return Value{}, c.wrongKind(0, "an integer, a float or a decimal number")
		}
		format, err := c.text(1)
		if err != nil {
			return Value{}, err
		}
		locale, err := c.locale(2)
		if err != nil {
			return Value{}, err
		}
		text, ok := formatNumber(c.args[0], format, locale)
		if !ok {
			return Value{}, c.badFormat("number", format)
		}
		return String(text), nil
	}}}
}
