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
		if unreserved(c) {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return dst
}

// unreserved reports whether c is an unreserved character of RFC 3986.
func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.' || c == '~'
}

func evalURIComponent(c invocation) (Value, error) {
	text, err := c.join(c.args, "")
	if err != nil {
		return Value{}, err
	}
	size := len(text)
	for i := range len(text) {
		if !unreserved(text[i]) {
			size += 2
		}
	}
	if size > MaxSize {
		return Value{}, c.tooLarge()
	}
	return String(string(escapeURIComponent(make([]byte, 0, size), []byte(text)))), nil
}

func evalURIComponentToString(c invocation) (Value, error) {
	s, err := c.onlyText()
	if err != nil {
		return Value{}, err
	}
	return String(unescapeURL(s)), nil
}

func evalURIComponentToBinary(c invocation) (Value, error) {
	s, err := c.onlyText()
	if err != nil {
		return Value{}, err
	}
	return Envelope(typeBinary, []byte(unescapeURL(s))), nil
}
