package expr

// Text functions that deployment templates have and workflow definitions have not,
// or have in another form.

import (
	"encoding/base64"
	"net/url"
	"strings"
)

func templateTextFunctions() []Function {
	return []Function{
		{Name: "base64", Min: 1, Max: 1, eval: demanding(ofType(KindString), evalBase64)},
		{Name: "base64ToJson", Min: 1, Max: 1, eval: demanding(aKind("a string", KindString), base64ToJSON)},
		{Name: "base64ToString", Min: 1, Max: 1, eval: demanding(aKind("a string", KindString), base64ToText)},
		{Name: "dataUri", Min: 1, Max: 1, eval: templateDataURI},
		{Name: "dataUriToString", Min: 1, Max: 1, eval: demanding(aKind("a string", KindString), dataURIToText)},
		{Name: "endsWith", Min: 2, Max: 2, eval: demanding(textPair, evalEndsWith)},
		{Name: "fail", Min: 1, Max: 1, eval: demanding(aKind("a string", KindString), failWithText)},
		{Name: "guid", Min: 1, Max: -1, eval: demanding(onlyText, nameGUID)},
		{Name: "join", Min: 2, Max: 2, eval: joinTexts},
		{Name: "json", Min: 1, Max: 1, eval: demanding(aKind("a string", KindString), evalJSON)},
		{Name: "newGuid", Min: 0, Max: 0, Volatile: true, eval: evalGUID},
		{Name: "padLeft", Min: 2, Max: 3, eval: evalPadLeft},
		{Name: "replace", Min: 3, Max: 3, eval: demanding(ofType(KindString, KindString, KindString), templateReplace)},
		{Name: "split", Min: 2, Max: 2, eval: templateSplitText},
		{Name: "startsWith", Min: 2, Max: 2, eval: demanding(textPair, evalStartsWith)},
		{Name: "string", Min: 1, Max: 1, eval: evalString},
		{Name: "substring", Min: 2, Max: 3, eval: templateSubstring},
		{Name: "toLower", Min: 1, Max: 1, eval: demanding(ofType(KindString), mapText(toLower))},
		{Name: "toUpper", Min: 1, Max: 1, eval: demanding(ofType(KindString), mapText(toUpper))},
		{Name: "trim", Min: 1, Max: 1, eval: demanding(ofType(KindString), mapText(trimSpace))},
		{Name: "uniqueString", Min: 1, Max: -1, eval: demanding(onlyText, uniqueString)},
		{Name: "uri", Min: 2, Max: 2, eval: combineURI},
		{Name: "uriComponent", Min: 1, Max: 1, eval: demanding(aKind("a string", KindString), evalURIComponent)},
		{Name: "uriComponentToString", Min: 1, Max: 1, eval: demanding(aKind("a string", KindString), evalURIComponentToString)},
	}
}

func base64ToText(c invocation) (Value, error) {
	data, err := decodeBase64(c.args[0].str)
	if err != nil {
		return Value{}, c.fail(ConversionError, "was invoked with a parameter that is not valid. The value cannot be decoded from base64 representation.")
	}
	return String(decodeUTF8(data)), nil
}

func base64ToJSON(c invocation) (Value, error) {
	text, err := base64ToText(c)
	if err != nil {
		return Value{}, err
	}
	return c.readJSON(text.str)
}

func (c invocation) readJSON(text string) (Value, error) {
	v, err := ReadJSON(text)
	if err != nil {
		return Value{}, c.fail(ConversionError, "parameter is not valid. The provided value '%s' cannot be parsed: '%s'. %s", shown(text), err.Error(), seeFunctions(c.function.Name))
	}
	return v, nil
}

// templateDataURI writes text and, for anything else, its JSON, with the charset that
// the service writes.
func templateDataURI(c invocation) (Value, error) {
	media, data := "application/json", []byte(nil)
	if v := c.args[0]; v.kind == KindString {
		media, data = "text/plain", []byte(v.str)
	} else {
		data = v.AppendJSON(nil)
	}
	return String("data:" + media + ";charset=utf8;base64," + base64.StdEncoding.EncodeToString(data)), nil
}

// dataURIToText reads any charset's name as UTF-8: dataUri writes "utf8", which the
// service itself does not read.
func dataURIToText(c invocation) (Value, error) {
	u, ok := parseDataURI(c.args[0].str)
	data := []byte(nil)
	if ok {
		data, ok = u.bytes()
	}
	if !ok {
		return Value{}, c.fail(ConversionError, "expects its parameter to be formatted as a valid data URI. The provided value '%s' was not formatted correctly. %s",
			shown(c.args[0].str), seeFunctions(c.function.Name))
	}
	return String(decodeUTF8(data)), nil
}

// failWithText ends the evaluation with the author's words.
func failWithText(c invocation) (Value, error) {
	return Value{}, c.failWith(ArgumentError, "%s", c.args[0].str)
}

func joinTexts(c invocation) (Value, error) {
	if c.args[0].kind != KindArray {
		return Value{}, c.expects(0, "its first parameter to be an array", seeFunctions("join"))
	}
	if c.args[1].kind != KindString {
		return Value{}, c.expects(1, "its second parameter to be a string", seeFunctions("join"))
	}
	return evalJoin(c)
}

func evalPadLeft(c invocation) (Value, error) {
	invalid := func(which, why string) (Value, error) {
		return Value{}, c.failWith(ArgumentError, "%s", unableTo(c.name, ": the "+which+" parameter is invalid. "+why+" "+padLeftSyntax))
	}
	text, width, pad := c.args[0], c.args[1], String(" ")
	if len(c.args) == 3 {
		pad = c.args[2]
	}
	n, ok := width.AsInt()
	switch {
	case text.kind != KindString && text.kind != KindInt:
		return invalid("first", "The source string must be a String or integer type, while '"+text.TypeName()+"' was provided.")
	case !ok || n < 0 || n > 16:
		return invalid("second", "Total width must be a positive integer value and not greater than '16', while '"+shown(width.Text())+"' was provided.")
	case pad.kind != KindString:
		return invalid("third", "The padding character must be a string type, while '"+pad.TypeName()+"' was provided.")
	case utf16Length(pad.str) != 1:
		return invalid("third", "The padding character must be a single character, while '"+shown(pad.str)+"' was provided.")
	}
	return String(strings.Repeat(pad.str, max(int(n)-utf16Length(text.Text()), 0)) + text.Text()), nil
}

func templateReplace(c invocation) (Value, error) {
	if c.args[1].str == "" {
		return Value{}, c.unable("the string to be replaced must not be empty.")
	}
	return evalReplace(c)
}

// templateSplitText splits at one delimiter or at any of several. As in .NET an empty
// delimiter splits nothing, and no delimiter at all means white space.
func templateSplitText(c invocation) (Value, error) {
	if c.args[0].kind != KindString {
		return Value{}, c.expects(0, "its first parameter to be of type 'String'", seeFunctions(""))
	}
	switch c.args[1].kind {
	case KindString:
		return evalSplit(c)
	case KindArray:
	default:
		return Value{}, c.expects(1, "its second parameter to be of type 'String or Array of Strings'", seeFunctions(""))
	}
	delimiters := make([]string, 0, c.args[1].Len())
	for _, v := range c.args[1].elements() {
		if v.kind != KindString {
			return Value{}, c.expects(1, "its second parameter to be of type 'String or Array of Strings'", seeFunctions(""))
		}
		delimiters = append(delimiters, v.str)
	}
	if len(delimiters) == 0 {
		delimiters = strings.Split(whiteSpace, "")
	}
	return arrayOf(splitAny(c.args[0].str, delimiters)), nil
}

const whiteSpace = " \t\n\v\f\r\u0085\u00A0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200A\u2028\u2029\u202F\u205F\u3000"

// splitAny cuts at the delimiter that comes first, and among those of one place at
// the first in the list.
func splitAny(s string, delimiters []string) []Value {
	var elems []Value
	from := 0
	for i := 0; i < len(s); {
		size := 0
		for _, delimiter := range delimiters {
			if delimiter != "" && strings.HasPrefix(s[i:], delimiter) {
				size = len(delimiter)
				break
			}
		}
		if size == 0 {
			i++
			continue
		}
		elems = append(elems, String(s[from:i]))
		i += size
		from = i
	}
	return append(elems, String(s[from:]))
}

func templateSubstring(c invocation) (Value, error) {
	for i, kind := range []Kind{KindString, KindInt, KindInt}[:len(c.args)] {
		if c.args[i].kind != kind {
			return Value{}, c.fail(ArgumentError, "expects its parameters to be of type string, integer and integer. The provided value at position %d is of type '%s'. %s", i, c.args[i].TypeName(), c.seeSubstring())
		}
	}
	total, start := int64(utf16Length(c.args[0].str)), int64(c.args[1].num)
	length := total - start
	if len(c.args) == 3 {
		length = int64(c.args[2].num)
	}
	fail := func(format string, args ...any) (Value, error) {
		return Value{}, c.failWith(ArgumentError, "Unable to evaluate the template language function 'substring'. "+format+" "+c.seeSubstring(), args...)
	}
	switch {
	case start < 0:
		return fail("The index parameter cannot be less than zero. The index: '%d'.", start)
	case start > total:
		return fail("The index parameter cannot be larger than the length of the string. The index parameter: '%d', the length of the string parameter: '%d'.", start, total)
	case length < 0:
		return fail("The length parameter cannot be less than zero. The length parameter: '%d'.", length)
	case length > total-start:
		return fail("The index and length parameters must refer to a location within the string. The index parameter: '%d', the length parameter: '%d', the length of the string parameter: '%d'.", start, length, total)
	}
	return String(utf16Slice(c.args[0].str, int(start), int(start+length))), nil
}

func (c invocation) seeSubstring() string {
	return "Please see https://aka.ms/arm-resource-functions/#substring for usage details."
}

// combineURI resolves a relative address; a base without a path ends in a slash.
func combineURI(c invocation) (Value, error) {
	if err := aKind("a string", KindString)(c); err != nil {
		return Value{}, err
	}
	relative, ok := c.args[1].AsString()
	if !ok {
		return Value{}, c.expects(1, "its second parameter to be a string", seeFunctions("uri"))
	}
	base, err := url.Parse(c.args[0].str)
	if err != nil || !base.IsAbs() || base.Host == "" && base.Opaque == "" && base.Path == "" {
		return Value{}, c.fail(ArgumentError, "expects its first argument to be a uri string. The provided value is '%s'. Please see https://aka.ms/arm-function-datauri for usage details.", shown(c.args[0].str))
	}
	r, err := url.Parse(relative)
	if err != nil {
		return Value{}, c.fail(ArgumentError, "expects its second argument to be a relative uri string. The provided value is '%s'. Please see https://aka.ms/arm-function-datauri for usage details.", relative)
	}
	if base.Path == "" && base.Opaque == "" {
		base.Path = "/"
	}
	return String(base.ResolveReference(r).String()), nil
}
