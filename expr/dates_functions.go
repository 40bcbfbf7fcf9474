package expr

// The date and time functions of the workflow language (wdl-semantics §6).

func dateFunctions() []Function {
	const format = "and an optional format string as the "
	add := func(name, unit string) Function {
		u, _ := unitOf(unit)
		usage := "a timestamp as the first parameter, the number of " + unit + " to add as the second parameter, " + format + "third parameter"
		return Function{Name: name, Min: 2, Max: 3, usage: usage, eval: func(c invocation) (Value, error) {
			return c.shifted(0, 1, 1, func(invocation) (timeUnit, error) { return u, nil }, 2)
		}}
	}
	part := func(name string, of func(civil) int) Function {
		return Function{Name: name, Min: 1, Max: 1, usage: "a single parameter that is a timestamp", eval: func(c invocation) (Value, error) {
			d, err := c.date(0)
			if err != nil {
				return Value{}, err
			}
			return Int(int64(of(d.civil()))), nil
		}}
	}
	start := func(name string, of func(dateTime) dateTime) Function {
		return Function{Name: name, Min: 1, Max: 2, usage: "a timestamp as the first parameter " + format + "second parameter", eval: func(c invocation) (Value, error) {
			d, err := c.date(0)
			if err != nil {
				return Value{}, err
			}
			return c.printDate(of(d), 1, -1)
		}}
	}
	const interval = "an interval as the first parameter, a time unit as the second parameter, " + format + "third parameter"
	const shift = "a timestamp as the first parameter, an interval as the second parameter, a time unit as the third parameter, " + format + "fourth parameter"
	zoned := func(which string) string {
		return "a timestamp as the first parameter, a " + which + " time zone as the second parameter, " + format + "third parameter"
	}
	return []Function{
		{Name: "utcNow", Min: 0, Max: 1, Volatile: true, usage: "with no parameters or with an optional format parameter",
			eval: func(c invocation) (Value, error) { return c.printDate(c.now(), 0, -1) }},
		add("addDays", "days"),
		add("addHours", "hours"),
		add("addMinutes", "minutes"),
		add("addSeconds", "seconds"),
		{Name: "addToTime", Min: 3, Max: 4, usage: shift, eval: func(c invocation) (Value, error) { return c.shifted(0, 1, 1, unitAt(2), 3) }},
		{Name: "subtractFromTime", Min: 3, Max: 4, usage: shift, eval: func(c invocation) (Value, error) { return c.shifted(0, 1, -1, unitAt(2), 3) }},
		{Name: "getFutureTime", Min: 2, Max: 3, Volatile: true, usage: interval,
			eval: func(c invocation) (Value, error) { return c.shifted(-1, 0, 1, unitAt(1), 2) }},
		{Name: "getPastTime", Min: 2, Max: 3, Volatile: true, usage: interval,
			eval: func(c invocation) (Value, error) { return c.shifted(-1, 0, -1, unitAt(1), 2) }},
		{Name: "convertFromUtc", Min: 2, Max: 3, usage: zoned("target"), eval: convertFromUTC},
		{Name: "convertToUtc", Min: 2, Max: 3, usage: zoned("source"), eval: convertToUTC},
		{Name: "convertTimeZone", Min: 3, Max: 4, eval: convertTimeZone,
			usage: "a timestamp as the first parameter, a source time zone as the second parameter, a target time zone as the third parameter, " + format + "fourth parameter"},
		{Name: "dateDifference", Min: 2, Max: 2, usage: "a timestamp as the first parameter and timestamp as the second parameter", eval: dateDifference},
		part("dayOfMonth", func(c civil) int { return c.day }),
		part("dayOfWeek", func(c civil) int { return c.weekday }),
		part("dayOfYear", func(c civil) int { return c.yearDay }),
		start("startOfDay", dateTime.startOfDay),
		start("startOfHour", dateTime.startOfHour),
		start("startOfMonth", dateTime.startOfMonth),
		{Name: "ticks", Min: 1, Max: 1, usage: "a single parameter that is a timestamp", eval: evalTicks},
		{Name: "formatDateTime", Min: 1, Max: 3, eval: formatDateTime,
			usage: "a timestamp as the first parameter, an optional format string as the second parameter and an optional locale as the third parameter"},
		{Name: "parseDateTime", Min: 1, Max: 3, eval: parseDateTime,
			usage: "a timestamp as the first parameter, an optional locale string as the second parameter, " + format + "third parameter"},
		{Name: "formatTimeSpan", Min: 2, Max: 3, eval: formatTimeSpanText},
	}
}

func evalTicks(c invocation) (Value, error) {
	d, err := c.date(0)
	return Int(d.ticks), err
}

func formatDateTime(c invocation) (Value, error) {
	d, err := c.date(0)
	if err != nil {
		return Value{}, err
	}
	return c.printDate(d, 1, 2)
}

func (c invocation) now() dateTime { return dateOf(c.e.env.Now()) }

// date reads an argument as a timestamp.
func (c invocation) date(i int) (dateTime, error) {
	text, err := c.text(i)
	if err != nil {
		return dateTime{}, err
	}
	if d, ok := parseISO(text); ok {
		return d, nil
	}
	d, ok := parseDate(text, defaultCulture(), c.now())
	if !ok {
		return d, c.badDate(text)
	}
	return d, nil
}

func (c invocation) badDate(text string) error {
	return c.failWith(ConversionError, "In function '%s', the value provided for date time string '%s' was not valid. The datetime string must match ISO 8601 format.", c.name, shown(text))
}

// outOfCalendar complains about a result before year 1 or after 9999.
func (c invocation) outOfCalendar() error {
	return c.failWith(ArithmeticError, "The template language function '%s' was invoked with a parameter that is not valid. The resulting date time lies outside the years 1 to 9999. %s", c.name, c.see())
}

// locale reads an optional argument that names a culture; index -1: the default.
func (c invocation) locale(i int) (*culture, error) {
	if i < 0 {
		return defaultCulture(), nil
	}
	name, err := c.optionalText(i, "en-us")
	if err != nil {
		return nil, err
	}
	found := findCulture(name)
	if found == nil {
		return nil, c.failWith(ArgumentError, "In function '%s', the value provided for locale string '%s' was not valid.", c.name, shown(name))
	}
	return found, nil
}

// printDate prints a timestamp in the format and culture that optional arguments
// name.
func (c invocation) printDate(d dateTime, formatAt, localeAt int) (Value, error) {
	format, err := c.optionalText(formatAt, "o")
	if err != nil {
		return Value{}, err
	}
	locale, err := c.locale(localeAt)
	if err != nil {
		return Value{}, err
	}
	text, ok := d.format(format, locale)
	if !ok {
		return Value{}, c.badFormat("date time", format)
	}
	return String(text), nil
}

// longestFormat is how many bytes a format may have: it bounds what one prints.
const longestFormat = 10_000

func (c invocation) badFormat(what, format string) error {
	return c.failWith(ArgumentError, "In function '%s', the value provided for %s format string '%s' was not valid.", c.name, what, shown(format))
}

// unitAt reads an argument that names a unit of time.
func unitAt(i int) func(c invocation) (timeUnit, error) {
	return func(c invocation) (timeUnit, error) {
		name, err := c.text(i)
		if err != nil {
			return timeUnit{}, err
		}
		unit, ok := unitOf(name)
		if !ok {
			return unit, c.failWith(ArgumentError, "In function '%s', the value provided for time unit '%s' was not valid. It must be one of Second, Minute, Hour, Day, Week, Month, Year.", c.name, shown(name))
		}
		return unit, nil
	}
}

// shifted moves the timestamp at an argument, or the current time for -1, by an
// interval in that direction.
func (c invocation) shifted(dateAt, countAt int, sign int64, unit func(invocation) (timeUnit, error), formatAt int) (Value, error) {
	d, err := c.dateOrNow(dateAt)
	if err != nil {
		return Value{}, err
	}
	count, ok := c.args[countAt].AsInt()
	if c.args[countAt].Kind() == KindBigInt {
		return Value{}, c.outOfCalendar()
	}
	if !ok {
		return Value{}, c.wrongKind(countAt, "an integer")
	}
	u, err := unit(c)
	if err != nil {
		return Value{}, err
	}
	// The lowest integer has no opposite; either is beyond the calendar.
	if d, ok = d.add(max(count, -1<<62)*sign, u); !ok {
		return Value{}, c.outOfCalendar()
	}
	return c.printDate(d, formatAt, -1)
}

// dateOrNow reads an argument as a timestamp; index -1 is the current time.
func (c invocation) dateOrNow(i int) (dateTime, error) {
	if i < 0 {
		return c.now(), nil
	}
	return c.date(i)
}

// zone reads an argument that names a Windows time zone.
func (c invocation) zone(i int) (*timeZone, error) {
	id, err := c.text(i)
	if err != nil {
		return nil, err
	}
	zone := findZone(id)
	if zone == nil {
		return nil, c.failWith(ArgumentError, "In the template language function '%s', the value provided for the time zone id '%s' was not valid.", c.name, shown(id))
	}
	return zone, nil
}

// isUTC reports whether timestamps of the zone are printed with Z.
func (z *timeZone) isUTC() bool { return z.id == "UTC" }

// inZone turns a moment into the zone's wall clock.
func (z *timeZone) inZone(utc int64) dateTime {
	if z.isUTC() {
		return dateTime{withinCalendar(utc), kindUTC}
	}
	return dateTime{z.fromUTC(utc), kindUnspecified}
}

// momentOf turns a timestamp into UTC; one without a kind of its own shows the wall
// clock of the zone, which is the function's second argument, one with Z must not name
// another.
func (c invocation) momentOf(d dateTime, zone *timeZone) (int64, error) {
	if d.kind == kindUTC && !zone.isUTC() {
		return 0, c.fail(ArgumentError, "expects its second parameter to be a time zone matching the time zone indicated by the timestamp. The provided value '%s' does not match.", shown(c.args[1].Text()))
	}
	if d.kind != kindUnspecified || zone.isUTC() {
		return d.ticks, nil
	}
	utc, ok := zone.toUTC(d.ticks)
	if !ok {
		return 0, c.failWith(ArgumentError, "In the template language function '%s', the time '%s' does not exist in the time zone '%s': its clocks are put forward past it.", c.name, d.appendRoundTrip(nil), zone.id)
	}
	return utc, nil
}

func convertFromUTC(c invocation) (Value, error) {
	d, err := c.date(0)
	if err != nil {
		return Value{}, err
	}
	zone, err := c.zone(1)
	if err != nil {
		return Value{}, err
	}
	return c.printDate(zone.inZone(d.ticks), 2, -1)
}

func convertToUTC(c invocation) (Value, error) {
	d, err := c.date(0)
	if err != nil {
		return Value{}, err
	}
	zone, err := c.zone(1)
	if err != nil {
		return Value{}, err
	}
	utc, err := c.momentOf(d, zone)
	if err != nil {
		return Value{}, err
	}
	return c.printDate(dateTime{withinCalendar(utc), kindUTC}, 2, -1)
}

func convertTimeZone(c invocation) (Value, error) {
	d, err := c.date(0)
	if err != nil {
		return Value{}, err
	}
	from, err := c.zone(1)
	if err != nil {
		return Value{}, err
	}
	to, err := c.zone(2)
	if err != nil {
		return Value{}, err
	}
	utc, err := c.momentOf(d, from)
	if err != nil {
		return Value{}, err
	}
	return c.printDate(to.inZone(utc), 3, -1)
}

func dateDifference(c invocation) (Value, error) {
	from, err := c.date(0)
	if err != nil {
		return Value{}, err
	}
	to, err := c.date(1)
	if err != nil {
		return Value{}, err
	}
	return String(string(appendTimeSpan(nil, to.ticks-from.ticks))), nil
}

// parseDateTime reads by a culture, and exactly by a format if there is one.
func parseDateTime(c invocation) (Value, error) {
	text, err := c.text(0)
	if err != nil {
		return Value{}, err
	}
	locale, err := c.locale(1)
	if err != nil {
		return Value{}, err
	}
	format, err := c.optionalText(2, "")
	if err != nil {
		return Value{}, err
	}
	read := parseDate
	if len(format) > longestFormat {
		return Value{}, c.badFormat("date time", format)
	}
	if format != "" {
		read = func(text string, c *culture, today dateTime) (dateTime, bool) {
			return parseExact(text, format, c, today)
		}
	}
	d, ok := read(text, locale, c.now())
	if !ok {
		return Value{}, c.badDate(text)
	}
	return String(string(d.appendRoundTrip(nil))), nil
}

func formatTimeSpanText(c invocation) (Value, error) {
	text, err := c.text(0)
	if err != nil {
		return Value{}, err
	}
	format, err := c.text(1)
	if err != nil {
		return Value{}, err
	}
	locale, err := c.locale(2)
	if err != nil {
		return Value{}, err
	}
	span, ok := parseTimeSpan(text)
	if !ok {
		return Value{}, c.failWith(ConversionError, "In function '%s', the value provided for time span string '%s' was not valid.", c.name, shown(text))
	}
	printed, ok := formatTimeSpan(span, format, locale)
	if !ok {
		return Value{}, c.badFormat("time span", format)
	}
	return String(printed), nil
}
