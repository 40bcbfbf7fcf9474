package connector

import (
	"net/url"
	"strings"

	"isle/expr"
)

// HideCallback hides the signature of a callback URL wherever it stands in a value,
// also escaped inside another text, and reports whether it did. The rest of the URL
// stays, so that a history shows where a peer was told to call.
func HideCallback(v expr.Value, callback string) (expr.Value, bool) {
	u, err := url.Parse(callback)
	if err != nil {
		return v, false
	}
	signature := u.Query().Get("sig")
	if signature == "" {
		return v, false
	}
	return hideText(v, signature)
}

func hideText(v expr.Value, secret string) (expr.Value, bool) {
	changed := false
	switch v.Kind() {
	case expr.KindString:
		text, _ := v.AsString()
		if !strings.Contains(text, secret) {
			return v, false
		}
		return expr.String(strings.ReplaceAll(text, secret, sanitised)), true
	case expr.KindArray:
		items := make([]expr.Value, 0, v.Len())
		for _, item := range v.Elements() {
			hidden, did := hideText(item, secret)
			items, changed = append(items, hidden), changed || did
		}
		if changed {
			return expr.Array(items...), true
		}
	case expr.KindObject:
		for name, member := range v.Members() {
			if hidden, did := hideText(member, secret); did {
				v, changed = v.With(name, hidden), true
			}
		}
	}
	return v, changed
}
