package schema

import (
	"net/mail"
	"net/netip"
	"net/url"
	"regexp/syntax"
	"strconv"
	"strings"
	"time"
)

// matchesFormat reports whether s has the format; an unknown format matches all.
func matchesFormat(format, s string) bool {
	switch format {
	case "uuid":
		return isUUID(s)
	case "date":
		return isDate(s)
	case "time":
		return isTime(s)
	case "date-time":
		return isDateTime(s)
	case "duration":
		return isDuration(s)
	case "email":
		return isEmail(s)
	case "hostname", "host-name":
		return isHostname(s)
	case "ipv4", "ip-address":
		a, err := netip.ParseAddr(s)
		return err == nil && a.Is4()
	case "ipv6":
		a, err := netip.ParseAddr(s)
		return err == nil && a.Is6() && a.Zone() == ""
	case "uri":
		return isURI(s) && hasScheme(s)
	case "uri-reference":
		return isURI(s)
	case "uri-template":
		return isURITemplate(s)
	case "json-pointer":
		return isPointer(s)
	case "regex":
		_, err := syntax.Parse(s, syntax.Perl)
		return err == nil
	case "utc-millisec":
		_, err := strconv.ParseFloat(strings.ReplaceAll(strings.TrimSpace(s), ",", ""), 64)
		return err == nil
	}
	return true
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case !strings.ContainsRune("0123456789abcdefABCDEF", rune(c)):
			return false
		}
	}
	return true
}

func isDate(s string) bool {
	_, err := time.Parse("2006-01-02", s)
	return err == nil
}

// isTime accepts a full-time of RFC 3339; a leap second at the end of the UTC day.
func isTime(s string) bool { return isDateTime("2016-12-31T" + s) }

func isDateTime(s string) bool {
	if len(s) < len("2006-01-02T15:04:05Z") || s[10] != 'T' && s[10] != 't' {
		return false
	}
	s = s[:10] + "T" + strings.ToUpper(s[11:])
	leap := s[16:19] == ":60"
	if leap {
		s = s[:17] + "59" + s[19:]
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || strings.Contains(s, ",") {
		return false
	}
	return !leap || t.UTC().Hour() == 23 && t.UTC().Minute() == 59
}

// isDuration accepts PnYnMnDTnHnMnS and PnW.
func isDuration(s string) bool {
	rest, ok := strings.CutPrefix(s, "P")
	if !ok || rest == "" {
		return false
	}
	units, inTime, any := "YMDW", false, false
	for rest != "" {
		if rest[0] == 'T' && !inTime && len(rest) > 1 {
			units, inTime, rest = "HMS", true, rest[1:]
			continue
		}
		digits := 0
		for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
			digits++
		}
		if digits == 0 || digits == len(rest) {
			return false
		}
		at := strings.IndexByte(units, rest[digits])
		if at < 0 || units[at] == 'W' && any {
			return false
		}
		if units[at] == 'W' {
			return len(rest) == digits+1
		}
		any, units, rest = true, units[at+1:], rest[digits+1:]
	}
	return any
}

func isEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Name == "" && a.Address == s
}

func isHostname(s string) bool {
	name := strings.TrimSuffix(s, ".")
	if name == "" || len(s) > 255 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range label {
			if c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
				return false
			}
		}
	}
	return true
}

// isURI accepts what needs no more escaping.
func isURI(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7F || strings.IndexByte("\"<>\\^`{|}", s[i]) >= 0 {
			return false
		}
	}
	_, err := url.Parse(s)
	return err == nil
}

func hasScheme(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme != "" && (u.Host != "" || u.Opaque != "" || u.Scheme == "file")
}

// isURITemplate accepts text whose braces pair without nesting.
func isURITemplate(s string) bool {
	open := false
	for _, c := range s {
		switch {
		case c == '{' && !open:
			open = true
		case c == '}' && open:
			open = false
		case c == '{' || c == '}' || !open && (c <= ' ' || strings.ContainsRune("\"'<>\\^`|", c)):
			return false
		}
	}
	return !open
}

func isPointer(s string) bool {
	if s != "" && s[0] != '/' {
		return false
	}
	for i := range len(s) {
		if s[i] == '~' && (i+1 == len(s) || s[i+1] != '0' && s[i+1] != '1') {
			return false
		}
	}
	return true
}
