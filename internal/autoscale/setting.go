package autoscale

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"isle/expr"
	"isle/internal/arm"
	"isle/wdl"
)

// setting is what an autoscale setting says.
type setting struct {
	Name     string
	Target   string // resource ID
	Enabled  bool
	Profiles []profile
}

// profile bounds the capacity while it is in force. One with neither a date nor a
// recurrence is in force when no other one is.
type profile struct {
	Name                      string
	Minimum, Maximum, Default int64 // 0 ≤ Minimum ≤ Default ≤ Maximum ≤ maxCapacity
	Rules                     []rule
	Fixed                     *dates
	Weekly                    *weekly
}

type dates struct{ Start, End time.Time }

// weekly are the times of a week at which a profile begins; it ends where another begins.
type weekly struct {
	Zone           *time.Location
	Days           []time.Weekday
	Hours, Minutes []int
}

// rule changes the capacity when its trigger holds.
type rule struct {
	Trigger  trigger
	Increase bool
	Kind     string // changeCount, percentChange, exactCount
	Value    int64
	Cooldown time.Duration
}

// trigger compares a metric: samples of a grain, each made of its minutes by Statistic,
// put together by Aggregation over the window.
type trigger struct {
	Metric, Resource       string // "" is the target
	Grain, Window          time.Duration
	Statistic, Aggregation string
	Operator               string
	Threshold              float64
}

const (
	changeCount   = "ChangeCount"
	percentChange = "PercentChangeCount"
	exactCount    = "ExactCount"

	maxCapacity = 10
	maxProfiles = 20
	maxRules    = 10
)

// settingBody is the request, as far as it is read.
type settingBody struct {
	Name          string        `json:"name"`
	Target        string        `json:"targetResourceUri"`
	Enabled       *bool         `json:"enabled"`
	Profiles      []profileBody `json:"profiles"`
	Notifications []struct {
		Email *struct {
			Administrator   bool     `json:"sendToSubscriptionAdministrator"`
			CoAdministrator bool     `json:"sendToSubscriptionCoAdministrators"`
			Custom          []string `json:"customEmails"`
		} `json:"email"`
		Webhooks []expr.Value `json:"webhooks"`
	} `json:"notifications"`
	Predictive *struct {
		Mode string `json:"scaleMode"`
	} `json:"predictiveAutoscalePolicy"`
}

type profileBody struct {
	Name     string `json:"name"`
	Capacity struct {
		Minimum expr.Value `json:"minimum"`
		Maximum expr.Value `json:"maximum"`
		Default expr.Value `json:"default"`
	} `json:"capacity"`
	Rules []ruleBody `json:"rules"`
	Fixed *struct {
		Zone  string `json:"timeZone"`
		Start string `json:"start"`
		End   string `json:"end"`
	} `json:"fixedDate"`
	Recurrence *struct {
		Frequency string `json:"frequency"`
		Schedule  struct {
			Zone    string   `json:"timeZone"`
			Days    []string `json:"days"`
			Hours   []int    `json:"hours"`
			Minutes []int    `json:"minutes"`
		} `json:"schedule"`
	} `json:"recurrence"`
}

type ruleBody struct {
	Trigger struct {
		Metric      string       `json:"metricName"`
		Namespace   string       `json:"metricNamespace"`
		Resource    string       `json:"metricResourceUri"`
		Grain       string       `json:"timeGrain"`
		Statistic   string       `json:"statistic"`
		Window      string       `json:"timeWindow"`
		Aggregation string       `json:"timeAggregation"`
		Operator    string       `json:"operator"`
		Threshold   *float64     `json:"threshold"`
		Dimensions  []expr.Value `json:"dimensions"`
		Divide      bool         `json:"dividePerInstance"`
	} `json:"metricTrigger"`
	Action struct {
		Direction string     `json:"direction"`
		Kind      string     `json:"type"`
		Value     expr.Value `json:"value"`
		Cooldown  string     `json:"cooldown"`
	} `json:"scaleAction"`
}

const codeInvalid = "InvalidAutoscaleSetting"

// reader reads a setting, and finds all that is wrong with it.
type reader struct {
	found *arm.Found
	known func(resource, metric string) error // whether there is such a metric; resource "" is the target
}

func (d *reader) add(target, format string, args ...any) {
	d.found.Add(codeInvalid, target, format, args...)
}

// read reads the properties of a setting; name is the resource's.
func (d *reader) read(properties expr.Value, name string) *setting {
	var b settingBody
	if !d.found.Decode(properties, &b, "properties", "InvalidRequestContent") {
		return nil
	}
	s := &setting{Name: name, Target: b.Target, Enabled: b.Enabled == nil || *b.Enabled}
	if b.Name != "" && b.Name != name {
		d.add("properties.name", "The name '%s' in the properties is not the name '%s' of the autoscale setting. Leave it out, or give the same.", b.Name, name)
	}
	if b.Target == "" {
		d.add("properties.targetResourceUri", "The autoscale setting names no target. Give the resource ID of an integration service environment.")
	}
	d.refused(&b)
	if n := len(b.Profiles); n < 1 || n > maxProfiles {
		d.add("properties.profiles", "The autoscale setting has %d profiles. Give 1 to %d.", n, maxProfiles)
	}
	for i := range min(len(b.Profiles), maxProfiles) {
		at := fmt.Sprintf("properties.profiles[%d]", i)
		p := d.profile(&b.Profiles[i], at)
		if slices.ContainsFunc(s.Profiles, func(o profile) bool { return o.Name == p.Name }) {
			d.add(at+".name", "The name '%s' occurs twice. Each profile needs a name of its own.", p.Name)
		}
		s.Profiles = append(s.Profiles, p)
	}
	return s
}

// refused tells what this server does not do.
func (d *reader) refused(b *settingBody) {
	for i, n := range b.Notifications {
		if e := n.Email; e != nil && (e.Administrator || e.CoAdministrator || len(e.Custom) > 0) || len(n.Webhooks) > 0 {
			d.found.Add("AutoscaleNotificationsNotSupported", fmt.Sprintf("properties.notifications[%d]", i), "This server sends no notifications of autoscale. Leave them out; the activity log tells of each change.")
		}
	}
	if p := b.Predictive; p != nil && p.Mode != "" && !strings.EqualFold(p.Mode, "Disabled") {
		d.found.Add("PredictiveAutoscaleNotSupported", "properties.predictiveAutoscalePolicy.scaleMode", "This server does not predict load. Leave the policy out, or give Disabled.")
	}
}

func (d *reader) profile(b *profileBody, at string) (p profile) {
	p.Name = b.Name
	if strings.TrimSpace(b.Name) == "" {
		d.add(at+".name", "The profile has no name.")
	}
	before := len(*d.found)
	p.Minimum, p.Maximum, p.Default = d.units(b.Capacity.Minimum, at+".capacity.minimum"), d.units(b.Capacity.Maximum, at+".capacity.maximum"), d.units(b.Capacity.Default, at+".capacity.default")
	if len(*d.found) > before {
		// reported already
	} else if p.Minimum > p.Maximum || p.Default < p.Minimum || p.Default > p.Maximum {
		d.add(at+".capacity", "The capacity is from %d to %d, by default %d. The minimum must be no more than the maximum, and the default between them.", p.Minimum, p.Maximum, p.Default)
	}
	if n := len(b.Rules); n > maxRules {
		d.add(at+".rules", "The profile has %d rules; there may be %d.", n, maxRules)
	}
	for i := range min(len(b.Rules), maxRules) {
		p.Rules = append(p.Rules, d.rule(&b.Rules[i], fmt.Sprintf("%s.rules[%d]", at, i)))
	}
	if b.Fixed != nil && b.Recurrence != nil {
		d.add(at, "The profile has both a fixed date and a recurrence. Give one of them.")
	}
	p.Fixed, p.Weekly = d.dates(b, at+".fixedDate"), d.weekly(b, at+".recurrence")
	return p
}

// units reads a number of additional units, which clients write as a text.
func (d *reader) units(v expr.Value, at string) int64 {
	n, err := strconv.ParseInt(v.Text(), 10, 64)
	if err != nil || n < 0 || n > maxCapacity {
		d.add(at, "'%s' is not a number of additional units. Give 0 to %d.", v.Text(), maxCapacity)
		return 0
	}
	return n
}

func (d *reader) zone(id, at string) *time.Location {
	if id == "" {
		return time.UTC
	}
	zone, ok := expr.TimeZone(id)
	if !ok {
		d.add(at, "The time zone '%s' is not known. Give one such as 'UTC' or 'W. Europe Standard Time'.", id)
		return time.UTC
	}
	return zone
}

func (d *reader) dates(b *profileBody, at string) *dates {
	if b.Fixed == nil {
		return nil
	}
	zone := d.zone(b.Fixed.Zone, at+".timeZone")
	found := &dates{Start: d.moment(b.Fixed.Start, zone, at+".start"), End: d.moment(b.Fixed.End, zone, at+".end")}
	if !found.Start.Before(found.End) && !found.Start.IsZero() && !found.End.IsZero() {
		d.add(at+".end", "The end '%s' is not after the start '%s'.", b.Fixed.End, b.Fixed.Start)
	}
	return found
}

// moment reads a time: of the zone, unless it has an offset of its own.
func (d *reader) moment(text string, zone *time.Location, at string) time.Time {
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t.UTC()
	}
	for _, form := range []string{"2006-01-02T15:04:05.999999999", "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(form, text, zone); err == nil {
			return t.UTC()
		}
	}
	d.add(at, "'%s' is not a time such as 2030-01-01T08:00:00.", text)
	return time.Time{}
}

func (d *reader) weekly(b *profileBody, at string) *weekly {
	if b.Recurrence == nil || strings.EqualFold(b.Recurrence.Frequency, "None") {
		return nil
	}
	of := b.Recurrence.Schedule
	if !strings.EqualFold(b.Recurrence.Frequency, "Week") {
		d.add(at+".frequency", "The frequency '%s' is not possible. Give Week, with days, hours and minutes.", b.Recurrence.Frequency)
	}
	w := &weekly{Zone: d.zone(of.Zone, at+".schedule.timeZone"), Hours: of.Hours, Minutes: of.Minutes}
	for _, name := range of.Days {
		day, ok := weekday(name)
		if !ok {
			d.add(at+".schedule.days", "'%s' is not a day of the week. Give one such as Monday.", name)
		}
		w.Days = append(w.Days, day)
	}
	within := func(list []int, most int, name string) {
		if len(list) == 0 || slices.ContainsFunc(list, func(n int) bool { return n < 0 || n > most }) {
			d.add(at+".schedule."+name, "The %s of the recurrence must be one or more numbers from 0 to %d.", name, most)
		}
	}
	within(of.Hours, 23, "hours")
	within(of.Minutes, 59, "minutes")
	if n := len(of.Days); n == 0 || n > 7 || len(of.Hours) > 24 || len(of.Minutes) > 60 {
		d.add(at+".schedule", "The recurrence must name 1 to 7 days, and no hour or minute twice.")
	}
	return w
}

func weekday(name string) (time.Weekday, bool) {
	for day := time.Sunday; day <= time.Saturday; day++ {
		if strings.EqualFold(day.String(), name) {
			return day, true
		}
	}
	return 0, false
}

func (d *reader) rule(b *ruleBody, at string) rule {
	r := rule{Trigger: d.trigger(b, at+".metricTrigger")}
	at += ".scaleAction"
	switch direction := d.word(b.Action.Direction, at+".direction", "Increase", "Decrease", "None"); direction {
	case "None":
		d.add(at+".direction", "A rule of direction None changes nothing. Give Increase or Decrease.")
	default:
		r.Increase = direction == "Increase"
	}
	r.Kind = d.word(b.Action.Kind, at+".type", changeCount, percentChange, exactCount)
	n, err := strconv.ParseInt(b.Action.Value.Text(), 10, 64)
	if least := map[bool]int64{true: 0, false: 1}[r.Kind == exactCount]; b.Action.Value.IsNull() {
		n = 1
	} else if err != nil || n < least || n > 1000 || r.Kind != percentChange && n > maxCapacity {
		d.add(at+".value", "The value '%s' is not possible. Give a number of units up to %d, or of percent.", b.Action.Value.Text(), maxCapacity)
	}
	r.Value = n
	r.Cooldown = d.duration(b.Action.Cooldown, at+".cooldown", time.Minute, 7*24*time.Hour)
	return r
}

func (d *reader) trigger(b *ruleBody, at string) trigger {
	t := trigger{Metric: b.Trigger.Metric, Resource: b.Trigger.Resource}
	if t.Metric == "" {
		d.add(at+".metricName", "The rule names no metric.")
	} else if err := d.known(t.Resource, t.Metric); err != nil {
		d.add(at+".metricName", "%s", err.Error())
	}
	if len(b.Trigger.Dimensions) > 0 {
		d.found.Add("AutoscaleDimensionsNotSupported", at+".dimensions", "The metrics of environments and workflows have no dimensions. Leave them out.")
	}
	if b.Trigger.Divide {
		d.found.Add("AutoscaleDividePerInstanceNotSupported", at+".dividePerInstance", "Metrics are not divided by instances here. Leave it out, or give false.")
	}
	t.Grain = d.duration(b.Trigger.Grain, at+".timeGrain", time.Minute, 12*time.Hour)
	t.Window = d.duration(b.Trigger.Window, at+".timeWindow", 5*time.Minute, 12*time.Hour)
	if t.Grain > t.Window {
		d.add(at+".timeWindow", "The time window '%s' is shorter than the time grain '%s'.", b.Trigger.Window, b.Trigger.Grain)
	}
	t.Statistic = d.word(b.Trigger.Statistic, at+".statistic", "Average", "Min", "Max", "Sum", "Count")
	t.Aggregation = d.word(b.Trigger.Aggregation, at+".timeAggregation", "Average", "Minimum", "Maximum", "Total", "Count", "Last")
	t.Operator = d.word(b.Trigger.Operator, at+".operator", "Equals", "NotEquals", "GreaterThan", "GreaterThanOrEqual", "LessThan", "LessThanOrEqual")
	if b.Trigger.Threshold == nil || math.IsNaN(*b.Trigger.Threshold) {
		d.add(at+".threshold", "The rule has no threshold.")
	} else {
		t.Threshold = *b.Trigger.Threshold
	}
	return t
}

// word is the spelling that a word has in the list.
func (d *reader) word(text, at string, list ...string) string {
	for _, w := range list {
		if strings.EqualFold(w, text) {
			return w
		}
	}
	d.add(at, "'%s' is not one of %s.", text, strings.Join(list, ", "))
	return ""
}

// duration reads whole minutes.
func (d *reader) duration(text, at string, least, most time.Duration) time.Duration {
	parsed, err := wdl.ParseDuration(text)
	if err != nil || parsed.Months != 0 || parsed.Rest < least || parsed.Rest > most || parsed.Rest%time.Minute != 0 {
		d.add(at, "'%s' is not possible. Give whole minutes, from %s to %s, such as PT5M.", text, least, most)
		return least
	}
	return parsed.Rest
}
