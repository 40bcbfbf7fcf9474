package engine

import (
	"strings"

	"isle/expr"
)

// What carries credentials, and how a history shows it.

// Sanitised stands for a credential where a history shows what it was in.
const Sanitised = "*sanitized*"

// SecretHeader lists the headers that carry credentials.
func SecretHeader(name string) bool {
	switch strings.ToLower(name) {
	case "authorization", "proxy-authorization", "cookie", "set-cookie", "ocp-apim-subscription-key", "x-functions-key":
		return true
	}
	return false
}

// SecretQuery lists the parameters of addresses that carry credentials.
func SecretQuery(name string) bool {
	return strings.EqualFold(name, "sig") || strings.EqualFold(name, "subscription-key")
}

// addressHeader lists the headers that hold an address.
func addressHeader(name string) bool {
	switch strings.ToLower(name) {
	case "location", "content-location", "azure-asyncoperation", "operation-location", "referer":
		return true
	}
	return false
}

// SanitiseHeader gives one header as a history may show it, and whether that hides
// something: without what carries credentials, and signatures in an address.
func SanitiseHeader(name string, v expr.Value) (expr.Value, bool) {
	switch {
	case SecretHeader(name):
		return expr.String(Sanitised), !v.IsNull()
	case addressHeader(name):
		return SanitiseAddress(v)
	}
	return v, false
}

// SanitiseAddress hides the signature of an address, and the password of its user.
func SanitiseAddress(v expr.Value) (expr.Value, bool) {
	uri, ok := v.AsString()
	if !ok {
		return v, false
	}
	clean := uri
	if scheme, rest, ok := strings.Cut(clean, "://"); ok {
		authority, _, _ := strings.Cut(rest, "/")
		if i := strings.LastIndexByte(authority, '@'); i >= 0 {
			clean = scheme + "://" + Sanitised + rest[i:]
		}
	}
	if head, query, ok := strings.Cut(clean, "?"); ok {
		pairs := strings.Split(query, "&")
		for i, pair := range pairs {
			if name, _, _ := strings.Cut(pair, "="); SecretQuery(name) {
				pairs[i] = name + "=" + Sanitised
			}
		}
		clean = head + "?" + strings.Join(pairs, "&")
	}
	return expr.String(clean), clean != uri
}

// withoutCredentials is a record, or its outputs, for who tracks them: what is tracked is
// shown, and the headers of outputs may carry credentials.
func withoutCredentials(v expr.Value) expr.Value {
	if outputs, _ := v.Get("outputs"); outputs.Kind() == expr.KindObject {
		v = v.With("outputs", withoutCredentials(outputs))
	}
	headers, _ := v.Get("headers")
	if headers.Kind() != expr.KindObject {
		return v
	}
	for name, header := range headers.Members() {
		if shown, hidden := SanitiseHeader(name, header); hidden {
			headers = headers.With(name, shown)
		}
	}
	return v.With("headers", headers)
}
