package expr

import "strings"

func templateDateFunctions() []Function {
	return []Function{
		{Name: "dateTimeAdd", Min: 2, Max: 3, eval: dateTimeAdd},
		{Name: "dateTimeFromEpoch", Min: 1, Max: 2, eval: dateTimeFromEpoch},
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

// dateTimeAdd adds an ISO 8601 duration; without a format the base's own is kept.
func dateTimeAdd(c invocation) (Value, error) {
	base, err := c.date(0)
	if err != nil {
		return Value{}, err
	}
	duration, err := c.text(1)
	if err != nil {
		return Value{}, err
	}
	parts, ok := parseDuration(duration)
	if !ok {
		return Value{}, c.notValid("The duration '%s' must match ISO 8601 format.", duration)
	}
	for _, p := range parts {
		if base, ok = base.add(p.count, p.unit); !ok {
			return Value{}, c.outOfCalendar()
		}
	}
	format := "yyyy-MM-ddTHH:mm:ssZ"
	if !strings.Contains(c.args[0].str, "T") {
		format = "u"
	}
	return c.printIn(base, 2, format)
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
	return c.printIn(d, 1, "yyyy-MM-ddTHH:mm:ssZ")
}

func dateTimeToEpoch(c invocation) (Value, error) {
	d, err := c.date(0)
	return Int((d.ticks - unixTicks) / ticksPerSecond), err
}

// durationPart is a count of one unit.
type durationPart struct {
	count int64
	unit  timeUnit
}

// parseDuration reads [-]P[nY][nM][nW][nD][T[nH][nM][nS]], whole numbers only.
func parseDuration(s string) ([]durationPart, bool) {
	sign := int64(1)
	if rest, ok := strings.CutPrefix(s, "-"); ok {
		sign, s = -1, rest
	}
	s, ok := strings.CutPrefix(s, "P")
	if !ok || s == "" || strings.HasSuffix(s, "T") {
		return nil, false
	}
	date, clock, timed := strings.Cut(s, "T")
	parts, ok := durationParts(nil, sign, date, "YMWD", "year", "month", "week", "day")
	if ok && timed {
		parts, ok = durationParts(parts, sign, clock, "HMS", "hour", "minute", "second")
	}
	return parts, ok
}

// durationParts reads numbers, each followed by one of the letters, in their order.
func durationParts(parts []durationPart, sign int64, s, letters string, names ...string) ([]durationPart, bool) {
	for s != "" {
		var n int64
		i := 0
		for i < len(s) && isDigit(s[i]) && n < 1e12 {
			n = n*10 + int64(s[i]-'0')
			i++
		}
		if i == 0 || i == len(s) {
			return nil, false
		}
		at := strings.IndexByte(letters, s[i])
		if at < 0 {
			return nil, false
		}
		unit, _ := unitOf(names[at])
		parts = append(parts, durationPart{sign * n, unit})
		letters, names, s = letters[at+1:], names[at+1:], s[i+1:]
	}
	return parts, true
}
