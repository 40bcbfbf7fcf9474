package wdl

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Duration is an ISO 8601 duration: calendar years and months, and an exact rest.
type Duration struct {
	Months int           // years count as 12
	Rest   time.Duration // weeks, days (of 24 hours), hours, minutes, seconds
}

// ParseDuration reads an ISO 8601 duration such as "PT5M", "P1DT12H" or "P1.5D".
func ParseDuration(iso string) (Duration, error) {
	bad := func() (Duration, error) {
		return Duration{}, fmt.Errorf("'%s' is not an ISO 8601 duration, such as 'PT5M'", iso)
	}
	rest, negative := strings.CutPrefix(iso, "-")
	rest, ok := strings.CutPrefix(rest, "P")
	if !ok || rest == "" {
		return bad()
	}
	date, clock, hasTime := strings.Cut(rest, "T")
	if hasTime && clock == "" {
		return bad()
	}
	var d Duration
	if !d.add(date, "YMWD", false) || !d.add(clock, "HMS", true) {
		return bad()
	}
	if negative {
		d.Months, d.Rest = -d.Months, -d.Rest
	}
	return d, nil
}

// add reads numbers followed by designators of units, each at most once and in
// order. A fraction is allowed for exact units only.
func (d *Duration) add(text, units string, clock bool) bool {
	for text != "" {
		end := strings.IndexFunc(text, func(r rune) bool { return (r < '0' || r > '9') && r != '.' && r != ',' })
		if end <= 0 {
			return false
		}
		number := strings.Replace(text[:end], ",", ".", 1)
		at := strings.IndexByte(units, text[end])
		if at < 0 {
			return false
		}
		unit := units[at]
		units, text = units[at+1:], text[end+1:]
		value, err := strconv.ParseFloat(number, 64)
		if err != nil {
			return false
		}
		if !clock && (unit == 'Y' || unit == 'M') {
			if value != math.Trunc(value) || value > 12*10000 {
				return false
			}
			d.Months += int(value) * map[byte]int{'Y': 12, 'M': 1}[unit]
			continue
		}
		length := unitLength(unit, clock)
		if whole, err := strconv.ParseInt(number, 10, 64); err == nil && whole < math.MaxInt64/int64(length) {
			d.Rest += time.Duration(whole) * length
		} else if value*float64(length) < math.MaxInt64/4 {
			d.Rest += time.Duration(math.Round(value * float64(length)))
		} else {
			return false
		}
		if d.Rest < 0 {
			return false
		}
	}
	return true
}

func unitLength(unit byte, clock bool) time.Duration {
	switch {
	case unit == 'W':
		return 7 * 24 * time.Hour
	case unit == 'D':
		return 24 * time.Hour
	case unit == 'H':
		return time.Hour
	case unit == 'M' && clock:
		return time.Minute
	}
	return time.Second
}

// From returns the time that lies the duration after t. Months keep the day, or
// take the last one of a shorter month.
func (d Duration) From(t time.Time) time.Time {
	if d.Months != 0 {
		t = addMonths(t, d.Months)
	}
	return t.Add(d.Rest)
}

// Fixed returns the length of a duration without months.
func (d Duration) Fixed() (time.Duration, bool) { return d.Rest, d.Months == 0 }

// IsZero reports whether the duration is empty.
func (d Duration) IsZero() bool { return d == Duration{} }

// String returns the ISO 8601 form.
func (d Duration) String() string {
	if d.IsZero() {
		return "PT0S"
	}
	var b strings.Builder
	months, rest := d.Months, d.Rest
	if months < 0 || rest < 0 {
		b.WriteByte('-')
		months, rest = -months, -rest
	}
	b.WriteByte('P')
	write := func(n int64, unit byte) {
		if n != 0 {
			b.WriteString(strconv.FormatInt(n, 10))
			b.WriteByte(unit)
		}
	}
	write(int64(months/12), 'Y')
	write(int64(months%12), 'M')
	write(int64(rest/(24*time.Hour)), 'D')
	if rest %= 24 * time.Hour; rest != 0 {
		b.WriteByte('T')
		write(int64(rest/time.Hour), 'H')
		write(int64(rest%time.Hour/time.Minute), 'M')
		if seconds := rest % time.Minute; seconds%time.Second == 0 {
			write(int64(seconds/time.Second), 'S')
		} else {
			b.WriteString(strings.TrimRight(fmt.Sprintf("%d.%09d", seconds/time.Second, seconds%time.Second), "0") + "S")
		}
	}
	return b.String()
}

// addMonths keeps the day of t, clamped to the last one of the month reached.
func addMonths(t time.Time, months int) time.Time {
	year, month, day := t.Date()
	first := time.Date(year, month+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	year, month, _ = first.Date()
	if last := daysIn(year, month); day > last {
		day = last
	}
	hour, minute, second := t.Clock()
	return time.Date(year, month, day, hour, minute, second, t.Nanosecond(), t.Location())
}

func daysIn(year int, month time.Month) int {
	return time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
}
