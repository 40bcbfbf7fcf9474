package expr

import (
	"net/url"
	"strconv"
	"strings"
)

// An absoluteURI is the part of .NET's Uri that the uri functions show: absolute
// ones, scheme and host in lower case, dot segments removed, a default port known
// (wdl-functions.json, category uri).
type absoluteURI struct {
	scheme, host, path, query string
	port                      int
}

// defaultPort is that of a scheme that .NET knows, else -1.
func defaultPort(scheme string) int {
	switch scheme {
	case "http", "ws":
		return 80
	case "https", "wss":
		return 443
	case "ftp":
		return 21
	case "mailto":
		return 25
	case "nntp":
		return 119
	case "gopher":
		return 70
	case "telnet":
		return 23
	case "ldap":
		return 389
	case "net.tcp":
		return 808
	}
	return -1
}

// parseAbsoluteURI reads an absolute URI; false for relative or broken ones.
func parseAbsoluteURI(text string) (absoluteURI, bool) {
	u, err := url.Parse(escapeForURI(strings.TrimSpace(text)))
	if err != nil || u.Scheme == "" || len(u.Scheme) < 2 {
		return absoluteURI{}, false
	}
	parsed := absoluteURI{scheme: u.Scheme, host: strings.ToLower(u.Hostname()), port: defaultPort(u.Scheme)}
	if strings.Contains(parsed.host, ":") {
		parsed.host = "[" + parsed.host + "]"
	}
	if parsed.port > 0 && parsed.host == "" && u.Opaque == "" {
		return absoluteURI{}, false // these schemes need a host
	}
	if p := u.Port(); p != "" {
		if parsed.port, err = strconv.Atoi(p); err != nil || parsed.port > 65535 {
			return absoluteURI{}, false
		}
	}
	parsed.path = u.Opaque
	if parsed.path == "" {
		parsed.path = removeDotSegments(u.EscapedPath())
	}
	if u.RawQuery != "" || u.ForceQuery {
		parsed.query = "?" + u.RawQuery
	}
	return parsed, true
}

// escapeForURI escapes what url.Parse refuses and .NET escapes: spaces and
// characters outside ASCII.
func escapeForURI(text string) string {
	plain := func(c byte) bool { return c > ' ' && c < 0x7F && c != '"' && c != '<' && c != '>' }
	clean := true
	for i := range len(text) {
		clean = clean && plain(text[i])
	}
	if clean {
		return text
	}
	// The host keeps its letters.
	host := 0
	if at := strings.Index(text, "://"); at >= 0 {
		host = len(text)
		if end := strings.IndexAny(text[at+3:], "/?#"); end >= 0 {
			host = at + 3 + end
		}
	}
	var b strings.Builder
	b.WriteString(text[:host])
	for i := host; i < len(text); i++ {
		if plain(text[i]) {
			b.WriteByte(text[i])
			continue
		}
		const hex = "0123456789ABCDEF"
		b.Write([]byte{'%', hex[text[i]>>4], hex[text[i]&15]})
	}
	return b.String()
}

// removeDotSegments resolves "." and ".." (RFC 3986 §5.2.4); an empty path is "/".
func removeDotSegments(path string) string {
	if path == "" {
		return "/"
	}
	if !strings.Contains(path, "/.") {
		return path
	}
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	kept := segments[:0]
	for i, s := range segments {
		last := i == len(segments)-1
		switch s {
		case "..":
			if len(kept) > 0 {
				kept = kept[:len(kept)-1]
			}
			if last {
				kept = append(kept, "")
			}
		case ".":
			if last {
				kept = append(kept, "")
			}
		default:
			kept = append(kept, s)
		}
	}
	return "/" + strings.Join(kept, "/")
}
