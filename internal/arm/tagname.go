package arm

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"isle/expr"
	"isle/internal/store"
)

// Predefined tags of a subscription (logic-api §5.3): names and values that stand in
// the list of tags before a resource uses them. They are a setting of the control
// database, by subscription; letter case is ignored, the first spelling stays.

// predefined are the names with their values, each in the order they were made.
type predefined []predefinedTag

type predefinedTag struct {
	Name   string   `json:"name"`
	Values []string `json:"values,omitempty"`
}

func (p predefined) index(name string) int {
	return slices.IndexFunc(p, func(t predefinedTag) bool { return strings.EqualFold(t.Name, name) })
}

func (t predefinedTag) index(value string) int {
	return slices.IndexFunc(t.Values, func(v string) bool { return strings.EqualFold(v, value) })
}

func predefinedKey(subscription string) string {
	return "tagnames:" + strings.ToLower(subscription)
}

func readPredefined(tx *store.Tx, subscription string) (p predefined, err error) {
	stored, err := tx.Setting(predefinedKey(subscription))
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	return p, json.Unmarshal(stored, &p)
}

func (p predefined) write(tx *store.Tx, subscription string) error {
	stored, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return tx.PutSetting(predefinedKey(subscription), stored)
}

// maxPredefined bounds the names of a subscription, and the values of a name.
const maxPredefined = 1000

// changePredefined carries out a change of the predefined tags in one transaction.
func (m *Manager) changePredefined(ctx context.Context, r *Request, change func(p predefined, used map[string]map[string]int64) (predefined, *Response, error)) (res *Response, err error) {
	subscription := r.Values["subscription"]
	err = m.db.Write(ctx, func(tx *store.Tx) error {
		p, err := readPredefined(tx, subscription)
		if err != nil {
			return err
		}
		used, err := usedTags(tx, "/subscriptions/"+subscription)
		if err != nil {
			return err
		}
		if p, res, err = change(p, used); err != nil {
			return err
		}
		return p.write(tx, subscription)
	})
	return res, err
}

// putTagName makes a name known; one that is known stays as it is.
func (m *Manager) putTagName(ctx context.Context, r *Request) (*Response, error) {
	name := r.Values["tag"]
	if problem := Problems(checkTags(expr.Object(expr.Member{Name: name, Value: expr.String("")}))); problem != nil {
		return nil, problem
	}
	return m.changePredefined(ctx, r, func(p predefined, used map[string]map[string]int64) (predefined, *Response, error) {
		status := http.StatusOK
		if p.index(name) < 0 {
			if len(p) == maxPredefined {
				return nil, nil, Conflict("TagNameLimitExceeded", "tagName", "The subscription has %d predefined tag names, which is the limit. Delete some first.", maxPredefined)
			}
			p, status = append(p, predefinedTag{Name: name}), http.StatusCreated
		}
		t := p[p.index(name)]
		return p, &Response{Status: status, Body: tagNameValue("/subscriptions/"+r.Values["subscription"], t.Name, countsOf(t, used))}, nil
	})
}

// putTagValue adds a value to a name.
func (m *Manager) putTagValue(ctx context.Context, r *Request) (*Response, error) {
	name, value := r.Values["tag"], r.Values["value"]
	if problem := Problems(checkTags(expr.Object(expr.Member{Name: name, Value: expr.String(value)}))); problem != nil {
		return nil, problem
	}
	return m.changePredefined(ctx, r, func(p predefined, used map[string]map[string]int64) (predefined, *Response, error) {
		at := p.index(name)
		if at < 0 {
			return nil, nil, Missing("TagNotFound", "The tag '%s' could not be found among the predefined tags. PUT /subscriptions/{subscriptionId}/tagNames/%s first.", printable(name), printable(name))
		}
		status := http.StatusOK
		if p[at].index(value) < 0 {
			if len(p[at].Values) == maxPredefined {
				return nil, nil, Conflict("TagValueLimitExceeded", "tagValue", "The tag '%s' has %d predefined values, which is the limit. Delete some first.", p[at].Name, maxPredefined)
			}
			p[at].Values, status = append(p[at].Values, value), http.StatusCreated
		}
		value = p[at].Values[p[at].index(value)]
		id := "/subscriptions/" + r.Values["subscription"] + "/tagNames/" + p[at].Name
		return p, &Response{Status: status, Body: tagValueValue(id, value, countsOf(p[at], used)[value])}, nil
	})
}

// deleteTagName takes a name out of the list. Its values must have gone, and no
// resource may use it.
func (m *Manager) deleteTagName(ctx context.Context, r *Request) (*Response, error) {
	return m.changePredefined(ctx, r, func(p predefined, used map[string]map[string]int64) (predefined, *Response, error) {
		at := p.index(r.Values["tag"])
		if at < 0 {
			return p, &Response{Status: http.StatusNoContent}, nil
		}
		t := p[at]
		if n := len(t.Values); n > 0 {
			return nil, nil, Conflict("TagNameHasValues", "tagName", "The tag '%s' has predefined values (%d). Delete them first: DELETE /subscriptions/{subscriptionId}/tagNames/%s/tagValues/{tagValue}.", t.Name, n, t.Name)
		}
		if total(countsOf(t, used)) > 0 {
			return nil, nil, Conflict("TagNameInUse", "tagName", "The tag '%s' is in use by resources. Take it off them first.", t.Name)
		}
		return slices.Delete(p, at, at+1), nil, nil
	})
}

// deleteTagValue takes a value out of the list, if no resource has it.
func (m *Manager) deleteTagValue(ctx context.Context, r *Request) (*Response, error) {
	return m.changePredefined(ctx, r, func(p predefined, used map[string]map[string]int64) (predefined, *Response, error) {
		at := p.index(r.Values["tag"])
		if at < 0 || p[at].index(r.Values["value"]) < 0 {
			return p, &Response{Status: http.StatusNoContent}, nil
		}
		n := p[at].index(r.Values["value"])
		if countsOf(p[at], used)[p[at].Values[n]] > 0 {
			return nil, nil, Conflict("TagValueInUse", "tagValue", "The value '%s' of the tag '%s' is in use by resources. Take it off them first.", printable(p[at].Values[n]), p[at].Name)
		}
		p[at].Values = slices.Delete(p[at].Values, n, n+1)
		return p, nil, nil
	})
}

// usedTags counts the tags of all resources in a scope, by name and value.
func usedTags(tx *store.Tx, scope string) (map[string]map[string]int64, error) {
	counts := map[string]map[string]int64{}
	list, err := List(tx, store.Query{ScopePrefix: scope})
	for _, res := range list {
		for name, v := range res.Tags.Members() {
			if counts[name] == nil {
				counts[name] = map[string]int64{}
			}
			counts[name][v.Text()]++
		}
	}
	return counts, err
}

// countsOf gives the counts of a predefined tag's values, with those that only resources
// have, under the spelling that was predefined.
func countsOf(t predefinedTag, used map[string]map[string]int64) map[string]int64 {
	counts := map[string]int64{}
	for _, v := range t.Values {
		counts[v] = 0
	}
	for name, values := range used {
		if !strings.EqualFold(name, t.Name) {
			continue
		}
		for v, n := range values {
			if i := t.index(v); i >= 0 {
				v = t.Values[i]
			}
			counts[v] += n
		}
	}
	return counts
}

func total(counts map[string]int64) (n int64) {
	for _, c := range counts {
		n += c
	}
	return n
}

// tagNames answers the tags of a subscription with their counts: those that are used,
// and those that are predefined.
func (m *Manager) tagNames(ctx context.Context, r *Request) (*Response, error) {
	scope := "/subscriptions/" + r.Values["subscription"]
	var values []expr.Value
	err := m.db.Read(ctx, func(tx *store.Tx) error {
		known, err := readPredefined(tx, r.Values["subscription"])
		if err != nil {
			return err
		}
		used, err := usedTags(tx, scope)
		for _, name := range sorted(used) {
			if known.index(name) < 0 {
				known = append(known, predefinedTag{Name: name})
			}
		}
		slices.SortFunc(known, func(a, b predefinedTag) int { return strings.Compare(a.Name, b.Name) })
		for _, t := range known {
			values = append(values, tagNameValue(scope, t.Name, countsOf(t, used)))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return Page(values, ""), nil
}

func tagNameValue(scope, name string, counts map[string]int64) expr.Value {
	id := scope + "/tagNames/" + name
	values := []expr.Value{}
	for _, v := range sorted(counts) {
		values = append(values, tagValueValue(id, v, counts[v]))
	}
	return object("id", id, "tagName", name, "count", count(total(counts)), "values", expr.Array(values...))
}

func tagValueValue(name, value string, n int64) expr.Value {
	return object("id", name+"/tagValues/"+value, "tagValue", value, "count", count(n))
}

func count(n int64) expr.Value { return object("type", "Total", "value", expr.Int(n)) }
