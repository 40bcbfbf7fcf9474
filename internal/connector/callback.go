package connector

import (
	"encoding/base64"
	"net/url"
	"strings"

	"isle/expr"
)

// HideCallback hides the signature of a callback URL wherever it stands in a value, in
// the names of members too, and reports whether it did. The rest of the URL stays, so
// that a history shows where a peer was told to call.
//
// The signature is letters, digits, '-' and '_': escaped for JSON, XML or an address it
// is the same text. The functions of the language make another one of it only by base64
// (base64, binary, dataUri, an envelope); of that it hides what [encodings] gives.
func HideCallback(v expr.Value, callback string) (expr.Value, bool) {
	u, err := url.Parse(callback)
	if err != nil {
		return v, false
	}
	signature := u.Query().Get("sig")
	if signature == "" {
		return v, false
	}
	return hideText(v, encodings(signature))
}

const (
	// maxEncodings is how often a text may have been turned into base64 to be found.
	maxEncodings = 2
	// minEncoded is the length of a text that is not found by chance, in bytes.
	minEncoded = 8
)

// encodings lists a secret and what it is inside the base64 of a longer text, and inside
// the base64 of that, at each of the three places that it can have in a group: 1 + 3 + 9
// texts. Up to five bits at either end depend on its neighbours and are left out.
func encodings(secret string) []string {
	all := []string{secret}
	for level, begin := 0, 0; level < maxEncodings; level++ {
		end := len(all)
		for _, text := range all[begin:end] {
			for shift := range 3 {
				whole := base64.StdEncoding.EncodeToString([]byte("xx"[:shift] + text + "xx"))
				inner := whole[(8*shift+5)/6 : 8*(shift+len(text))/6]
				if len(inner) >= minEncoded {
					all = append(all, inner)
				}
			}
		}
		begin = end
	}
	return all
}

// hideText replaces each of the texts.
func hideText(v expr.Value, secrets []string) (expr.Value, bool) {
	switch v.Kind() {
	case expr.KindString:
		text, _ := v.AsString()
		clean := withoutTexts(text, secrets)
		return expr.String(clean), clean != text
	case expr.KindArray:
		changed := false
		items := make([]expr.Value, 0, v.Len())
		for _, item := range v.Elements() {
			hidden, did := hideText(item, secrets)
			items, changed = append(items, hidden), changed || did
		}
		if changed {
			return expr.Array(items...), true
		}
	case expr.KindObject:
		changed := false
		members := make([]expr.Member, 0, v.Len())
		for name, member := range v.Members() {
			hidden, did := hideText(member, secrets)
			clean := withoutTexts(name, secrets)
			members, changed = append(members, expr.Member{Name: clean, Value: hidden}), changed || did || clean != name
		}
		if changed {
			return expr.Object(members...), true
		}
	}
	return v, false
}

func withoutTexts(text string, secrets []string) string {
	for _, secret := range secrets {
		text = strings.ReplaceAll(text, secret, sanitised)
	}
	return text
}
