package expr

// String functions. Lengths and positions count UTF-16 units (wdl-semantics §5);
// utf16.go maps them to bytes.

import (
	"fmt"
	"math/bits"
	"strings"
	"unicode"
	"unicode/utf8"
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
		{Name: "trim", Min: 1, Max: 1, eval: mapText(trimSpace)},
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
		s, err := c.text(0)
		if err != nil {
			return Value{}, err
		}
		return String(f(s)), nil
	}
}

func measure(f func(string) int) func(c invocation) (Value, error) {
	return func(c invocation) (Value, error) {
		s, err := c.text(0)
		if err != nil {
			return Value{}, err
		}
		return Int(int64(f(s))), nil
	}
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
	size := int64(0)
	for _, arg := range c.args {
		size = addWeight(size, arg.weight())
	}
	if size > MaxSize {
		return Value{}, c.tooLarge()
	}
	text := make([]byte, 0, size)
	for _, arg := range c.args {
		text = arg.appendText(text)
	}
	return String(string(text)), nil
}

func evalStartsWith(c invocation) (Value, error) {
	s, prefix, err := c.texts()
	if err != nil {
		return Value{}, err
	}
	return Bool(hasFoldPrefix(s, prefix) >= 0), nil
}

func evalEndsWith(c invocation) (Value, error) {
	s, suffix, err := c.texts()
	if err != nil {
		return Value{}, err
	}
	return Bool(strings.HasSuffix(toUpper(s), toUpper(suffix))), nil
}

// hasFoldPrefix returns the length of the prefix of s that equals prefix ignoring
// case, or -1.
func hasFoldPrefix(s, prefix string) int {
	i := 0
	for _, want := range prefix {
		got, size := utf8.DecodeRuneInString(s[i:])
		if size == 0 || got != want && upper(got) != upper(want) {
			return -1
		}
		i += size
	}
	return i
}

// indexFold returns the byte position of the first occurrence of part in s, from
// a position on, ignoring case; -1 if there is none.
func indexFold(s, part string, from int) int {
	for i := from; i <= len(s); {
		if hasFoldPrefix(s[i:], part) >= 0 {
			return i
		}
		_, size := utf8.DecodeRuneInString(s[i:])
		i += max(size, 1)
	}
	return -1
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
	return position(s, indexFold(s, part, 0)), nil
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
	return position(s, lastIndexFold(s, part)), nil
}

func lastIndexFold(s, part string) int {
	return strings.LastIndex(foldBytes(s), foldBytes(part))
}

// foldBytes upper-cases without changing the length of any character, so that byte
// positions stay valid.
func foldBytes(s string) string {
	return strings.Map(func(c rune) rune {
		if u := upper(c); utf8.RuneLen(u) == utf8.RuneLen(c) {
			return u
		}
		return c
	}, s)
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
	var hits []int
	for i := indexFold(s, part, 0); i >= 0; {
		hits = append(hits, i)
		_, size := utf8.DecodeRuneInString(s[i:])
		i = indexFold(s, part, i+size)
	}
	count := int64(len(hits))
	if n < 0 {
		n += count + 1
	}
	if n < 1 || n > count {
		return Int(-1), nil
	}
	return position(s, hits[n-1]), nil
}

func evalReplace(c invocation) (Value, error) {
	s, old, err := c.texts()
	if err != nil {
		return Value{}, err
	}
	with, err := c.text(2)
	switch {
	case err != nil:
		return Value{}, err
	case old == "":
		return Value{}, c.notValid("The string to be replaced must not be empty.")
	}
	if grown := int64(strings.Count(s, old)) * int64(len(with)); grown > MaxSize {
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
	elems := make([]Value, 0, strings.Count(s, separator)+1)
	for part := range strings.SplitSeq(s, separator) {
		elems = append(elems, String(part))
	}
	return arrayOf(elems), nil
}

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
	length := total - start
	if len(c.args) == 3 {
		if length, err = c.integer(2); err != nil {
			return Value{}, err
		}
	}
	if start < 0 || start > total {
		return Value{}, c.notValid("The start index '%d' must be a non-negative integer that is not larger than the length '%d' of the string.", start, total)
	}
	if length < 0 || length > total-start {
		return Value{}, c.notValid("The length '%d' must be a non-negative integer, and the start index '%d' with it must not exceed the length '%d' of the string.", length, start, total)
	}
	return String(utf16Slice(s, int(start), int(start+length))), nil
}

func evalTrimByteOrderMark(c invocation) (Value, error) {
	v := c.args[0]
	if e, ok := v.envelope(); ok {
		return Envelope(e.contentType, []byte(strings.TrimPrefix(string(e.content), "\xEF\xBB\xBF"))), nil
	}
	s, err := c.text(0)
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
		return Value{}, c.notValid("The format '%s' is not one of 'N', 'D', 'B', 'P' and 'X'.", format)
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
