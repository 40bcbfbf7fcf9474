package network

import "isle/internal/arm"

// Problems collects what the checks find wrong with a request, each with a code of
// network.md §A9, the JSON path of the member it is about, and what to do. A check
// reports every problem it finds, in document order, so that one answer tells all
// of them.
type Problems []*arm.Error

func (p *Problems) add(code, target, format string, args ...any) {
	*p = append(*p, arm.Invalid(code, target, format, args...))
}

// err is the one error that answers the request, nil if nothing was found.
func (p Problems) err() error {
	if e := arm.Problems(p); e != nil {
		return e
	}
	return nil
}
