package wdl

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"isle/expr"
)

// parameterEnv evaluates what may use parameters only.
type parameterEnv struct{ c *compiler }

func (e parameterEnv) Lookup(name string, args []expr.Value) (expr.Value, error) {
	if name == "parameters" && len(args) == 1 {
		text, _ := args[0].AsString()
		if p, ok := e.c.program.Parameter(text); ok {
			return p.Value, nil
		}
		return expr.Null(), expr.ParameterNotFound(text)
	}
	return expr.Null(), expr.NotExpected(name)
}

func (e parameterEnv) Now() time.Time { return e.c.Now }

func (e parameterEnv) Random() uint64 { return 0 }

// recurrenceMember reads the member `recurrence` of a trigger, whose expressions
// are evaluated once, when the workflow is saved. Nil if it is absent, has problems
// or is known to the deployment only.
func (c *compiler) recurrenceMember(n node, o owner) *Recurrence {
	m, ok := n.member("recurrence")
	if !ok {
		return nil
	}
	t := c.template(m, o, roleInputs)
	if t == nil || c.unsettled(m) {
		return nil
	}
	value, static := t.Literal()
	if !static {
		if c.readsUnknown(t) {
			return nil // the resolve stage reports it, or the value is not here
		}
		var err error
		if value, err = t.Eval(parameterEnv{c}); err != nil {
			c.invalid(m, o, RuleRecurrence, "the recurrence cannot be evaluated: %s", err)
			return nil
		}
	}
	return c.recurrence(node{value, m.at}, o)
}

// readsUnknown reports whether a template reads what is not known, or must not be read,
// when the workflow is saved.
func (c *compiler) readsUnknown(t *expr.Template) bool {
	for _, call := range t.Calls() {
		switch {
		case firstIsAction(call.Function), triggerReading(call.Function):
			return true
		case call.Function == "variables", call.Function == "item", call.Function == "items":
			return true
		}
		text, literal := name(call)
		p, known := c.program.Parameter(text)
		if call.Function == "parameters" && literal && (!known || p.Value.IsNull() || p.Expression != nil || c.unsettled(node{Value: p.Value})) {
			return true
		}
	}
	return false
}

// maxIntervals bounds the interval of each frequency (wdl-semantics §10.4).
var maxIntervals = [...]int{Second: 9_999_999, Minute: 72_000, Hour: 12_000, Day: 500, Week: 71, Month: 16, Year: 1}

// longestUnits are how long the unit of each frequency can be.
var longestUnits = [...]time.Duration{Second: time.Second, Minute: time.Minute, Hour: time.Hour, Day: day, Week: 7 * day, Month: 31 * day, Year: 366 * day}

const day = 24 * time.Hour

// recurrence reads and checks an evaluated recurrence object.
func (c *compiler) recurrence(n node, o owner) *Recurrence {
	if !n.isObject() {
		c.invalid(n, o, RuleRecurrence, "the property 'recurrence' must be an object, but is %s", describe(n.Value))
		return nil
	}
	c.members(n, o, recurrenceMembers(), complete)
	p := recurrenceParser{c: c, o: o, sound: true, r: &Recurrence{Interval: 1}}
	p.frequency(n)
	p.interval(n)
	p.pace(n)
	p.zone(n)
	p.r.Start = p.moment(n, "startTime")
	p.r.End = p.moment(n, "endTime")
	if !c.Now.IsZero() && p.r.Start.After(c.Now.AddDate(49, 0, 0)) {
		m, _ := n.member("startTime")
		p.fail(m, "the startTime lies more than 49 years ahead")
	}
	if count, ok := n.member("count"); ok {
		value, known, isInteger := c.integer(count)
		if !isInteger || known && value < 1 {
			p.fail(count, "the count must be a positive integer")
		}
		p.r.Count = value
	}
	if schedule, ok := n.member("schedule"); ok && !c.unknown(schedule) {
		p.schedule(schedule)
	}
	if !p.sound {
		return nil
	}
	return p.r
}

// recurrenceParser fills r; sound turns false at the first problem or unknown
// value. Each member is judged by itself, and against the frequency if that is known.
type recurrenceParser struct {
	c      *compiler
	o      owner
	r      *Recurrence
	sound  bool
	timely bool // the frequency is known
}

func (p *recurrenceParser) fail(n node, format string, args ...any) {
	p.sound = false
	p.c.invalid(n, p.o, RuleRecurrence, format, args...)
}

func (p *recurrenceParser) frequency(n node) {
	frequency, ok := n.member("frequency")
	switch {
	case !ok || p.c.unknown(frequency):
		p.sound = false // reported as missing where the type needs it
		if !ok && p.o.trigger == nil {
			p.fail(n, "the required property 'frequency' is missing")
		}
		return
	default:
		i := slices.IndexFunc(frequencyNames[:], func(name string) bool { return strings.EqualFold(name, frequency.text()) })
		if i < 0 {
			p.fail(frequency, "the frequency '%s' is none of %s", frequency.Text(), strings.Join(frequencyNames[:], ", "))
			return
		}
		p.r.Frequency, p.timely = Frequency(i), true
	}
}

func (p *recurrenceParser) interval(n node) {
	interval, ok := n.member("interval")
	if !ok {
		return
	}
	value, known, isInteger := p.c.integer(interval)
	if !known && isInteger {
		p.sound = false
		return
	}
	if !p.timely {
		if !isInteger || value < 1 {
			p.fail(interval, "the interval '%s' must be a positive integer", interval.Text())
		}
		return
	}
	if limit := maxIntervals[p.r.Frequency]; !isInteger || value < 1 || value > limit {
		p.fail(interval, "the interval '%s' of the frequency '%s' must lie between 1 and %d", interval.Text(), p.r.Frequency, limit)
		return
	}
	p.r.Interval = value
}

// pace holds the time between two slots to the limits (wdl-semantics §17).
func (p *recurrenceParser) pace(n node) {
	least, most := p.c.bounds.RecurrenceMinimum, p.c.bounds.RecurrenceMaximum
	every := time.Duration(p.r.Interval) * longestUnits[p.r.Frequency]
	if p.sound && (every < least || every > most) {
		p.fail(n, "the interval '%d' of the frequency '%s' is out of the limits of a recurrence, %s and %s", p.r.Interval, p.r.Frequency, Duration{Rest: least}, Duration{Rest: most})
	}
}

func (p *recurrenceParser) zone(n node) {
	zone, ok := n.member("timeZone")
	if !ok || p.c.unknown(zone) || zone.Kind() == expr.KindString && zone.text() == "" {
		return
	}
	location, ok := expr.TimeZone(zone.text())
	if !ok {
		p.fail(zone, "the time zone '%s' is not known: it must be a Windows id such as 'W. Europe Standard Time'", zone.Text())
		return
	}
	p.r.Location = location
}

// momentLayouts are the forms of a start or end time, without Z.
var momentLayouts = [...]string{"2006-01-02T15:04:05.999999999", "2006-01-02T15:04", "2006-01-02"}

// moment reads startTime or endTime: with Z it is UTC whatever the time zone, else
// it is what the zone's clock shows.
func (p *recurrenceParser) moment(n node, name string) time.Time {
	m, ok := n.member(name)
	if !ok || p.c.unknown(m) || m.Kind() == expr.KindString && m.text() == "" {
		return time.Time{}
	}
	text, utc := strings.CutSuffix(m.text(), "Z")
	for _, layout := range momentLayouts {
		wall, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		if zone, given := n.member("timeZone"); !utc && !(given && zone.text() != "") {
			p.fail(m, "the %s '%s' must end in 'Z' or a 'timeZone' must be given", name, m.text())
		}
		if utc {
			return wall
		}
		return p.r.moment(wall)
	}
	p.fail(m, "the %s '%s' must be a time such as '2024-03-15T10:00:00Z', without an offset", name, m.Text())
	return time.Time{}
}

// weekDayNames in time.Weekday's order.
var weekDayNames = [...]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}

func (p *recurrenceParser) schedule(n node) {
	if !n.isObject() {
		p.fail(n, "the schedule must be an object, but is %s", describe(n.Value))
		return
	}
	s := &Schedule{}
	for name, m := range n.members() {
		if m.Value.IsNull() || m.isArray() && m.Len() == 0 {
			continue
		}
		switch strings.ToLower(name) {
		case "hours":
			p.only(m, name, Day, Week)
			s.Hours = p.numbers(m, name, 0, 23)
		case "minutes":
			p.only(m, name, Day, Week)
			s.Minutes = p.numbers(m, name, 0, 59)
		case "weekdays":
			p.only(m, name, Week)
			s.WeekDays = p.weekDays(m)
		case "monthdays":
			p.only(m, name, Month)
			s.MonthDays = p.numbers(m, name, -31, 31)
			if slices.Contains(s.MonthDays, 0) {
				p.fail(m, "schedule.%s must not hold 0", name)
			}
		case "monthlyoccurrences":
			p.only(m, name, Month)
			s.Occurrences = p.occurrences(m)
		default:
			p.c.noteUnknown(n, m, p.o, name, anything("hours", "minutes", "weekDays", "monthDays", "monthlyOccurrences"), complete)
		}
	}
	empty := len(s.Hours)+len(s.Minutes)+len(s.WeekDays)+len(s.MonthDays)+len(s.Occurrences) == 0
	if p.sound && !empty {
		p.r.Schedule = s
	}
}

// only reports a schedule member that the frequency does not have.
func (p *recurrenceParser) only(n node, name string, allowed ...Frequency) {
	if p.timely && !slices.Contains(allowed, p.r.Frequency) {
		words := make([]string, len(allowed))
		for i, f := range allowed {
			words[i] = f.String()
		}
		p.fail(n, "schedule.%s is allowed with the frequency %s only, not '%s'", name, strings.Join(words, " or "), p.r.Frequency)
	}
}

// items returns the elements of an array, or the value itself.
func items(n node) []node {
	if !n.isArray() {
		return []node{n}
	}
	var list []node
	for _, e := range n.elements() {
		list = append(list, e)
	}
	return list
}

// numbers reads an integer or a list of them, as numbers or digits, and returns
// them sorted.
func (p *recurrenceParser) numbers(n node, name string, low, high int) []int {
	var list []int
	for _, e := range items(n) {
		value, known, isInteger := p.c.integer(e)
		if !isInteger || known && (value < low || value > high) {
			p.fail(e, "schedule.%s: '%s' does not lie between %d and %d", name, e.Text(), low, high)
			continue
		}
		p.sound = p.sound && known
		list = append(list, value)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func weekDay(name string) (time.Weekday, bool) {
	i := slices.IndexFunc(weekDayNames[:], func(day string) bool { return strings.EqualFold(day, name) })
	return time.Weekday(i), i >= 0
}

func (p *recurrenceParser) weekDays(n node) []time.Weekday {
	var list []time.Weekday
	for _, e := range items(n) {
		day, ok := weekDay(e.text())
		if !ok {
			p.fail(e, "schedule.weekDays: '%s' is no English name of a day", e.Text())
			continue
		}
		list = append(list, day)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func (p *recurrenceParser) occurrences(n node) []Occurrence {
	var list []Occurrence
	for _, e := range items(n) {
		name, ok := e.member("dayOfWeek")
		if !ok {
			name, _ = e.member("day")
		}
		day, ok := weekDay(name.text())
		if !ok {
			p.fail(e, "schedule.monthlyOccurrences: '%s' is no English name of a day", name.Text())
			continue
		}
		occurrence, _ := e.member("occurrence")
		nth, _, isInteger := p.c.integer(occurrence)
		if !isInteger || nth == 0 || nth < -5 || nth > 5 {
			p.fail(e, "schedule.monthlyOccurrences: the occurrence '%s' is none of -5 to -1 and 1 to 5", occurrence.Text())
			continue
		}
		list = append(list, Occurrence{day, nth})
	}
	slices.SortFunc(list, func(a, b Occurrence) int {
		return strings.Compare(fmt.Sprint(a), fmt.Sprint(b))
	})
	return slices.Compact(list)
}
