package expr

// The text form of values and content envelopes (wdl-semantics §5, §7).

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/ianaindex"
)

// Text returns the text form of v, as string(), concat and interpolation use it:
// nothing for null, True and False, strings themselves, compact JSON for arrays and
// objects, the decoded text for content envelopes. Of a reference it is empty:
// expressions never get there (see Unloaded).
func (v Value) Text() string {
	if v.kind == KindString {
		return v.str
	}
	return string(v.appendText(nil))
}

func (v Value) appendText(dst []byte) []byte {
	switch v.kind {
	case KindNull, KindReference:
		return dst
	case KindBool:
		if v.num != 0 {
			return append(dst, "True"...)
		}
		return append(dst, "False"...)
	case KindFloat:
		return appendFloat(dst, math.Float64frombits(v.num))
	case KindDecimal:
		return appendDecimal(dst, v.node.dec)
	case KindString:
		return append(dst, v.str...)
	case KindObject:
		if e, ok := v.envelope(); ok {
			return append(dst, e.text()...)
		}
	}
	return v.AppendJSON(dst)
}

// envelope is a content envelope taken apart.
type envelope struct {
	contentType string
	content     []byte
	base64      string // content as it stands in the envelope
}

const (
	typeBinary = "application/octet-stream"
	typeXML    = "application/xml;charset=utf-8"
	typeJSON   = "application/json;charset=utf-8"
	typeText   = "text/plain;charset=utf-8"
)

// envelope takes v apart if it is a content envelope: an object with the strings
// $content-type and $content, the latter in base64.
func (v Value) envelope() (envelope, bool) {
	if v.kind != KindObject || !v.maybeEnvelope() {
		return envelope{}, false
	}
	contentType, ok := v.exact("$content-type")
	if !ok || contentType.kind != KindString {
		return envelope{}, false
	}
	content, ok := v.exact("$content")
	if !ok || content.kind != KindString {
		return envelope{}, false
	}
	data, err := decodeBase64(content.str)
	if err != nil {
		return envelope{}, false
	}
	return envelope{contentType.str, data, content.str}, true
}

// textProblem says why v has no text: a content envelope whose content is no base64
// or whose type is malformed; "" if it has one.
func (v Value) textProblem() string {
	if v.kind != KindObject || !v.maybeEnvelope() {
		return ""
	}
	contentType, _ := v.exact("$content-type")
	content, _ := v.exact("$content")
	if contentType.kind != KindString || content.kind != KindString {
		return ""
	}
	if _, err := decodeBase64(content.str); err != nil {
		return "The content of the envelope cannot be decoded from base64 representation."
	}
	_, parameters, _ := strings.Cut(contentType.str, ";")
	for part := range strings.SplitSeq(parameters, ";") {
		if part = strings.TrimSpace(part); part != "" && !strings.Contains(part, "=") {
			return "The content type '" + shown(contentType.str) + "' of the envelope is malformed."
		}
	}
	return ""
}

// excerpt is v as indented JSON for a message, at most a thousand bytes of it.
func (v Value) excerpt() string {
	if v.weight() > 1000 || v.HasReference() {
		return v.TypeName()
	}
	var b bytes.Buffer
	if err := json.Indent(&b, v.JSON(), "", "  "); err != nil {
		return v.TypeName()
	}
	return b.String()
}

// maybeEnvelope rules most objects out without decoding them.
func (v Value) maybeEnvelope() bool {
	if t := v.node.text; t != "" {
		return strings.Contains(t, `"$content"`)
	}
	return v.node.findExact("$content") >= 0
}

// Envelope returns a content envelope around bytes (wdl-semantics §7.1).
func Envelope(contentType string, content []byte) Value {
	return envelopeValue(contentType, base64.StdEncoding.EncodeToString(content))
}

func envelopeValue(contentType, content string) Value {
	return objectOf([]Member{{"$content-type", String(contentType)}, {"$content", String(content)}})
}

// EnvelopeContent returns the type and the bytes of a content envelope.
func (v Value) EnvelopeContent() (contentType string, content []byte, ok bool) {
	e, ok := v.envelope()
	return e.contentType, e.content, ok
}

// text decodes the content by the charset of its type, UTF-8 if there is none.
func (e envelope) text() string {
	decode, ok := charset(parameter(e.contentType, "charset"))
	if !ok {
		decode = decodeUTF8
	}
	return decode(e.content)
}

// isXML reports whether the type is XML.
func (e envelope) isXML() bool {
	media, _, _ := strings.Cut(e.contentType, ";")
	media = strings.ToLower(strings.TrimSpace(media))
	return media == "application/xml" || media == "text/xml" || strings.HasSuffix(media, "+xml")
}

// parameter returns a parameter of a content type, "" if it is missing.
func parameter(contentType, name string) string {
	parts := strings.Split(contentType, ";")
	for _, part := range parts[1:] {
		key, value, _ := strings.Cut(part, "=")
		if strings.EqualFold(strings.TrimSpace(key), name) {
			return strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return ""
}

// decodeBase64 accepts what .NET accepts: white space anywhere, padding required.
func decodeBase64(s string) ([]byte, error) {
	if strings.ContainsAny(s, " \t\r\n") {
		s = strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "").Replace(s)
	}
	return base64.StdEncoding.DecodeString(s)
}

// charset returns the decoder of a charset; the empty name means UTF-8.
func charset(name string) (func([]byte) string, bool) {
	switch strings.ToLower(name) {
	case "", "utf-8", "utf8":
		return decodeUTF8, true
	case "us-ascii", "ascii":
		return decodeASCII, true
	case "iso-8859-1", "latin1":
		return decodeLatin1, true
	case "utf-16", "utf-16le", "ucs-2", "unicode":
		return func(b []byte) string { return decodeUTF16(b, false) }, true
	case "utf-16be":
		return func(b []byte) string { return decodeUTF16(b, true) }, true
	}
	known, err := ianaindex.IANA.Encoding(name)
	if err != nil || known == nil {
		return nil, false
	}
	return func(b []byte) string {
		text, _ := known.NewDecoder().Bytes(b) // what is malformed becomes U+FFFD
		return string(text)
	}, true
}

func decodeUTF8(b []byte) string { return validUTF8(string(b)) }

// validUTF8 puts U+FFFD in the place of what is no UTF-8: one for each sequence that
// ends too early and for each byte that begins none, as .NET does.
func validUTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		c, size := utf8.DecodeRuneInString(s[i:])
		if c == utf8.RuneError && size == 1 {
			size = truncated(s[i:])
		}
		b.WriteRune(c)
		i += size
	}
	return b.String()
}

// truncated is the length of the beginning of a character that s, which begins with
// no whole one, begins with; 1 if there is none.
func truncated(s string) int {
	size := 1
	for size < min(3, len(s)) && !utf8.FullRuneInString(s[:size+1]) {
		size++
	}
	return size
}

func decodeASCII(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		if c >= utf8.RuneSelf {
			c = '?'
		}
		s.WriteByte(c)
	}
	return s.String()
}

func decodeLatin1(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		s.WriteRune(rune(c))
	}
	return s.String()
}

func decodeUTF16(b []byte, bigEndian bool) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		low, high := b[2*i], b[2*i+1]
		if bigEndian {
			low, high = high, low
		}
		units[i] = uint16(low) | uint16(high)<<8
	}
	return strings.TrimPrefix(string(utf16.Decode(units)), "\uFEFF")
}
