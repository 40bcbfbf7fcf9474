package wdl

import (
	"slices"
	"time"
)

// Frequency is the unit of a recurrence.
type Frequency uint8

// The frequencies (wdl-semantics §10.4).
const (
	Second Frequency = iota
	Minute
	Hour
	Day
	Week
	Month
	Year
)

var frequencyNames = [...]string{"Second", "Minute", "Hour", "Day", "Week", "Month", "Year"}

// String returns the name as the service writes it.
func (f Frequency) String() string { return frequencyNames[f] }

// Recurrence is when a trigger is due. It is pure arithmetic: see [Recurrence.Next].
type Recurrence struct {
	Frequency Frequency
	Interval  int            // at least 1
	Start     time.Time      // zero: none
	End       time.Time      // zero: none; the last moment at which a slot may lie
	Location  *time.Location // whose wall clock counts; UTC if none was named
	Count     int            // fire so often, then stop; 0: without end
	Schedule  *Schedule      // nil: none
}

// Schedule narrows the days and times of a recurrence. Lists are sorted and
// without duplicates; an empty one takes the value of the start time.
type Schedule struct {
	Hours, Minutes []int
	WeekDays       []time.Weekday
	MonthDays      []int // 1…31, or -31…-1 counted from the end
	Occurrences    []Occurrence
}

// Occurrence is a day like "the second Tuesday" or "the last Friday" of a month.
type Occurrence struct {
	Day time.Weekday
	Nth int // 1…5, or -5…-1 counted from the end
}

// Progress is what a trigger remembers between two firings.
type Progress struct {
	Anchor time.Time // when the workflow was saved or enabled: stands in for a missing start time
	Last   time.Time // the slot that fired last; zero: none since Anchor
	Fired  int       // how often it has fired, for Count
}

// Next returns the first slot after a moment, or false if there is none any more.
// After a firing it is later than both after and p.Last; before the first one it may
// be after itself, which means at once. Slots that were missed are not made up for
// (wdl-semantics §10.4).
//
// With a time zone days, weeks, months and years follow the wall clock: a slot that
// the clock leaves out in spring lies at the moment the clock jumps, and of an hour
// that is repeated in autumn the second one, standard time, counts. Seconds, minutes
// and hours are time elapsed.
func (r *Recurrence) Next(after time.Time, p Progress) (time.Time, bool) {
	if r.Count > 0 && p.Fired >= r.Count {
		return time.Time{}, false
	}
	b := bound{at: after.UTC(), inclusive: p.Last.IsZero()}
	if p.Last.After(after) {
		b.at = p.Last.UTC()
	}
	if !r.Start.IsZero() && r.Start.After(b.at) {
		b = bound{at: r.Start.UTC(), inclusive: true}
	}
	var slot time.Time
	ok := true
	switch {
	case r.Schedule != nil:
		slot, ok = r.nextScheduled(b, r.origin(p))
	case !r.Start.IsZero():
		_, slot, ok = r.firstPeriod(r.Start, b)
	case p.Last.IsZero():
		slot = b.at
	default:
		if slot = r.step(p.Last, 1); !slot.After(after) {
			slot = r.step(after.UTC(), 1) // the last one came late
		}
	}
	if !ok || slot.Year() > lastYear || !r.End.IsZero() && slot.After(r.End) {
		return time.Time{}, false
	}
	return slot, true
}

// Window returns the first window of a SlidingWindow trigger that begins at from or
// later, or false if there is none any more; a zero from asks for the first of all.
// Windows follow each other without a gap from the start time, or from the anchor, on;
// none is left out (wdl-semantics §10.4). A window is due when it begins, before any
// delay.
func (r *Recurrence) Window(from time.Time, p Progress) (start, end time.Time, ok bool) {
	if r.Count > 0 && p.Fired >= r.Count {
		return start, end, false
	}
	k, start, ok := r.firstPeriod(r.origin(p), bound{at: from.UTC(), inclusive: true})
	if !ok || !r.End.IsZero() && start.After(r.End) {
		return time.Time{}, time.Time{}, false
	}
	return start, r.step(r.origin(p), k+1), true
}

// WindowAt returns the window that a moment lies in; the first one before that.
func (r *Recurrence) WindowAt(at time.Time, p Progress) (start, end time.Time) {
	origin := r.origin(p)
	k, _, _ := r.firstPeriod(origin, bound{at: at.UTC()})
	k = max(k, 1)
	return r.step(origin, k-1), r.step(origin, k)
}

// lastYear is where the calendar of the language ends (wdl-semantics §6).
const lastYear = 9999

// bound is the moment from which slots count.
type bound struct {
	at        time.Time
	inclusive bool
}

func (b bound) admits(slot time.Time) bool {
	return slot.After(b.at) || b.inclusive && slot.Equal(b.at)
}

// origin is what periods and default times are counted from.
func (r *Recurrence) origin(p Progress) time.Time {
	if !r.Start.IsZero() {
		return r.Start
	}
	return p.Anchor
}

// step returns the moment that lies k intervals after t.
func (r *Recurrence) step(t time.Time, k int) time.Time {
	n := k * r.Interval
	switch r.Frequency {
	case Second, Minute, Hour:
		return elapse(t, int64(n)*int64(r.Frequency.length()/time.Second))
	case Day:
		return r.moment(r.wall(t).AddDate(0, 0, n))
	case Week:
		return r.moment(r.wall(t).AddDate(0, 0, 7*n))
	case Month:
		return r.moment(addMonths(r.wall(t), n))
	}
	return r.moment(addMonths(r.wall(t), 12*n))
}

// elapse adds whole seconds, of which there may be more than a Duration holds.
func elapse(t time.Time, seconds int64) time.Time {
	t = t.UTC()
	return time.Unix(t.Unix()+seconds, int64(t.Nanosecond())).UTC()
}

// length is the length of an exact unit.
func (f Frequency) length() time.Duration {
	return [...]time.Duration{Second: time.Second, Minute: time.Minute, Hour: time.Hour}[f]
}

// longest is the longest that one unit lasts.
func (f Frequency) longest() time.Duration {
	const day = 24 * time.Hour
	return [...]time.Duration{
		time.Second, time.Minute, time.Hour, day + time.Hour, 7*day + time.Hour,
		31*day + time.Hour, 366*day + time.Hour,
	}[f]
}

// firstPeriod finds the first origin + k·interval that b admits. It skips as many
// intervals as surely lie before b, however long each is, and steps over the rest.
func (r *Recurrence) firstPeriod(origin time.Time, b bound) (k int, slot time.Time, ok bool) {
	for {
		slot = r.step(origin, k)
		if slot.Year() > lastYear {
			return k, time.Time{}, false
		}
		if b.admits(slot) {
			return k, slot, true
		}
		longest := int64(r.Frequency.longest()/time.Second) * int64(r.Interval)
		k += max(1, int((b.at.Unix()-slot.Unix())/longest)-1)
	}
}

// nextScheduled goes through the periods from the one before b and takes the first
// slot of them that b admits.
func (r *Recurrence) nextScheduled(b bound, origin time.Time) (time.Time, bool) {
	start := r.wall(origin)
	from := r.wall(b.at)
	times := r.Schedule.times(start)
	for period := r.periodOf(from, start); ; period += r.Interval {
		first, days := r.daysOf(period, start)
		if first.Year() > lastYear {
			return time.Time{}, false
		}
		for _, day := range days {
			for _, clock := range times {
				slot := r.moment(day.Add(clock))
				if b.admits(slot) && !slot.Before(r.Start) {
					return slot, true
				}
			}
		}
	}
}

// times lists the times of day, ascending; seconds are those of an exact start.
func (s *Schedule) times(start time.Time) []time.Duration {
	hours, minutes := s.Hours, s.Minutes
	if len(hours) == 0 {
		hours = []int{start.Hour()}
	}
	if len(minutes) == 0 {
		minutes = []int{start.Minute()}
	}
	list := make([]time.Duration, 0, len(hours)*len(minutes))
	for _, h := range hours {
		for _, m := range minutes {
			list = append(list, time.Duration(h)*time.Hour+time.Duration(m)*time.Minute)
		}
	}
	return list
}

// periodOf returns the number, counted from the start's and a multiple of the
// interval, of a period that is not later than the one t lies in.
func (r *Recurrence) periodOf(t, start time.Time) int {
	var n int
	switch r.Frequency {
	case Week:
		n = (dayNumber(monday(t)) - dayNumber(monday(start))) / 7
	case Month:
		n = monthNumber(t) - monthNumber(start)
	default:
		n = dayNumber(t) - dayNumber(start)
	}
	// One period earlier, since a slot moved out of a gap may lie in the next day.
	n -= 1
	return max(0, n-n%r.Interval)
}

// daysOf returns the matching days of a period at midnight, ascending, and the
// period's first day.
func (r *Recurrence) daysOf(period int, start time.Time) (first time.Time, days []time.Time) {
	switch r.Frequency {
	case Week:
		first = monday(start).AddDate(0, 0, 7*period)
		for i := range 7 {
			day := first.AddDate(0, 0, i)
			weekDays := r.Schedule.WeekDays
			if slices.Contains(weekDays, day.Weekday()) || len(weekDays) == 0 && day.Weekday() == start.Weekday() {
				days = append(days, day)
			}
		}
	case Month:
		first = time.Date(start.Year(), start.Month()+time.Month(period), 1, 0, 0, 0, 0, time.UTC)
		last := daysIn(first.Year(), first.Month())
		for i := 1; i <= last; i++ {
			if day := first.AddDate(0, 0, i-1); r.Schedule.inMonth(day, last, start.Day()) {
				days = append(days, day)
			}
		}
	default:
		first = midnight(start).AddDate(0, 0, period)
		days = []time.Time{first}
	}
	return first, days
}

// inMonth reports whether a day of a month of last days matches.
func (s *Schedule) inMonth(day time.Time, last, startDay int) bool {
	n := day.Day()
	if len(s.MonthDays) == 0 && len(s.Occurrences) == 0 {
		return n == min(startDay, last)
	}
	for _, d := range s.MonthDays {
		if d == n || d == n-last-1 {
			return true
		}
	}
	for _, o := range s.Occurrences {
		if o.Day == day.Weekday() && (o.Nth == (n-1)/7+1 || o.Nth == -((last-n)/7+1)) {
			return true
		}
	}
	return false
}

// wall returns what the recurrence's clock shows at t, as a time in UTC, so that
// calendar arithmetic knows no gaps.
func (r *Recurrence) wall(t time.Time) time.Time {
	t = t.In(r.location())
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	return time.Date(year, month, day, hour, minute, second, t.Nanosecond(), time.UTC)
}

// moment is the inverse of wall; see Next for what happens when the clock is changed.
// It never decreases: a later wall time gives no earlier moment.
func (r *Recurrence) moment(wall time.Time) time.Time {
	zone := r.location()
	offset := func(t time.Time) time.Duration {
		_, seconds := t.In(zone).Zone()
		return time.Duration(seconds) * time.Second
	}
	before, after := offset(wall.Add(-24*time.Hour)), offset(wall.Add(24*time.Hour))
	for _, o := range [2]time.Duration{min(before, after), max(before, after)} {
		if t := wall.Add(-o); offset(t) == o {
			return t
		}
	}
	_, jump := wall.Add(-max(before, after)).In(zone).ZoneBounds()
	return jump.UTC()
}

func (r *Recurrence) location() *time.Location {
	if r.Location == nil {
		return time.UTC
	}
	return r.Location
}

func midnight(t time.Time) time.Time { return t.Truncate(24 * time.Hour) }

// monday returns the first day of t's week, at midnight.
func monday(t time.Time) time.Time {
	return midnight(t).AddDate(0, 0, -(int(t.Weekday())+6)%7)
}

func dayNumber(t time.Time) int { return int(midnight(t).Unix() / (24 * 60 * 60)) }

func monthNumber(t time.Time) int { return t.Year()*12 + int(t.Month()) }
