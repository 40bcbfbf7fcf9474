package connector_test

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"isle/expr"
	"isle/internal/connector"
)

const (
	callbackSignature = "zB3_qLw-0xKJr7tVYk2nPfQm5sHdEoAc9gUiTbN1WvX"
	callbackURL       = "https://isle.example/workflows/f/runs/1/actions/Hook/run?api-version=2016-10-01&sp=%2Fruns%2F1%2Factions%2FHook%2Frun&sv=1.0&sig=" + callbackSignature
)

// TestCallbacksAreHiddenInEveryEncoding: whoever holds the URL may call, and base64 of
// it is as good as itself.
func TestCallbacksAreHiddenInEveryEncoding(t *testing.T) {
	std := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	for name, text := range map[string]string{
		"itself":                   callbackURL,
		"the signature alone":      callbackSignature,
		"escaped for an address":   url.QueryEscape(callbackURL),
		"escaped twice":            url.QueryEscape(url.QueryEscape(callbackURL)),
		"JSON in JSON":             string(expr.String(string(expr.String(callbackURL).JSON())).JSON()),
		"base64":                   std(callbackURL),
		"base64, one before":       std("x" + callbackURL + " and more"),
		"base64, two before":       std("xy" + callbackURL),
		"base64 for addresses":     base64.RawURLEncoding.EncodeToString([]byte("ü?" + callbackURL)),
		"base64 of the signature":  std(callbackSignature),
		"base64 escaped":           url.QueryEscape(std("Bearer " + callbackURL)),
		"a data URI":               "data:text/plain;base64," + std(callbackURL),
		"base64 of base64":         std(std(callbackURL)),
		"base64 of base64 shifted": std("x" + std("yz"+callbackURL)),
	} {
		for form, v := range map[string]expr.Value{
			"text":   expr.String("before " + text + " after"),
			"array":  expr.Array(expr.Int(1), expr.Array(expr.String(text))),
			"member": expr.Object(expr.Member{Name: "a", Value: expr.Object(expr.Member{Name: "$content", Value: expr.String(text)})}),
			"name":   expr.Object(expr.Member{Name: text, Value: expr.Int(1)}),
		} {
			hidden, did := connector.HideCallback(v, callbackURL)
			if got := string(hidden.JSON()); !did || signatureLeft(got) {
				t.Errorf("%s, %s: %t %s", name, form, did, got)
			}
		}
	}
}

// signatureLeft tells texts that still hold a good part of the signature, decoded up to
// twice at every place.
func signatureLeft(text string) bool {
	const part = 8
	texts := []string{text}
	for level := 0; level < 2; level++ {
		for _, s := range texts[len(texts)-pow4(level):] {
			for shift := range 4 {
				texts = append(texts, decodeLoosely(s[min(shift, len(s)):]))
			}
		}
	}
	for _, s := range texts {
		for at := 0; at+part <= len(callbackSignature); at++ {
			if strings.Contains(s, callbackSignature[at:at+part]) {
				return true
			}
		}
	}
	return false
}

func pow4(n int) int { return 1 << (2 * n) }

// decodeLoosely decodes each group of four that is base64, and marks the others.
func decodeLoosely(s string) string {
	var b strings.Builder
	for ; len(s) >= 4; s = s[4:] {
		group, err := base64.StdEncoding.DecodeString(strings.NewReplacer("-", "+", "_", "/").Replace(s[:4]))
		if err != nil {
			group = []byte("\x00")
		}
		b.Write(group)
	}
	return b.String()
}

func TestWhatHoldsNoCallbackStaysAsItIs(t *testing.T) {
	v, err := expr.ReadJSON([]byte(`{"a":["https://isle.example/?sig=","zB3_qLw-0xKJ",{"sig":null}],"b":1.50,"n":12345678901234567890123}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, callback := range []string{callbackURL, "", "https://isle.example/", "https://isle.example/?sig=", "::", "%"} {
		if got, did := connector.HideCallback(v, callback); did || string(got.JSON()) != string(v.JSON()) {
			t.Errorf("%q: %t %s", callback, did, got.JSON())
		}
	}
}
