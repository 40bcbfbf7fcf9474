package expr

// Percent-encoding (wdl-semantics §7.3).

func uriComponentFunctions() []Function {
	encode := Function{Name: "uriComponent", Min: 1, Max: -1, usage: "at least one parameter: the value to convert to URI component", eval: evalURIComponent}
	decode := Function{Name: "uriComponentToString", Min: 1, Max: 1, usage: "one parameter: the URI component to convert to binary", eval: evalURIComponentToString}
	oldEncode, oldDecode := encode, decode
	oldEncode.Name, oldEncode.Deprecated, oldEncode.usage = "encodeUriComponent", true, "at least one parameter: the string to URL encode"
	oldDecode.Name, oldDecode.Deprecated, oldDecode.usage = "decodeUriComponent", true, "one parameter: the string to decode"
	return []Function{
		encode, oldEncode, decode, oldDecode,
		{Name: "uriComponentToBinary", Min: 1, Max: 1, usage: "one parameter: the URI component to convert to binary", eval: evalURIComponentToBinary},
	}
}

// escapeURIComponent leaves letters, digits and -_.~ as they are, like .NET's
// Uri.EscapeDataString.
func escapeURIComponent(dst []byte, text []byte) []byte {
	const upperHex = "0123456789ABCDEF"
	for _, c := range text {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.', c == '~':
			dst = append(dst, c)
		default:
			dst = append(dst, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return dst
}

func evalURIComponent(c invocation) (Value, error) {
	text := c.args[0].appendText(nil)
	for _, arg := range c.args[1:] {
		text = arg.appendText(text)
	}
	if len(text) > MaxSize/3 {
		return Value{}, c.tooLarge()
	}
	return String(string(escapeURIComponent(make([]byte, 0, len(text)+len(text)/4), text))), nil
}

func evalURIComponentToString(c invocation) (Value, error) {
	s, err := c.text(0)
	if err != nil {
		return Value{}, err
	}
	return String(unescapeURL(s)), nil
}

func evalURIComponentToBinary(c invocation) (Value, error) {
	s, err := c.text(0)
	if err != nil {
		return Value{}, err
	}
	return Envelope(typeBinary, []byte(unescapeURL(s))), nil
}
