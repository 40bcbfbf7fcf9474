package expr

// Conversions between text, bytes and content envelopes (wdl-semantics §7.3).

import (
	"encoding/base64"
	"net/url"
	"strings"
)

func contentFunctions() []Function {
	one := func(name, usage string, eval func(c invocation) (Value, error)) Function {
		return Function{Name: name, Min: 1, Max: 1, usage: "one parameter: " + usage, eval: eval}
	}
	deprecated := func(f Function) Function {
		f.Deprecated = true
		return f
	}
	return []Function{
		one("base64", "the string to encode into base64 representation", evalBase64),
		deprecated(one("encodeBase64", "the string to encode into base64 representation", evalBase64)),
		one("base64ToBinary", "the string to decode from base64 representation", evalBase64ToBinary),
		one("base64ToString", "the base64 string to decode", evalBase64ToString),
		deprecated(one("decodeBase64", "the string to decode from base64 representation", evalBase64ToString)),
		one("binary", "the value that is to be converted to binary", evalBinary),
		one("dataUri", "the value to be converted to a data URI", evalDataURI),
		deprecated(one("encodeDataUri", "the value to be converted to a data URI", evalDataURI)),
		one("dataUriToBinary", "the data URI that is to be converted to binary", evalDataURIToBinary),
		one("dataUriToString", "the data URI that is to be converted to string", evalDataURIToString),
		deprecated(one("decodeDataUri", "the data URI", evalDecodeDataURI)),
	}
}

func evalBase64(c invocation) (Value, error) {
	v := c.args[0]
	if e, ok := v.envelope(); ok {
		return String(base64.StdEncoding.EncodeToString(e.content)), nil
	}
	s, err := c.onlyText()
	if err != nil {
		return Value{}, err
	}
	if len(s) > MaxSize/4*3 {
		return Value{}, c.tooLarge()
	}
	return String(base64.StdEncoding.EncodeToString([]byte(s))), nil
}

// fromBase64 decodes the argument.
func (c invocation) fromBase64() (text string, content []byte, err error) {
	if text, err = c.onlyText(); err != nil {
		return "", nil, err
	}
	if content, err = decodeBase64(text); err != nil {
		return "", nil, c.fail(ConversionError, "was invoked with a parameter that is not valid. The value cannot be decoded from base64 representation.")
	}
	return text, content, nil
}

// evalBase64ToBinary keeps the text as it is, white space included.
func evalBase64ToBinary(c invocation) (Value, error) {
	text, _, err := c.fromBase64()
	if err != nil {
		return Value{}, err
	}
	return envelopeValue(typeBinary, text), nil
}

func evalBase64ToString(c invocation) (Value, error) {
	_, content, err := c.fromBase64()
	if err != nil {
		return Value{}, err
	}
	return String(decodeUTF8(content)), nil
}

func evalBinary(c invocation) (Value, error) {
	v := c.args[0]
	if v.IsNull() {
		return Value{}, c.notConvertible()
	}
	if e, ok := v.envelope(); ok {
		return envelopeValue(typeBinary, e.base64), nil
	}
	text, err := c.join(c.args, "")
	if err != nil {
		return Value{}, err
	}
	return Envelope(typeBinary, []byte(text)), nil
}

// evalDataURI writes what is neither text nor an envelope in its text form: JSON, but
// True and False (measured).
func evalDataURI(c invocation) (Value, error) {
	v := c.args[0]
	contentType, data := typeJSON, []byte(nil)
	switch e, isEnvelope := v.envelope(); {
	case v.IsNull():
		return Value{}, c.notConvertible()
	case isEnvelope:
		contentType, data = e.contentType, e.content
	case v.kind == KindString:
		contentType, data = typeText, []byte(v.str)
	default:
		text, err := c.join(c.args, "")
		if err != nil {
			return Value{}, err
		}
		data = []byte(text)
	}
	if len(data) > MaxSize/4*3 {
		return Value{}, c.tooLarge()
	}
	return String("data:" + contentType + ";base64," + base64.StdEncoding.EncodeToString(data)), nil
}

// dataURI is a data: URI taken apart. The media type keeps its parameters but for
// a trailing base64; content is as written.
type dataURI struct {
	mediaType string
	params    []string
	base64    bool
	content   string
}

// parseDataURI splits data:[type][;param]…[;base64],content.
func parseDataURI(s string) (dataURI, bool) {
	if len(s) < 5 || !equalFold(s[:5], "data:") {
		return dataURI{}, false
	}
	header, content, ok := strings.Cut(s[5:], ",")
	if !ok {
		return dataURI{}, false
	}
	u := dataURI{content: content}
	parts := strings.Split(header, ";")
	if last := len(parts) - 1; equalFold(strings.TrimSpace(parts[last]), "base64") {
		u.base64 = true
		parts = parts[:last]
	}
	if len(parts) > 0 {
		u.mediaType, u.params = parts[0], parts[1:]
	}
	for _, p := range u.params {
		if strings.TrimSpace(p) == "" {
			return dataURI{}, false
		}
	}
	if u.mediaType == "" {
		u.mediaType = "text/plain"
	}
	return u, true
}

// contentType is the media type with its parameters.
func (u dataURI) contentType() string {
	return strings.Join(append([]string{u.mediaType}, u.params...), ";")
}

// bytes decodes the content.
func (u dataURI) bytes() ([]byte, bool) {
	if u.base64 {
		data, err := decodeBase64(u.content)
		return data, err == nil
	}
	return []byte(unescapeURL(u.content)), true
}

// unescapeURL decodes %HH and +; a % that begins no such sequence stays.
func unescapeURL(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return decodeUTF8([]byte(plain))
	}
	var b []byte
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '+':
			b = append(b, ' ')
		case s[i] == '%' && i+2 < len(s):
			if v, ok := hex4("00" + s[i+1:i+3]); ok {
				b = append(b, byte(v))
				i += 2
				continue
			}
			b = append(b, '%')
		default:
			b = append(b, s[i])
		}
	}
	return decodeUTF8(b)
}

// validMediaType checks type/subtype and name=value parameters; a charset must be
// known.
func (u dataURI) validMediaType() bool {
	main, sub, ok := strings.Cut(u.mediaType, "/")
	if !ok || !isToken(main) || !isToken(sub) {
		return false
	}
	for _, p := range u.params {
		name, value, valued := strings.Cut(strings.TrimSpace(p), "=")
		if !isToken(name) || valued && !isToken(strings.Trim(value, `"`)) {
			return false
		}
		if equalFold(name, "charset") {
			if _, known := charset(strings.Trim(value, `"`)); !known {
				return false
			}
		}
	}
	return true
}

// isToken reports whether s is a token of HTTP.
func isToken(s string) bool {
	for _, c := range s {
		if c <= ' ' || c >= 0x7F || strings.ContainsRune(`()<>@,;:\"/[]?={}`, c) {
			return false
		}
	}
	return s != ""
}

func (c invocation) dataURI() (dataURI, error) {
	s, err := c.onlyText()
	if err != nil {
		return dataURI{}, err
	}
	u, ok := parseDataURI(s)
	if !ok {
		return dataURI{}, c.badDataURI()
	}
	return u, nil
}

// badDataURI complains about the argument.
func (c invocation) badDataURI() error {
	return c.fail(ArgumentError, "expects its parameter to be formatted as a valid data URI. The provided value '%s' was not formatted correctly. %s", shown(c.args[0].str), c.see())
}

func evalDataURIToBinary(c invocation) (Value, error) {
	u, err := c.dataURI()
	if err != nil {
		return Value{}, err
	}
	if !u.validMediaType() {
		return Value{}, c.badDataURI()
	}
	if u.base64 {
		return envelopeValue(u.contentType(), u.content), nil
	}
	data, _ := u.bytes()
	return Envelope(u.contentType(), data), nil
}

// evalDataURIToString takes the text as UTF-8; a charset that comes first must say so.
func evalDataURIToString(c invocation) (Value, error) {
	u, err := c.dataURI()
	if err != nil {
		return Value{}, err
	}
	if len(u.params) > 0 {
		name, value, _ := strings.Cut(strings.TrimSpace(u.params[0]), "=")
		if equalFold(name, "charset") && !equalFold(value, "utf-8") {
			return Value{}, c.notValid("The charset '%s' of the data URI is not supported.", value)
		}
	}
	data, ok := u.bytes()
	if !ok {
		return Value{}, c.notConvertible()
	}
	return String(decodeUTF8(data)), nil
}

// evalDecodeDataURI gives text as a string, JSON parsed, the rest as an envelope. The
// charset is us-ascii if none is named (measured; RFC 2397).
func evalDecodeDataURI(c invocation) (Value, error) {
	u, err := c.dataURI()
	if err != nil {
		return Value{}, err
	}
	data, ok := u.bytes()
	if !ok {
		return Value{}, c.notConvertible()
	}
	contentType := u.contentType()
	if parameter(contentType, "charset") == "" {
		contentType += ";charset=us-ascii"
	}
	switch media := strings.ToLower(u.mediaType); {
	case strings.HasPrefix(media, "text/"):
		return String(envelope{contentType: contentType, content: data}.text()), nil
	case media == "application/json" || strings.HasSuffix(media, "+json"):
		v, err := ReadJSON(data)
		if err != nil {
			return Value{}, c.notValid("The content is not JSON: %s", err.Error())
		}
		return v, nil
	}
	return Envelope(contentType, data), nil
}
