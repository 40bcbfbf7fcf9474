package expr

// Printing timestamps by .NET's standard and custom format strings (wdl-semantics §6).
//
// A format of one letter is standard and stands for a custom one, that of the
// culture or a fixed one. A custom format is a sequence of runs of one specifier
// letter, quoted or escaped literals, the culture's separators for ':' and '/', and
// other characters that stand for themselves. '%' before a single specifier keeps it
// from being read as a standard format.

import (
	"strings"
	"unicode/utf8"
)

const roundTripFormat = "yyyy'-'MM'-'dd'T'HH':'mm':'ss'.'fffffffK"

// standardDateFormat returns the custom format that a standard one stands for.
func standardDateFormat(letter byte, c *culture) (string, bool) {
	switch letter {
	case 'd':
		return c.shortDate, true
	case 'D':
		return c.longDate, true
	case 'f':
		return c.longDate + " " + c.shortTime, true
	case 'F', 'U':
		return c.longDate + " " + c.longTime, true
	case 'g':
		return c.shortDate + " " + c.shortTime, true
	case 'G':
		return c.shortDate + " " + c.longTime, true
	case 'm', 'M':
		return c.monthDay, true
	case 'o', 'O':
		return roundTripFormat, true
	case 'r', 'R':
		return "ddd, dd MMM yyyy HH':'mm':'ss 'GMT'", true
	case 's':
		return "yyyy'-'MM'-'dd'T'HH':'mm':'ss", true
	case 't':
		return c.shortTime, true
	case 'T':
		return c.longTime, true
	case 'u':
		return "yyyy'-'MM'-'dd HH':'mm':'ss'Z'", true
	case 'y', 'Y':
		return c.yearMonth, true
	}
	return "", false
}

// invariantFormat reports whether a standard format ignores the culture.
func invariantFormat(format string) bool {
	return len(format) == 1 && strings.Contains("oOrRsu", format)
}

// format prints d; false if format is not valid. An empty format is "o".
func (d dateTime) format(format string, c *culture) (string, bool) {
	if len(format) > longestFormat {
		return "", false
	}
	if format == "" || format == "o" || format == "O" {
		return string(d.appendRoundTrip(make([]byte, 0, 33))), true
	}
	if invariantFormat(format) {
		c = invariantCulture()
	}
	if len(format) == 1 {
		custom, ok := standardDateFormat(format[0], c)
		if !ok {
			return "", false
		}
		format = custom
	}
	p := datePrinter{culture: c, date: d, civil: d.civil(), dst: make([]byte, 0, len(format)+16), format: format}
	if !scanDateFormat(format, &p) {
		return "", false
	}
	return string(p.dst), true
}

// besideDay reports whether the month of count letters at a place in a custom format
// takes the form that stands beside the day of the month: the nearest letters d
// before it are one or two, or those behind it.
func besideDay(format string, at, count int) bool {
	before := strings.LastIndexByte(format[:at], 'd')
	if before >= 0 && before-len(strings.TrimRight(format[:before+1], "d")) < 2 {
		return true
	}
	_, behind, found := strings.Cut(format[at+count:], "d")
	return found && len(behind)-len(strings.TrimLeft(behind, "d")) < 2
}

// appendRoundTrip writes d in the format "o".
func (d dateTime) appendRoundTrip(dst []byte) []byte {
	c := d.civil()
	dst = append(appendPadded(dst, c.year, 4), '-')
	dst = append(appendPadded(dst, c.month, 2), '-')
	dst = append(appendPadded(dst, c.day, 2), 'T')
	dst = append(appendPadded(dst, c.hour, 2), ':')
	dst = append(appendPadded(dst, c.minute, 2), ':')
	dst = append(appendPadded(dst, c.second, 2), '.')
	return append(appendPadded(dst, c.fraction, 7), d.kind.suffix()...)
}

// suffix is what the specifier K prints.
func (k dateKind) suffix() string {
	switch k {
	case kindUTC:
		return "Z"
	case kindOffset:
		return "+00:00"
	}
	return ""
}

// dateSpecifiers are the letters of custom formats.
const dateSpecifiers = "dfFghHKmMstyz"

// dateFormatVisitor receives the parts of a custom format, in order.
type dateFormatVisitor interface {
	// specifier is a run of count letters, whose first stands at that place in the
	// format; ':' and '/' come one at a time.
	specifier(letter byte, count, at int) bool
	literal(text string) bool
}

// scanDateFormat takes a custom format apart; false if it is not valid or the
// visitor said so.
func scanDateFormat(format string, v dateFormatVisitor) bool {
	for i := 0; i < len(format); {
		c := format[i]
		switch {
		case c == '\'' || c == '"':
			text, size, ok := quotedLiteral(format[i:])
			if !ok || !v.literal(text) {
				return false
			}
			i += size
		case c == '\\':
			_, size := utf8.DecodeRuneInString(format[i+1:])
			if size == 0 || !v.literal(format[i+1:i+1+size]) {
				return false
			}
			i += 1 + size
		case c == '%':
			// One specifier follows, on its own.
			if i+1 == len(format) || strings.IndexByte(`%'"\`, format[i+1]) >= 0 {
				return false
			}
			if strings.IndexByte(dateSpecifiers, format[i+1]) < 0 {
				i++
				continue
			}
			if !v.specifier(format[i+1], 1, i+1) {
				return false
			}
			i += 2
		case c == ':' || c == '/' || c == 'K':
			if !v.specifier(c, 1, i) {
				return false
			}
			i++
		case strings.IndexByte(dateSpecifiers, c) >= 0:
			count := 1
			for i+count < len(format) && format[i+count] == c {
				count++
			}
			if !v.specifier(c, count, i) {
				return false
			}
			i += count
		default:
			_, size := utf8.DecodeRuneInString(format[i:])
			if !v.literal(format[i : i+size]) {
				return false
			}
			i += size
		}
	}
	return true
}

// quotedLiteral reads a literal in quotes, within which a backslash escapes.
func quotedLiteral(format string) (text string, size int, ok bool) {
	quote := format[0]
	var plain strings.Builder
	for i := 1; i < len(format); i++ {
		switch format[i] {
		case quote:
			return plain.String(), i + 1, true
		case '\\':
			if i++; i == len(format) {
				return "", 0, false
			}
		}
		plain.WriteByte(format[i])
	}
	return "", 0, false
}

// datePrinter prints the parts of a custom format.
type datePrinter struct {
	culture *culture
	date    dateTime
	civil   civil
	dst     []byte
	format  string
}

func (p *datePrinter) literal(text string) bool {
	p.dst = append(p.dst, text...)
	return true
}

func (p *datePrinter) specifier(letter byte, count, at int) bool {
	c, t := p.culture, &p.civil
	switch letter {
	case 'd':
		switch {
		case count <= 2:
			p.number(t.day, count)
		case count == 3:
			p.text(c.shortDays[t.weekday])
		default:
			p.text(c.days[t.weekday])
		}
	case 'M':
		if count <= 2 {
			p.number(t.month, count)
		} else {
			p.text(c.monthName(t.month, count == 3, besideDay(p.format, at, count)))
		}
	case 'y':
		year := t.year + c.years
		if count <= 2 {
			year %= 100
		}
		p.number(year, count)
	case 'H':
		p.number(t.hour, min(count, 2))
	case 'h':
		p.number((t.hour+11)%12+1, min(count, 2))
	case 'm':
		p.number(t.minute, min(count, 2))
	case 's':
		p.number(t.second, min(count, 2))
	case 'f', 'F':
		return p.fraction(letter, count)
	default:
		p.marker(letter, count)
	}
	return true
}

// monthName returns the name of a month, or its abbreviation, in the form that stands
// beside a day of the month or alone.
func (c *culture) monthName(month int, short, besideDay bool) string {
	names, genitive := &c.months, c.genitive
	if short {
		names, genitive = &c.shortMonths, c.shortGenitive
	}
	if besideDay && genitive != nil {
		names = genitive
	}
	return names[month-1]
}

// marker prints the parts that are not of the calendar or the clock's numbers.
func (p *datePrinter) marker(letter byte, count int) {
	switch letter {
	case 't':
		name := p.culture.am
		if p.civil.hour >= 12 {
			name = p.culture.pm
		}
		if count == 1 {
			_, size := utf8.DecodeRuneInString(name)
			name = name[:size]
		}
		p.text(name)
	case 'z':
		// The service's clock is UTC, and what had an offset has been converted.
		p.text([]string{"+0", "+00", "+00:00"}[min(count, 3)-1])
	case 'K':
		p.text(p.date.kind.suffix())
	case 'g':
		p.text(p.culture.era)
	case ':':
		p.text(p.culture.timeSeparator)
	case '/':
		p.text(p.culture.dateSeparator)
	}
}

// fraction prints the digits of f, or of F without trailing zeros and, when
// nothing is left, without the point before.
func (p *datePrinter) fraction(letter byte, count int) bool {
	if count > 7 {
		return false
	}
	var buf [7]byte
	digits := appendPadded(buf[:0], p.civil.fraction, 7)[:count]
	if letter == 'F' {
		for len(digits) > 0 && digits[len(digits)-1] == '0' {
			digits = digits[:len(digits)-1]
		}
		if n := len(p.dst); len(digits) == 0 && n > 0 && p.dst[n-1] == '.' {
			p.dst = p.dst[:n-1]
		}
	}
	p.dst = append(p.dst, digits...)
	return true
}

func (p *datePrinter) number(n, width int) { p.dst = appendPadded(p.dst, n, width) }
func (p *datePrinter) text(s string)       { p.dst = append(p.dst, s...) }
