package connector

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/textproto"
	"slices"
	"strconv"
	"strings"

	"isle/expr"
)

// maxParts bounds how many parts of a multipart body are looked at.
const maxParts = 10_000

// readMultipart gives [{"headers": {…, "Content-Length": "n"}, "body": …}…]. A part
// that says it is text is a string, every other one an envelope.
func readMultipart(contentType, boundary string, body []byte) (expr.Value, error) {
	if boundary == "" {
		return expr.Null(), &ContentError{contentType, "the multipart content has no boundary"}
	}
	reader := multipart.NewReader(bytes.NewReader(body), boundary)
	var parts []expr.Value
	for {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			return expr.Array(parts...), nil
		}
		if err == nil && len(parts) == maxParts {
			err = errors.New("it has more than " + strconv.Itoa(maxParts) + " parts")
		}
		if err != nil {
			return expr.Null(), &ContentError{contentType, "the multipart content is not valid: " + err.Error()}
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return expr.Null(), &ContentError{contentType, "the multipart content is not valid: " + err.Error()}
		}
		v, err := readPart(part.Header, content)
		if err != nil {
			return expr.Null(), err
		}
		parts = append(parts, v)
	}
}

func readPart(header textproto.MIMEHeader, content []byte) (expr.Value, error) {
	var headers []expr.Member
	for _, name := range slices.Sorted(maps.Keys(header)) {
		if name != "Content-Length" {
			headers = append(headers, expr.Member{Name: name, Value: expr.String(strings.Join(header[name], ","))})
		}
	}
	headers = append(headers, expr.Member{Name: "Content-Length", Value: expr.String(strconv.Itoa(len(content)))})
	contentType := header.Get("Content-Type")
	var body expr.Value
	if media, params := parseMediaType(contentType); strings.HasPrefix(media, "text/") {
		text, err := decode(contentType, params["charset"], content)
		if err != nil {
			return expr.Null(), err
		}
		body = expr.String(string(text))
	} else {
		if contentType == "" {
			contentType = octetStream
		}
		body = Envelope(contentType, content)
	}
	return expr.Object(expr.Member{Name: "headers", Value: expr.Object(headers...)}, expr.Member{Name: "body", Value: body}), nil
}

// writeMultipart joins the parts with a boundary that the type names, or one of
// its own.
func writeMultipart(contentType string, parts expr.Value) ([]byte, string, error) {
	media, params := parseMediaType(contentType)
	if params == nil {
		params = map[string]string{}
	}
	boundary := params["boundary"]
	if boundary == "" {
		boundary = "isle-" + rand.Text()
		params["boundary"] = boundary
	}
	var out bytes.Buffer
	w := multipart.NewWriter(&out)
	if err := w.SetBoundary(boundary); err != nil {
		return nil, "", &ContentError{contentType, "the boundary of the multipart body is not valid"}
	}
	for _, part := range parts.Elements() {
		if err := writePart(w, part); err != nil {
			return nil, "", err
		}
	}
	if err := w.Close(); err != nil {
		return nil, "", err
	}
	return out.Bytes(), mime.FormatMediaType(media, params), nil
}

func writePart(w *multipart.Writer, part expr.Value) error {
	body, _ := part.Get("body")
	content, contentType, err := WriteBody(body)
	if err != nil {
		return err
	}
	header := textproto.MIMEHeader{}
	if headers, ok := part.Get("headers"); ok {
		for name, v := range headers.Members() {
			if !ValidHeader(name, v.Text()) {
				return &ContentError{"multipart", "the header '" + name + "' of a part is not valid"}
			}
			header.Set(name, v.Text())
		}
	}
	if header.Get("Content-Type") == "" && contentType != "" {
		header.Set("Content-Type", contentType)
	}
	header.Del("Content-Length")
	p, err := w.CreatePart(header)
	if err != nil {
		return err
	}
	_, err = p.Write(content)
	return err
}
