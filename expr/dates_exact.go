package expr

// Reading timestamps in a given format, as .NET's DateTime.ParseExact does: every
// specifier takes exactly what it would print, only a single letter takes one or two
// digits, and white space counts.

import (
	"math"
	"strings"
	"unicode/utf8"
)

// parseExact reads a text in a custom or standard format. What the format leaves
// out is the first month, the first day and midnight; without any date it is today.
func parseExact(text, format string, c *culture, today dateTime) (dateTime, bool) {
	if invariantFormat(format) {
		c = invariantCulture()
	}
	if len(format) == 1 {
		custom, ok := standardDateFormat(format[0], c)
		if !ok {
			return dateTime{}, false
		}
		if format == "U" {
			d, ok := parseExact(text, custom, c, today)
			return dateTime{d.ticks, kindUTC}, ok
		}
		format = custom
	}
	p := dateReader{culture: c, rest: text, year: -1, month: -1, day: -1, weekday: -1, half: -1, fraction: -1}
	p.clock = civil{hour: -1, minute: -1, second: -1}
	if !scanDateFormat(wholeRuns(format), &p) || text == "" || p.rest != "" || p.pointMissing {
		return dateTime{}, false
	}
	return p.result(today)
}

// dateReader reads the parts of a custom format.
type dateReader struct {
	culture *culture
	rest    string // of the text

	// -1: not read
	year, month, day, weekday int
	clock                     civil // hour, minute, second
	fraction                  int   // ticks
	half                      int   // 0 after AM, 1 after PM

	twelve       bool // the hour was h
	shortYear    bool // the year was y or yy
	zoned        bool
	kind         dateKind
	offset       int64
	pointMissing bool // allowed before FF only
}

// wholeRuns makes an empty literal of each percent sign that stands before another
// character: in reading, that one is not parted from its like behind it.
func wholeRuns(format string) string {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		switch c := format[i]; {
		case c == '%' && i+1 < len(format) && format[i+1] != '%':
			b.WriteString("''")
			continue
		case c == '\\' && i+1 < len(format):
			i++
			b.WriteString(format[i-1 : i+1])
			continue
		case c == '\'' || c == '"':
			if _, size, ok := quotedLiteral(format[i:]); ok {
				b.WriteString(format[i : i+size])
				i += size - 1
				continue
			}
		}
		b.WriteByte(format[i])
	}
	return b.String()
}

// set stores what has been read; twice the same is allowed.
func set(field *int, value int) bool {
	same := *field < 0 || *field == value
	*field = value
	return same
}

func (p *dateReader) literal(text string) bool {
	if p.pointMissing {
		return false
	}
	var ok bool
	if p.rest, ok = strings.CutPrefix(p.rest, text); !ok && text == "." {
		p.pointMissing = true
		return true
	}
	return ok
}

func (p *dateReader) separator(text string) bool {
	rest, ok := strings.CutPrefix(p.rest, text)
	p.rest = rest
	return ok
}

func (p *dateReader) specifier(letter byte, count, _ int) bool {
	if p.pointMissing {
		p.pointMissing = false
		return letter == 'F' && count > 1
	}
	switch letter {
	case 'd':
		switch {
		case count <= 2:
			return p.digits(count, &p.day)
		case count == 3:
			return p.name(p.culture.shortDays[:], &p.weekday, 0)
		}
		return p.name(p.culture.days[:], &p.weekday, 0)
	case 'M':
		return p.monthPart(count)
	case 'y':
		if count <= 2 {
			p.shortYear = true
			return p.digits(count, &p.year)
		}
		return p.exactDigits(count, count, &p.year)
	case 'H', 'h':
		p.twelve = p.twelve || letter == 'h'
		return p.digits(min(count, 2), &p.clock.hour)
	case 'm':
		return p.digits(min(count, 2), &p.clock.minute)
	case 's':
		return p.digits(min(count, 2), &p.clock.second)
	case 'f', 'F':
		return count <= 7 && p.fractionPart(letter, count)
	}
	return p.marker(letter, count)
}

// monthPart reads a number or a name; of the names, also those beside a day.
func (p *dateReader) monthPart(count int) bool {
	if count <= 2 {
		return p.digits(count, &p.month)
	}
	plain, genitive := &p.culture.shortMonths, p.culture.shortGenitive
	if count > 3 {
		plain, genitive = &p.culture.months, p.culture.genitive
	}
	names := plain[:]
	if genitive != nil {
		names = append(genitive[:len(genitive):len(genitive)], names...)
	}
	return p.name(names, &p.month, 1)
}

// digits reads one or two digits for a single letter, else as many as letters.
func (p *dateReader) digits(letters int, n *int) bool {
	return p.exactDigits(letters, max(letters, 2), n)
}

// exactDigits reads at least least digits, at most most.
func (p *dateReader) exactDigits(least, most int, n *int) bool {
	size := 0
	for size < most && size < len(p.rest) && isDigit(p.rest[size]) {
		size++
	}
	if size < least || size > 18 {
		return false
	}
	digits := p.rest[:size]
	p.rest = p.rest[size:]
	var value int
	return fixedDigits(digits, &value) && set(n, value)
}

// fractionPart reads exactly the digits of f, or up to the digits of F.
func (p *dateReader) fractionPart(letter byte, count int) bool {
	size := min(leadingDigits(p.rest), count)
	if letter == 'f' && size < count {
		return false
	}
	var fraction int
	fixedDigits(p.rest[:size], &fraction)
	p.rest = p.rest[size:]
	return set(&p.fraction, fraction*int(math.Pow10(7-size)))
}

// name reads the longest of the names that the text begins with, in any case. The
// first name means first; after twelve names they begin again.
func (p *dateReader) name(names []string, field *int, first int) bool {
	longest, found := 0, 0
	for i, name := range names {
		if size, ok := foldPrefix(p.rest, name); ok && size > longest {
			longest, found = size, i%12+first
		}
	}
	p.rest = p.rest[longest:]
	return longest > 0 && set(field, found)
}

func (p *dateReader) marker(letter byte, count int) bool {
	switch letter {
	case 't':
		if count > 1 {
			return p.name([]string{p.culture.am, p.culture.pm}, &p.half, 0)
		}
		for half, name := range []string{p.culture.am, p.culture.pm} {
			if letter := firstLetter(name); letter != "" && strings.HasPrefix(p.rest, letter) {
				p.rest = p.rest[len(letter):]
				return set(&p.half, half)
			}
		}
		return false
	case ':':
		return p.separator(p.culture.timeSeparator)
	case '/':
		return p.separator(p.culture.dateSeparator)
	case 'z':
		return p.zone(count)
	case 'K':
		if rest, ok := strings.CutPrefix(p.rest, "Z"); ok {
			p.rest = rest
			return p.setZone(kindUTC, 0)
		}
		return p.rest == "" || p.rest[0] != '+' && p.rest[0] != '-' || p.zone(3)
	case 'g':
		era := -1
		return p.name([]string{p.culture.era, "AD", "A.D."}, &era, 0)
	}
	return false
}

func firstLetter(name string) string {
	_, size := utf8.DecodeRuneInString(name)
	return name[:size]
}

// setZone stores an offset; twice the same is allowed.
func (p *dateReader) setZone(kind dateKind, offset int64) bool {
	same := !p.zoned || p.offset == offset
	if p.kind != kindUTC {
		p.kind = kind
	}
	p.zoned, p.offset = true, offset
	return same
}

// zone reads ±h, ±hh or ±hh:mm.
func (p *dateReader) zone(count int) bool {
	if p.rest == "" || p.rest[0] != '+' && p.rest[0] != '-' {
		return false
	}
	sign := p.rest[0]
	p.rest = p.rest[1:]
	hours, minutes := -1, 0
	letters := count
	if count > 2 {
		letters = 1
	}
	if !p.digits(letters, &hours) {
		return false
	}
	if count >= 3 {
		p.rest = strings.TrimPrefix(p.rest, ":")
		if minutes = -1; !p.digits(2, &minutes) {
			return false
		}
	}
	offset, ok := zoneOffset(sign, hours, minutes)
	return ok && p.setZone(kindOffset, offset)
}

// result puts the parts together.
func (p *dateReader) result(today dateTime) (dateTime, bool) {
	c := p.clock
	now := today.civil()
	c.year, c.month, c.day, c.fraction = p.year, p.month, p.day, max(p.fraction, 0)
	c.hour, c.minute, c.second = max(c.hour, 0), max(c.minute, 0), max(c.second, 0)
	if p.shortYear {
		c.year = p.culture.fullYear(c.year)
	}
	if c.year >= 0 {
		c.year = max(c.year-p.culture.years, 0)
	}
	if p.year < 0 && p.month < 0 && p.day < 0 {
		c.year, c.month, c.day = now.year, now.month, now.day
	}
	if c.year < 0 {
		c.year = now.year
	}
	if c.month < 0 {
		c.month = 1
	}
	if c.day < 0 {
		c.day = 1
	}
	if !p.wholeHour(&c.hour) {
		return dateTime{}, false
	}
	ticks, ok := c.ticks()
	if ok && p.weekday >= 0 && (dateTime{ticks: ticks}).civil().weekday != p.weekday {
		return dateTime{}, false
	}
	return dateTime{ticks, p.kind}.atOffset(p.offset, ok)
}

// wholeHour makes an hour of 24 from one of 12, or checks that both agree.
func (p *dateReader) wholeHour(hour *int) bool {
	switch {
	case !p.twelve:
		return p.half < 0 || (p.half == 0) == (*hour < 12)
	case *hour > 12:
		return false
	}
	*hour %= 12
	if p.half == 1 {
		*hour += 12
	}
	return true
}
