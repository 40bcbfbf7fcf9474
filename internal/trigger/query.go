package trigger

import (
	"net/url"
	"strings"

	"isle/expr"
)

// Query keeps the parameters in their order, which a trigger's outputs show.
type Query []QueryParameter

// QueryParameter is one decoded parameter.
type QueryParameter struct{ Name, Value string }

const maxQueries = 1000

// ParseQuery reads a raw query. The error is a *Refusal.
func ParseQuery(raw string) (Query, error) {
	if raw == "" {
		return nil, nil
	}
	q := make(Query, 0, 8)
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err1 := url.QueryUnescape(name)
		value, err2 := url.QueryUnescape(value)
		if err1 != nil || err2 != nil || len(q) == maxQueries {
			return nil, badRequest("InvalidRequestUri", "The query of the request is not valid: each '%' must begin an escape of two hexadecimal digits, and there may be at most 1000 parameters.")
		}
		q = append(q, QueryParameter{name, value})
	}
	return q, nil
}

// Values are the parameters by name.
func (q Query) Values() url.Values {
	v := make(url.Values, len(q))
	for _, p := range q {
		v[p.Name] = append(v[p.Name], p.Value)
	}
	return v
}

// outputs are the parameters as a trigger shows them: without the service's own,
// repeated ones joined (wdl-semantics §9).
func (q Query) outputs() (expr.Value, bool) {
	var members []expr.Member
next:
	for _, p := range q {
		switch strings.ToLower(p.Name) {
		case "api-version", "sp", "sv", "se", "sig":
			continue
		}
		value := strings.ToValidUTF8(p.Value, "\uFFFD")
		for i := range members {
			if members[i].Name == p.Name {
				members[i].Value = expr.String(members[i].Value.Text() + "," + value)
				continue next
			}
		}
		members = append(members, expr.Member{Name: strings.ToValidUTF8(p.Name, "\uFFFD"), Value: expr.String(value)})
	}
	return expr.Object(members...), len(members) > 0
}
