package http

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector"
)

// Uploads in chunks (wdl-semantics §12.8): a first request without a body says how
// long it is; the endpoint names a Location, and each chunk is a PATCH there. An
// action sends chunks if it has contentTransfer Chunked and its body is longer than
// uploadChunkSizeInMB, or without one longer than a message may be; everything else
// goes in one piece, as endpoints without the protocol need it. A chunk that fails is
// retried by itself.

const (
	defaultChunk = 50 << 20
	maxChunks    = 100_000
)

// upload is how far a body has come.
type upload struct {
	location *url.URL
	offset   int64
	size     int64 // of the next chunk, at most
}

// sendsChunks says whether the request's body goes in chunks.
func (o *Operation) sendsChunks(c connector.Call, r *Request) bool {
	if !c.Subject.Chunked || c.Subject.Trigger || c.Poll != nil || r.Method != http.MethodPost && r.Method != http.MethodPut {
		return false
	}
	above := c.Subject.UploadChunk
	if above == 0 {
		above = o.limit(c)
	}
	return int64(len(r.Body)) > above
}

// sendChunks carries the body over. Its outcome is the answer to the last chunk.
func (o *Operation) sendChunks(ctx context.Context, c connector.Call, r *Request) engine.Outcome {
	if int64(len(r.Body)) > o.options.MaxChunked {
		return failed(codeRequestTooLarge, fmt.Sprintf("Http request failed: the body has %d bytes, the limit of chunked messages is %d.", len(r.Body), o.options.MaxChunked))
	}
	u, known := readUpload(c.Progress)
	if u == nil {
		var out engine.Outcome
		if u, out = o.startUpload(ctx, c, r); u == nil {
			return out
		}
	}
	for {
		u.size = min(u.size, o.limit(c)) // a chunk is a message
		if (int64(len(r.Body))-u.offset)/u.size > maxChunks {
			return failure(invalidf("the endpoint wants chunks of %d bytes, which are too small for a body of %d.", u.size, len(r.Body)))
		}
		part := u.request(r)
		answer, err := o.exchange(ctx, c, part)
		if err == nil && answer.StatusCode < 300 {
			if err = u.taken(answer, int64(len(part.Body))); err == nil && u.offset >= int64(len(r.Body)) {
				return answer.outcome(c, o.options.Clock())
			}
			if err == nil {
				continue
			}
		}
		out := o.outcome(c)(answer, err)
		if u.offset > known {
			out.Progress = u.progress()
		}
		return out
	}
}

// startUpload asks the endpoint where the chunks go; nil with the outcome if it does
// not say.
func (o *Operation) startUpload(ctx context.Context, c connector.Call, r *Request) (*upload, engine.Outcome) {
	start := r.clone()
	start.dropBody()
	start.Header["x-ms-transfer-mode"] = []string{"chunked"}
	start.Header["x-ms-content-length"] = []string{strconv.Itoa(len(r.Body))}
	answer, err := o.exchange(ctx, c, start)
	if err != nil {
		return nil, failure(err)
	}
	if answer.StatusCode >= 300 {
		return nil, answer.outcome(c, o.options.Clock())
	}
	location := answer.Header.Get("Location")
	to, err := resolve(answer.URL, location)
	if location == "" || err != nil || answer.StatusCode == http.StatusAccepted {
		return nil, failure(invalidf("the endpoint does not take the body in chunks: it answered the start of the transfer with status %d and no Location to send them to. Turn chunking off for the action, or give an uploadChunkSizeInMB above the size of its body.", answer.StatusCode))
	}
	if answer.URL.Scheme == "https" && to.Scheme != "https" {
		return nil, failure(invalidf("the endpoint wants the body sent from https to http, at '%s'.", redact(to.String())))
	}
	u := &upload{location: to, size: c.Subject.UploadChunk}
	if u.size == 0 {
		u.size = defaultChunk
	}
	u.resize(answer)
	return u, engine.Outcome{}
}

// request is the PATCH of the next chunk.
func (u *upload) request(r *Request) *Request {
	part := r.clone()
	contentType := part.Header["Content-Type"]
	part.redirect(u.location)
	part.Method = http.MethodPatch
	end := min(u.offset+u.size, int64(len(r.Body)))
	part.Body = r.Body[u.offset:end]
	part.Header["Content-Range"] = []string{fmt.Sprintf("bytes=%d-%d/%d", u.offset, end-1, len(r.Body))}
	if contentType != nil {
		part.Header["Content-Type"] = contentType
	}
	return part
}

// taken moves on by what the endpoint has confirmed: the end of its Range, or the
// whole chunk.
func (u *upload) taken(answer *Response, sent int64) error {
	next := u.offset + sent
	if text := answer.Header.Get("Range"); text != "" {
		confirmed, ok := parseRange(text)
		if !ok || confirmed.end < u.offset || confirmed.end >= next {
			return invalidf("the endpoint confirmed the range '%s', but was sent bytes %d to %d.", text, u.offset, next-1)
		}
		next = confirmed.end + 1
	}
	u.offset = next
	u.resize(answer)
	return nil
}

// resize takes the size that the endpoint suggests.
func (u *upload) resize(answer *Response) {
	if n, err := strconv.ParseInt(answer.Header.Get("x-ms-chunk-size"), 10, 64); err == nil && n > 0 {
		u.size = min(n, defaultChunk)
	}
}

// progress and readUpload are the two directions of an outcome's progress.
func (u *upload) progress() expr.Value {
	return expr.Object(
		expr.Member{Name: "location", Value: expr.String(u.location.String())},
		expr.Member{Name: "offset", Value: expr.Int(u.offset)},
		expr.Member{Name: "size", Value: expr.Int(u.size)})
}

func readUpload(progress expr.Value) (u *upload, known int64) {
	text, _ := progress.Get("location")
	location, err := parseAddress(text.Text())
	if err != nil {
		return nil, 0
	}
	u = &upload{location: location}
	offset, _ := progress.Get("offset")
	size, _ := progress.Get("size")
	u.offset, _ = offset.AsInt()
	if u.size, _ = size.AsInt(); u.size <= 0 {
		u.size = defaultChunk
	}
	return u, u.offset
}
