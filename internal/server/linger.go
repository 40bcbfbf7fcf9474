package server

import (
	"io"
	"net/http"
	"time"
)

// Bounds of what is read, and thrown away, of a body that was refused.
const (
	lingerTime  = 10 * time.Second
	lingerBytes = 1 << 30
)

// lingering goes on receiving a body that the answer did not wait for. A client that
// sends all before it reads would otherwise find the connection closed and never see
// why.
func lingering(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body == nil || r.Body == http.NoBody || r.Header.Get("Expect") != "" { // who expects a word first does not send without it
			next.ServeHTTP(w, r)
			return
		}
		body := &watched{ReadCloser: r.Body}
		r.Body = body
		next.ServeHTTP(w, r)
		if body.ended {
			return
		}
		control := http.NewResponseController(w)
		if control.Flush() == nil && control.SetReadDeadline(time.Now().Add(lingerTime)) == nil {
			_, _ = io.CopyN(io.Discard, body, lingerBytes)
		}
	})
}

// watched is a body that knows whether there can be more of it.
type watched struct {
	io.ReadCloser
	ended bool // its end, or an error, was read
}

func (b *watched) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.ended = b.ended || err != nil
	return n, err
}
