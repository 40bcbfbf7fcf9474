package expr

// Reading timestamps, as .NET's DateTime.Parse does (wdl-semantics §6): the ISO 8601
// forms that programs write in one pass, all else in dates_loose.go.

// parseDate reads a timestamp; today fills in a missing year or date.
func parseDate(text string, c *culture, today dateTime) (dateTime, bool) {
	if d, ok := parseISO(text); ok && c.years == 0 {
		return d, true
	}
	return parseLoose(text, c, today)
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

// maxOffset is how far a clock may be from UTC.
const maxOffset = 14 * ticksPerHour

// zoneOffset returns an offset in ticks.
func zoneOffset(sign byte, hours, minutes int) (int64, bool) {
	offset := int64(hours)*ticksPerHour + int64(minutes)*ticksPerMinute
	ok := minutes < 60 && offset <= maxOffset
	if sign == '-' {
		offset = -offset
	}
	return offset, ok
}

// atOffset turns the wall clock of an offset into UTC. On the first day of the
// calendar it stays that day, as .NET takes it for a time without a date.
func (d dateTime) atOffset(offset int64, ok bool) (dateTime, bool) {
	firstDay := d.ticks < ticksPerDay
	if d.ticks -= offset; firstDay && d.ticks < 0 {
		d.ticks += ticksPerDay
	}
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
