package wdl

import (
	"testing"
	"time"

	"isle/expr"

	"pgregory.net/rapid"
)

func at(t testing.TB, s string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestNext walks through recurrences: the first slots after a moment. Each situation of
// wdl-semantics §10.4 has a row.
func TestNext(t *testing.T) {
	for _, test := range []struct {
		name, recurrence, from string
		want                   []string
	}{
		{"at once, then the last run plus the interval", `{"frequency":"Minute","interval":5}`, "2024-03-15T10:00:07Z",
			[]string{"2024-03-15T10:00:07Z", "2024-03-15T10:05:07Z"}},
		{"the reference's example: a start in the past", `{"frequency":"Day","interval":2,"startTime":"2017-09-07T14:00:00Z"}`, "2017-09-08T13:00:00Z",
			[]string{"2017-09-09T14:00:00Z", "2017-09-11T14:00:00Z"}},
		{"a start in the future", `{"frequency":"Hour","interval":6,"startTime":"2030-01-01T00:00:00Z"}`, "2024-01-01T00:00:00Z",
			[]string{"2030-01-01T00:00:00Z", "2030-01-01T06:00:00Z"}},
		{"hours and minutes as a cross product", `{"frequency":"Day","interval":1,"schedule":{"hours":[10,"12"],"minutes":[0,30]}}`, "2024-03-15T10:30:00Z",
			[]string{"2024-03-15T10:30:00Z", "2024-03-15T12:00:00Z", "2024-03-15T12:30:00Z", "2024-03-16T10:00:00Z"}},
		{"every second week on two days", `{"frequency":"Week","interval":2,"startTime":"2024-01-01T09:30:00Z","schedule":{"weekDays":["Friday","Monday"],"hours":[9]}}`, "2024-01-02T00:00:00Z",
			[]string{"2024-01-05T09:30:00Z", "2024-01-15T09:30:00Z", "2024-01-19T09:30:00Z"}},
		{"the last day of a month", `{"frequency":"Month","interval":1,"startTime":"2024-01-01T08:00:00Z","schedule":{"monthDays":[-1,30]}}`, "2024-01-30T08:00:01Z",
			[]string{"2024-01-31T08:00:00Z", "2024-02-29T08:00:00Z", "2024-03-30T08:00:00Z", "2024-03-31T08:00:00Z"}},
		{"the second Tuesday and the last Friday", `{"frequency":"Month","interval":1,"startTime":"2024-01-01T08:00:00Z","schedule":{"monthlyOccurrences":[{"dayOfWeek":"Tuesday","occurrence":2},{"day":"friday","occurrence":-1}]}}`, "2024-01-02T00:00:00Z",
			[]string{"2024-01-09T08:00:00Z", "2024-01-26T08:00:00Z", "2024-02-13T08:00:00Z"}},
		{"months from the 31st clamp, and come back", `{"frequency":"Month","interval":1,"startTime":"2024-01-31T08:00:00Z"}`, "2024-01-31T08:00:01Z",
			[]string{"2024-02-29T08:00:00Z", "2024-03-31T08:00:00Z", "2024-04-30T08:00:00Z"}},
		{"the wall clock is kept over a change", `{"frequency":"Day","interval":1,"startTime":"2024-03-29T08:00:00","timeZone":"W. Europe Standard Time"}`, "2024-03-30T00:00:00Z",
			[]string{"2024-03-30T07:00:00Z", "2024-03-31T06:00:00Z", "2024-04-01T06:00:00Z"}},
		{"a slot in the spring gap lies at its end", `{"frequency":"Day","interval":1,"timeZone":"W. Europe Standard Time","schedule":{"hours":[2,3],"minutes":[30]}}`, "2024-03-30T12:00:00Z",
			[]string{"2024-03-31T01:00:00Z", "2024-03-31T01:30:00Z", "2024-04-01T00:30:00Z"}},
		{"of the repeated hour in autumn the second", `{"frequency":"Day","interval":1,"timeZone":"W. Europe Standard Time","schedule":{"hours":[2],"minutes":[30]}}`, "2024-10-26T12:00:00Z",
			[]string{"2024-10-27T01:30:00Z", "2024-10-28T01:30:00Z"}},
		{"until the end time", `{"frequency":"Day","interval":1,"startTime":"2024-01-01T00:00:00Z","endTime":"2024-01-03T00:00:00Z"}`, "2024-01-01T12:00:00Z",
			[]string{"2024-01-02T00:00:00Z", "2024-01-03T00:00:00Z", ""}},
		{"a count", `{"frequency":"Second","interval":9999999,"count":2}`, "2024-01-01T00:00:00Z",
			[]string{"2024-01-01T00:00:00Z", "2024-04-25T17:46:39Z", ""}},
		{"a schedule without a start time: the next matching slot", `{"frequency":"Week","interval":1,"schedule":{"weekDays":["Monday"],"hours":[8],"minutes":[15]}}`, "2024-03-15T10:00:00Z",
			[]string{"2024-03-18T08:15:00Z", "2024-03-25T08:15:00Z"}},
		{"a start in the past and a schedule: the next slot after now", `{"frequency":"Day","interval":1,"startTime":"2024-01-01T06:20:00Z","schedule":{"hours":[9,17]}}`, "2024-03-15T10:00:00Z",
			[]string{"2024-03-15T17:20:00Z", "2024-03-16T09:20:00Z"}},
		{"a start in the future and a schedule: the first slot not before it", `{"frequency":"Day","interval":1,"startTime":"2024-03-20T09:00:00Z","schedule":{"hours":[9,17],"minutes":[0]}}`, "2024-03-15T10:00:00Z",
			[]string{"2024-03-20T09:00:00Z", "2024-03-20T17:00:00Z"}},
		{"minutes default to that of the start", `{"frequency":"Week","interval":1,"startTime":"2024-01-01T06:20:00Z","schedule":{"weekDays":["Friday"],"hours":[12]}}`, "2024-03-15T10:00:00Z",
			[]string{"2024-03-15T12:20:00Z", "2024-03-22T12:20:00Z"}},
		{"every second day with a schedule counts from the start", `{"frequency":"Day","interval":2,"startTime":"2024-03-01T00:00:00Z","schedule":{"hours":[8],"minutes":[0]}}`, "2024-03-15T10:00:00Z",
			[]string{"2024-03-17T08:00:00Z", "2024-03-19T08:00:00Z"}},
		{"every third month on a day from its end", `{"frequency":"Month","interval":3,"startTime":"2024-01-01T08:00:00Z","schedule":{"monthDays":[-2]}}`, "2024-01-01T00:00:00Z",
			[]string{"2024-01-30T08:00:00Z", "2024-04-29T08:00:00Z", "2024-07-30T08:00:00Z"}},
		{"a fifth Friday, where there is one", `{"frequency":"Month","interval":1,"startTime":"2024-01-01T08:00:00Z","schedule":{"monthlyOccurrences":[{"dayOfWeek":"Friday","occurrence":5}]}}`, "2024-01-01T00:00:00Z",
			[]string{"2024-03-29T08:00:00Z", "2024-05-31T08:00:00Z"}},
		{"Z beats the time zone, which counts for the schedule", `{"frequency":"Day","interval":1,"startTime":"2024-03-15T12:00:00Z","timeZone":"W. Europe Standard Time","schedule":{"hours":[14],"minutes":[0]}}`, "2024-03-15T00:00:00Z",
			[]string{"2024-03-15T13:00:00Z", "2024-03-16T13:00:00Z"}},
		{"without a time zone everything is UTC", `{"frequency":"Day","interval":1,"schedule":{"hours":[2],"minutes":[30]}}`, "2024-03-30T12:00:00Z",
			[]string{"2024-03-31T02:30:00Z", "2024-04-01T02:30:00Z"}},
		{"hours are elapsed time over a change of the clock", `{"frequency":"Hour","interval":12,"startTime":"2024-03-30T08:00:00","timeZone":"W. Europe Standard Time"}`, "2024-03-30T08:00:00Z",
			[]string{"2024-03-30T19:00:00Z", "2024-03-31T07:00:00Z"}},
		{"years", `{"frequency":"Year","interval":1,"startTime":"2024-02-29T08:00:00Z"}`, "2024-03-01T00:00:00Z",
			[]string{"2025-02-28T08:00:00Z", "2026-02-28T08:00:00Z"}},
		{"never", `{"frequency":"Month","interval":12,"startTime":"2024-02-01T00:00:00Z","schedule":{"monthDays":[31]}}`, "2024-01-01T00:00:00Z", []string{""}},
	} {
		t.Run(test.name, func(t *testing.T) {
			v, _ := expr.ParseJSON([]byte(test.recurrence))
			r, err := parseRecurrence(v)
			if err != nil {
				t.Fatal(err)
			}
			now := at(t, test.from)
			p := Progress{Anchor: now}
			for i, want := range test.want {
				got, ok := r.Next(now, p)
				if !ok && want == "" {
					return
				}
				if !ok || want == "" || !got.Equal(at(t, want)) {
					t.Fatalf("slot %d: got %v %v, want %s", i, got, ok, want)
				}
				now, p.Last, p.Fired = got, got, p.Fired+1
			}
		})
	}
}

// A slot that came late, as after the server was down, is not made up for twice: the
// interval counts from the last run (wdl-semantics §10.4).
func TestALateSlotIsFollowedByTheInterval(t *testing.T) {
	r := &Recurrence{Frequency: Minute, Interval: 5}
	last, now := at(t, "2024-03-15T10:00:00Z"), at(t, "2024-03-15T12:00:03Z")
	slot, ok := r.Next(now, Progress{Anchor: last, Last: last, Fired: 1})
	if want := now.Add(5 * time.Minute); !ok || !slot.Equal(want) {
		t.Errorf("%v, want %v", slot, want)
	}
}

// wdl-semantics §10.4: every window from the start time on, also the missed ones.
func TestWindowsLeaveNoneOut(t *testing.T) {
	r := &Recurrence{Frequency: Day, Interval: 2, Start: at(t, "2017-09-07T14:00:00Z"), Count: 3}
	var from time.Time
	for fired, want := range []string{"2017-09-07T14:00:00Z", "2017-09-09T14:00:00Z", "2017-09-11T14:00:00Z", ""} {
		start, end, ok := r.Window(from, Progress{Fired: fired})
		if ok != (want != "") || ok && (!start.Equal(at(t, want)) || end.Sub(start) != 48*time.Hour) {
			t.Fatalf("window %d: %v %v %v, want %s", fired, start, end, ok, want)
		}
		from = end
	}
	if start, _, _ := r.Window(at(t, "2024-01-01T00:00:00Z"), Progress{}); !start.Equal(at(t, "2024-01-02T14:00:00Z")) {
		t.Errorf("from a moment on: %v", start)
	}
	r.End = at(t, "2017-09-09T00:00:00Z")
	if start, _, ok := r.Window(at(t, "2017-09-09T00:00:00Z"), Progress{}); ok {
		t.Errorf("after the end time: %v", start)
	}
	for moment, want := range map[string]string{
		"2017-09-01T00:00:00Z": "2017-09-07T14:00:00Z", "2017-09-07T14:00:00Z": "2017-09-07T14:00:00Z",
		"2017-09-09T13:59:59Z": "2017-09-07T14:00:00Z", "2017-09-09T14:00:00Z": "2017-09-09T14:00:00Z",
	} {
		if start, end := r.WindowAt(at(t, moment), Progress{}); !start.Equal(at(t, want)) || end.Sub(start) != 48*time.Hour {
			t.Errorf("at %s: %v to %v, want %s", moment, start, end, want)
		}
	}
}

// anyRecurrence draws a recurrence with a schedule of whole minutes.
func anyRecurrence(t *rapid.T) *Recurrence {
	r := &Recurrence{Frequency: rapid.SampledFrom([]Frequency{Minute, Hour, Day, Week, Month}).Draw(t, "frequency"), Interval: rapid.IntRange(1, 3).Draw(t, "interval")}
	zone, _ := expr.TimeZone(rapid.SampledFrom([]string{"UTC", "W. Europe Standard Time", "Pacific Standard Time", "Lord Howe Standard Time", "India Standard Time"}).Draw(t, "zone"))
	r.Location = zone
	base := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	r.Start = r.moment(base.Add(time.Duration(rapid.IntRange(0, 365*24*60).Draw(t, "start")) * time.Minute))
	if r.Frequency < Day || rapid.Bool().Draw(t, "plain") {
		return r
	}
	some := func(name string, low, high int) []int {
		return rapid.SliceOfNDistinct(rapid.IntRange(low, high), 0, 3, rapid.ID).Draw(t, name)
	}
	members := []expr.Member{{Name: "frequency", Value: expr.String(r.Frequency.String())}}
	add := func(list *[]expr.Member, name string, values []int) {
		var elems []expr.Value
		for _, v := range values {
			elems = append(elems, expr.Int(int64(v)))
		}
		*list = append(*list, expr.Member{Name: name, Value: expr.Array(elems...)})
	}
	var schedule []expr.Member
	switch r.Frequency {
	case Month:
		days := some("monthDays", 1, 31)
		for _, d := range some("fromEnd", 1, 31) {
			days = append(days, -d)
		}
		add(&schedule, "monthDays", days)
	case Week:
		var names []expr.Value
		for _, d := range some("weekDays", 0, 6) {
			names = append(names, expr.String(weekDayNames[d]))
		}
		schedule = append(schedule, expr.Member{Name: "weekDays", Value: expr.Array(names...)})
		fallthrough
	default:
		add(&schedule, "hours", some("hours", 0, 23))
		add(&schedule, "minutes", some("minutes", 0, 59))
	}
	parsed, err := parseRecurrence(expr.Object(append(members, expr.Member{Name: "schedule", Value: expr.Object(schedule...)})...))
	if err != nil {
		t.Fatal(err)
	}
	r.Schedule = parsed.Schedule
	return r
}

// slots is the slow way: it looks at each minute of the wall clock from the start on
// and asks whether it matches, and turns those that do into moments.
func slots(r *Recurrence, days int) []time.Time {
	var list []time.Time
	start := r.wall(r.Start)
	add := func(wall time.Time) {
		slot := r.moment(wall)
		if slot.Before(r.Start) || len(list) > 0 && slot.Equal(list[len(list)-1]) {
			return
		}
		list = append(list, slot)
	}
	if r.Frequency < Day {
		for slot := r.Start; slot.Before(r.Start.AddDate(0, 0, days)); slot = slot.Add(r.Frequency.length() * time.Duration(r.Interval)) {
			list = append(list, slot)
		}
		return list
	}
	contains := func(list []int, v, fallback int) bool {
		for _, x := range list {
			if x == v {
				return true
			}
		}
		return len(list) == 0 && v == fallback
	}
	s := r.Schedule
	if s == nil {
		s = &Schedule{}
	}
	first := start.Truncate(24 * time.Hour)
	for wall := first; wall.Before(first.AddDate(0, 0, days)); wall = wall.Add(time.Minute) {
		if !contains(s.Hours, wall.Hour(), start.Hour()) || !contains(s.Minutes, wall.Minute(), start.Minute()) {
			continue
		}
		n := int(wall.Truncate(24*time.Hour).Sub(first).Hours() / 24)
		last := wall.AddDate(0, 1, -wall.Day()).Day()
		switch r.Frequency {
		case Day:
			if n%r.Interval == 0 {
				add(wall)
			}
		case Week:
			week := (n + (int(start.Weekday())+6)%7) / 7
			matches := wall.Weekday() == start.Weekday()
			for i, d := range s.WeekDays {
				matches = i > 0 && matches || wall.Weekday() == d
			}
			if week%r.Interval == 0 && matches {
				add(wall)
			}
		case Month:
			month := (wall.Year()-start.Year())*12 + int(wall.Month()) - int(start.Month())
			matches := wall.Day() == min(start.Day(), last)
			for i, d := range s.MonthDays {
				matches = i > 0 && matches || d == wall.Day() || d < 0 && wall.Day() == last+1+d
			}
			if month%r.Interval == 0 && matches {
				add(wall)
			}
		}
	}
	return list
}

// TestNextAgreesWithEnumeration compares the arithmetic with the slow way; that the
// result is monotone and matches its schedule follows.
func TestNextAgreesWithEnumeration(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const days = 200
		r := anyRecurrence(t)
		list := slots(r, days)
		after := r.Start.Add(time.Duration(rapid.IntRange(-24*60, (days-10)*24*60).Draw(t, "after")) * time.Minute)
		p := Progress{Last: r.Start.AddDate(-1, 0, 0), Fired: 1}
		i := 0
		for i < len(list) && !list[i].After(after) && !(after.Before(r.Start)) {
			i++
		}
		for range 5 {
			if i >= len(list) {
				return
			}
			slot, ok := r.Next(after, p)
			if !ok || !slot.Equal(list[i]) {
				t.Fatalf("after %v: got %v %v, want %v", after, slot, ok, list[i])
			}
			if !slot.After(after) {
				t.Fatalf("%v is not after %v", slot, after)
			}
			after, p.Last, i = slot, slot, i+1
		}
	})
}

// TestMomentIsMonotone holds for every zone, changes of the clock included.
func TestMomentIsMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone, _ := expr.TimeZone(rapid.SampledFrom([]string{"W. Europe Standard Time", "Pacific Standard Time", "Lord Howe Standard Time", "Samoa Standard Time", "Morocco Standard Time"}).Draw(t, "zone"))
		r := &Recurrence{Location: zone}
		wall := time.Date(2011, 1, 1, 0, rapid.IntRange(0, 20*365*24*60).Draw(t, "minute"), 0, 0, time.UTC)
		later := wall.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "later")) * time.Minute)
		if r.moment(later).Before(r.moment(wall)) {
			t.Fatalf("%v gives %v, %v gives %v", wall, r.moment(wall), later, r.moment(later))
		}
	})
}

func BenchmarkNextMonthly(b *testing.B) {
	v, _ := expr.ParseJSON([]byte(`{"frequency":"Month","interval":1,"startTime":"2017-01-31T08:00:00","timeZone":"W. Europe Standard Time","schedule":{"monthlyOccurrences":[{"day":"Friday","occurrence":-1}]}}`))
	r, err := parseRecurrence(v)
	if err != nil {
		b.Fatal(err)
	}
	now := time.Date(2024, 5, 5, 0, 0, 0, 0, time.UTC)
	b.ReportAllocs()
	for b.Loop() {
		r.Next(now, Progress{Last: now})
	}
}

// parseRecurrence reads a recurrence object without expressions.
func parseRecurrence(v expr.Value) (*Recurrence, error) {
	c := &compiler{bounds: DefaultLimits(), dialect: expr.Workflow(), program: &Program{parameters: map[string]int{}}}
	r := c.recurrence(node{v, ""}, owner{where: "recurrence"})
	if problems := c.finish(v); problems.Failed() {
		return nil, problems
	}
	return r, nil
}
