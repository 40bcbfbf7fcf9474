package expr

// Names and entities as text, as .NET's XmlConvert has them.

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

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

// expandEntities replaces the five predefined entities and character references.
func expandEntities(s string) (string, bool) {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, "&")
		b.WriteString(before)
		if !found {
			return b.String(), true
		}
		name, rest, closed := strings.Cut(after, ";")
		text, ok := namedCharacter(name)
		if !closed || !ok {
			return "", false
		}
		b.WriteString(text)
		s = rest
	}
}

// namedCharacter is what a reference stands for without a document type.
func namedCharacter(name string) (string, bool) {
	if digits, ok := strings.CutPrefix(name, "#"); ok {
		return characterReference(digits)
	}
	c, ok := predefinedEntity(name)
	return string(c), ok
}

// encodeXMLName writes what may not stand in a name as _xHHHH_.
func encodeXMLName(s string) string {
	if isXMLName(s) && !strings.Contains(s, "_") {
		return s
	}
	var b strings.Builder
	for i, c := range s {
		escape := !isNameChar(c) && c != ':' || i == 0 && !isNameStart(c)
		if c == '_' {
			_, size := nameEscape(s[i:])
			escape = size > 0
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

// nameEscape reads _xHHHH_ or _xHHHHHHHH_; size is 0 if s does not begin with one.
func nameEscape(s string) (c rune, size int) {
	if len(s) < 7 || s[0] != '_' || s[1]|0x20 != 'x' {
		return 0, 0
	}
	high, ok := hex4(s[2:])
	if !ok {
		return 0, 0
	}
	if s[6] == '_' {
		return high, 7
	}
	if len(s) < 11 || s[10] != '_' {
		return 0, 0
	}
	low, ok := hex4(s[6:])
	if !ok {
		return 0, 0
	}
	return high<<16 | low, 11
}

func decodeXMLName(s string) string {
	if !strings.Contains(s, "_") {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		if c, size := nameEscape(s); size > 0 && utf8.ValidRune(c) {
			b.WriteRune(c)
			s = s[size:]
			continue
		}
		_, size := utf8.DecodeRuneInString(s)
		b.WriteString(s[:size])
		s = s[size:]
	}
	return b.String()
}
