package expr

// Text functions that deployment templates have and workflow definitions have not,
// or have in another form.

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"net/url"
	"strconv"
	"strings"
)

func templateTextFunctions() []Function {
	return []Function{
		{Name: "base64ToJson", Min: 1, Max: 1, eval: base64ToJSON},
		{Name: "format", Min: 1, Max: -1, eval: evalFormat},
		{Name: "guid", Min: 1, Max: -1, eval: nameGUID},
		{Name: "newGuid", Min: 0, Max: 0, Volatile: true, eval: evalGUID},
		{Name: "padLeft", Min: 2, Max: 3, eval: evalPadLeft},
		{Name: "split", Min: 2, Max: 2, eval: templateSplitText},
		{Name: "uniqueString", Min: 1, Max: -1, eval: uniqueString},
		{Name: "uri", Min: 2, Max: 2, eval: combineURI},
	}
}

func base64ToJSON(c invocation) (Value, error) {
	text, err := evalBase64ToString(c)
	if err != nil {
		return Value{}, err
	}
	v, err := ReadJSON([]byte(text.str))
	if err != nil {
		return Value{}, c.notValid("The content is not JSON: %s.", err.Error())
	}
	return v, nil
}

// evalFormat is .NET's composite formatting: {index[,width][:format]}, {{ and }}.
func evalFormat(c invocation) (Value, error) {
	format, err := c.text(0)
	if err != nil {
		return Value{}, err
	}
	var out []byte
	for i := 0; i < len(format); i++ {
		switch ch := format[i]; {
		case (ch == '{' || ch == '}') && i+1 < len(format) && format[i+1] == ch:
			out = append(out, ch)
			i++
		case ch == '{':
			end := strings.IndexByte(format[i:], '}')
			item, ok := "", false
			if end > 0 {
				item, ok = formatItem(format[i+1:i+end], c.args[1:])
			}
			if !ok {
				return Value{}, c.notValid("The format '%s' is not valid at position %d.", format, i)
			}
			out = append(out, item...)
			i += end
		case ch == '}':
			return Value{}, c.notValid("The format '%s' has a '}' without '{'.", format)
		default:
			out = append(out, ch)
		}
		if len(out) > MaxSize {
			return Value{}, c.tooLarge()
		}
	}
	return String(string(out)), nil
}

// formatItem prints one item of a composite format.
func formatItem(item string, args []Value) (string, bool) {
	place, format, _ := strings.Cut(item, ":")
	number, width, _ := strings.Cut(place, ",")
	i, err := strconv.Atoi(strings.TrimSpace(number))
	if err != nil || i < 0 || i >= len(args) {
		return "", false
	}
	text := args[i].Text()
	if args[i].isNumber() && format != "" {
		var ok bool
		if text, ok = formatNumber(args[i], format, defaultCulture()); !ok {
			return "", false
		}
	}
	if width == "" {
		return text, true
	}
	w, err := strconv.Atoi(strings.TrimSpace(width))
	if err != nil || w > 10_000 || w < -10_000 {
		return "", false
	}
	blanks := strings.Repeat(" ", max(max(w, -w)-utf16Length(text), 0))
	if w < 0 {
		return text + blanks, true
	}
	return blanks + text, true
}

// joined returns the arguments as text, joined by hyphens.
func (c invocation) joined() (string, error) {
	parts := make([]string, len(c.args))
	for i, arg := range c.args {
		if arg.kind == KindArray || arg.kind == KindObject || arg.kind == KindNull {
			return "", c.wrongType(i, "string")
		}
		parts[i] = arg.Text()
	}
	return strings.Join(parts, "-"), nil
}

// nameGUID makes an identifier of version 5 from the arguments.
func nameGUID(c invocation) (Value, error) {
	name, err := c.joined()
	if err != nil {
		return Value{}, err
	}
	space, _ := hex.DecodeString("11fb06fb712d4ddd98c7e71bbd588830")
	sum := sha1.Sum(append(space, name...))
	high, low := binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:16])
	text, _ := formatGUID(high&^0xF000|0x5000, low&^(0xC<<60)|0x8<<60, "D")
	return String(text), nil
}

// uniqueString makes 13 letters and digits from the arguments, always the same ones.
func uniqueString(c invocation) (Value, error) {
	name, err := c.joined()
	if err != nil {
		return Value{}, err
	}
	const alphabet = "abcdefghijklmnopqrstuvwxyz234567"
	sum := sha256.Sum256([]byte(name))
	hash := binary.BigEndian.Uint64(sum[:8])
	var text [13]byte
	for i := range text {
		text[i] = alphabet[hash>>59]
		hash <<= 5
	}
	return String(string(text[:])), nil
}

func evalPadLeft(c invocation) (Value, error) {
	if c.args[0].kind != KindString && c.args[0].kind != KindInt {
		return Value{}, c.wrongKind(0, "a string or an integer")
	}
	width, err := c.integer(1)
	if err != nil {
		return Value{}, err
	}
	pad, err := c.optionalText(2, " ")
	if err != nil {
		return Value{}, err
	}
	if width < 0 || width > MaxSize/4 || utf16Length(pad) != 1 {
		return Value{}, c.notValid("The length must not be negative and the padding must be a single character.")
	}
	text := c.args[0].Text()
	return String(strings.Repeat(pad, max(int(width)-utf16Length(text), 0)) + text), nil
}

// templateSplitText splits at one delimiter or at any of several.
func templateSplitText(c invocation) (Value, error) {
	if c.args[1].kind != KindArray {
		return evalSplit(c)
	}
	s, err := c.text(0)
	if err != nil {
		return Value{}, err
	}
	var pairs []string
	for _, v := range c.args[1].elements() {
		delimiter, ok := v.AsString()
		if !ok || delimiter == "" {
			return Value{}, c.notValid("Every delimiter must be a string that is not empty.")
		}
		pairs = append(pairs, delimiter)
	}
	var elems []Value
	from := 0
	for i := 0; i < len(s); {
		size := 0
		for _, delimiter := range pairs {
			if strings.HasPrefix(s[i:], delimiter) {
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
	return arrayOf(append(elems, String(s[from:]))), nil
}

// combineURI resolves a relative address; a base without a path ends in a slash.
func combineURI(c invocation) (Value, error) {
	base, relative, err := c.texts()
	if err != nil {
		return Value{}, err
	}
	b, err := url.Parse(base)
	if err != nil || !b.IsAbs() {
		return Value{}, c.notValid("The base '%s' is not an absolute URI.", base)
	}
	r, err := url.Parse(relative)
	if err != nil {
		return Value{}, c.notValid("The relative URI '%s' is not valid.", relative)
	}
	if b.Path == "" {
		b.Path = "/"
	}
	return String(b.ResolveReference(r).String()), nil
}
