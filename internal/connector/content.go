package connector

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
	"unsafe"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"

	"isle/expr"
)

// ContentError says that a body is not what its Content-Type promises.
type ContentError struct {
	ContentType string
	Reason      string
}

func (e *ContentError) Error() string { return e.Reason }

const (
	contentTypeMember = "$content-type"
	contentMember     = "$content"
	octetStream       = "application/octet-stream"
	textDefault       = "text/plain; charset=utf-8"
	jsonDefault       = "application/json; charset=utf-8"
)

// ReadBody turns a received body into a value (wdl-semantics §7.1). An empty body
// is absent. The value may keep the bytes: the caller must not change them.
func ReadBody(contentType string, body []byte) (v expr.Value, present bool, err error) {
	if len(body) == 0 {
		return expr.Null(), false, nil
	}
	media, params := parseMediaType(contentType)
	switch {
	case isJSON(media):
		v, err = readJSON(contentType, params["charset"], body)
	case strings.HasPrefix(media, "text/"):
		var text []byte
		text, err = decode(contentType, params["charset"], body)
		v = expr.String(string(text))
	case media == "application/x-www-form-urlencoded":
		v = Envelope(contentType, body, expr.Member{Name: "$formdata", Value: readForm(body)})
	case strings.HasPrefix(media, "multipart/"):
		var parts expr.Value
		if parts, err = readMultipart(contentType, params["boundary"], body); err == nil {
			v = Envelope(contentType, body, expr.Member{Name: "$multipart", Value: parts})
		}
	case contentType == "":
		v = Envelope(octetStream, body)
	default:
		v = Envelope(contentType, body)
	}
	return v, err == nil, err
}

// ReadContent is ReadBody for a message. Content that is still encoded cannot be
// read as what its type says and stays an envelope.
func ReadContent(h http.Header, body []byte) (v expr.Value, present bool, err error) {
	contentType := h.Get("Content-Type")
	if encoding := h.Get("Content-Encoding"); len(body) > 0 && encoding != "" && !strings.EqualFold(encoding, "identity") {
		return Envelope(cmp.Or(contentType, octetStream), body), true, nil
	}
	return ReadBody(contentType, body)
}

// Envelope wraps bytes as {"$content-type","$content"} and further members.
func Envelope(contentType string, body []byte, more ...expr.Member) expr.Value {
	members := append(make([]expr.Member, 0, 2+len(more)),
		expr.Member{Name: contentTypeMember, Value: expr.String(contentType)},
		expr.Member{Name: contentMember, Value: expr.String(base64.StdEncoding.EncodeToString(body))})
	return expr.Object(append(members, more...)...)
}

// Body is what is sent of a value, in the form that needs no copy of it.
type Body struct {
	text  string
	bytes []byte // unless there is a text
}

// BodyOf is [WriteBody], without copying the text of a large value.
func BodyOf(v expr.Value) (b Body, contentType string, err error) {
	text, ok := v.JSONText()
	if _, envelope := v.Get(contentTypeMember); ok && !envelope {
		return Body{text: text}, jsonDefault, nil
	}
	b.bytes, contentType, err = WriteBody(v)
	return b, contentType, err
}

// Len is its length in bytes.
func (b Body) Len() int { return len(b.text) + len(b.bytes) }

// Bytes is a copy of it.
func (b Body) Bytes() []byte { return append([]byte(b.text), b.bytes...) }

// Send writes it.
func (b Body) Send(w io.Writer) error {
	if b.text == "" {
		_, err := w.Write(b.bytes)
		return err
	}
	// The text goes in pieces: few writers take a string without making bytes of it.
	r := strings.NewReader(b.text)
	_, err := io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{r}, make([]byte, min(b.Len(), sendPiece)))
	return err
}

const sendPiece = 64 << 10

// WriteBody turns a value into what is sent, with the Content-Type that goes with
// it unless the author gave one (wdl-semantics §7.2). A null body is none.
func WriteBody(v expr.Value) (body []byte, contentType string, err error) {
	switch v.Kind() {
	case expr.KindNull:
		return nil, "", nil
	case expr.KindString:
		text, _ := v.AsString()
		return []byte(text), textDefault, nil
	case expr.KindObject:
		if body, contentType, is, err := writeEnvelope(v); is || err != nil {
			return body, contentType, err
		}
	}
	return v.AppendJSON(nil), jsonDefault, nil
}

// writeEnvelope unwraps an envelope; is reports whether the object was one.
func writeEnvelope(v expr.Value) (body []byte, contentType string, is bool, err error) {
	typ, ok := v.Get(contentTypeMember)
	if !ok {
		return nil, "", false, nil
	}
	contentType, ok = typ.AsString()
	if !ok {
		return nil, "", false, nil
	}
	if content, ok := v.Get(contentMember); ok {
		text, ok := content.AsString()
		if !ok {
			return nil, "", false, nil
		}
		body, err = base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, "", true, &ContentError{contentType, "the $content of the body is not valid base64"}
		}
		return body, contentType, true, nil
	}
	if parts, ok := v.Get("$multipart"); ok && parts.Kind() == expr.KindArray {
		body, contentType, err = writeMultipart(contentType, parts)
		return body, contentType, true, err
	}
	return nil, "", false, nil
}

// parseMediaType is lenient: what cannot be parsed has no parameters.
func parseMediaType(contentType string) (media string, params map[string]string) {
	switch contentType { // the two that nearly every request has
	case "application/json", "text/plain":
		return contentType, nil
	case "application/json; charset=utf-8":
		return "application/json", nil
	}
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
		media, _, _ = strings.Cut(contentType, ";")
		media = strings.ToLower(strings.TrimSpace(media))
	}
	return media, params
}

func isJSON(media string) bool {
	return media == "application/json" || strings.HasSuffix(media, "+json")
}

// readJSON reads in the service's lenient way (wdl-semantics §5).
func readJSON(contentType, charset string, body []byte) (expr.Value, error) {
	text, err := decode(contentType, charset, body)
	if err != nil {
		return expr.Null(), err
	}
	v, err := expr.ReadJSON(unsafe.String(unsafe.SliceData(text), len(text))) // the caller does not change them
	if err != nil {
		return expr.Null(), &ContentError{contentType, err.Error()}
	}
	return v, nil
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// decode gives UTF-8 without a byte order mark.
func decode(contentType, charset string, body []byte) ([]byte, error) {
	switch charset = strings.ToLower(charset); charset {
	case "", "utf-8", "utf8", "us-ascii", "ascii":
		body = bytes.TrimPrefix(body, byteOrderMark)
		if i := invalidUTF8(body); i >= 0 {
			return nil, &ContentError{contentType, fmt.Sprintf("Unable to translate bytes [%02X] at index %d from specified code page to Unicode.", body[i], i)}
		}
		return body, nil
	}
	known := encodingOf(charset)
	if known == nil {
		return nil, &ContentError{contentType, fmt.Sprintf("The character set provided in ContentType is invalid. Cannot read content as string using an invalid character set '%s'.", charset)}
	}
	text, err := known.NewDecoder().Bytes(body)
	if err != nil {
		return nil, &ContentError{contentType, fmt.Sprintf("Unable to translate bytes from code page '%s' to Unicode.", charset)}
	}
	return text, nil
}

// encodingOf is nil for an unknown name.
func encodingOf(charset string) encoding.Encoding {
	switch charset {
	case "utf-16", "utf-16le", "unicode":
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	case "utf-16be":
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	}
	known, err := htmlindex.Get(charset)
	if err != nil || known == encoding.Replacement {
		return nil
	}
	return known
}

func invalidUTF8(b []byte) int {
	if utf8.Valid(b) {
		return -1
	}
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n <= 1 {
			return i
		}
		i += n
	}
	return -1
}

// readForm keeps the order and the repetitions of a form's fields, empty ones too.
func readForm(body []byte) expr.Value {
	var fields []expr.Value
	for pair := range strings.SplitSeq(string(body), "&") {
		key, value, _ := strings.Cut(pair, "=")
		fields = append(fields, expr.Object(
			expr.Member{Name: "key", Value: expr.String(unescapeForm(key))},
			expr.Member{Name: "value", Value: expr.String(unescapeForm(value))}))
	}
	return expr.Array(fields...)
}

// unescapeForm leaves text with a broken escape as it came, like .NET.
func unescapeForm(s string) string {
	decoded, err := url.QueryUnescape(s)
	if err != nil {
		return s
	}
	return strings.ToValidUTF8(decoded, "\uFFFD")
}
