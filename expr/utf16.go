package expr

import "unicode/utf8"

// utf16Length is the number of UTF-16 units of s, which is valid UTF-8.
func utf16Length(s string) int {
	ascii := asciiEnd(s, 0)
	n := ascii
	for at := ascii; at < len(s); at++ {
		n += utf16Units(s[at])
	}
	return n
}

// utf16Units is how many UTF-16 units begin with a byte of UTF-8.
func utf16Units(c byte) int {
	switch {
	case c >= 0xF0:
		return 2
	case c >= 0xC0 || c < utf8.RuneSelf:
		return 1
	}
	return 0
}

// asciiEnd returns a position up to which s is ASCII, within eight bytes of the last.
func asciiEnd(s string, at int) int {
	for at+8 <= len(s) && word8(s[at:at+8])&highBits == 0 {
		at += 8
	}
	return at
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
// position is inside the character at that offset. Positions beyond s are its end.
func utf16Offset(s string, position int) (offset int, inside bool) {
	at := 0
	if position > 0 {
		at = asciiEnd(s[:min(position, len(s))], 0)
	}
	n := at
	for i, c := range s[at:] {
		if n == position {
			return at + i, false
		}
		n++
		if c > 0xFFFF {
			if n == position {
				return at + i, true
			}
			n++
		}
	}
	return len(s), false
}
