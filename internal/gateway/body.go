package gateway

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

const (
	// Bodies up to this size are not counted against MaxBuffered.
	freeBody  = 64 << 10
	readChunk = 1 << 20
)

// readBody reads a trigger's body within bounds of size, of memory over all
// requests, and of time: each megabyte has a deadline, so that a slow sender cannot
// hold a connection for nothing. The caller calls release when the body is no
// longer needed.
func (g *Gateway) readBody(w http.ResponseWriter, r *http.Request) (body []byte, release func(), err error) {
	release = func() {}
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		return nil, release, nil
	}
	if r.ContentLength > g.config.MaxBody {
		return nil, release, g.tooLarge()
	}
	var held int64
	release = func() { g.buffered.Add(-held); held = 0 }
	defer func() {
		if err != nil {
			release()
		}
	}()
	size := int64(4 << 10)
	if r.ContentLength > 0 {
		size = min(r.ContentLength, readChunk) + 1 // and one to see the end
	}
	body = make([]byte, 0, size)
	control := http.NewResponseController(w)
	mark := 0 // where the next deadline begins
	for {
		if len(body) == cap(body) {
			grown := min(int64(cap(body))*2, g.config.MaxBody+1)
			if r.ContentLength >= int64(len(body)) { // who has sent this much may send what it said
				grown = r.ContentLength + 1
			}
			if grown > freeBody {
				more := grown - held
				if g.buffered.Add(more) > g.config.MaxBuffered {
					g.buffered.Add(-more)
					return nil, release, errBusy()
				}
				held = grown
			}
			body = append(make([]byte, 0, grown), body...)
		}
		if len(body) >= mark {
			mark = len(body) + readChunk
			_ = control.SetReadDeadline(time.Now().Add(g.config.BodyTimeout)) // not supported by a recorder
		}
		n, err := r.Body.Read(body[len(body):min(cap(body), len(body)+readChunk)])
		body = body[:len(body)+n]
		switch {
		case int64(len(body)) > g.config.MaxBody:
			return nil, release, g.tooLarge()
		case errors.Is(err, io.EOF):
			_ = control.SetReadDeadline(time.Time{})
			return body, release, nil
		case err != nil:
			return nil, release, readError(err)
		}
	}
}

func (g *Gateway) tooLarge() error {
	return &failure{
		status:  http.StatusRequestEntityTooLarge,
		code:    "RequestEntityTooLarge",
		message: fmt.Sprintf("The request content is larger than the limit of %d bytes. Send it in parts, or a link to it.", g.config.MaxBody),
		header:  http.Header{"Connection": {"close"}},
	}
}

func errBusy() error {
	return &failure{
		status:  http.StatusServiceUnavailable,
		code:    "ServerBusy",
		message: "Too many large requests are being received. Try again later.",
		header:  http.Header{"Connection": {"close"}, "Retry-After": {"10"}},
	}
}

func readError(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &failure{status: http.StatusRequestTimeout, code: "RequestTimeout", message: "The request content did not arrive in time.", header: http.Header{"Connection": {"close"}}}
	}
	return &failure{status: http.StatusBadRequest, code: "InvalidRequestContent", message: "The request content could not be read.", header: http.Header{"Connection": {"close"}}}
}
