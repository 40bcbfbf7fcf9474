package expr

// Composite formatting as .NET does it: {index[,width][:format]}, with {{ and }} for
// the characters themselves.

import "strings"

func templateFormatFunction() Function {
	return Function{Name: "format", Min: 1, Max: -1, eval: evalFormat}
}

const (
	formatIndex  = "Index (zero based) must be greater than or equal to zero and less than the size of the argument list."
	formatSyntax = "Input string was not in a correct format."
	formatItemIs = "Format specifier was invalid."
)

func evalFormat(c invocation) (Value, error) {
	if c.args[0].kind != KindString {
		return Value{}, c.unable("the first argument must be a string literal, and the type of other arguments must be one of 'Array, Boolean, Date, Float, Guid, Integer, Null, Object, String, TimeSpan, Undefined, Uri'.")
	}
	format := c.args[0].str
	var out []byte
	for i := 0; i < len(format); i++ {
		switch ch := format[i]; {
		case (ch == '{' || ch == '}') && i+1 < len(format) && format[i+1] == ch:
			out = append(out, ch)
			i++
		case ch == '{':
			item, size, wrong := formatItem(format[i:], c.args[1:])
			if wrong != "" {
				return Value{}, c.badComposite(wrong)
			}
			out = append(out, item...)
			i += size - 1
		case ch == '}':
			return Value{}, c.badComposite(formatSyntax)
		default:
			out = append(out, ch)
		}
		if len(out) > MaxSize {
			return Value{}, c.tooLarge()
		}
	}
	return String(string(out)), nil
}

// badComposite is recorded without "template" before "language".
func (c invocation) badComposite(reason string) error {
	return c.failWith(ArgumentError, "Unable to evaluate language function '%s': the format is invalid: '%s'. Please see https://aka.ms/arm-function-format for usage details.", c.name, reason)
}

// formatItem prints the item that s begins with; size is its length, braces included.
func formatItem(s string, args []Value) (text string, size int, wrong string) {
	index, i := formatDigits(s, 1)
	if i == 1 {
		return "", 0, formatSyntax
	}
	i = skipBlanks(s, i)
	width, left := 0, false
	if i < len(s) && s[i] == ',' {
		i = skipBlanks(s, i+1)
		if left = i < len(s) && s[i] == '-'; left {
			i++
		}
		from := i
		if width, i = formatDigits(s, i); i == from {
			return "", 0, formatSyntax
		}
		i = skipBlanks(s, i)
	}
	specifier := ""
	if i < len(s) && s[i] == ':' {
		end := strings.IndexAny(s[i+1:], "{}")
		if end < 0 {
			return "", 0, formatSyntax
		}
		specifier, i = s[i+1:i+1+end], i+1+end
	}
	switch {
	case i >= len(s) || s[i] != '}':
		return "", 0, formatSyntax
	case index >= len(args):
		return "", 0, formatIndex
	}
	text = args[index].Text()
	if args[index].isNumber() && specifier != "" {
		var ok bool
		if text, ok = formatNumber(args[index], specifier, invariantCulture()); !ok {
			return "", 0, formatItemIs
		}
	}
	blanks := strings.Repeat(" ", max(width-utf16Length(text), 0))
	if left {
		return text + blanks, i + 1, ""
	}
	return blanks + text, i + 1, ""
}

// formatDigits reads a number of at most 1,000,000, as .NET bounds it.
func formatDigits(s string, i int) (n, end int) {
	for i < len(s) && isDigit(s[i]) && n < 1_000_000 {
		n = n*10 + int(s[i]-'0')
		i++
	}
	return n, i
}

func skipBlanks(s string, i int) int {
	for i < len(s) && s[i] == ' ' {
		i++
	}
	return i
}
