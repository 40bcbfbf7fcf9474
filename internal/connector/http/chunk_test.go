package http

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector"
	"isle/wdl"
)

// chunks performs a call whose action allows chunking, in chunks of so many bytes.
func (f *fixture) chunks(upload, download int64, progress expr.Value, inputs string) engine.Outcome {
	c := f.call(inputs)
	c.Subject.Chunked, c.Subject.UploadChunk, c.Subject.DownloadChunk, c.Progress = true, upload, download, progress
	return f.op.Perform(context.Background(), c)
}

// receiver is an endpoint of the upload protocol.
type receiver struct {
	body    []byte
	seen    []string
	size    int            // what it suggests; 0: nothing
	accepts int            // bytes of a chunk that it takes; 0: all
	fail    map[string]int // status instead, once, by Content-Range
}

func (s *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	content, _ := io.ReadAll(r.Body)
	span := r.Header.Get("Content-Range")
	s.seen = append(s.seen, strings.Join(strings.Fields(strings.Join([]string{r.Method, r.URL.Path, r.Header.Get("x-ms-transfer-mode"), r.Header.Get("x-ms-content-length"), span, r.Header.Get("Content-Type"), r.Header.Get("Authorization")}, " ")), " "))
	if status := s.fail[span]; status != 0 {
		delete(s.fail, span)
		w.WriteHeader(status)
		return
	}
	if s.size > 0 {
		w.Header().Set("x-ms-chunk-size", strconv.Itoa(s.size))
	}
	if r.Method != http.MethodPatch {
		w.Header().Set("Location", "up/1?sig=x")
		return
	}
	if s.accepts > 0 {
		content = content[:min(s.accepts, len(content))]
	}
	s.body = append(s.body, content...)
	w.Header().Set("Range", fmt.Sprintf("bytes=0-%d", len(s.body)-1))
	fmt.Fprint(w, "done")
}

// wdl-semantics §12.8: upload.
func TestUploadInChunks(t *testing.T) {
	body := strings.Repeat("0123456789", 1010)
	for _, c := range []struct {
		name     string
		receiver receiver
		chunk    int64
		want     []string
	}{
		{"the endpoint says how long a chunk is", receiver{size: 4096}, 1 << 10, []string{
			"POST /f chunked 10100 secret",
			"PATCH /up/1 bytes=0-4095/10100 text/csv secret", "PATCH /up/1 bytes=4096-8191/10100 text/csv secret", "PATCH /up/1 bytes=8192-10099/10100 text/csv secret"}},
		{"the author says it", receiver{}, 8 << 10, []string{
			"POST /f chunked 10100 secret", "PATCH /up/1 bytes=0-8191/10100 text/csv secret", "PATCH /up/1 bytes=8192-10099/10100 text/csv secret"}},
		{"a part of a chunk is taken", receiver{accepts: 6000}, 8 << 10, []string{
			"POST /f chunked 10100 secret", "PATCH /up/1 bytes=0-8191/10100 text/csv secret", "PATCH /up/1 bytes=6000-10099/10100 text/csv secret"}},
	} {
		s := httptest.NewServer(&c.receiver)
		f := newFixture(t, Options{})
		out := f.chunks(c.chunk, 0, expr.Null(), `{"method":"POST","uri":"`+s.URL+`/f","headers":{"Content-Type":"text/csv"},"body":"`+body+`","authentication":{"type":"Raw","value":"secret"}}`)
		s.Close()
		if out.StatusCode != 200 || string(c.receiver.body) != body || strings.Join(c.receiver.seen, "\n") != strings.Join(c.want, "\n") {
			t.Errorf("%s: %d %v\n%s", c.name, out.StatusCode, out.Error, strings.Join(c.receiver.seen, "\n"))
		}
		if answer, _ := out.Outputs.Get("body"); answer.Text() != "done" {
			t.Errorf("%s: %s", c.name, answer.Text())
		}
	}
}

// wdl-semantics §12.4, §12.8: a chunk that fails is retried by itself.
func TestAChunkThatFails(t *testing.T) {
	r := receiver{size: 4, fail: map[string]int{"bytes=8-11/12": 503}}
	s := httptest.NewServer(&r)
	defer s.Close()
	f := newFixture(t, Options{})
	inputs := `{"method":"PUT","uri":"` + s.URL + `/f","body":"abcdefghijkl"}`
	out := f.chunks(4, 0, expr.Null(), inputs)
	if out.StatusCode != 503 || out.Progress.IsNull() {
		t.Fatalf("%+v", out)
	}
	stored, err := expr.ParseStored(out.Progress.JSON())
	if err != nil {
		t.Fatal(err)
	}
	if out = f.chunks(4, 0, stored, inputs); out.StatusCode != 200 || string(r.body) != "abcdefghijkl" || len(r.seen) != 5 {
		t.Errorf("%+v %q\n%s", out, r.body, strings.Join(r.seen, "\n"))
	}
}

// wdl-semantics §12.8: what goes in one piece, though chunks are allowed, and
// endpoints without support.
func TestUploadInOnePiece(t *testing.T) {
	var seen []string
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		seen = append(seen, fmt.Sprintf("%s %q %d", r.Method, r.Header.Get("x-ms-transfer-mode"), len(body)))
		if r.URL.Path == "/accepted" {
			w.Header().Set("Location", "/x")
			w.WriteHeader(http.StatusAccepted)
		}
	})
	f := newFixture(t, Options{MaxBody: 100})
	long := strings.Repeat("x", 101)
	for _, c := range []struct {
		name, method, path, body string
		chunk                    int64
		status                   int
		code, seen               string
	}{
		{"below the size of a message", "POST", "/", "short", 0, 200, "", `POST "" 5`},
		{"below the size of a chunk", "POST", "/", "short", 50, 200, "", `POST "" 5`},
		{"no body", "POST", "/", "", 50, 200, "", `POST "" 0`},
		{"PATCH", "PATCH", "/", "longer", 2, 200, "", `PATCH "" 6`},
		{"no support", "POST", "/", long, 0, 0, "BadRequest", `POST "chunked" 0`},
		{"asynchronous", "POST", "/accepted", long, 0, 0, "BadRequest", `POST "chunked" 0`},
	} {
		seen = nil
		out := f.chunks(c.chunk, 0, expr.Null(), `{"method":"`+c.method+`","uri":"`+url+c.path+`","body":"`+c.body+`"}`)
		if out.StatusCode != c.status || out.Code != c.code || strings.Join(seen, ",") != c.seen || out.Retryable {
			t.Errorf("%s: %d %s %v %v", c.name, out.StatusCode, out.Code, out.Error, seen)
		}
	}
	if out := f.perform(`{"method":"POST","uri":"` + url + `","body":"` + long + `"}`); out.Code != "RequestSizeLimitExceeded" || out.Retryable {
		t.Errorf("above the limit without chunks: %+v", out)
	}
	f = newFixture(t, Options{MaxBody: 10, MaxChunked: 100})
	if out := f.chunks(0, 0, expr.Null(), `{"method":"POST","uri":"`+url+`","body":"`+long+`"}`); out.Code != "RequestSizeLimitExceeded" {
		t.Errorf("above the limit of chunks: %+v", out)
	}
}

func TestUploadsThatCannotEnd(t *testing.T) {
	for name, confirmed := range map[string]string{"nothing new": "bytes=0-1", "more than was sent": "bytes=0-99", "no range": "items=1"} {
		patches := 0
		url := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "/x")
			if r.Method == http.MethodPatch {
				if patches++; patches > 1 {
					w.Header().Set("Range", confirmed)
				}
			}
		})
		out := newFixture(t, Options{}).chunks(4, 0, expr.Null(), `{"method":"POST","uri":"`+url+`","body":"abcdefghijkl"}`)
		if out.Status != wdl.Failed || out.Code != "BadRequest" || patches != 2 {
			t.Errorf("%s: %+v %v", name, out, out.Error)
		}
	}
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "/x")
		w.Header().Set("x-ms-chunk-size", "1")
	})
	out := newFixture(t, Options{}).chunks(4, 0, expr.Null(), `{"method":"POST","uri":"`+url+`","body":"`+strings.Repeat("x", 2*maxChunks)+`"}`)
	if out.Code != "BadRequest" || !strings.Contains(out.Error.Message, "too small") {
		t.Errorf("%+v", out)
	}
}

// ranged serves a content in parts.
func ranged(t *testing.T, content []byte, change func(w http.ResponseWriter, r *http.Request) bool) (url string, seen *[]string) {
	seen = new([]string)
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		*seen = append(*seen, r.Header.Get("Range")+r.Header.Get("If-Match"))
		w.Header().Set("Content-Type", "text/plain")
		if change != nil && change(w, r) {
			return
		}
		if w.Header().Get("ETag") == "" {
			w.Header().Set("ETag", `"v1"`)
		}
		if r.Header.Get("Range") == "" { // a server that sends parts unasked
			r.Header.Set("Range", fmt.Sprintf("bytes=0-%d", min(5, len(content)-1)))
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	}), seen
}

// wdl-semantics §12.8: download.
func TestDownloadInChunks(t *testing.T) {
	content := []byte("0123456789abcdefg")
	for _, c := range []struct {
		name string
		size int64
		want string
	}{
		{"as the server sends parts", 0, `, bytes=6-11"v1", bytes=12-16"v1"`},
		{"as the author wants them", 8, `bytes=0-7, bytes=8-15"v1", bytes=16-16"v1"`},
		{"all in one part", 100, `bytes=0-99`},
	} {
		url, seen := ranged(t, content, nil)
		out := newFixture(t, Options{}).chunks(0, c.size, expr.Null(), `{"method":"GET","uri":"`+url+`"}`)
		body, _ := out.Outputs.Get("body")
		headers, _ := out.Outputs.Get("headers")
		length, _ := headers.Get("Content-Length")
		if _, part := headers.Get("Content-Range"); out.StatusCode != 200 || body.Text() != string(content) || part || length.Text() != "17" || strings.Join(*seen, ", ") != c.want {
			t.Errorf("%s: %d %s %v, asked %s", c.name, out.StatusCode, out.Outputs.JSON(), out.Error, strings.Join(*seen, ", "))
		}
	}
}

// wdl-semantics §12.8: without chunking, or with the author's own Range, a part is a part.
func TestPartsThatAreWanted(t *testing.T) {
	url, _ := ranged(t, []byte("0123456789"), nil)
	f := newFixture(t, Options{})
	if out := f.perform(`{"method":"GET","uri":"` + url + `"}`); out.StatusCode != 206 || out.Status != wdl.Succeeded {
		t.Errorf("%+v", out)
	}
	out := f.chunks(0, 2, expr.Null(), `{"method":"GET","uri":"`+url+`","headers":{"Range":"bytes=3-4"}}`)
	if body, _ := out.Outputs.Get("body"); out.StatusCode != 206 || body.Text() != "34" {
		t.Errorf("%+v", out)
	}
}

// wdl-semantics §12.4, §12.8: a part that fails is retried by itself.
func TestAPartThatFails(t *testing.T) {
	fail := true
	url, seen := ranged(t, []byte("0123456789abcdefg"), func(w http.ResponseWriter, r *http.Request) bool {
		if fail = fail && strings.Contains(r.Header.Get("Range"), "bytes=12"); fail {
			w.WriteHeader(http.StatusServiceUnavailable)
			fail = false
			return true
		}
		fail = !strings.Contains(r.Header.Get("Range"), "bytes=12")
		return false
	})
	f := newFixture(t, Options{})
	out := f.chunks(0, 0, expr.Null(), `{"method":"GET","uri":"`+url+`"}`)
	if out.StatusCode != 503 || out.Progress.IsNull() {
		t.Fatalf("%+v", out)
	}
	stored, err := expr.ParseStored(out.Progress.JSON())
	if err != nil {
		t.Fatal(err)
	}
	out = f.chunks(0, 0, stored, `{"method":"GET","uri":"`+url+`"}`)
	if body, _ := out.Outputs.Get("body"); body.Text() != "0123456789abcdefg" || len(*seen) != 4 {
		t.Errorf("%s %v %v", body.Text(), out.Error, *seen)
	}
}

func TestPartsThatDoNotBelongTogether(t *testing.T) {
	for name, c := range map[string]struct {
		change func(w http.ResponseWriter, r *http.Request) bool
		code   string
	}{
		"another version": {func(w http.ResponseWriter, r *http.Request) bool {
			if r.Header.Get("Range") != "" {
				w.Header().Set("ETag", `"v2"`)
			}
			return false
		}, "ContentChanged"}, // ServeContent answers 412
		"another length": {func(w http.ResponseWriter, r *http.Request) bool {
			if r.Header.Get("Range") == "" {
				return false
			}
			w.Header().Set("Content-Range", "bytes 6-7/8")
			w.WriteHeader(206)
			fmt.Fprint(w, "xx")
			return true
		}, "ContentChanged"},
		"another place": {func(w http.ResponseWriter, r *http.Request) bool {
			if r.Header.Get("Range") == "" {
				return false
			}
			w.Header().Set("Content-Range", "bytes 7-8/17")
			w.WriteHeader(206)
			fmt.Fprint(w, "xx")
			return true
		}, "BadRequest"},
		"another amount": {func(w http.ResponseWriter, r *http.Request) bool {
			if r.Header.Get("Range") == "" {
				return false
			}
			w.Header().Set("Content-Range", "bytes 6-16/17")
			w.WriteHeader(206)
			fmt.Fprint(w, "xx")
			return true
		}, "BadRequest"},
		"too much": {func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Content-Range", "bytes 0-0/99999999999")
			w.WriteHeader(206)
			fmt.Fprint(w, "x")
			return true
		}, "ResponseSizeLimitExceeded"},
	} {
		url, _ := ranged(t, []byte("0123456789abcdefg"), c.change)
		out := newFixture(t, Options{}).chunks(0, 0, expr.Null(), `{"method":"GET","uri":"`+url+`"}`)
		if out.Status != wdl.Failed || out.Code != c.code || out.Retryable != (c.code == "ContentChanged") {
			t.Errorf("%s: %+v %v", name, out, out.Error)
		}
	}
}

// A content that is empty has no first part, and one whose length is not known ends
// where the server says that nothing follows.
func TestContentsWithoutALength(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") != "" {
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
		}
	})
	if out := newFixture(t, Options{}).chunks(0, 10, expr.Null(), `{"method":"GET","uri":"`+url+`"}`); out.StatusCode != 200 {
		t.Errorf("empty: %+v", out)
	}
	url = serve(t, func(w http.ResponseWriter, r *http.Request) {
		start := 0
		_, _ = fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &start)
		if start >= 6 {
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
			return
		}
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/*", start, start+2))
		w.WriteHeader(206)
		fmt.Fprint(w, "abcdef"[start:start+3])
	})
	out := newFixture(t, Options{}).chunks(0, 3, expr.Null(), `{"method":"GET","uri":"`+url+`"}`)
	if body, _ := out.Outputs.Get("body"); body.Text() != "abcdef" || out.StatusCode != 200 {
		t.Errorf("%+v %v", out, out.Error)
	}
}

// The encoding of a content is taken off when its parts are together.
func TestPartsOfCompressedContent(t *testing.T) {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = io.WriteString(z, strings.Repeat("hello ", 100))
	z.Close()
	url, seen := ranged(t, zipped.Bytes(), func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Content-Encoding", "gzip")
		return false
	})
	f := newFixture(t, Options{})
	out := f.chunks(0, 10, expr.Null(), `{"method":"GET","uri":"`+url+`"}`)
	if body, _ := out.Outputs.Get("body"); body.Text() != strings.Repeat("hello ", 100) || len(*seen) < 3 {
		t.Errorf("%s %v %v", out.Outputs.JSON(), out.Error, *seen)
	}
	f.options = wdl.DisableAutomaticDecompression
	out = f.chunks(0, 10, expr.Null(), `{"method":"GET","uri":"`+url+`"}`)
	body, _ := out.Outputs.Get("body")
	if content, _ := body.Get("$content"); content.Text() != base64.StdEncoding.EncodeToString(zipped.Bytes()) {
		t.Errorf("%s", out.Outputs.JSON())
	}
}

func FuzzRanges(f *testing.F) {
	for _, s := range []string{"bytes 0-1/2", "bytes 0-1/*", "bytes=0-1023", "bytes 9-1/2", "bytes */5", "items=1-2", "bytes=-5", "bytes 0-9223372036854775807/*"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, parse := range []func(string) (byteRange, bool){parseContentRange, parseRange} {
			if r, ok := parse(text); ok && (r.start < 0 || r.end < r.start || r.total >= 0 && r.total <= r.end || r.end+1 < 0) {
				t.Fatalf("%q: %+v", text, r)
			}
		}
	})
}

// A body is sent in chunks to wherever the endpoint says, but not in clear text if it was
// to be sent encrypted, and without credentials to another origin.
func TestUploadGoesWhereItMay(t *testing.T) {
	for location, want := range map[string]string{
		"/chunks":                  "POST https://a/x secret, PATCH https://a/chunks secret",
		"https://other/c?sig=1":    "POST https://a/x secret, PATCH https://other/c?sig=1",
		"http://a/chunks":          "POST https://a/x secret",
		"http://169.254.169.254/c": "POST https://a/x secret",
		"file:///etc/passwd":       "POST https://a/x secret",
	} {
		var sent []string
		op := New(Options{Exchange: func(_ context.Context, _ connector.Call, r *Request) (*Response, error) {
			sent = append(sent, strings.TrimSpace(r.Method+" "+r.URL.String()+" "+object{r.Authentication}.text("value")))
			return &Response{StatusCode: 200, Header: http.Header{"Location": {location}}}, nil
		}})
		v, err := expr.ParseJSON([]byte(`{"method":"POST","uri":"https://a/x","body":"four","authentication":{"type":"Raw","value":"secret"}}`))
		if err != nil {
			t.Fatal(err)
		}
		c := connector.Call{Call: engine.Call{Inputs: v, Attempt: 1}, Workflow: &engine.Workflow{Program: &wdl.Program{}}}
		c.Subject.Chunked, c.Subject.UploadChunk = true, 3
		out := op.Perform(context.Background(), c)
		all := strings.Join(sent, ", ")
		if refused := !strings.Contains(want, "PATCH"); refused && (all != want || out.Code != "BadRequest" || strings.Contains(out.Error.Message, "sig=")) || !refused && !strings.HasPrefix(all, want) {
			t.Errorf("%s: %s %+v", location, all, out.Error)
		}
	}
}
