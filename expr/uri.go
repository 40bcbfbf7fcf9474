package expr

// Absolute URIs as .NET's Uri takes them apart: the scheme and the host in lower case,
// slashes in place of backslashes, dot segments gone, characters escaped that must be
// and unreserved ones not, the scheme's port if there is none (wdl-functions.json,
// category uri).

import (
	"net/netip"
	"strconv"
	"strings"
)

// An absoluteURI is the part of a URI that the functions show. query has its question
// mark, port is -1 where the scheme knows none.
type absoluteURI struct {
	scheme, host, path, query string
	port                      int
}

// maxURI is the longest URI that .NET parses.
const maxURI = 65519

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

// needsHost reports whether .NET refuses a URI of the scheme without a host.
func needsHost(scheme string) bool {
	switch scheme {
	case "http", "https", "ws", "wss", "ftp", "gopher", "telnet", "net.tcp", "net.pipe":
		return true
	}
	return false
}

// parseAbsoluteURI reads an absolute URI; false for relative or broken ones.
func parseAbsoluteURI(text string) (absoluteURI, bool) {
	text = strings.Trim(text, " \t\r\n")
	scheme, rest, ok := cutScheme(text)
	if !ok || len(text) > maxURI {
		return absoluteURI{}, false
	}
	u := absoluteURI{scheme: scheme, port: defaultPort(scheme)}
	rest, _, _ = strings.Cut(rest, "#")
	rest, query, asked := strings.Cut(rest, "?")
	if asked {
		u.query = "?" + escapeURI(query)
	}
	if needsHost(scheme) || scheme == "file" {
		rest = strings.ReplaceAll(rest, `\`, "/")
	}
	switch authority, ok := strings.CutPrefix(rest, "//"); {
	case ok:
		return u.withAuthority(authority)
	case needsHost(scheme):
		return absoluteURI{}, false
	case scheme == "mailto":
		_, u.host, _ = strings.Cut(rest, "@")
		u.host = strings.ToLower(u.host)
	case strings.HasPrefix(rest, "/"):
		u.path = removeDotSegments(escapeURI(rest))
	default:
		u.path = escapeURI(rest)
	}
	return u, true
}

// cutScheme takes the scheme off in lower case. One letter is a drive, no scheme.
func cutScheme(text string) (scheme, rest string, ok bool) {
	scheme, rest, ok = strings.Cut(text, ":")
	if !ok || len(scheme) < 2 {
		return "", "", false
	}
	for i := range len(scheme) {
		c := scheme[i] | 0x20
		letter := 'a' <= c && c <= 'z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789+-.", rune(scheme[i]))) {
			return "", "", false
		}
	}
	return strings.ToLower(scheme), rest, true
}

// withAuthority fills in what follows the two slashes: [user@]host[:port][/path].
func (u absoluteURI) withAuthority(text string) (absoluteURI, bool) {
	authority, path := text, ""
	if slash := strings.IndexByte(text, '/'); slash >= 0 {
		authority, path = text[:slash], text[slash:]
	}
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		authority = authority[at+1:]
	}
	port := ""
	if colon := strings.LastIndexByte(authority, ':'); colon > strings.LastIndexByte(authority, ']') {
		authority, port = authority[:colon], authority[colon+1:]
	}
	var ok bool
	if u.host, ok = canonicalHost(authority); !ok || u.host == "" && (needsHost(u.scheme) || port != "") {
		return absoluteURI{}, false
	}
	if port != "" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || u.scheme == "file" {
			return absoluteURI{}, false
		}
		u.port = int(n)
	}
	u.path = removeDotSegments(escapeURI(path))
	if u.scheme == "file" && len(u.path) > 2 && u.path[2] == ':' {
		u.path = u.path[1:] // file:///C:/x is C:/x
	}
	return u, true
}

// canonicalHost is the host in lower case, IP addresses in their canonical form;
// false if it is no host.
func canonicalHost(host string) (string, bool) {
	if literal, ok := strings.CutPrefix(host, "["); ok {
		literal, closed := strings.CutSuffix(literal, "]")
		address, err := netip.ParseAddr(literal)
		if !closed || err != nil || !address.Is6() {
			return "", false
		}
		return "[" + address.WithZone("").String() + "]", true
	}
	if address, ok := ipv4(host); ok {
		return address, true
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(host, "."), ".") {
		if len(label) > 63 || label == "" && host != "" {
			return "", false
		}
	}
	for _, c := range host {
		if c <= ' ' || c == 0x7F || strings.ContainsRune("\"%<>[]^`{|}\\:", c) {
			return "", false
		}
	}
	return toLower(host), len(host) <= 255
}

// ipv4 reads an address of one to four numbers, decimal, octal (017) or hexadecimal
// (0x1F), the last of which fills the bytes that are left.
func ipv4(host string) (string, bool) {
	parts := strings.Split(host, ".")
	if len(parts) > 4 {
		return "", false
	}
	address := uint64(0)
	for i, part := range parts {
		n, err := ipv4Number(part)
		bits := 8
		if i == len(parts)-1 {
			bits = 8 * (4 - i)
		}
		if err != nil || n >= 1<<bits {
			return "", false
		}
		address = address<<bits | n
	}
	return netip.AddrFrom4([4]byte{byte(address >> 24), byte(address >> 16), byte(address >> 8), byte(address)}).String(), true
}

func ipv4Number(part string) (uint64, error) {
	base := 10
	switch prefix := strings.ToLower(part[:min(len(part), 2)]); {
	case prefix == "0x":
		base, part = 16, part[2:]
	case len(part) > 1 && part[0] == '0':
		base = 8
	}
	return strconv.ParseUint(part, base, 32)
}

// escapeURI escapes what may not stand in a URI and gives escaped unreserved
// characters back, as .NET shows paths and queries.
func escapeURI(text string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c != '%' {
			if unreserved(c) || strings.IndexByte(":/?#[]@!$&'()*+,;=", c) >= 0 {
				b.WriteByte(c)
			} else {
				b.Write([]byte{'%', hex[c>>4], hex[c&15]})
			}
			continue
		}
		escaped, ok := hexByte(text[i+1:])
		switch {
		case !ok:
			b.WriteString("%25")
			continue
		case unreserved(escaped):
			b.WriteByte(escaped)
		case escaped >= 0x80:
			b.Write([]byte{'%', hex[escaped>>4], hex[escaped&15]})
		default:
			b.WriteString(text[i : i+3])
		}
		i += 2
	}
	return b.String()
}

// hexByte reads two hexadecimal digits.
func hexByte(s string) (byte, bool) {
	if len(s) < 2 {
		return 0, false
	}
	v, ok := hex4("00" + s[:2])
	return byte(v), ok
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
