package connector

import (
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"isle/expr"
)

// ValidHeader says whether a header can be sent as it is: no line breaks, no
// control characters, a token for a name.
func ValidHeader(name, value string) bool {
	return httpguts.ValidHeaderFieldName(name) && httpguts.ValidHeaderFieldValue(value)
}

// contentHeaders are the headers that describe a body: the service lists them after
// the general ones (wdl-semantics §9).
func isContentHeader(name string) bool {
	switch name {
	case "Allow", "Expires", "Last-Modified":
		return true
	}
	return strings.HasPrefix(name, "Content-")
}

// ReadHeaders is a received header as a value: general headers sorted by name, then
// content headers with Content-Type and Content-Length last; repeated ones joined
// by a comma. Names for which skip is true are left out.
func ReadHeaders(h http.Header, skip func(name string) bool) expr.Value {
	names := make([]string, 0, len(h))
	for name, values := range h {
		if len(values) > 0 && (skip == nil || !skip(name)) {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, compareHeaders)
	members := make([]expr.Member, len(names))
	for i, name := range names {
		value := h[name][0]
		if len(h[name]) > 1 {
			value = strings.Join(h[name], ",")
		}
		members[i] = expr.Member{Name: name, Value: expr.String(strings.ToValidUTF8(value, "\uFFFD"))}
	}
	return expr.Object(members...)
}

func compareHeaders(a, b string) int {
	if ra, rb := headerRank(a), headerRank(b); ra != rb {
		return ra - rb
	}
	return compareFold(a, b)
}

// compareFold compares names of headers, which are ASCII, without regard to case.
func compareFold(a, b string) int {
	for i := range min(len(a), len(b)) {
		if x, y := lower(a[i]), lower(b[i]); x != y {
			return int(x) - int(y)
		}
	}
	return len(a) - len(b)
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func headerRank(name string) int {
	switch {
	case name == "Content-Length":
		return 3
	case name == "Content-Type":
		return 2
	case isContentHeader(name):
		return 1
	}
	return 0
}

// SentHeader says whether an author's header goes out with a request or a Response
// (wdl-semantics §10.2, §11.11); the others are the transport's business and are
// dropped.
func SentHeader(name string, request bool) bool {
	switch name := textproto.CanonicalMIMEHeaderKey(name); name {
	case "Content-Disposition", "Content-Encoding", "Content-Type":
		return true
	case "Allow", "Cookie", "Expires", "Last-Modified", "Set-Cookie", "Transfer-Encoding":
		return false
	case "Host", "Origin":
		return !request
	case "Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Upgrade":
		return false // hop-by-hop: they are the connection's, not the message's
	default:
		return !strings.HasPrefix(name, "Content-") && !(request && strings.HasPrefix(name, "Accept-"))
	}
}
