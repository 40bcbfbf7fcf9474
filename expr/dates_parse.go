package expr

// Reading timestamps, as .NET's DateTime.Parse does (wdl-semantics §6).
//
// The ISO 8601 forms that programs write are read by parseISO in one pass. All else
// is cut into tokens, and the tokens are sorted into the parts of a date, a time
// and a zone: a number before a colon begins a time, a word is the name of a month or
// a weekday, AM, PM or a zone, other numbers belong to the date. Which number is the
// day, the month, the year follows from a month's name, from the one with more than
// two digits, and from the culture's order. What the text leaves out comes from
// today's date; a time left out is midnight.

import (
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// twoDigitYearMax is the last year that two digits can mean.
const twoDigitYearMax = 2049

// parseDate reads a timestamp; today fills in a missing year or date.
func parseDate(text string, c *culture, today dateTime) (dateTime, bool) {
	if d, ok := parseISO(text); ok {
		return d, true
	}
	if d, ok := parseLoose(text, c, today); ok {
		return d, true
	}
	// What a culture's own formats print can be read, whatever words they hold.
	text = strings.TrimSpace(text)
	for _, format := range [...]string{"d", "D", "f", "F", "g", "G"} {
		if d, ok := parseExact(text, format, c, today); ok {
			return d, true
		}
	}
	return dateTime{}, false
}

// parseISO reads yyyy-MM-dd[THH:mm[:ss[.f…]]][Z|±hh:mm] with one to seven digits of
// the fraction. It promises to read nothing that parseLoose reads differently.
func parseISO(s string) (dateTime, bool) {
	var c civil
	if len(s) < 10 || s[4] != '-' || s[7] != '-' || !fixedDigits(s[0:4], &c.year) || !fixedDigits(s[5:7], &c.month) || !fixedDigits(s[8:10], &c.day) {
		return dateTime{}, false
	}
	s = s[10:]
	kind, offset := kindUnspecified, int64(0)
	if len(s) > 0 {
		if len(s) < 6 || s[0] != 'T' || s[3] != ':' || !fixedDigits(s[1:3], &c.hour) || !fixedDigits(s[4:6], &c.minute) {
			return dateTime{}, false
		}
		s = s[6:]
		if len(s) >= 3 && s[0] == ':' {
			if !fixedDigits(s[1:3], &c.second) {
				return dateTime{}, false
			}
			s = isoFraction(s[3:], &c.fraction)
		}
		var ok bool
		if kind, offset, ok = isoZone(s); !ok {
			return dateTime{}, false
		}
	}
	ticks, ok := c.ticks()
	return dateTime{ticks, kind}.atOffset(offset, ok)
}

// isoFraction reads .f to .fffffff, if s begins with that, and returns the rest.
func isoFraction(s string, ticks *int) string {
	if s == "" || s[0] != '.' {
		return s
	}
	digits := 1
	for digits < len(s) && isDigit(s[digits]) {
		digits++
	}
	if digits == 1 || digits > 8 || !fixedDigits(s[1:digits], ticks) {
		return s
	}
	for i := digits; i < 8; i++ {
		*ticks *= 10
	}
	return s[digits:]
}

func isoZone(s string) (kind dateKind, offset int64, ok bool) {
	var hours, minutes int
	switch {
	case s == "":
		return kindUnspecified, 0, true
	case s == "Z":
		return kindUTC, 0, true
	case len(s) != 6 || s[0] != '+' && s[0] != '-' || s[3] != ':' || !fixedDigits(s[1:3], &hours) || !fixedDigits(s[4:6], &minutes):
		return 0, 0, false
	}
	offset, ok = zoneOffset(s[0], hours, minutes)
	return kindOffset, offset, ok
}

// zoneOffset returns an offset in ticks; up to 14 hours are allowed.
func zoneOffset(sign byte, hours, minutes int) (int64, bool) {
	offset := int64(hours)*ticksPerHour + int64(minutes)*ticksPerMinute
	ok := minutes < 60 && offset <= 14*ticksPerHour
	if sign == '-' {
		offset = -offset
	}
	return offset, ok
}

// atOffset turns the wall clock of an offset into UTC.
func (d dateTime) atOffset(offset int64, ok bool) (dateTime, bool) {
	d.ticks -= offset
	return d, ok && 0 <= d.ticks && d.ticks <= maxTicks
}

// fixedDigits reads a text of digits only.
func fixedDigits(s string, n *int) bool {
	value := 0
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
		value = value*10 + int(s[i]-'0')
	}
	*n = value
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// dateToken is a number, a word, or one other character. Space before it counts.
type dateToken struct {
	text   string
	number int // -1 for what is no number
	spaced bool
}

func (t dateToken) is(c byte) bool { return len(t.text) == 1 && t.text[0] == c }

// dateTokens cuts a text apart.
func dateTokens(text string) []dateToken {
	tokens := make([]dateToken, 0, 12)
	spaced := false
	for i := 0; i < len(text); {
		from := i
		r, size := utf8.DecodeRuneInString(text[i:])
		i += size
		token := dateToken{number: -1, spaced: spaced}
		spaced = false
		switch {
		case unicode.IsSpace(r):
			spaced = true
			continue
		case r == 0 && strings.Trim(text[from:], "\x00") == "":
			return tokens // .NET ignores zeros at the end
		case r < utf8.RuneSelf && isDigit(byte(r)):
			for i < len(text) && isDigit(text[i]) {
				i++
			}
			n, err := strconv.Atoi(text[from:i])
			if err != nil {
				n = math.MaxInt // a long fraction
			}
			token.number = n
		case unicode.IsLetter(r):
			for i < len(text) {
				r, size := utf8.DecodeRuneInString(text[i:])
				if !unicode.IsLetter(r) && !unicode.IsMark(r) {
					break
				}
				i += size
			}
		}
		token.text = text[from:i]
		tokens = append(tokens, token)
	}
	return tokens
}

// looseDate gathers what the tokens of a text say.
type looseDate struct {
	culture *culture
	tokens  []dateToken
	at      int

	parts   [3]dateToken // numbers of the date, in order
	count   int
	month   int // by name; 0: none
	monthAt int // how many numbers stood before the name
	weekday int // -1: none
	hasTime bool
	clock   civil // hour, minute, second, fraction
	half    int   // 1 after AM, 2 after PM
	kind    dateKind
	offset  int64
}

// parseLoose is parseDate without the short way.
func parseLoose(text string, c *culture, today dateTime) (dateTime, bool) {
	tokens := dateTokens(text)
	if len(tokens) == 0 {
		return dateTime{}, false
	}
	p := looseDate{culture: c, tokens: tokens, weekday: -1}
	for p.at < len(tokens) {
		if !p.step() {
			return dateTime{}, false
		}
	}
	return p.result(today)
}

// peek returns the token that many places on, or one that is nothing.
func (p *looseDate) peek(ahead int) dateToken {
	if p.at+ahead < len(p.tokens) {
		return p.tokens[p.at+ahead]
	}
	return dateToken{number: -1}
}

// step reads one part of the text.
func (p *looseDate) step() bool {
	t := p.peek(0)
	switch {
	case t.number >= 0 && (p.peek(1).is(':') || p.halfDay(p.peek(1)) != 0 && p.peek(1).text != ""):
		return p.time()
	case t.number >= 0:
		return p.datePart()
	case (t.is('+') || t.is('-')) && p.zoneFollows():
		return p.numericZone(t.text[0])
	case t.is(',') || t.is('/') || t.is('-') || t.is('.'):
		// A separator stands between two parts of a date.
		p.at++
		return p.count > 0 || p.month != 0 || p.weekday >= 0
	}
	return p.word()
}

// datePart takes a number as a part of the date.
func (p *looseDate) datePart() bool {
	if p.count == len(p.parts) || len(p.peek(0).text) > 4 {
		return false
	}
	p.parts[p.count] = p.peek(0)
	p.count++
	p.at++
	return true
}

// time reads h[:mm[:ss[.f…]]], of which a lone hour needs AM or PM behind it.
func (p *looseDate) time() bool {
	if p.hasTime {
		return false
	}
	p.hasTime = true
	for i, field := range []*int{&p.clock.hour, &p.clock.minute, &p.clock.second} {
		if i > 0 {
			if !p.peek(0).is(':') {
				break
			}
			p.at++
		}
		t := p.peek(0)
		if t.number < 0 || len(t.text) > 2 {
			return false
		}
		*field = t.number
		p.at++
		if i == 2 && p.peek(0).is('.') && p.peek(1).number >= 0 && !p.peek(1).spaced {
			p.clock.fraction = roundedFraction(p.peek(1).text)
			p.at += 2
		}
	}
	return true
}

// roundedFraction returns the ticks that the digits after a point mean, rounded; a
// whole second is possible.
func roundedFraction(digits string) int {
	fraction, _ := strconv.ParseFloat("0."+digits, 64)
	return int(math.RoundToEven(fraction * ticksPerSecond))
}

// zoneFollows reports whether the sign at hand begins an offset: after a time or a
// whole date.
func (p *looseDate) zoneFollows() bool {
	if p.kind != kindUnspecified || p.peek(1).number < 0 || p.peek(1).spaced {
		return false
	}
	whole := p.count == 3 || p.count == 2 && p.month != 0
	return p.hasTime || whole && (p.peek(0).is('+') || p.peek(2).is(':'))
}

// numericZone reads ±h, ±hh, ±hh:mm or ±hhmm.
func (p *looseDate) numericZone(sign byte) bool {
	t := p.peek(1)
	hours, minutes := t.number, 0
	p.at += 2
	switch {
	case len(t.text) > 4:
		return false
	case len(t.text) > 2:
		hours, minutes = t.number/100, t.number%100
	case p.peek(0).is(':'):
		if p.peek(1).number < 0 || len(p.peek(1).text) > 2 {
			return false
		}
		minutes = p.peek(1).number
		p.at += 2
	}
	var ok bool
	p.kind = kindOffset
	p.offset, ok = zoneOffset(sign, hours, minutes)
	return ok
}

// halfDay returns 1 for AM, 2 for PM, in the culture's words or English.
func (p *looseDate) halfDay(t dateToken) int {
	switch {
	case t.number >= 0 || t.text == "":
		return 0
	case strings.EqualFold(t.text, "AM") || strings.EqualFold(t.text, p.culture.am):
		return 1
	case strings.EqualFold(t.text, "PM") || strings.EqualFold(t.text, p.culture.pm):
		return 2
	}
	return 0
}

// word reads a name: of a month, a weekday, a half of the day, a zone; or a word that
// the culture's own formats contain.
func (p *looseDate) word() bool {
	t := p.peek(0)
	if half := p.halfDay(t); half != 0 {
		p.at++
		ok := p.half == 0 && p.hasTime
		p.half = half
		return ok
	}
	switch {
	case strings.EqualFold(t.text, "Z") || strings.EqualFold(t.text, "GMT"):
		p.at++
		ok := p.kind == kindUnspecified && (p.hasTime || p.count > 0)
		p.kind = kindUTC
		return ok
	case strings.EqualFold(t.text, "T"):
		p.at++
		return (p.count > 0 || p.month != 0) && !p.hasTime && p.peek(0).number >= 0 && p.peek(1).is(':')
	}
	if !t.spaced && p.culture.hasDateWord(t.text) {
		p.at++ // 日 behind a number is a day, though it is also short for Sunday
		return true
	}
	if month := p.monthName(t.text); month != 0 {
		ok := p.month == 0
		p.month, p.monthAt = month, p.count
		p.skipName()
		return ok
	}
	if day := p.weekdayName(t.text); day >= 0 {
		ok := p.weekday < 0
		p.weekday = day
		p.skipName()
		return ok
	}
	p.at++
	return p.culture.hasDateWord(t.text)
}

// skipName goes past a name and the point of an abbreviation.
func (p *looseDate) skipName() {
	p.at++
	if p.peek(0).is('.') && !p.peek(0).spaced {
		p.at++
	}
}

// monthName returns the month that a word names, in the culture or, for English
// names, in any.
func (p *looseDate) monthName(word string) int {
	for _, c := range [2]*culture{p.culture, invariantCulture()} {
		for i := range c.months {
			if strings.EqualFold(word, c.months[i]) || sameAbbreviation(word, c.shortMonths[i]) ||
				c.genitive != nil && strings.EqualFold(word, c.genitive[i]) {
				return i + 1
			}
		}
	}
	return 0
}

// weekdayName returns the weekday that a word names, or -1.
func (p *looseDate) weekdayName(word string) int {
	for _, c := range [2]*culture{p.culture, invariantCulture()} {
		for i := range c.days {
			if strings.EqualFold(word, c.days[i]) || sameAbbreviation(word, c.shortDays[i]) {
				return i
			}
		}
	}
	return -1
}

// sameAbbreviation compares without the point of the culture's abbreviation.
func sameAbbreviation(word, name string) bool {
	return strings.EqualFold(word, strings.TrimSuffix(name, "."))
}

// hasDateWord reports whether a word stands in the culture's long date: de, quoted,
// in Spanish; 年 in Japanese.
func (c *culture) hasDateWord(word string) bool {
	quoted := strings.Contains(c.longDate, "'"+word+"'")
	return quoted || word[0] >= utf8.RuneSelf && strings.Contains(c.longDate, word)
}

// result puts the parts together.
func (p *looseDate) result(today dateTime) (dateTime, bool) {
	c := today.civil()
	date := civil{year: c.year, month: c.month, day: c.day}
	switch {
	case p.count == 0 && p.month == 0:
		if !p.hasTime || p.weekday >= 0 {
			return dateTime{}, false
		}
	case !p.date(&date):
		return dateTime{}, false
	}
	date.hour, date.minute, date.second = p.clock.hour, p.clock.minute, p.clock.second
	switch {
	case p.half == 1 && date.hour > 12:
		return dateTime{}, false
	case p.half == 1 && date.hour == 12:
		date.hour = 0
	case p.half == 2 && date.hour < 12:
		date.hour += 12
	}
	ticks, ok := date.ticks()
	if ok && p.weekday >= 0 && (dateTime{ticks: ticks}).civil().weekday != p.weekday {
		return dateTime{}, false
	}
	return dateTime{ticks + int64(p.clock.fraction), p.kind}.atOffset(p.offset, ok)
}

// isYear reports whether a number can only be a year.
func isYear(t dateToken) bool { return len(t.text) > 2 }

// date decides which number is which.
func (p *looseDate) date(c *civil) bool {
	a := p.parts
	if p.month != 0 {
		c.month = p.month
		switch {
		case p.count == 1 && (isYear(a[0]) || a[0].number > 31):
			c.year, c.day = fullYear(a[0]), 1
		case p.count == 1:
			c.day = a[0].number
		case p.count == 2 && (isYear(a[0]) || p.monthAt < 2 && p.culture.yearFirst() && !isYear(a[1])):
			c.year, c.day = fullYear(a[0]), a[1].number
		case p.count == 2:
			c.day, c.year = a[0].number, fullYear(a[1])
		default:
			return false
		}
		return true
	}
	switch {
	case p.count == 2 && isYear(a[0]):
		c.year, c.month, c.day = fullYear(a[0]), a[1].number, 1
	case p.count == 2 && isYear(a[1]):
		c.month, c.year, c.day = a[0].number, fullYear(a[1]), 1
	case p.count == 2 && p.culture.dayFirst():
		c.day, c.month = a[0].number, a[1].number
	case p.count == 2:
		c.month, c.day = a[0].number, a[1].number
	case p.count != 3 || isYear(a[1]):
		return false
	case isYear(a[0]) || p.culture.yearFirst() && !isYear(a[2]):
		c.year, c.month, c.day = fullYear(a[0]), a[1].number, a[2].number
	case p.culture.dayFirst():
		c.day, c.month, c.year = a[0].number, a[1].number, fullYear(a[2])
	default:
		c.month, c.day, c.year = a[0].number, a[1].number, fullYear(a[2])
	}
	return true
}

// fullYear gives a year of one or two digits its century.
func fullYear(t dateToken) int {
	if isYear(t) {
		return t.number
	}
	return expandYear(t.number)
}

func expandYear(year int) int {
	const century = twoDigitYearMax / 100 * 100
	if year > twoDigitYearMax%100 {
		return century - 100 + year
	}
	return century + year
}

// dayFirst and yearFirst tell the order of numbers in the culture's short dates.
func (c *culture) dayFirst() bool {
	return strings.IndexByte(c.shortDate, 'd') < strings.IndexByte(c.shortDate, 'M')
}
func (c *culture) yearFirst() bool { return c.shortDate[0] == 'y' }
