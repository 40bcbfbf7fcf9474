package autoscale

import (
	"fmt"
	"math"
	"time"
)

// What a setting comes to is a function of the time, the capacity there is, when it
// scaled last, and what its triggers read. In the order of what counts first:
//
//  1. A profile without rules says the capacity: its default.
//  2. A capacity outside of the profile's bounds is brought to the nearer one.
//  3. A rule that increases and whose trigger holds: the one that goes farthest.
//  4. A trigger that cannot be read: a capacity below the default is brought to it, and
//     nothing is taken away (ise.md #128).
//  5. All rules that decrease hold: the one that takes least, unless what is left would
//     at once be increased again.
//
// Rules wait for their cooldown since the setting scaled last.

// reading is what a trigger reads.
type reading struct {
	value float64 // NaN: there was nothing to measure
	lost  bool    // the metric cannot be read
	// perUnit says that the same load is a smaller value with more units.
	perUnit bool
}

// decision is what a setting comes to.
type decision struct {
	Capacity int64
	Profile  string
	Why      string
}

// decide: last is zero if the setting has not scaled yet.
func (s *setting) decide(now time.Time, capacity int64, last time.Time, read func(*trigger) reading) decision {
	p := s.profileAt(now)
	if p == nil {
		return decision{capacity, "", "no profile is in force"}
	}
	to := func(n int64, format string, args ...any) decision {
		return decision{n, p.Name, fmt.Sprintf(format, args...)}
	}
	switch {
	case len(p.Rules) == 0:
		return to(p.Default, "the profile says %d", p.Default)
	case capacity < p.Minimum:
		return to(p.Minimum, "the minimum is %d", p.Minimum)
	case capacity > p.Maximum:
		return to(p.Maximum, "the maximum is %d", p.Maximum)
	}
	e := evaluation{profile: p, now: now, capacity: capacity, last: last, read: make([]reading, len(p.Rules))}
	for i := range p.Rules {
		e.read[i] = read(&p.Rules[i].Trigger)
	}
	return e.decide(to)
}

// evaluation is a look at the rules of a profile.
type evaluation struct {
	profile  *profile
	now      time.Time
	capacity int64
	last     time.Time
	read     []reading // by rule
}

func (e *evaluation) decide(to func(int64, string, ...any) decision) decision {
	most, by, waits, lost := e.capacity, -1, false, false
	for i := range e.profile.Rules {
		r := &e.profile.Rules[i]
		lost = lost || e.read[i].lost
		if !r.Increase || !r.Trigger.holds(e.read[i]) {
			continue
		}
		if e.cooling(r) {
			waits = true
		} else if n := min(r.apply(e.capacity), e.profile.Maximum); n > most {
			most, by = n, i
		}
	}
	switch {
	case by >= 0:
		r := &e.profile.Rules[by]
		return to(most, "%s is %s", r.Trigger.Metric, number(e.read[by].value))
	case lost && e.capacity < e.profile.Default:
		return to(e.profile.Default, "the metrics cannot be read, and the default is %d", e.profile.Default)
	case lost:
		return to(e.capacity, "the metrics cannot be read")
	case waits:
		return to(e.capacity, "a rule that increases waits for its cooldown")
	}
	return e.decrease(to)
}

// decrease: every rule that increases does not hold, or can do no more.
func (e *evaluation) decrease(to func(int64, string, ...any) decision) decision {
	least, by := int64(-1), -1
	for i := range e.profile.Rules {
		r := &e.profile.Rules[i]
		switch {
		case r.Increase && r.Trigger.holds(e.read[i]):
			return to(e.capacity, "%s is %s, and the maximum is reached", r.Trigger.Metric, number(e.read[i].value))
		case r.Increase:
		case !r.Trigger.holds(e.read[i]):
			return to(e.capacity, "nothing is to be done")
		case e.cooling(r):
			return to(e.capacity, "a rule that decreases waits for its cooldown")
		default:
			if n := max(r.apply(e.capacity), e.profile.Minimum); n > least {
				least, by = n, i
			}
		}
	}
	if by < 0 || least >= e.capacity {
		return to(e.capacity, "nothing is to be done")
	}
	if r := e.flaps(least); r != nil {
		return to(e.capacity, "with %d units %s would be increased again", least, r.Trigger.Metric)
	}
	return to(least, "%s is %s", e.profile.Rules[by].Trigger.Metric, number(e.read[by].value))
}

// flaps finds a rule that would increase again what has been decreased; nil if there is
// none. The base counts as two units, as its throughput is that of two.
func (e *evaluation) flaps(next int64) *rule {
	const base = 2
	for i := range e.profile.Rules {
		r := &e.profile.Rules[i]
		then := e.read[i]
		if !r.Increase || !then.perUnit {
			continue
		}
		then.value *= float64(e.capacity+base) / float64(next+base)
		if r.Trigger.holds(then) {
			return r
		}
	}
	return nil
}

// cooling goes by whole minutes: a look that comes a moment early is in its minute.
func (e *evaluation) cooling(r *rule) bool {
	return !e.last.IsZero() && e.now.Truncate(every).Before(e.last.Truncate(every).Add(r.Cooldown))
}

// apply is the capacity that a rule makes of one.
func (r *rule) apply(capacity int64) int64 {
	n := r.Value
	switch r.Kind {
	case exactCount:
		return n
	case percentChange:
		n = max(1, int64(math.Ceil(float64(capacity)*float64(r.Value)/100)))
	}
	if r.Increase {
		return capacity + n
	}
	return capacity - n
}

// holds says whether what was read is beyond the threshold. Nothing is not.
func (t *trigger) holds(read reading) bool {
	v := read.value
	if read.lost || math.IsNaN(v) {
		return false
	}
	switch t.Operator {
	case "Equals":
		return v == t.Threshold
	case "NotEquals":
		return v != t.Threshold
	case "GreaterThan":
		return v > t.Threshold
	case "GreaterThanOrEqual":
		return v >= t.Threshold
	case "LessThan":
		return v < t.Threshold
	}
	return v <= t.Threshold
}

// measure makes one value of those of the window's minutes, NaN where there was none.
func (t *trigger) measure(minutes []float64) float64 {
	var samples []float64
	for width := int(t.Grain / time.Minute); len(minutes) > 0; minutes = minutes[min(width, len(minutes)):] {
		if v := aggregate(t.Statistic, minutes[:min(width, len(minutes))]); !math.IsNaN(v) {
			samples = append(samples, v)
		}
	}
	return aggregate(t.Aggregation, samples)
}

// aggregate is NaN of nothing, but a count.
func aggregate(how string, values []float64) float64 {
	sum, least, most, last, n := 0.0, math.Inf(1), math.Inf(-1), math.NaN(), 0
	for _, v := range values {
		if math.IsNaN(v) {
			continue
		}
		n++
		sum, least, most, last = sum+v, min(least, v), max(most, v), v
	}
	if how == "Count" {
		return float64(n)
	}
	if n == 0 {
		return math.NaN()
	}
	switch how {
	case "Min", "Minimum":
		return least
	case "Max", "Maximum":
		return most
	case "Sum", "Total":
		return sum
	case "Last":
		return last
	}
	return sum / float64(n)
}

func number(v float64) string { return fmt.Sprintf("%.4g", v) }

// profileAt is the profile in force; nil if there is none.
func (s *setting) profileAt(now time.Time) *profile {
	var always, recurring *profile
	var since time.Time
	for i := range s.Profiles {
		p := &s.Profiles[i]
		switch {
		case p.Fixed != nil:
			if !now.Before(p.Fixed.Start) && now.Before(p.Fixed.End) {
				return p
			}
		case p.Weekly != nil:
			if began := p.Weekly.began(now); began.After(since) {
				recurring, since = p, began
			}
		case always == nil:
			always = p
		}
	}
	if recurring != nil {
		return recurring
	}
	return always
}

// began is when the recurrence began last.
func (w *weekly) began(now time.Time) (last time.Time) {
	local := now.In(w.Zone)
	for back := range 8 {
		day := time.Date(local.Year(), local.Month(), local.Day()-back, 0, 0, 0, 0, w.Zone)
		for _, on := range w.Days {
			if on != day.Weekday() {
				continue
			}
			for _, hour := range w.Hours {
				for _, minute := range w.Minutes {
					at := time.Date(day.Year(), day.Month(), day.Day(), hour, minute, 0, 0, w.Zone)
					if !at.After(now) && at.After(last) {
						last = at
					}
				}
			}
		}
		if !last.IsZero() {
			return last
		}
	}
	return last
}
