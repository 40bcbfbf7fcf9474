package expr

import "strings"

func templateDateFunctions() []Function {
	return []Function{
		{Name: "dateTimeAdd", Min: 2, Max: 3, eval: dateTimeAdd},
		{Name: "dateTimeFromEpoch", Min: 1, Max: 1, eval: dateTimeFromEpoch},
		{Name: "dateTimeToEpoch", Min: 1, Max: 1, eval: dateTimeToEpoch},
		{Name: "utcNow", Min: 0, Max: 1, Volatile: true, eval: func(c invocation) (Value, error) { return c.printIn(c.now(), 0, "yyyyMMddTHHmmssZ") }},
	}
}

// printIn prints a timestamp in the format that an optional argument gives.
func (c invocation) printIn(d dateTime, formatAt int, missing string) (Value, error) {
	format, err := c.optionalText(formatAt, missing)
	if err != nil {
		return Value{}, err
	}
	text, ok := d.format(format, defaultCulture())
	if !ok {
		return Value{}, c.badFormat("date time", format)
	}
	return String(text), nil
}

// roundTripSeconds is how timestamps are printed that no format is given for.
const roundTripSeconds = "yyyy-MM-ddTHH:mm:ss.FFFFFFFZ"

// templateDate reads an argument as a timestamp, also in the form that utcNow prints.
func (c invocation) templateDate(i int) (dateTime, error) {
	text, err := c.text(i)
	if err != nil {
		return dateTime{}, err
	}
	if d, ok := parseExact(text, "yyyyMMddTHHmmssK", invariantCulture(), c.now()); ok {
		return d, nil
	}
	return c.date(i)
}

// dateTimeAdd adds an ISO 8601 duration, in which a year is 365 days and a month is
// 30 (the reference of the template functions).
func dateTimeAdd(c invocation) (Value, error) {
	base, err := c.templateDate(0)
	if err != nil {
		return Value{}, err
	}
	text, err := c.text(1)
	if err != nil {
		return Value{}, err
	}
	ticks, ok := parseDuration(text)
	if !ok {
		return Value{}, c.notValid("The duration '%s' must match ISO 8601 format.", shown(text))
	}
	if base.ticks += ticks; base.ticks < 0 || base.ticks > maxTicks {
		return Value{}, c.outOfCalendar()
	}
	return c.printIn(base, 2, roundTripSeconds)
}

func dateTimeFromEpoch(c invocation) (Value, error) {
	seconds, err := c.integer(0)
	if err != nil {
		return Value{}, err
	}
	second, _ := unitOf("second")
	d, ok := dateTime{unixTicks, kindUTC}.add(seconds, second)
	if !ok {
		return Value{}, c.outOfCalendar()
	}
	return String(string(d.appendRoundTrip(nil)[:len("yyyy-MM-ddTHH:mm:ss")]) + "Z"), nil
}

// dateTimeToEpoch returns whole seconds, those before 1970 below zero.
func dateTimeToEpoch(c invocation) (Value, error) {
	d, err := c.templateDate(0)
	return Int(floorDiv(d.ticks-unixTicks, ticksPerSecond)), err
}

func floorDiv(a, b int64) int64 {
	if a < 0 {
		return -((-a + b - 1) / b)
	}
	return a / b
}

// longestDuration bounds each part of a duration and their sum, in days: more than the
// calendar has, and so little that four parts do not overflow to a sum in bounds.
const longestDuration = 4_000_000

// parseDuration reads [-]P[nY][nM][nW][nD][T[nH][nM][n[.f]S]], in ticks.
func parseDuration(s string) (int64, bool) {
	rest, negative := strings.CutPrefix(s, "-")
	rest, ok := strings.CutPrefix(rest, "P")
	if !ok || rest == "" || strings.HasSuffix(rest, "T") {
		return 0, false
	}
	date, clock, _ := strings.Cut(rest, "T")
	days, ok := durationParts(date, "YMWD", 365*ticksPerDay, 30*ticksPerDay, 7*ticksPerDay, ticksPerDay)
	if !ok {
		return 0, false
	}
	ticks, ok := durationParts(clock, "HMS", ticksPerHour, ticksPerMinute, ticksPerSecond)
	if ticks += days; negative {
		ticks = -ticks
	}
	return ticks, ok
}

// durationParts reads numbers, each followed by one of the letters, in their order, and
// adds them up in these units. Only seconds may have a fraction.
func durationParts(s, letters string, units ...int64) (sum int64, ok bool) {
	for s != "" {
		size := leadingDigits(s)
		var n, fraction int
		if size == 0 || size > 15 || !fixedDigits(s[:size], &n) {
			return 0, false
		}
		s = s[size:]
		fractional := strings.HasPrefix(s, ".")
		if fractional {
			size = 1 + leadingDigits(s[1:])
			fraction = roundedFraction(s[1:size])
			if s = s[size:]; size == 1 {
				return 0, false
			}
		}
		if s == "" {
			return 0, false
		}
		at := strings.IndexByte(letters, s[0])
		if at < 0 || fractional && s[0] != 'S' || int64(n) > longestDuration*ticksPerDay/units[at] {
			return 0, false
		}
		sum += int64(n)*units[at] + int64(fraction)
		letters, units, s = letters[at+1:], units[at+1:], s[1:]
	}
	return sum, sum >= 0 && sum <= longestDuration*ticksPerDay
}
