package http

import (
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

var errAddress = errors.New("it is not an absolute http or https address")

// parseAddress reads an absolute address as the service does: what may not stand in
// one is escaped, what is escaped already stays so, dot segments are taken out,
// backslashes are slashes, names of other scripts become punycode. A fragment is
// dropped: it is never sent.
func parseAddress(text string) (*url.URL, error) {
	u, err := url.Parse(cleanAddress(text))
	if err != nil {
		return nil, errAddress
	}
	return checkAddress(u.ResolveReference(u))
}

// resolve reads the address that an answer names: absolute, or relative to the one
// that was asked.
func resolve(base *url.URL, text string) (*url.URL, error) {
	u, err := base.Parse(cleanAddress(text))
	if err != nil {
		return nil, errAddress
	}
	return checkAddress(u)
}

func checkAddress(u *url.URL) (*url.URL, error) {
	if !reachable(u) {
		return nil, errAddress
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return nil, errAddress
		}
	}
	if err := asciiHost(u); err != nil {
		return nil, err
	}
	u.Fragment, u.RawFragment = "", ""
	return u, nil
}

// asciiHost writes an international name in punycode.
func asciiHost(u *url.URL) error {
	host := u.Hostname()
	if isASCII(host) {
		return nil
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return nil // its zone may be anything
	}
	name, err := idna.Lookup.ToASCII(host)
	if err != nil {
		return errAddress
	}
	if port := u.Port(); port != "" {
		name += ":" + port
	}
	u.Host = name
	return nil
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// cleanAddress makes the text one that can be parsed. The authority is left as it is.
func cleanAddress(text string) string {
	text, _, _ = strings.Cut(strings.TrimSpace(text), "#")
	path, query, hasQuery := strings.Cut(text, "?")
	authority := ""
	path = strings.ReplaceAll(path, `\`, "/")
	if i := strings.Index(path, "//"); i >= 0 && !strings.Contains(path[:i], "/") {
		end := strings.IndexByte(path[i+2:], '/')
		if end < 0 {
			end = len(path) - i - 2
		}
		authority, path = path[:i+2+end], path[i+2+end:]
	}
	text = authority + escapeUnsafe(path)
	if hasQuery {
		text += "?" + escapeUnsafe(query)
	}
	return text
}

// escapeUnsafe escapes what may not stand in a path or a query (RFC 3986 §2), and a
// percent sign that begins no escape.
func escapeUnsafe(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
		case c <= ' ', c >= 0x7f, strings.IndexByte("\"<>\\^`{|}%", c) >= 0:
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			c = hex[c&15]
		}
		b.WriteByte(c)
	}
	return b.String()
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func reachable(u *url.URL) bool {
	return (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.Opaque == ""
}

// redact cuts what may hold a secret off an address that is shown.
func redact(uri string) string {
	uri, _, _ = strings.Cut(uri, "?")
	if scheme, rest, ok := strings.Cut(uri, "://"); ok {
		if i := strings.LastIndexByte(rest, '@'); i >= 0 {
			rest = rest[i+1:]
		}
		return scheme + "://" + rest
	}
	return uri
}

func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	if u.Scheme == "https" {
		return "443"
	}
	return "80"
}
