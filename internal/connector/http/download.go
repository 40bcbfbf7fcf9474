package http

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector"
)

// Downloads in chunks (wdl-semantics §12.8): when a GET of an action with
// contentTransfer Chunked is answered with 206 and a Content-Range that begins at 0,
// the rest is asked for by Range, part by part, until the content is whole; it is
// then one answer with status 200. With downloadChunkSizeInMB the first request asks
// for a part as well. Parts belong together by their ETag and length. A part that
// fails is retried by itself.

// errChanged says that the parts are not of one content. It may be gotten again.
var errChanged = errors.New("the content has changed while it was downloaded")

// download is what there is of a content.
type download struct {
	first *Response // the answer with the first part, its body that of all so far
	total int64     // -1: unknown
	size  int64     // of the next part
	parts int
}

// getsChunks says whether a GET may be answered in parts. Who gives a Range of their
// own gets what they ask for.
func getsChunks(c connector.Call, r *Request) bool {
	return c.Subject.Chunked && !c.Subject.Trigger && c.Poll == nil && r.Method == http.MethodGet && r.Header.Get("Range") == ""
}

// getChunks gets the content.
func (o *Operation) getChunks(ctx context.Context, c connector.Call, r *Request) engine.Outcome {
	d := readDownload(c.Progress)
	known := int64(0)
	r = r.clone()
	r.raw = true
	if d != nil {
		known = int64(len(d.first.Body))
	} else {
		answer, err := o.firstChunk(ctx, c, r)
		if err != nil {
			return failure(err)
		}
		if d = beginDownload(answer, o.part(c)); d == nil {
			return o.whole(c, r, answer)
		}
	}
	for !d.complete() {
		if max(d.total, 0) > o.options.MaxChunked {
			return failure(errTooLarge)
		}
		answer, err := o.exchange(ctx, c, d.request(r))
		switch {
		case err != nil:
			return d.cutShort(failure(err), known)
		case answer.StatusCode == http.StatusOK: // it sends all, or something new
			return o.whole(c, r, answer)
		case answer.StatusCode == http.StatusRequestedRangeNotSatisfiable && d.total < 0:
			d.total = int64(len(d.first.Body))
			continue
		case answer.StatusCode >= 400 && answer.StatusCode != http.StatusPreconditionFailed:
			return d.cutShort(answer.outcome(c, o.options.Clock()), known)
		}
		if d.parts++; d.parts > o.options.MaxParts {
			return failed(codeTooManyParts, fmt.Sprintf("Http request failed: the server sends the content in more than %d parts.", o.options.MaxParts))
		}
		if err := d.add(answer, o.options.MaxChunked); err != nil {
			return failure(err)
		}
	}
	return o.whole(c, r, d.answer())
}

// part is the size that the author names for parts, which are messages; 0: none.
func (o *Operation) part(c connector.Call) int64 { return min(c.Subject.DownloadChunk, o.limit(c)) }

// firstChunk asks for the content, or if the author names a size for its first part;
// what is empty has none.
func (o *Operation) firstChunk(ctx context.Context, c connector.Call, r *Request) (*Response, error) {
	if c.Subject.DownloadChunk == 0 {
		return o.exchange(ctx, c, r)
	}
	part := r.clone()
	part.Header["Range"] = []string{fmt.Sprintf("bytes=0-%d", o.part(c)-1)}
	part.keep("Range")
	answer, err := o.exchange(ctx, c, part)
	if err == nil && answer.StatusCode == http.StatusRequestedRangeNotSatisfiable {
		return o.exchange(ctx, c, r)
	}
	return answer, err
}

// beginDownload is nil for an answer that is whole.
func beginDownload(answer *Response, size int64) *download {
	if answer.StatusCode != http.StatusPartialContent {
		return nil
	}
	r, ok := parseContentRange(answer.Header.Get("Content-Range"))
	if !ok || r.start != 0 || r.end+1 != int64(len(answer.Body)) {
		return nil
	}
	if size == 0 {
		size = r.end + 1
	}
	return &download{first: answer, total: r.total, size: size}
}

func (d *download) complete() bool { return d.total == int64(len(d.first.Body)) }

// request asks for the next part where the first one came from, and for no other
// version of it.
func (d *download) request(r *Request) *Request {
	part := r.clone()
	part.redirect(d.first.URL)
	have := int64(len(d.first.Body))
	end := have + d.size - 1
	if d.total > 0 {
		end = min(end, d.total-1)
	}
	part.Header["Range"] = []string{fmt.Sprintf("bytes=%d-%d", have, end)}
	if tag := d.first.Header.Get("ETag"); strings.HasPrefix(tag, `"`) {
		part.Header["If-Match"] = []string{tag}
	}
	part.keep("Range", "If-Match")
	return part
}

// add takes a part.
func (d *download) add(answer *Response, limit int64) error {
	have := int64(len(d.first.Body))
	r, ok := parseContentRange(answer.Header.Get("Content-Range"))
	switch {
	case answer.StatusCode == http.StatusPreconditionFailed,
		ok && d.total >= 0 && r.total >= 0 && r.total != d.total,
		d.first.Header.Get("ETag") != answer.Header.Get("ETag") && answer.Header.Get("ETag") != "":
		return errChanged
	case answer.StatusCode != http.StatusPartialContent || !ok || r.start != have || r.end+1-have != int64(len(answer.Body)):
		return invalidf("the server was asked for bytes from %d on, and answered with status %d and the Content-Range '%s' for %d bytes.", have, answer.StatusCode, answer.Header.Get("Content-Range"), len(answer.Body))
	case r.end >= limit:
		return errTooLarge
	}
	d.first.Body = append(d.first.Body, answer.Body...)
	d.total = max(d.total, r.total)
	return nil
}

// answer is the content as if it had come in one piece.
func (d *download) answer() *Response {
	d.first.StatusCode = http.StatusOK
	d.first.encoded = d.first.Header.Get("Content-Encoding") != ""
	d.first.Header = d.first.Header.Clone()
	d.first.Header.Del("Content-Range")
	d.first.Header.Set("Content-Length", strconv.Itoa(len(d.first.Body)))
	return d.first
}

// whole is the outcome of an answer whose encoding is taken off only now that it is
// complete.
func (o *Operation) whole(c connector.Call, r *Request, answer *Response) engine.Outcome {
	if answer.encoded && !r.NoDecompression && answer.StatusCode != http.StatusPartialContent {
		body, err := decodeAll(answer.Header, answer.Body, o.options.MaxChunked, c.Room)
		if err != nil {
			return failure(err)
		}
		answer.Body = body
	}
	return answer.outcome(c, o.options.Clock())
}

// cutShort adds what there is to a failure, unless a failure before had it all.
func (d *download) cutShort(out engine.Outcome, known int64) engine.Outcome {
	if int64(len(d.first.Body)) > known {
		out.Progress = d.progress()
	}
	return out
}

// progress and readDownload are the two directions of an outcome's progress.
func (d *download) progress() expr.Value {
	var headers []expr.Member
	for _, name := range slices.Sorted(maps.Keys(d.first.Header)) {
		headers = append(headers, expr.Member{Name: name, Value: expr.String(strings.Join(d.first.Header[name], ","))})
	}
	return expr.Object(
		expr.Member{Name: "url", Value: expr.String(d.first.URL.String())},
		expr.Member{Name: "total", Value: expr.Int(d.total)},
		expr.Member{Name: "size", Value: expr.Int(d.size)},
		expr.Member{Name: "headers", Value: expr.Object(headers...)},
		expr.Member{Name: "content", Value: expr.String(base64.StdEncoding.EncodeToString(d.first.Body))})
}

func readDownload(progress expr.Value) *download {
	content, ok := progress.Get("content")
	if !ok {
		return nil
	}
	text, _ := content.AsString()
	body, err := base64.StdEncoding.DecodeString(text)
	address, _ := progress.Get("url")
	from, err2 := parseAddress(address.Text())
	total, _ := progress.Get("total")
	size, _ := progress.Get("size")
	d := &download{first: &Response{URL: from, StatusCode: http.StatusPartialContent, Header: http.Header{}, Body: body}}
	d.total, _ = total.AsInt()
	d.size, _ = size.AsInt()
	if err != nil || err2 != nil || d.size <= 0 {
		return nil
	}
	headers, _ := progress.Get("headers")
	for name, v := range headers.Members() {
		d.first.Header.Set(name, v.Text())
	}
	return d
}
