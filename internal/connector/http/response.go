package http

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector"
	"isle/wdl"
)

// Response is an answer, read whole and decoded.
type Response struct {
	URL        *url.URL // of the request that it answers, after redirects
	StatusCode int
	Header     http.Header
	Body       []byte

	encoded bool // Body is as it came, under its Content-Encoding
}

// errTooLarge and errBomb refuse what a peer sends too much of.
var (
	errTooLarge = errors.New("the response is larger than the limit")
	errBomb     = errors.New("the compressed response grows beyond what is plausible")
)

const (
	// Decompressed content may always have this size…
	freeDecompressed = 10 << 20
	// …and beyond it this many bytes for each compressed one.
	maxRatio = 100
)

// readAll reads an answer's body within bounds and removes its encoding, along
// with the headers that no longer describe it.
func readAll(answer *http.Response, decompress bool, limit int64, room *connector.Room) ([]byte, error) {
	if answer.Request != nil && answer.Request.Method == http.MethodHead {
		return nil, nil // its headers describe what a GET would give
	}
	if answer.ContentLength > limit {
		return nil, errTooLarge
	}
	encoded := &counter{r: answer.Body}
	var reader io.Reader = encoded
	length := answer.ContentLength
	if decompress {
		decoded, err := decoder(answer.Header.Get("Content-Encoding"), encoded)
		if errors.Is(err, io.EOF) {
			return nil, nil // an encoding of nothing
		}
		if err != nil {
			return nil, err
		}
		if decoded != nil {
			answer.Header.Del("Content-Encoding")
			answer.Header.Del("Content-Length")
			reader, length = &bounded{r: decoded, in: encoded}, -1
		}
	}
	body, err := connector.ReadAll(reader, length, limit, room)
	if errors.Is(err, connector.ErrTooLong) {
		err = errTooLarge
	}
	return body, err
}

// decodeAll removes the encoding of a body that was read as it came.
func decodeAll(h http.Header, body []byte, limit int64, room *connector.Room) ([]byte, error) {
	return readAll(&http.Response{Header: h, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body))}, true, limit, room)
}

// decoder is nil for an encoding that is left as it is.
func decoder(encoding string, r io.Reader) (io.Reader, error) {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "gzip", "x-gzip":
		return gzip.NewReader(r)
	case "deflate":
		// Meant is zlib; some send the bare stream.
		buffered := bufio.NewReader(r)
		head, err := buffered.Peek(2)
		if err != nil {
			return nil, err
		}
		if head[0]&0x0f == 8 && (uint(head[0])<<8|uint(head[1]))%31 == 0 {
			return zlib.NewReader(buffered)
		}
		return flate.NewReader(buffered), nil
	}
	return nil, nil
}

// counter counts what passes.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// bounded stops decompression that yields too much for what went in.
type bounded struct {
	r   io.Reader
	in  *counter
	out int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.out += int64(n)
	if b.out > freeDecompressed+maxRatio*b.in.n {
		return 0, errBomb
	}
	return n, err
}

// outcome is the answer as the engine sees it: 4xx and 5xx fail without an error
// object, their outputs are kept (wdl-semantics §11.11).
func (a *Response) outcome(c connector.Call, now time.Time) engine.Outcome {
	body, present, err := connector.ReadContent(a.Header, a.Body)
	if err != nil {
		return failed(codeBadRequest, fmt.Sprintf("Http request failed as the content was not valid: '%s'.", err))
	}
	members := append(make([]expr.Member, 0, 3),
		expr.Member{Name: "statusCode", Value: expr.Int(int64(a.StatusCode))},
		expr.Member{Name: "headers", Value: connector.ReadHeaders(a.Header, nil)})
	if present {
		members = append(members, expr.Member{Name: "body", Value: body})
	}
	out := engine.Outcome{
		Status:           wdl.Succeeded,
		StatusCode:       a.StatusCode,
		Outputs:          expr.Object(members...),
		HasOutputs:       true,
		RetryAfter:       RetryAfter(a.Header.Get("Retry-After"), now),
		ServiceRequestID: serviceRequestID(a.Header),
	}
	if a.StatusCode >= 400 {
		out.Status = wdl.Failed
	}
	if location := a.Header.Get("Location"); location != "" && a.continued(c.Subject) {
		if u, err := resolve(a.URL, location); err == nil {
			out.Poll = &engine.Poll{URL: u.String(), RetryAfter: out.RetryAfter}
		}
	}
	return out
}

// continued says whether a Location is where to ask next: of an asynchronous
// operation (wdl-semantics §11.11), or at the next poll of a trigger (§10.3).
func (a *Response) continued(s engine.Subject) bool {
	switch a.StatusCode {
	case http.StatusAccepted:
		return !s.Options.Has(wdl.DisableAsyncPattern)
	case http.StatusOK:
		return s.Trigger
	}
	return false
}

func serviceRequestID(h http.Header) string {
	if id := h.Get("x-ms-request-id"); id != "" {
		return id
	}
	return h.Get("request-id")
}

const maxRetryAfter = 366 * 24 * time.Hour

// RetryAfter reads the header of that name, seconds or a date; 0 is none.
func RetryAfter(text string, now time.Time) time.Duration {
	if text == "" {
		return 0
	}
	if seconds, err := strconv.ParseUint(strings.TrimSpace(text), 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(at.Sub(now), 0), maxRetryAfter)
	}
	return 0
}
