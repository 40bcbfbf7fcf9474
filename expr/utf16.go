package expr

import "unicode/utf8"

// utf16Length is the number of UTF-16 units of s.
func utf16Length(s string) int {
	n := 0
	for _, c := range s {
		n++
		if c > 0xFFFF {
			n++
		}
	}
	return n
}

// utf16Slice returns the UTF-16 units from start to end of s. A character that a
// border cuts in two is a lone surrogate in .NET; Go has none, so U+FFFD stands there.
func utf16Slice(s string, start, end int) string {
	if start >= end {
		return ""
	}
	from, cutStart := utf16Offset(s, start)
	to, cutEnd := utf16Offset(s, end)
	part := s[from:max(from, to)]
	if cutStart {
		_, size := utf8.DecodeRuneInString(part)
		part = "\uFFFD" + part[size:]
	}
	if cutEnd {
		part += "\uFFFD"
	}
	return part
}

// utf16Offset returns the byte offset of a UTF-16 position, and whether the
// position is inside the character at that offset.
func utf16Offset(s string, position int) (offset int, inside bool) {
	n := 0
	for i, c := range s {
		if n == position {
			return i, false
		}
		n++
		if c > 0xFFFF {
			if n == position {
				return i, true
			}
			n++
		}
	}
	return len(s), false
}
