package expr

// String functions. Lengths and positions count UTF-16 units (wdl-semantics §5);
// utf16.go maps them to bytes.

import (
	"fmt"
	"iter"
	"math/bits"
	"strings"
	"unicode"
)

func stringFunctions() []Function {
	return []Function{
		{Name: "concat", Min: 1, Max: -1, usage: "a comma separated list of string and integer parameters", eval: evalConcat},
		{Name: "endsWith", Min: 2, Max: 2, usage: "two parameters: the string as the first parameter, the value to check as the second parameter", eval: evalEndsWith},
		{Name: "startsWith", Min: 2, Max: 2, usage: "two parameters: the string as the first parameter, the value to check as the second parameter", eval: evalStartsWith},
		{Name: "guid", Min: 0, Max: 1, Volatile: true, usage: "with no parameters or with an optional format parameter", eval: evalGUID},
		{Name: "indexOf", Min: 2, Max: 2, usage: "two parameters: the string as the first parameter, the value to find the index of as the second parameter", eval: evalIndexOf},
		{Name: "lastIndexOf", Min: 2, Max: 2, usage: "two parameters: the string as the first parameter, the value to find the last index of as the second parameter", eval: evalLastIndexOf},
		{Name: "nthIndexOf", Min: 3, Max: 3, usage: "three parameters: the string as the first parameter, the value to find the index of as the second parameter and a number parameter to specify which occurrence of the text to find as the third parameter", eval: evalNthIndexOf},
		{Name: "replace", Min: 3, Max: 3, usage: "three string parameters: the string to replace characters inside of as the first parameter, the string that will be replaced by the new string as the second parameter, and the new string as the third parameter", eval: evalReplace},
		{Name: "slice", Min: 2, Max: 3, usage: "two parameters, with an optional third parameter. It expects the source string as the first parameter, the start index as a second parameter, and an optional third parameter specifying the end index of the substring", eval: evalSlice},
		{Name: "split", Min: 2, Max: 2, usage: "two parameters: the string to split as the first parameter, the separator as the second parameter", eval: evalSplit},
		{Name: "substring", Min: 2, Max: 3, usage: "two parameters: the 'string' to take a section from as the first parameter, the 'start index' as the second parameter", eval: evalSubstring},
		{Name: "toLower", Min: 1, Max: 1, usage: "one parameter: the string to convert to lower casing", eval: mapText(toLower)},
		{Name: "toUpper", Min: 1, Max: 1, usage: "one parameter: the string to convert to upper casing", eval: mapText(toUpper)},
		{Name: "trim", Min: 1, Max: 1, eval: evalTrim},
		{Name: "trimByteOrderMark", Min: 1, Max: 1, eval: evalTrimByteOrderMark},
		{Name: "encodeXmlValue", Min: 1, Max: 1, eval: mapText(xmlText)},
		{Name: "decodeXmlValue", Min: 1, Max: 1, eval: evalDecodeXMLValue},
		{Name: "encodeXmlName", Min: 1, Max: 1, eval: mapText(encodeXMLName)},
		{Name: "decodeXmlName", Min: 1, Max: 1, eval: mapText(decodeXMLName)},
		{Name: "utf8Length", Min: 1, Max: 1, eval: measure(func(s string) int { return len(s) })},
		{Name: "utf16Length", Min: 1, Max: 1, eval: measure(func(s string) int { return 2 * utf16Length(s) })},
	}
}

// mapText makes a function of one string.
func mapText(f func(string) string) func(c invocation) (Value, error) {
	return func(c invocation) (Value, error) {
		s, err := c.onlyText()
		if err != nil {
			return Value{}, err
		}
		return String(f(s)), nil
	}
}

func measure(f func(string) int) func(c invocation) (Value, error) {
	return func(c invocation) (Value, error) {
		s, err := c.onlyText()
		if err != nil {
			return Value{}, err
		}
		return Int(int64(f(s))), nil
	}
}

// onlyText returns the argument of a function of one string. The service has another
// sentence for these than text's.
func (c invocation) onlyText() (string, error) {
	if s, ok := c.args[0].AsString(); ok {
		return s, nil
	}
	return "", c.wrongKind(0, "a string")
}

// evalTrim has a sentence of its own in the service.
func evalTrim(c invocation) (Value, error) {
	s, ok := c.args[0].AsString()
	if !ok {
		return Value{}, c.failWith(ArgumentError, "The provided parameters for template language function '%s' are not valid.", c.name)
	}
	return String(trimSpace(s)), nil
}

// trimSpace removes what .NET's Char.IsWhiteSpace covers at both ends.
func trimSpace(s string) string { return strings.TrimFunc(s, unicode.IsSpace) }

// texts returns the first two arguments, which must be strings.
func (c invocation) texts() (a, b string, err error) {
	if a, err = c.text(0); err != nil {
		return "", "", err
	}
	b, err = c.text(1)
	return a, b, err
}

func evalConcat(c invocation) (Value, error) {
	if len(c.args) == 1 && c.args[0].kind == KindString {
		return c.args[0], nil
	}
	text, err := c.join(c.args, "")
	return String(text), err
}

// join is the text of the values with the separator between them.
func (c invocation) join(values []Value, separator string) (string, error) {
	size := int64(len(separator)) * int64(max(len(values)-1, 0))
	for _, v := range values {
		if problem := v.textProblem(); problem != "" {
			return "", c.notValid("%s", problem)
		}
		size = addWeight(size, v.weight())
	}
	if size > MaxSize {
		return "", c.tooLarge()
	}
	text := c.e.text
	for i, v := range values {
		if i > 0 {
			text = append(text, separator...)
		}
		text = v.appendText(text)
	}
	c.e.text = text[:len(c.e.text)]
	return string(text[len(c.e.text):]), nil
}

// evalStartsWith and the searches below compare in upper case, which changes neither
// the number of characters nor their UTF-16 lengths.
func evalStartsWith(c invocation) (Value, error) {
	s, prefix, err := c.texts()
	if err != nil {
		return Value{}, err
	}
	return Bool(strings.HasPrefix(toUpper(s), toUpper(prefix))), nil
}

func evalEndsWith(c invocation) (Value, error) {
	s, suffix, err := c.texts()
	if err != nil {
		return Value{}, err
	}
	return Bool(strings.HasSuffix(toUpper(s), toUpper(suffix))), nil
}

// position turns a byte position in s into UTF-16 units; -1 stays.
func position(s string, i int) Value {
	if i < 0 {
		return Int(-1)
	}
	return Int(int64(utf16Length(s[:i])))
}

func evalIndexOf(c invocation) (Value, error) {
	s, part, err := c.texts()
	if err != nil {
		return Value{}, err
	}
	s = toUpper(s)
	return position(s, strings.Index(s, toUpper(part))), nil
}

// evalLastIndexOf follows .NET Framework for the empty text (wdl-semantics §19):
// both empty 0, text empty -1, search empty the last position.
func evalLastIndexOf(c invocation) (Value, error) {
	s, part, err := c.texts()
	switch {
	case err != nil:
		return Value{}, err
	case part == "":
		return Int(int64(max(utf16Length(s)-1, 0))), nil
	}
	s = toUpper(s)
	return position(s, strings.LastIndex(s, toUpper(part))), nil
}

func evalNthIndexOf(c invocation) (Value, error) {
	s, part, err := c.texts()
	if err != nil {
		return Value{}, err
	}
	n, err := c.integer(2)
	switch {
	case err != nil:
		return Value{}, err
	case n == 0:
		return Value{}, c.notValid("The occurrence must not be zero.")
	case part == "":
		return Int(-1), nil
	}
	s, part = toUpper(s), toUpper(part)
	if n < 0 {
		count := int64(0)
		for range occurrences(s, part) {
			count++
		}
		n += count + 1
	}
	for i := range occurrences(s, part) {
		if n--; n == 0 {
			return position(s, i), nil
		}
	}
	return Int(-1), nil
}

// occurrences yields the byte positions of part in s, overlapping ones too, in time
// linear in the lengths of both: by Knuth, Morris and Pratt, border[i] is the length
// of the longest proper prefix of part that ends part[:i+1].
func occurrences(s, part string) iter.Seq[int] {
	border := make([]int32, len(part))
	for i, k := 1, 0; i < len(part); i++ {
		for k > 0 && part[i] != part[k] {
			k = int(border[k-1])
		}
		if part[i] == part[k] {
			k++
		}
		border[i] = int32(k)
	}
	return func(yield func(int) bool) {
		k := 0
		for i := range len(s) {
			for k > 0 && s[i] != part[k] {
				k = int(border[k-1])
			}
			if s[i] == part[k] {
				k++
			}
			if k == len(part) {
				if !yield(i + 1 - k) {
					return
				}
				k = int(border[k-1])
			}
		}
	}
}

func evalReplace(c invocation) (Value, error) {
	var texts [3]string
	for i, name := range [...]string{"string", "old string", "new string"} {
		s, ok := c.args[i].AsString()
		if !ok {
			return Value{}, c.fail(ArgumentError, "expects its %s parameter '%s' to be a string. The provided value is of type '%s'. %s", ordinal(i), name, c.args[i].TypeName(), c.see())
		}
		texts[i] = s
	}
	s, old, with := texts[0], texts[1], texts[2]
	if old == "" { // .NET's sentence
		return Value{}, c.notValid("String cannot be of zero length. (Parameter 'oldValue')")
	}
	if grown := int64(len(s)) + int64(strings.Count(s, old))*int64(len(with)-len(old)); grown > MaxSize {
		return Value{}, c.tooLarge()
	}
	return String(strings.ReplaceAll(s, old, with)), nil
}

func evalSlice(c invocation) (Value, error) {
	s, err := c.text(0)
	if err != nil {
		return Value{}, err
	}
	start, err := c.integer(1)
	if err != nil {
		return Value{}, err
	}
	length := int64(utf16Length(s))
	end := length
	if len(c.args) == 3 {
		if end, err = c.integer(2); err != nil {
			return Value{}, err
		}
	}
	clamp := func(i int64) int64 {
		if i < 0 {
			i = max(i, -length) + length
		}
		return min(i, length)
	}
	if start, end = clamp(start), clamp(end); start >= end {
		return String(""), nil
	}
	return String(utf16Slice(s, int(start), int(end))), nil
}

func evalSplit(c invocation) (Value, error) {
	s, separator, err := c.texts()
	switch {
	case err != nil:
		return Value{}, err
	case separator == "":
		return Array(String(s)), nil
	}
	count := strings.Count(s, separator) + 1
	if count > maxElements {
		return Value{}, c.tooLarge()
	}
	elems := make([]Value, 0, count)
	for part := range strings.SplitSeq(s, separator) {
		elems = append(elems, String(part))
	}
	return arrayOf(elems), nil
}

// evalSubstring refuses a start at the end only when there is no length, as the
// service does.
func evalSubstring(c invocation) (Value, error) {
	s, err := c.text(0)
	if err != nil {
		return Value{}, err
	}
	start, err := c.integer(1)
	if err != nil {
		return Value{}, err
	}
	total := int64(utf16Length(s))
	if len(c.args) == 2 {
		if start < 0 || start >= total {
			return Value{}, c.fail(ArgumentError, "parameter is out of range: 'start index' must be non-negative integer and should be less than the length of the string. %s", c.see())
		}
		return String(utf16Slice(s, int(start), int(total))), nil
	}
	length, err := c.integer(2)
	if err != nil {
		return Value{}, err
	}
	if start < 0 || length < 0 || start > total || length > total-start {
		return Value{}, c.fail(ArgumentError, "parameters are out of range: 'start index' and 'length' must be non-negative integers and their sum must be no larger than the length of the string. %s", c.see())
	}
	return String(utf16Slice(s, int(start), int(start+length))), nil
}

func evalTrimByteOrderMark(c invocation) (Value, error) {
	v := c.args[0]
	if e, ok := v.envelope(); ok {
		return Envelope(e.contentType, []byte(strings.TrimPrefix(string(e.content), "\xEF\xBB\xBF"))), nil
	}
	s, err := c.onlyText()
	return String(strings.TrimPrefix(s, "\uFEFF")), err
}

// evalGUID makes a random identifier of version 4 in one of .NET's formats.
func evalGUID(c invocation) (Value, error) {
	format, err := c.optionalText(0, "D")
	if err != nil {
		return Value{}, err
	}
	high, low := c.e.env.Random(), c.e.env.Random()
	high = high&^0xF000 | 0x4000
	low = low&^(0xC<<60) | 0x8<<60
	text, ok := formatGUID(high, low, format)
	if !ok {
		return Value{}, c.notValid("The format '%s' is not one of 'N', 'D', 'B', 'P' and 'X'.", shown(format))
	}
	return String(text), nil
}

func formatGUID(high, low uint64, format string) (string, bool) {
	plain := fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", high>>32, high>>16&0xFFFF, high&0xFFFF, low>>48, low&(1<<48-1))
	switch strings.ToUpper(format) {
	case "N":
		return strings.ReplaceAll(plain, "-", ""), true
	case "D", "":
		return plain, true
	case "B":
		return "{" + plain + "}", true
	case "P":
		return "(" + plain + ")", true
	case "X":
		tail := bits.ReverseBytes64(low)
		text := fmt.Sprintf("{0x%08x,0x%04x,0x%04x,{", high>>32, high>>16&0xFFFF, high&0xFFFF)
		for i := range 8 {
			if i > 0 {
				text += ","
			}
			text += fmt.Sprintf("0x%02x", tail>>(8*i)&0xFF)
		}
		return text + "}}", true
	}
	return "", false
}
