package expr

// Spans of time, as .NET's TimeSpan reads and prints them.

import (
	"strings"
)

// parseTimeSpan reads [-]d or [-][d.]hh:mm[:ss[.fffffff]], in ticks. A colon
// may stand between days and hours.
func parseTimeSpan(text string) (int64, bool) {
	s, negative := strings.CutPrefix(strings.TrimSpace(text), "-")
	var days, hours, minutes, seconds, fraction int
	number := func(separator string, field *int) bool {
		head, rest, found := strings.Cut(s, separator)
		if !found || head == "" || len(head) > 8 || !fixedDigits(head, field) {
			return false
		}
		s = rest
		return true
	}
	colons := strings.Count(s, ":")
	switch {
	case colons == 0:
		s += "."
		if !number(".", &days) || s != "" {
			return 0, false
		}
	default:
		if before, _, _ := strings.Cut(s, ":"); strings.Contains(before, ".") {
			if !number(".", &days) {
				return 0, false
			}
		} else if colons == 3 && !number(":", &days) {
			return 0, false
		}
		if !number(":", &hours) {
			return 0, false
		}
		s += ":" // now each number has one behind it
		if !number(":", &minutes) {
			return 0, false
		}
		if s != "" && !spanSeconds(strings.TrimSuffix(s, ":"), &seconds, &fraction) {
			return 0, false
		}
	}
	if hours > 23 && colons == 2 && !strings.Contains(text, ".") {
		days, hours, minutes, seconds = hours, minutes, seconds, 0 // hours that are none are days
	}
	if hours > 23 || minutes > 59 || seconds > 59 || days > 10_675_199 {
		return 0, false
	}
	ticks := uint64(days)*ticksPerDay + uint64(hours)*ticksPerHour + uint64(minutes)*ticksPerMinute + uint64(seconds)*ticksPerSecond + uint64(fraction)
	if ticks > 1<<63-1 {
		return 0, false
	}
	if negative {
		return -int64(ticks), true
	}
	return int64(ticks), true
}

// spanSeconds reads ss[.fffffff].
func spanSeconds(s string, seconds, fraction *int) bool {
	whole, digits, found := strings.Cut(s, ".")
	if whole == "" || len(whole) > 8 || !fixedDigits(whole, seconds) {
		return false
	}
	if !found {
		return true
	}
	return digits != "" && isoFraction("."+digits, fraction) == ""
}

// formatTimeSpan prints a span of ticks; false if format is not valid. Custom
// formats have no sign, and every literal in them must be quoted or escaped.
func formatTimeSpan(ticks int64, format string, c *culture) (string, bool) {
	switch format {
	case "", "c", "t", "T":
		return string(appendTimeSpan(nil, ticks)), true
	case "g", "G":
		return string(appendGeneralSpan(nil, ticks, format == "G", c.decimalSeparator)), true
	}
	if len(format) == 1 || len(format) > longestFormat {
		return "", false
	}
	p := spanPrinter{span: magnitude(ticks)}
	if !scanSpanFormat(format, &p) {
		return "", false
	}
	return string(p.dst), true
}

func magnitude(ticks int64) uint64 {
	if ticks < 0 {
		return -uint64(ticks)
	}
	return uint64(ticks)
}

// appendGeneralSpan writes [-][d:]h:mm:ss[.FFFFFFF], or all parts in full.
func appendGeneralSpan(dst []byte, ticks int64, full bool, point string) []byte {
	p := spanPrinter{dst: dst, span: magnitude(ticks)}
	if ticks < 0 {
		p.dst = append(p.dst, '-')
	}
	if full || p.span >= ticksPerDay {
		p.specifier('d', 1)
		p.literal(":")
	}
	hourDigits := 1
	if full {
		hourDigits = 2
	}
	p.specifier('h', hourDigits)
	p.literal(":")
	p.specifier('m', 2)
	p.literal(":")
	p.specifier('s', 2)
	if full || p.span%ticksPerSecond != 0 {
		p.literal(point)
		p.specifier(map[bool]byte{true: 'f', false: 'F'}[full], 7)
	}
	return p.dst
}

type spanPrinter struct {
	dst  []byte
	span uint64
}

func (p *spanPrinter) literal(text string) bool {
	p.dst = append(p.dst, text...)
	return true
}

func (p *spanPrinter) specifier(letter byte, count int) bool {
	switch letter {
	case 'd':
		p.dst = appendPadded(p.dst, int(p.span/ticksPerDay), count)
		return count <= 8
	case 'h':
		p.dst = appendPadded(p.dst, int(p.span/ticksPerHour%24), count)
	case 'm':
		p.dst = appendPadded(p.dst, int(p.span/ticksPerMinute%60), count)
	case 's':
		p.dst = appendPadded(p.dst, int(p.span/ticksPerSecond%60), count)
	case 'f', 'F':
		digits := datePrinter{civil: civil{fraction: int(p.span % ticksPerSecond)}}
		ok := digits.fraction(letter, count)
		p.dst = append(p.dst, digits.dst...)
		return ok
	}
	return count <= 2
}

// scanSpanFormat allows, of what scanDateFormat finds, quoted and escaped literals
// and the letters d, h, m, s, f, F.
func scanSpanFormat(format string, p *spanPrinter) bool {
	for i := 0; i < len(format); {
		c := format[i]
		size := 1
		switch {
		case c == '\'' || c == '"':
			text, length, ok := quotedLiteral(format[i:])
			if !ok {
				return false
			}
			p.literal(text)
			size = length
		case c == '\\' && i+1 < len(format):
			p.literal(format[i+1 : i+2])
			size = 2
		case c == '%' && i+1 < len(format) && strings.IndexByte("dhmsfF", format[i+1]) >= 0:
			p.specifier(format[i+1], 1)
			size = 2
		case strings.IndexByte("dhmsfF", c) >= 0:
			for i+size < len(format) && format[i+size] == c {
				size++
			}
			if !p.specifier(c, size) {
				return false
			}
		default:
			return false
		}
		i += size
	}
	return true
}
