package expr

// Reading timestamps in free form.
//
// The text is read piece by piece: a number, a name or a mark, together with the
// separator behind it. Each piece leads from one shape to the next (dates_shapes.go)
// until a date or a time is complete; then the next one begins. A number of one or
// two digits can be anything, one of three to eight is a year. The culture's formats
// say which number is which; what the text leaves out comes from today's date, and a
// time left out is midnight. A date and a time are complete at most once each.

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

// twoDigitYearMax is the last year that two digits can mean.
const twoDigitYearMax = 2049

// longestNumber has that many digits, but for fractions.
const longestNumber = 8

// looseDate reads one timestamp. Of year, month, day and weekday -1 means not read.
type looseDate struct {
	culture *culture
	words   *dateWords
	text    string
	at      int
	shape   dateShape

	numbers   []int // of the shape at hand
	yearRead  int   // by its digits, -1: none
	monthRead int   // by name

	date             civil // year, month, day, hour, minute, second
	weekday          int
	half             int // 0: AM, 1: PM
	fraction         int // ticks
	hasDate, hasTime bool
	suffixes         [6]bool

	zoned  bool
	kind   dateKind
	offset int64
}

// parseLoose reads a timestamp in free form.
func parseLoose(text string, c *culture, today dateTime) (dateTime, bool) {
	p := looseDate{culture: c, words: c.words(), text: text, shape: shapeNone, yearRead: -1, monthRead: -1, weekday: -1, half: -1}
	p.date = civil{year: -1, month: -1, day: -1}
	found := false
	for end := false; !end; {
		piece, ok := p.piece(today)
		switch {
		case !ok:
			return dateTime{}, false
		case piece == pieceNone:
			continue
		case piece == numberLocalTime:
			return p.isoTime()
		}
		piece = p.mendSeparator(piece)
		p.shape = nextShape[p.shape][piece]
		switch {
		case p.shape == impossible:
			return dateTime{}, false
		case p.shape.complete():
			if !p.completed(p.shape, today) {
				return dateTime{}, false
			}
			found, p.shape = true, shapeNone
		}
		end = piece == pieceEnd || piece == numberEnd || piece == monthEnd
	}
	if !found {
		return dateTime{}, false
	}
	return p.result(today)
}

// mendSeparator helps the cultures whose dates and times have one separator: a year
// shows that what looked like a time is a date, and a separator may end a date.
func (p *looseDate) mendSeparator(piece datePiece) datePiece {
	if p.culture.dateSeparator != p.culture.timeSeparator {
		return piece
	}
	if piece == yearEnd || piece == yearSpace || piece == yearDate {
		switch p.shape {
		case shapeTimeN:
			p.shape = shapeDateNsep
		case shapeTimeNN:
			p.shape = shapeDateNNsep
		}
	}
	atEnd := p.at >= len(p.text)
	if !atEnd && nextShape[p.shape][piece] != impossible {
		return piece
	}
	choose := func(end, space datePiece) datePiece {
		if atEnd {
			return end
		}
		return space
	}
	switch piece {
	case yearDate:
		return choose(yearEnd, yearSpace)
	case numberDate, numberTime:
		return choose(numberEnd, numberSpace)
	case monthDate:
		return choose(monthEnd, monthSpace)
	}
	return piece
}

// rest is what has not been read.
func (p *looseDate) rest() string { return p.text[p.at:] }

// skipSpace goes past white space, and marks of the writing direction if asked.
func (p *looseDate) skipSpace(marks bool) {
	p.at = len(p.text) - len(strings.TrimLeftFunc(p.rest(), func(r rune) bool { return unicode.IsSpace(r) || marks && r == '\u200f' }))
}

// piece reads the next piece; false if there is none such in a timestamp.
func (p *looseDate) piece(today dateTime) (datePiece, bool) {
	p.skipSpace(false)
	if p.rest() == "" {
		return pieceEnd, true
	}
	if isDigit(p.text[p.at]) {
		return p.number(today)
	}
	word, size := find(p.words.parts, p.rest())
	p.at += size
	switch word.kind {
	case skippedWord:
		return pieceNone, true
	case halfWord:
		return pieceNone, p.setHalf(word.value)
	case monthWord:
		return p.monthName(word.value)
	case weekdayWord:
		seen := p.weekday >= 0
		p.weekday = word.value
		return pieceWeekday, !seen
	case eraWord:
		return pieceEra, true
	case zoneWord:
		seen := p.zoned
		p.zoned, p.kind, p.offset = true, kindUTC, 0
		return pieceZone, !seen
	}
	return pieceNone, p.sign()
}

// sign reads an offset, or punctuation that may stand around a timestamp.
func (p *looseDate) sign() bool {
	if c := p.text[p.at]; (c == '+' || c == '-') && !p.zoned {
		if from := p.at; p.numericZone() {
			return true
		} else {
			p.at, p.zoned = from, false
		}
	}
	return p.punctuation()
}

// punctuation reads zero characters at the end, or a # of the pair around all.
func (p *looseDate) punctuation() bool {
	switch p.text[p.at] {
	case 0:
		if strings.Trim(p.rest(), "\x00") != "" {
			return false
		}
		p.at = len(p.text)
		return true
	case '#':
		parts := strings.Split(strings.TrimRight(p.text, "\x00"), "#")
		if len(parts) != 3 || strings.TrimSpace(parts[0]) != "" || strings.TrimSpace(parts[2]) != "" || strings.Contains(parts[1], "\x00") {
			return false
		}
		p.at++
		return true
	}
	return false
}

func (p *looseDate) setHalf(half int) bool {
	seen := p.half >= 0
	p.half = half
	return !seen
}

// separator reads what stands behind a number or a month's name: nothing at the end,
// a sign or a word, or else space, which is unknown. before is where it began.
func (p *looseDate) separator() (word dateWord, before int, end bool) {
	before = p.at
	p.skipSpace(true)
	if p.rest() == "" {
		return dateWord{}, before, true
	}
	word, size := find(p.words.separators, p.rest())
	p.at += size
	return word, before, false
}

func (p *looseDate) monthName(month int) (datePiece, bool) {
	if p.monthRead >= 0 {
		return 0, false
	}
	p.monthRead = month
	word, before, end := p.separator()
	switch {
	case end:
		return monthEnd, true
	case word.kind == dateOrZoneSign && endsDate(p.shape, monthDate, monthSpace):
		p.at = before
		return monthSpace, true
	case word.kind == dateSign || word.kind == dateOrZoneSign || word.kind == timeSign && p.culture.dateSeparator == p.culture.timeSeparator:
		return monthDate, true
	}
	return monthSpace, word.kind == unknownWord
}

// number reads digits and what is behind them.
func (p *looseDate) number(today dateTime) (datePiece, bool) {
	digits := leadingDigits(p.rest())
	p.at += digits
	var n int
	if digits > longestNumber || len(p.numbers) == 3 || !fixedDigits(p.text[p.at-digits:p.at], &n) {
		return 0, false
	}
	if p.shape == shapeTimeNN && len(p.rest()) > 1 && p.text[p.at] == '.' {
		p.fractionBehind()
	}
	if (p.shape == shapeTimeNN || p.shape == shapeTimeN) && !p.zoneBehind() {
		return 0, false
	}
	if digits > 2 {
		return p.year(n)
	}
	return p.shortNumber(n, today)
}

func leadingDigits(s string) int {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return n
}

// fractionBehind reads the point at hand and the digits behind it, if any.
func (p *looseDate) fractionBehind() bool {
	p.at++
	digits := leadingDigits(p.rest())
	p.fraction = roundedFraction(p.rest()[:digits])
	p.at += digits
	return digits > 0
}

// zoneBehind reads an offset behind a time, if there is one.
func (p *looseDate) zoneBehind() bool {
	rest := strings.TrimLeftFunc(p.rest(), unicode.IsSpace)
	if len(rest) == 0 || len(rest) == 1 && len(p.rest()) == 1 || rest[0] != '+' && rest[0] != '-' {
		return true
	}
	p.at = len(p.text) - len(rest)
	return !p.zoned && p.numericZone()
}

// numericZone reads ±h, ±hh, ±hh:mm or ±hhmm.
func (p *looseDate) numericZone() bool {
	sign := p.text[p.at]
	p.at++
	size := leadingDigits(p.rest())
	var hours, minutes int
	if size == 0 || size > 4 || !fixedDigits(p.rest()[:size], &hours) {
		return false
	}
	p.at += size
	switch {
	case size > 2:
		hours, minutes = hours/100, hours%100
	case strings.HasPrefix(p.rest(), ":"):
		p.at++
		size = leadingDigits(p.rest())
		if size == 0 || size > 2 || !fixedDigits(p.rest()[:size], &minutes) {
			return false
		}
		p.at += size
	}
	if minutes > 59 {
		return false
	}
	p.zoned, p.kind = true, kindOffset
	p.offset = int64(hours)*ticksPerHour + int64(minutes)*ticksPerMinute
	if sign == '-' {
		p.offset = -p.offset
	}
	return true
}

// year takes a number of three digits or more.
func (p *looseDate) year(n int) (datePiece, bool) {
	if p.yearRead >= 0 {
		return 0, false
	}
	p.yearRead = n
	word, before, end := p.separator()
	if end {
		return yearEnd, true
	}
	switch word.kind {
	case halfSign:
		return yearSpace, p.setHalf(word.value)
	case unknownWord:
		return yearSpace, true
	case dateSign:
		return yearDate, true
	case timeSign:
		return yearDate, p.culture.dateSeparator == p.culture.timeSeparator
	case dateOrZoneSign:
		if endsDate(p.shape, yearDate, yearSpace) {
			p.at = before
			return yearSpace, true
		}
		return yearDate, true
	case dateSuffixSign, timeSuffixSign:
		return p.suffixed(n, word)
	}
	return 0, false
}

// shortNumber takes a number of one or two digits.
func (p *looseDate) shortNumber(n int, today dateTime) (datePiece, bool) {
	word, before, end := p.separator()
	switch word.kind {
	case dateSuffixSign, timeSuffixSign:
		if word.kind == dateSuffixSign && word.value == suffixYear {
			n = p.culture.fullYear(n)
		}
		return p.suffixed(n, word)
	case halfSign:
		return numberHalf, p.setHalf(word.value) && p.hourOfHalf(n, today)
	}
	p.numbers = append(p.numbers, n)
	switch word.kind {
	case dateSign:
		return numberDate, true
	case dateOrZoneSign:
		if endsDate(p.shape, numberDate, numberSpace) {
			p.at = before
			return numberSpace, true
		}
		return numberDate, true
	case timeSign:
		switch p.shape {
		case shapeY, shapeYN, shapeYNsep, shapeYM, shapeYMsep:
			if p.culture.dateSeparator == p.culture.timeSeparator {
				return numberDate, true
			}
		}
		return numberTime, true
	case localTimeSign:
		return numberLocalTime, p.shape == shapeYN || p.shape == shapeYNsep
	}
	if end {
		return numberEnd, true
	}
	return numberSpace, true
}

// hourOfHalf takes the number before AM or PM; two numbers before it are a date.
func (p *looseDate) hourOfHalf(n int, today dateTime) bool {
	if p.shape == shapeDateNN && !p.completed(dateNN, today) {
		return false
	}
	p.numbers = append(p.numbers, n)
	return p.shape != shapeTimeNN && p.shape != shapeTimeN || p.zoneBehind()
}

// suffixed stores a number that says itself what it is.
func (p *looseDate) suffixed(n int, word dateWord) (datePiece, bool) {
	if p.suffixes[word.value] {
		return 0, false
	}
	p.suffixes[word.value] = true
	switch word.value {
	case suffixYear:
		p.date.year, p.yearRead = n, n
	case suffixMonth:
		p.date.month, p.monthRead = n, n
	case suffixDay:
		p.date.day = n
	case suffixHour:
		p.date.hour = n
	case suffixMinute:
		p.date.minute = n
	case suffixSecond:
		p.date.second = n
	}
	if word.kind == dateSuffixSign {
		return numberDateSuffix, true
	}
	return numberTimeSuffix, true
}

// completed takes the numbers of a complete date or time.
func (p *looseDate) completed(shape dateShape, today dateTime) bool {
	n := append(p.numbers, 0, 0, 0)
	p.numbers = p.numbers[:0]
	switch shape {
	case timeN, timeNN, timeNNN:
		if p.hasTime || shape == timeN && p.half < 0 {
			return false
		}
		p.hasTime = true
		p.date.hour = n[0]
		if shape >= timeNN {
			p.date.minute = n[1]
		}
		if shape == timeNNN {
			p.date.second = n[2]
		}
		return true
	case timeSuffixes, dateSuffixes:
		return true
	case dateSuffixesN, dateNsuffixes, dateNNsuffixes:
		return p.partlySuffixed(shape, n)
	}
	if p.hasDate {
		return false
	}
	p.hasDate = shape != dateMN && shape != dateNM
	return p.numbersOfDate(shape, n, today)
}

// numbersOfDate decides which number is which.
func (p *looseDate) numbersOfDate(shape dateShape, n []int, today dateTime) bool {
	order, year := dateOrder(p.culture.shortDate), today.civil().year+p.culture.years
	switch shape {
	case dateNN:
		if dateOrder(p.culture.monthDay) == "dM" {
			return p.setDate(year, n[1], n[0])
		}
		return p.setDate(year, n[0], n[1])
	case dateNNN:
		return p.threeNumbers(order, n)
	case dateNNY:
		if order == "Mdy" || order == "yMd" {
			return p.setDate(p.yearRead, n[0], n[1])
		}
		return p.setDate(p.yearRead, n[1], n[0])
	case dateMN, dateNM:
		if p.yearBesideMonth(shape) {
			return p.setDate(p.culture.fullYear(n[0]), p.monthRead, 1)
		}
		return p.setDate(year, p.monthRead, n[0])
	case dateMNN:
		first, second := n[0], n[1]
		if order == "yMd" {
			first, second = second, first
		}
		return p.setDate(p.culture.fullYear(second), p.monthRead, first) || p.setDate(p.culture.fullYear(first), p.monthRead, second)
	case dateYNN:
		if order == "ydM" {
			return p.setDate(p.yearRead, n[1], n[0])
		}
		return p.setDate(p.yearRead, n[0], n[1])
	case dateYMN:
		return p.setDate(p.yearRead, p.monthRead, n[0])
	case dateYN:
		return p.setDate(p.yearRead, n[0], 1)
	}
	return p.setDate(p.yearRead, p.monthRead, 1) // dateYM
}

func (p *looseDate) threeNumbers(order string, n []int) bool {
	switch order {
	case "yMd":
		return p.setDate(p.culture.fullYear(n[0]), n[1], n[2])
	case "ydM":
		return p.setDate(p.culture.fullYear(n[0]), n[2], n[1])
	case "Mdy":
		return p.setDate(p.culture.fullYear(n[2]), n[0], n[1])
	case "dMy":
		return p.setDate(p.culture.fullYear(n[2]), n[1], n[0])
	}
	return false
}

// yearBesideMonth reports whether the number beside a month's name is its year: where
// the culture writes days on the other side only.
func (p *looseDate) yearBesideMonth(shape dateShape) bool {
	monthDay, yearMonth := dateOrder(p.culture.monthDay), dateOrder(p.culture.yearMonth)
	return shape == dateMN && monthDay == "dM" && yearMonth == "My" || shape == dateNM && monthDay == "Md" && yearMonth == "yM"
}

// partlySuffixed completes a date of which some numbers have suffixes.
func (p *looseDate) partlySuffixed(shape dateShape, n []int) bool {
	d := &p.date
	switch {
	case shape == dateSuffixesN:
		ok := d.day < 0
		d.day = n[0]
		return ok
	case shape == dateNsuffixes:
		ok := d.month >= 0 && d.year < 0
		d.year, d.day = p.culture.fullYear(n[0]), 1
		return ok
	case p.suffixes[suffixYear]:
		return !p.suffixes[suffixMonth] && !p.suffixes[suffixDay] && p.setDate(d.year, n[0], n[1])
	case !p.suffixes[suffixMonth] || p.suffixes[suffixDay]:
		return false
	case dateOrder(p.culture.shortDate) == "yMd":
		return p.setDate(p.culture.fullYear(n[0]), d.month, n[1])
	}
	return p.setDate(p.culture.fullYear(n[1]), d.month, n[0])
}

// setDate stores a date, if the calendar has it. The year is that of the culture's
// calendar.
func (p *looseDate) setDate(year, month, day int) bool {
	year -= p.culture.years
	if _, ok := (civil{year: year, month: month, day: day}).ticks(); !ok {
		return false
	}
	p.date.year, p.date.month, p.date.day = year, month, day
	return true
}

// fullYear gives a year of one or two digits its century.
func (c *culture) fullYear(year int) int {
	latest := twoDigitYearMax + c.years
	switch {
	case year >= 100:
		return year
	case year > latest%100:
		return latest/100*100 - 100 + year
	}
	return latest/100*100 + year
}

// result puts the parts together.
func (p *looseDate) result(today dateTime) (dateTime, bool) {
	c, now := p.date, today.civil()
	switch {
	case c.year < 0 && c.month < 0 && c.day < 0:
		c.year, c.month, c.day = now.year, now.month, now.day
	case c.year < 0:
		c.year = now.year
	}
	c.month, c.day = max(c.month, 1), max(c.day, 1)
	if !p.wholeHour(&c.hour) {
		return dateTime{}, false
	}
	ticks, ok := c.ticks()
	if ok && p.weekday >= 0 && (dateTime{ticks: ticks}).civil().weekday != p.weekday {
		return dateTime{}, false
	}
	return p.zonedAt(ticks, ok)
}

// wholeHour makes an hour of 24 from one of 12.
func (p *looseDate) wholeHour(hour *int) bool {
	half := p.half
	switch c := p.culture; {
	case half < 0 && c.am == "" && c.pm != "":
		half = 0
	case half < 0 && c.pm == "" && c.am != "":
		half = 1
	}
	switch {
	case half < 0:
	case half == 0 && *hour > 12:
		return false
	case half == 0:
		*hour %= 12
	case *hour < 12:
		*hour += 12
	}
	return true
}

// zonedAt adds the fraction and turns the clock of an offset into UTC.
func (p *looseDate) zonedAt(ticks int64, ok bool) (dateTime, bool) {
	ticks += int64(p.fraction)
	if !ok || ticks > maxTicks || max(p.offset, -p.offset) > maxOffset {
		return dateTime{}, false
	}
	return dateTime{ticks, p.kind}.atOffset(p.offset, true)
}

// roundedFraction returns the ticks that the digits after a point mean, rounded; a
// whole second is possible.
func roundedFraction(digits string) int {
	fraction, scale := 0.0, 0.1
	for i := range len(digits) {
		fraction += float64(digits[i]-'0') * scale
		scale *= 0.1
	}
	return int(math.RoundToEven(fraction * ticksPerSecond))
}

// isoTime reads the time behind yyyy-MM-ddT, after which only an offset or Z may
// come. What else was read, such as a weekday, does not count.
func (p *looseDate) isoTime() (dateTime, bool) {
	c := civil{year: p.yearRead, month: p.numbers[0], day: p.numbers[1]}
	p.fraction = 0
	if !p.twoDigits(&c.hour) || !p.colon() || !p.twoDigits(&c.minute) {
		return dateTime{}, false
	}
	if p.colon() {
		if !p.twoDigits(&c.second) || strings.HasPrefix(p.rest(), ".") && !p.fractionBehind() {
			return dateTime{}, false
		}
	}
	p.skipSpace(false)
	if p.rest() != "" {
		switch r, size := utf8.DecodeRuneInString(p.rest()); r {
		case '+', '-':
			if !p.numericZone() {
				return dateTime{}, false
			}
		case 'Z', 'z':
			p.kind, p.offset = kindUTC, 0
			p.at += size
		}
	}
	if p.skipSpace(false); strings.HasPrefix(p.rest(), "#") && !p.punctuation() {
		return dateTime{}, false
	}
	if p.skipSpace(false); strings.Trim(p.rest(), "\x00") != "" {
		return dateTime{}, false
	}
	ticks, ok := c.ticks()
	return p.zonedAt(ticks, ok)
}

func (p *looseDate) twoDigits(n *int) bool {
	p.skipSpace(false)
	if leadingDigits(p.rest()) < 2 || !fixedDigits(p.rest()[:2], n) {
		return false
	}
	p.at += 2
	return true
}

func (p *looseDate) colon() bool {
	from := p.at
	p.skipSpace(false)
	if !strings.HasPrefix(p.rest(), ":") {
		p.at = from
		return false
	}
	p.at++
	return true
}
