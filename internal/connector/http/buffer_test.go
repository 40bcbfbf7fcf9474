package http

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"isle/internal/connector"
)

// Answers are counted while they are read, whole, encoded, in parts and in pages; what has
// no place beside the others fails with a code of its own and may be tried again.
func TestAnswersHaveABuffer(t *testing.T) {
	const size = 100_000
	text := strings.Repeat("x", size)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		switch r.URL.Path {
		case "/whole":
			_, _ = w.Write([]byte(text))
		case "/encoded":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = z.Write([]byte(text))
			_ = z.Close()
		case "/parts":
			var first int
			if n, _ := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &first); n == 0 {
				first = 0
			}
			r.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", first, first+size-1))
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader([]byte(text+text)))
		case "/pages":
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"value":[%q],"nextLink":"/pages?p=1"}`, text)
		}
	}))
	defer server.Close()
	f := newFixture(t, Options{})
	for _, c := range []struct {
		path   string
		change func(*connector.Call)
		counts int64 // bytes, about
	}{
		{"/whole", func(*connector.Call) {}, size},
		{"/encoded", func(*connector.Call) {}, size},
		{"/parts", func(c *connector.Call) { c.Subject.Chunked = true }, 2 * size},
		{"/pages", func(c *connector.Call) { c.Subject.Pagination = 3 }, 3 * size},
	} {
		for free, code := range map[int64]string{c.counts + size/2: "OK", c.counts - size/2: "BufferedSizeLimitExceeded"} {
			b := connector.NewBuffer(10 * size)
			others := b.Room()
			_ = others.Take(10*size - free)
			call := f.call(`{"method":"GET","uri":"` + server.URL + c.path + `"}`)
			c.change(&call)
			call.Room = b.Room()
			out := f.op.Perform(context.Background(), call)
			if _, got := out.Verdict(); got != code || out.Retryable != (code != "OK") {
				t.Errorf("%s with %d bytes free: %s %v", c.path, free, got, out.Error)
			}
			if held := b.Held() - (10*size - free); code == "OK" && (held < c.counts || held > c.counts+1000) {
				t.Errorf("%s: %d bytes are counted", c.path, held)
			}
			call.Room.Release()
			if b.Held() != 10*size-free {
				t.Errorf("%s: %d bytes are left", c.path, b.Held())
			}
		}
	}
}
