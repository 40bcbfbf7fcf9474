package arm

import "isle/expr"

// What a query can take from a filter before Match decides: parts that every match must
// meet.

// MayMatch says whether something with this value of a field can match, whatever its
// other fields are.
func (f *Filter) MayMatch(field string, v expr.Value) bool {
	return f == nil || f.judge(field, v) != no
}

// verdict is what is known of a filter of which only one field is known.
type verdict uint8

const (
	unknown verdict = iota
	yes
	no
)

func (f *Filter) judge(field string, v expr.Value) verdict {
	switch f.op {
	case opAnd:
		return both(f.left.judge(field, v), f.right.judge(field, v))
	case opOr:
		return not(both(not(f.left.judge(field, v)), not(f.right.judge(field, v))))
	case opNot:
		return not(f.left.judge(field, v))
	}
	switch {
	case f.field.Name != field:
		return unknown
	case f.compare(v):
		return yes
	}
	return no
}

func both(a, b verdict) verdict {
	switch {
	case a == no || b == no:
		return no
	case a == yes && b == yes:
		return yes
	}
	return unknown
}

func not(v verdict) verdict {
	switch v {
	case yes:
		return no
	case no:
		return yes
	}
	return unknown
}

// Condition is a comparison that stands alone in a filter.
type Condition struct {
	Field  string // as declared; behind "/" as the filter spells it
	Prefix bool   // startswith; else eq
	Text   string
}

// Split takes the comparisons of some fields out of a filter, for who looks them up in an
// index of its own: they must be joined to all else by "and", and be eq or startswith
// with a value. The error says which one is not, and is an [*Error].
func (f *Filter) Split(apart func(field string) bool) (conditions []Condition, rest *Filter, err error) {
	switch {
	case f == nil:
		return nil, nil, nil
	case f.op == opAnd:
		left, restLeft, err := f.left.Split(apart)
		if err != nil {
			return nil, nil, err
		}
		right, restRight, err := f.right.Split(apart)
		if err != nil {
			return nil, nil, err
		}
		rest = &Filter{op: opAnd, left: restLeft, right: restRight}
		if restLeft == nil || restRight == nil {
			rest = restLeft
			if rest == nil {
				rest = restRight
			}
		}
		return append(left, right...), rest, nil
	case f.op == opOr || f.op == opNot:
		if name := f.mentions(apart); name != "" {
			return nil, nil, Invalid("InvalidFilterInQueryString", "$filter", "Invalid $filter specified in the query string: '%s' is looked up in an index and can only be joined to the rest by 'and': it must not stand inside 'or' or 'not'.", printable(name))
		}
		return nil, f, nil
	case !apart(f.field.Name):
		return nil, f, nil
	case f.op != opEq && f.op != opPrefix || f.literal.null || f.literal.text == "":
		return nil, nil, Invalid("InvalidFilterInQueryString", "$filter", "Invalid $filter specified in the query string: '%s' is looked up in an index and can only be compared by eq or startswith, with a value that is not empty.", printable(f.field.Name))
	}
	return []Condition{{f.field.Name, f.op == opPrefix, f.literal.text}}, nil, nil
}

// mentions is the first field of a filter for which of holds; "" if there is none.
func (f *Filter) mentions(of func(field string) bool) string {
	switch {
	case f == nil:
		return ""
	case f.op > opNot && of(f.field.Name):
		return f.field.Name
	}
	if name := f.left.mentions(of); name != "" {
		return name
	}
	return f.right.mentions(of)
}
