package gateway

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"isle/internal/connector"
)

const readChunk = 1 << 20

// readBody reads a trigger's body of most bytes within bounds of memory over all
// requests, and of time: each megabyte has a deadline, so that a slow sender cannot
// hold a connection for nothing. The caller calls release when the body is no
// longer needed.
func (g *Gateway) readBody(w http.ResponseWriter, r *http.Request, most int64) (body []byte, release func(), err error) {
	release = func() {}
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		return nil, release, nil
	}
	if r.ContentLength > most {
		return nil, release, tooLarge(most)
	}
	room := g.buffer.Room()
	from := &steady{r: r.Body, control: http.NewResponseController(w), timeout: g.config.BodyTimeout}
	body, err = connector.ReadAll(from, r.ContentLength, most, room)
	var full *connector.FullError
	switch {
	case err == nil:
		from.end()
		return body, room.Release, nil
	case errors.Is(err, connector.ErrTooLong):
		err = tooLarge(most)
	case errors.As(err, &full) && full.Passing():
		err = errBusy()
	case full != nil:
		err = tooLarge(full.Most)
	default:
		err = readError(err)
	}
	room.Release()
	return nil, release, err
}

// steady reads a body that must keep coming: each megabyte has a deadline of its own.
type steady struct {
	r       io.Reader
	control *http.ResponseController
	timeout time.Duration
	left    int // until the next deadline
}

func (s *steady) Read(p []byte) (int, error) {
	if s.left <= 0 {
		s.left = readChunk
		_ = s.control.SetReadDeadline(time.Now().Add(s.timeout)) // not supported by a recorder
	}
	n, err := s.r.Read(p[:min(len(p), readChunk)])
	s.left -= n
	return n, err
}

// end lifts the deadline.
func (s *steady) end() { _ = s.control.SetReadDeadline(time.Time{}) }

func tooLarge(most int64) error {
	return &failure{
		status:  http.StatusRequestEntityTooLarge,
		code:    "RequestEntityTooLarge",
		message: fmt.Sprintf("The request content is larger than the limit of %d bytes. Send it in parts, or a link to it.", most),
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
