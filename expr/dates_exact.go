package expr

// Reading timestamps in a given format, as .NET's DateTime.ParseExact does: every
// specifier takes exactly what it would print, only a single letter takes one or two
// digits, and white space counts.

import (
	"math"
	"strings"
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
		format = custom
	}
	p := dateReader{culture: c, rest: text, year: -1, month: -1, day: -1, weekday: -1}
	if !scanDateFormat(format, &p) || p.rest != "" || p.pointMissing {
		return dateTime{}, false
	}
	return p.result(today)
}

// dateReader reads the parts of a custom format.
type dateReader struct {
	culture *culture
	rest    string // of the text

	year, month, day, weekday int // -1: not read
	clock                     civil
	twelve                    bool // the hour was h
	half                      int  // 1 after AM, 2 after PM
	kind                      dateKind
	offset                    int64
	pointMissing              bool // allowed before F only
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

func (p *dateReader) specifier(letter byte, count int) bool {
	if p.pointMissing {
		p.pointMissing = false
		return letter == 'F'
	}
	switch letter {
	case 'd':
		switch {
		case count <= 2:
			return p.digits(count, &p.day)
		case count == 3:
			return p.name(p.culture.shortDays[:], &p.weekday)
		}
		return p.name(p.culture.days[:], &p.weekday)
	case 'M':
		return p.monthPart(count)
	case 'y':
		if count <= 2 {
			if !p.digits(count, &p.year) {
				return false
			}
			p.year = expandYear(p.year)
			return true
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
		return count <= 7 && p.fraction(letter, count)
	}
	return p.marker(letter, count)
}

func (p *dateReader) monthPart(count int) bool {
	if count <= 2 {
		return p.digits(count, &p.month)
	}
	names := p.culture.shortMonths[:]
	if count > 3 {
		names = p.culture.months[:]
	}
	// The genitive first: some of them begin with the month's plain name.
	ok := count > 3 && p.culture.genitive != nil && p.name(p.culture.genitive[:], &p.month) || p.name(names, &p.month)
	p.month++
	return ok
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
	if size < least || size > 9 {
		return false
	}
	digits := p.rest[:size]
	p.rest = p.rest[size:]
	return fixedDigits(digits, n)
}

func (p *dateReader) fraction(letter byte, count int) bool {
	least := count
	if letter == 'F' {
		least = 0
	}
	before := len(p.rest)
	if !p.exactDigits(least, count, &p.clock.fraction) {
		return false
	}
	p.clock.fraction *= int(math.Pow10(7 - (before - len(p.rest))))
	return true
}

// name reads the longest of the names that the text begins with, in any case.
func (p *dateReader) name(names []string, index *int) bool {
	longest := 0
	for i, name := range names {
		if size := len(name); size > longest && size <= len(p.rest) && strings.EqualFold(p.rest[:size], name) {
			longest, *index = size, i
		}
	}
	p.rest = p.rest[longest:]
	return longest > 0
}

func (p *dateReader) marker(letter byte, count int) bool {
	switch letter {
	case 't':
		names := []string{p.culture.am, p.culture.pm}
		if count == 1 {
			names = []string{names[0][:1], names[1][:1]}
		}
		ok := p.name(names, &p.half)
		p.half++
		return ok
	case ':':
		return p.literal(p.culture.timeSeparator)
	case '/':
		return p.literal(p.culture.dateSeparator)
	case 'z':
		return p.zone(count)
	case 'K':
		if rest, ok := strings.CutPrefix(p.rest, "Z"); ok {
			p.rest, p.kind = rest, kindUTC
			return true
		}
		return p.rest == "" || p.rest[0] != '+' && p.rest[0] != '-' || p.zone(3)
	case 'g':
		var era int
		return p.name([]string{p.culture.era, "AD", "A.D."}, &era)
	}
	return false
}

// zone reads ±h, ±hh or ±hh:mm.
func (p *dateReader) zone(count int) bool {
	if p.rest == "" || p.rest[0] != '+' && p.rest[0] != '-' {
		return false
	}
	sign := p.rest[0]
	p.rest = p.rest[1:]
	var hours, minutes int
	if !p.digits(min(count, 2), &hours) {
		return false
	}
	if count >= 3 {
		p.rest = strings.TrimPrefix(p.rest, ":")
		if !p.digits(2, &minutes) {
			return false
		}
	}
	var ok bool
	p.kind = kindOffset
	p.offset, ok = zoneOffset(sign, hours, minutes)
	return ok
}

// result puts the parts together.
func (p *dateReader) result(today dateTime) (dateTime, bool) {
	c := p.clock
	now := today.civil()
	c.year, c.month, c.day = p.year, p.month, p.day
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
		return p.half == 0 || (p.half == 1) == (*hour < 12)
	case *hour > 12:
		return false
	case p.half == 2:
		*hour = *hour%12 + 12
	default:
		*hour %= 12
	}
	return true
}
