package logic

import (
	"isle/expr"
	"isle/internal/arm"
)

// Sizes of a page of a list (logic-api §1.4: what is seen, not what is documented).
const (
	defaultPage = 30
	maximumPage = 250
)

// page is which part of a list a request wants.
type page struct {
	request *arm.Request
	size    int
	after   string // name of the last entry of the page before
	filter  *arm.Filter
}

// readPage reads $top, $skiptoken and $filter.
func readPage(r *arm.Request, fields ...arm.Field) (*page, error) {
	return readPageOf(r, defaultPage, maximumPage, fields...)
}

// readPageOf is readPage for a list whose pages have another size.
func readPageOf(r *arm.Request, size, most int, fields ...arm.Field) (*page, error) {
	p := &page{request: r}
	var err error
	if p.size, err = r.Top(size, most); err != nil {
		return nil, err
	}
	if p.after, err = r.SkipToken(); err != nil {
		return nil, err
	}
	p.filter, err = r.Filter(fields)
	return p, err
}

// fill makes one page of entries that are read in portions: read gives at most limit
// of them behind a token, view gives an entry's token and what is shown of it, null for
// one that does not match. It looks for one entry more than the page holds, so that
// the last page has no link; last is for [page.reply].
func fill[E any](p *page, read func(after string, limit int) ([]E, error), view func(*E) (string, expr.Value, error)) (values []expr.Value, last string, err error) {
	after, limit := p.after, p.size+1
	for {
		found, err := read(after, limit)
		if err != nil {
			return nil, "", err
		}
		for i := range found {
			name, v, err := view(&found[i])
			switch {
			case err != nil:
				return nil, "", err
			case v.IsNull():
			case len(values) == p.size:
				return values, last, nil
			default:
				values, last = append(values, v), name
			}
			after = name
		}
		if len(found) < limit {
			return values, "", nil
		}
	}
}

// reply is a page of a list; last is the name of its last entry, "" if there are
// no more.
func (p *page) reply(values []expr.Value, last string) *arm.Response {
	link := ""
	if last != "" {
		link = p.request.NextLink(last)
	}
	return arm.Page(values, link)
}

// cut takes one page of names out of a whole sorted list; more tells whether others
// follow.
func (p *page) cut(names []string) (found []string, last string) {
	from := 0
	for p.after != "" && from < len(names) && names[from] <= p.after {
		from++
	}
	names = names[from:]
	if len(names) > p.size {
		return names[:p.size], names[p.size-1]
	}
	return names, ""
}
