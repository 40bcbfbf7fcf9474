package http

import (
	"context"
	"strings"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector"
	"isle/wdl"
)

// Paging (wdl-semantics §12.3): an action with a paginationPolicy asks for the next
// page until it has minimumItemCount items or there is none. Pages are kept whole, and
// of the answers only {"value": […]} is given, with status and headers of the last.
//
// A page is asked for by GET, whatever the first request was. It takes the author's
// headers and credentials along if it has the origin of the author's uri. A page that
// fails is retried by itself: the pages before it are the outcome's progress.

// maxPages bounds the requests for one list; minimumItemCount has the same bound.
const maxPages = 100_000

// list is what has been gathered.
type list struct {
	next  string // the address of the next page; "" before the first
	items []expr.Value
	pages int
	bytes int64           // of the bodies
	idle  map[string]bool // next pages named by pages without items
}

// gather gets the pages.
func (o *Operation) gather(ctx context.Context, c connector.Call, first *Request) engine.Outcome {
	l := readList(c.Progress)
	known := l.pages
	for {
		r, err := l.request(first)
		if err != nil {
			return failure(err)
		}
		answer, err := o.exchange(ctx, c, r)
		out := o.outcome(c)(answer, err)
		page, more, isPage := readPage(out)
		switch {
		case !isPage && l.pages == 0:
			return out // it is no list
		case !isPage && (out.Status == wdl.Failed || err != nil):
			if l.pages > known {
				out.Progress = l.progress()
			}
			return out
		case !isPage:
			return failure(invalidf("page %d of the list is not an object with the array 'value'.", l.pages+1))
		}
		if err := l.add(page, int64(len(answer.Body)), o.limit(c)); err != nil {
			return failure(err)
		}
		if more == "" || len(l.items) >= c.Subject.Pagination || l.pages >= maxPages {
			out.Outputs = out.Outputs.With("body", l.body())
			return out
		}
		if err := l.follow(answer, page, more); err != nil {
			return failure(err)
		}
	}
}

// request is the first one, or the GET of the next page.
func (l *list) request(first *Request) (*Request, error) {
	r := first.clone()
	if l.next == "" {
		return r, nil
	}
	location, err := resolve(first.URL, l.next)
	if err != nil {
		return nil, invalidf("the address '%s' of the next page is not valid.", redact(l.next))
	}
	r.toGet(location)
	return r, nil
}

func (l *list) add(page expr.Value, size, limit int64) error {
	if l.bytes += size; l.bytes > limit {
		return errTooLarge
	}
	for _, item := range page.Elements() {
		l.items = append(l.items, item)
	}
	l.pages++
	return nil
}

// follow notes the next page, which may be relative to the one that names it. Pages
// without items that lead in a circle never end.
func (l *list) follow(answer *Response, page expr.Value, more string) error {
	location, err := resolve(answer.URL, more)
	if err != nil {
		return invalidf("the address '%s' of the next page is not valid.", redact(more))
	}
	l.next = location.String()
	if page.Len() > 0 {
		l.idle = nil
		return nil
	}
	if l.idle[l.next] {
		return invalidf("the pages of the list lead in a circle: '%s' comes again, without items.", redact(l.next))
	}
	if l.idle == nil {
		l.idle = map[string]bool{}
	}
	l.idle[l.next] = true
	return nil
}

func (l *list) body() expr.Value {
	return expr.Object(expr.Member{Name: "value", Value: expr.Array(l.items...)})
}

// progress and readList are the two directions of an outcome's progress.
func (l *list) progress() expr.Value {
	return expr.Object(
		expr.Member{Name: "next", Value: expr.String(l.next)},
		expr.Member{Name: "pages", Value: expr.Int(int64(l.pages))},
		expr.Member{Name: "bytes", Value: expr.Int(l.bytes)},
		expr.Member{Name: "value", Value: expr.Array(l.items...)})
}

func readList(progress expr.Value) *list {
	l := &list{}
	next, _ := progress.Get("next")
	l.next, _ = next.AsString()
	if l.next == "" {
		return l
	}
	pages, _ := progress.Get("pages")
	n, _ := pages.AsInt()
	bytes, _ := progress.Get("bytes")
	l.pages = int(n)
	l.bytes, _ = bytes.AsInt()
	value, _ := progress.Get("value")
	for _, item := range value.Elements() {
		l.items = append(l.items, item)
	}
	return l
}

// readPage takes a page apart; is says whether the answer is one.
func readPage(out engine.Outcome) (items expr.Value, next string, is bool) {
	if out.StatusCode != 200 {
		return expr.Null(), "", false
	}
	body, _ := out.Outputs.Get("body")
	if items, is = body.Get("value"); items.Kind() != expr.KindArray {
		return expr.Null(), "", false
	}
	for _, name := range [...]string{"nextLink", "@odata.nextLink", "odata.nextLink"} {
		link, _ := body.Get(name)
		if next, _ = link.AsString(); strings.TrimSpace(next) != "" {
			return items, next, is
		}
	}
	return items, "", is
}
