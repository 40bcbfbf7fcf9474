package expr

// Timestamps, as .NET's DateTime has them (wdl-semantics §6): a count of 100 ns
// ticks on a wall clock, and a kind that says which clock that is. Parsing is in
// dates_parse.go, printing in dates_format.go, the functions of the language in
// dates_functions.go.

import (
	"strconv"
	"strings"
	"time"
)

const (
	ticksPerSecond = 10_000_000
	ticksPerMinute = 60 * ticksPerSecond
	ticksPerHour   = 60 * ticksPerMinute
	ticksPerDay    = 24 * ticksPerHour

	maxTicks  = 3_155_378_975_999_999_999 // 9999-12-31T23:59:59.9999999
	unixTicks = 621_355_968_000_000_000   // 1970-01-01
)

// dateKind is what a timestamp's text said about its zone.
type dateKind uint8

const (
	kindUnspecified dateKind = iota // nothing; prints no suffix
	kindUTC                         // Z; prints Z
	kindOffset                      // a numeric offset; converted to UTC, prints +00:00
)

// dateTime is a timestamp. ticks lies within 0 and maxTicks.
type dateTime struct {
	ticks int64
	kind  dateKind
}

// dateOf returns the timestamp of a moment, in UTC.
func dateOf(t time.Time) dateTime {
	ticks := unixTicks + t.Unix()*ticksPerSecond + int64(t.Nanosecond())/100
	return dateTime{withinCalendar(ticks), kindUTC}
}

// ticksTime returns the moment of a tick count in UTC.
func ticksTime(ticks int64) time.Time {
	since := ticks - unixTicks
	return time.Unix(since/ticksPerSecond, since%ticksPerSecond*100).UTC()
}

// civil is a timestamp taken apart.
type civil struct {
	year, month, day     int
	hour, minute, second int
	fraction             int // ticks
	weekday, yearDay     int // 0 is Sunday; 1 is January 1
}

func (d dateTime) civil() civil {
	t := ticksTime(d.ticks)
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	return civil{year, int(month), day, hour, minute, second, int(d.ticks % ticksPerSecond), int(t.Weekday()), t.YearDay()}
}

// ticks puts a timestamp together; false if the calendar has no such time.
func (c civil) ticks() (int64, bool) {
	if c.year < 1 || c.year > 9999 || c.month < 1 || c.month > 12 || c.day < 1 || c.day > daysIn(c.year, c.month) ||
		c.hour < 0 || c.hour > 23 || c.minute < 0 || c.minute > 59 || c.second < 0 || c.second > 59 {
		return 0, false
	}
	ticks := daysBefore(c.year, c.month, c.day)*ticksPerDay + int64(c.hour)*ticksPerHour + int64(c.minute)*ticksPerMinute +
		int64(c.second)*ticksPerSecond + int64(c.fraction)
	return ticks, ticks <= maxTicks
}

// daysBefore counts the days from 0001-01-01 to a date.
func daysBefore(year, month, day int) int64 {
	return (time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).Unix() + unixTicks/ticksPerSecond) / (24 * 60 * 60)
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// timeUnit is a unit of the functions addToTime, getFutureTime and their like:
// ticks, or months for those without a fixed length.
type timeUnit struct{ ticks, months int64 }

// unitOf reads the name of a unit in any case, singular or plural (wdl-semantics §6).
func unitOf(name string) (timeUnit, bool) {
	switch strings.TrimSuffix(strings.ToLower(name), "s") {
	case "second":
		return timeUnit{ticks: ticksPerSecond}, true
	case "minute":
		return timeUnit{ticks: ticksPerMinute}, true
	case "hour":
		return timeUnit{ticks: ticksPerHour}, true
	case "day":
		return timeUnit{ticks: ticksPerDay}, true
	case "week":
		return timeUnit{ticks: 7 * ticksPerDay}, true
	case "month":
		return timeUnit{months: 1}, true
	case "year":
		return timeUnit{months: 12}, true
	}
	return timeUnit{}, false
}

// add moves d by count units; false if the result leaves the calendar.
func (d dateTime) add(count int64, unit timeUnit) (dateTime, bool) {
	if unit.months != 0 {
		return d.addMonths(count, unit.months)
	}
	if limit := maxTicks / unit.ticks; count > limit || count < -limit {
		return d, false
	}
	d.ticks += count * unit.ticks
	return d, 0 <= d.ticks && d.ticks <= maxTicks
}

// addMonths keeps the day of the month, or takes the month's last where it has no
// such day.
func (d dateTime) addMonths(count, months int64) (dateTime, bool) {
	const limit = 12 * 9999
	if count > limit || count < -limit {
		return d, false
	}
	c := d.civil()
	month := int64(c.year)*12 + int64(c.month-1) + count*months
	if month < 12 || month >= 12*10_000 {
		return d, false
	}
	c.year, c.month = int(month/12), int(month%12)+1
	c.day = min(c.day, daysIn(c.year, c.month))
	ticks, ok := c.ticks()
	return dateTime{ticks, d.kind}, ok
}

// startOfDay and its like zero all that is smaller than the unit.
func (d dateTime) startOfDay() dateTime  { return dateTime{d.ticks - d.ticks%ticksPerDay, d.kind} }
func (d dateTime) startOfHour() dateTime { return dateTime{d.ticks - d.ticks%ticksPerHour, d.kind} }
func (d dateTime) startOfMonth() dateTime {
	day := d.startOfDay()
	return dateTime{day.ticks - int64(d.civil().day-1)*ticksPerDay, d.kind}
}

// appendTimeSpan writes a span of ticks as [-][d.]hh:mm:ss[.fffffff].
func appendTimeSpan(dst []byte, ticks int64) []byte {
	span := uint64(ticks)
	if ticks < 0 {
		dst = append(dst, '-')
		span = -span
	}
	if days := span / ticksPerDay; days > 0 {
		dst = strconv.AppendUint(dst, days, 10)
		dst = append(dst, '.')
	}
	dst = appendPadded(dst, int(span/ticksPerHour%24), 2)
	dst = append(dst, ':')
	dst = appendPadded(dst, int(span/ticksPerMinute%60), 2)
	dst = append(dst, ':')
	dst = appendPadded(dst, int(span/ticksPerSecond%60), 2)
	if fraction := span % ticksPerSecond; fraction != 0 {
		dst = append(dst, '.')
		dst = appendPadded(dst, int(fraction), 7)
	}
	return dst
}

// appendPadded writes n with at least width digits.
func appendPadded(dst []byte, n, width int) []byte {
	var buf [20]byte
	digits := strconv.AppendInt(buf[:0], int64(n), 10)
	for i := len(digits); i < width; i++ {
		dst = append(dst, '0')
	}
	return append(dst, digits...)
}
