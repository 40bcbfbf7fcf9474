package expr

// Escaping of XML text and names, as .NET's XmlConvert and XmlWriter do it.

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// xmlText escapes what may not stand in the text of an element.
func xmlText(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// xmlAttribute escapes what may not stand in an attribute in double quotes.
func xmlAttribute(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "\n", "&#xA;", "\r", "&#xD;").Replace(s)
}

func evalDecodeXMLValue(c invocation) (Value, error) {
	s, err := c.text(0)
	if err != nil {
		return Value{}, err
	}
	plain, ok := expandEntities(s)
	if !ok {
		return Value{}, c.notConvertible()
	}
	return String(plain), nil
}

// isNameStart and isNameChar are the classes of XML 1.0, without the colon.
func isNameStart(c rune) bool {
	return c == '_' || unicode.IsLetter(c) || unicode.Is(unicode.Nl, c)
}

func isNameChar(c rune) bool {
	return isNameStart(c) || c == '-' || c == '.' || unicode.IsDigit(c) || unicode.Is(unicode.Mn, c) || unicode.Is(unicode.Mc, c) || c == '·'
}

// encodeXMLName writes what may not stand in a name as _xHHHH_.
func encodeXMLName(s string) string {
	var b strings.Builder
	for i, c := range s {
		escape := !isNameChar(c) && c != ':' || i == 0 && !isNameStart(c)
		if c == '_' && isNameEscape(s[i:]) {
			escape = true
		}
		switch {
		case !escape:
			b.WriteRune(c)
		case c > 0xFFFF:
			fmt.Fprintf(&b, "_x%08X_", c)
		default:
			fmt.Fprintf(&b, "_x%04X_", c)
		}
	}
	return b.String()
}

// isNameEscape reports whether s begins with _xHHHH_.
func isNameEscape(s string) bool {
	if len(s) < 7 || s[:2] != "_x" || s[6] != '_' {
		return false
	}
	_, ok := hex4(s[2:])
	return ok
}

func decodeXMLName(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		if isNameEscape(s) {
			c, _ := hex4(s[2:])
			b.WriteRune(c)
			s = s[7:]
			continue
		}
		if len(s) >= 11 && s[:2] == "_x" && s[10] == '_' {
			high, ok := hex4(s[2:])
			low, ok2 := hex4(s[6:])
			if c := high<<16 | low; ok && ok2 && utf8.ValidRune(c) {
				b.WriteRune(c)
				s = s[11:]
				continue
			}
		}
		_, size := utf8.DecodeRuneInString(s)
		b.WriteString(s[:size])
		s = s[size:]
	}
	return b.String()
}

// expandEntities replaces the five predefined entities and character references.
func expandEntities(s string) (string, bool) {
	if !strings.Contains(s, "&") {
		return s, true
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, "&")
		b.WriteString(before)
		if !found {
			return b.String(), true
		}
		name, rest, found := strings.Cut(after, ";")
		c, ok := entity(name)
		if !found || !ok {
			return "", false
		}
		b.WriteRune(c)
		s = rest
	}
}

func entity(name string) (rune, bool) {
	switch name {
	case "amp":
		return '&', true
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	digits, base := strings.TrimPrefix(name, "#"), 10
	if digits == name {
		return 0, false
	}
	if hex := strings.TrimPrefix(digits, "x"); hex != digits {
		digits, base = hex, 16
	}
	var c rune
	for _, d := range digits {
		v := strings.IndexRune("0123456789abcdef", unicode.ToLower(d))
		if v < 0 || v >= base || c > 0x10FFFF {
			return 0, false
		}
		c = c*rune(base) + rune(v)
	}
	return c, digits != "" && isXMLChar(c)
}

// isXMLChar reports whether XML 1.0 allows a character.
func isXMLChar(c rune) bool {
	return c == '\t' || c == '\n' || c == '\r' || c >= ' ' && c <= 0xD7FF || c >= 0xE000 && c <= 0xFFFD || c >= 0x10000 && c <= 0x10FFFF
}
