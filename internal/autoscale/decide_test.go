package autoscale

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"isle/expr"
	"isle/internal/arm"
)

// at is a moment of the week of Monday, 7 January 2030, in UTC.
func at(text string) time.Time {
	t, err := time.Parse("Mon 15:04", text)
	if err != nil {
		panic(err)
	}
	day := map[string]int{"Mon": 7, "Tue": 8, "Wed": 9, "Thu": 10, "Fri": 11, "Sat": 12, "Sun": 13}[text[:3]]
	return time.Date(2030, 1, day, t.Hour(), t.Minute(), 0, 0, time.UTC)
}

// readSetting reads the properties of a setting.
func readSetting(t *testing.T, profiles string) (*setting, arm.Found) {
	t.Helper()
	v, err := expr.ReadJSON(`{"targetResourceUri":"/subscriptions/s/resourceGroups/g/providers/Microsoft.Logic/integrationServiceEnvironments/e","profiles":[` + profiles + `]}`)
	if err != nil {
		t.Fatal(err)
	}
	var found arm.Found
	d := &reader{found: &found, known: func(_, metric string) error {
		if metric == "Nothing" {
			return errors.New("there is no metric 'Nothing'")
		}
		return nil
	}}
	return d.read(v, "auto"), found
}

const (
	always   = `{"name":"always","capacity":{"minimum":"1","maximum":"3","default":"2"}}`
	date     = `{"name":"date","capacity":{"minimum":"9","maximum":"9","default":"9"},"fixedDate":{"timeZone":"W. Europe Standard Time","start":"2030-01-09T09:00:00","end":"2030-01-09T10:00:00"}}`
	weekend  = `{"name":"weekend","capacity":{"minimum":0,"maximum":0,"default":0},"recurrence":{"frequency":"Week","schedule":{"timeZone":"UTC","days":["Saturday","sunday"],"hours":[6],"minutes":[30]}}}`
	workdays = `{"name":"{\"name\":\"always\",\"for\":\"weekend\"}","capacity":{"minimum":"1","maximum":"3","default":"2"},"recurrence":{"frequency":"Week","schedule":{"timeZone":"W. Europe Standard Time","days":["Monday"],"hours":[7],"minutes":[0]}}}`
)

// The profile in force: of a date, else the recurring one that began last, else the one
// without a time. None but the profile's bounds count where it has no rules.
func TestProfilesBySchedule(t *testing.T) {
	for _, c := range []struct {
		name, profiles, now string
		want                int64
		profile             string
	}{
		{"one without a time", always, "Wed 12:00", 2, "always"},
		{"before the date", always + "," + date, "Wed 07:59", 2, "always"},
		{"the date begins, in its zone", always + "," + date, "Wed 08:00", 9, "date"},
		{"the date ends", always + "," + date, "Wed 09:00", 2, "always"},
		{"a date before a recurrence", weekend + "," + date, "Wed 08:30", 9, "date"},
		{"a recurrence begins", weekend + "," + workdays, "Sat 06:30", 0, "weekend"},
		{"and not before", weekend + "," + workdays, "Sat 06:29", 2, `{"name":"always","for":"weekend"}`},
		{"it goes on", weekend + "," + workdays, "Sun 06:29", 0, "weekend"},
		{"until another begins", weekend + "," + workdays, "Mon 06:00", 2, `{"name":"always","for":"weekend"}`},
		{"and not before", weekend + "," + workdays, "Mon 05:59", 0, "weekend"},
		{"alone it lasts", weekend + "," + always, "Fri 12:00", 0, "weekend"},
		{"nothing is in force", date, "Fri 12:00", 5, ""},
	} {
		s, found := readSetting(t, c.profiles)
		if len(found) > 0 {
			t.Fatal(found.Err())
		}
		d := s.decide(at(c.now), 5, time.Time{}, nil)
		if d.Capacity != c.want || d.Profile != c.profile {
			t.Errorf("%s: %+v", c.name, d)
		}
	}
}

// many are so many profiles without a time.
func many(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = strings.Replace(always, `"always"`, `"p`+strconv.Itoa(i)+`"`, 1)
	}
	return strings.Join(list, ",")
}

func byRules(rules ...string) string {
	return `{"name":"load","capacity":{"minimum":"1","maximum":"6","default":"3"},"rules":[` + strings.Join(rules, ",") + `]}`
}

// scaleRule writes a rule as a sentence: "usage GreaterThan 70 Increase ChangeCount 1".
func scaleRule(text string) string {
	w := strings.Fields(text)
	return `{"metricTrigger":{"metricName":"` + w[0] + `","timeGrain":"PT1M","statistic":"Average","timeWindow":"PT10M","timeAggregation":"Average","operator":"` + w[1] + `","threshold":` + w[2] +
		`},"scaleAction":{"direction":"` + w[3] + `","type":"` + w[4] + `","value":"` + w[5] + `","cooldown":"PT5M"}}`
}

// Rules: the farthest increase wins over any decrease, all that decrease must hold, bounds
// and cooldown hold, what cannot be read takes nothing away (ise.md #127, #128).
func TestRulesByLoad(t *testing.T) {
	const out, in = "usage GreaterThan 70 Increase ChangeCount 1", "usage LessThan 30 Decrease ChangeCount 1"
	lost, none := math.Inf(1), math.NaN()
	now := at("Wed 12:00")
	for _, c := range []struct {
		name         string
		rules        []string
		usage, queue float64
		capacity     int64
		since        time.Duration // the last change is so long ago; 0: never
		want         int64
		says         string
	}{
		{"more", []string{out, in}, 71, 0, 3, 0, 4, "usage is 71"},
		{"the threshold is not beyond itself", []string{out, in}, 70, 0, 3, 0, 3, "nothing"},
		{"less", []string{out, in}, 10, 0, 3, 0, 2, "usage is 10"},
		{"between", []string{out, in}, 50, 0, 3, 0, 3, "nothing"},
		{"at the maximum", []string{out, in}, 99, 0, 6, 0, 6, "maximum is reached"},
		{"at the minimum", []string{out, in}, 1, 0, 1, 0, 1, "nothing"},
		{"below the minimum", []string{out, in}, 50, 0, 0, time.Second, 1, "minimum"},
		{"above the maximum", []string{out, in}, 50, 0, 9, time.Second, 6, "maximum is 6"},
		{"cooling", []string{out, in}, 99, 0, 3, 4 * time.Minute, 3, "cooldown"},
		{"cooled", []string{out, in}, 99, 0, 3, 5 * time.Minute, 4, ""},
		{"cooled, but for a moment", []string{out, in}, 99, 0, 3, 5*time.Minute - 200*time.Millisecond, 4, ""},
		{"cooling the other way", []string{out, in}, 1, 0, 3, time.Minute, 3, "cooldown"},
		{"the farthest", []string{out, "queue GreaterThanOrEqual 5 Increase ExactCount 6"}, 99, 5, 2, 0, 6, "queue"},
		{"not beyond the maximum", []string{"queue NotEquals 0 Increase ChangeCount 10"}, 0, 5, 2, 0, 6, ""},
		{"percent, a whole unit at least", []string{"usage GreaterThan 1 Increase PercentChangeCount 10"}, 9, 0, 3, 0, 4, ""},
		{"percent", []string{"usage GreaterThan 1 Increase PercentChangeCount 50"}, 9, 0, 3, 0, 5, ""},
		{"one increases, one decreases", []string{"queue GreaterThan 3 Increase ChangeCount 1", in}, 1, 4, 3, 0, 4, ""},
		{"not all decrease", []string{in, "queue LessThanOrEqual 3 Decrease ChangeCount 2"}, 1, 4, 5, 0, 5, "nothing"},
		{"all decrease, by the least", []string{in, "queue LessThanOrEqual 3 Decrease ChangeCount 2"}, 1, 3, 5, 0, 4, ""},
		{"it would increase again", []string{"usage GreaterThan 35 Increase ChangeCount 1", in}, 29, 0, 2, 0, 2, "increased again"},
		{"lost, below the default", []string{out, in}, lost, 0, 2, 0, 3, "cannot be read"},
		{"lost, above the default", []string{out, in}, lost, 0, 5, 0, 5, "cannot be read"},
		{"one lost, one increases", []string{out, "queue Equals 5 Increase ChangeCount 1"}, lost, 5, 4, 0, 5, "queue"},
		{"one lost, one decreases", []string{out, "queue Equals 5 Decrease ChangeCount 1"}, lost, 5, 4, 0, 4, "cannot be read"},
		{"nothing to measure", []string{out, in}, none, 0, 3, 0, 3, "nothing"},
	} {
		rules := make([]string, len(c.rules))
		for i, r := range c.rules {
			rules[i] = scaleRule(r)
		}
		s, found := readSetting(t, byRules(rules...))
		if len(found) > 0 {
			t.Fatal(c.name, found.Err())
		}
		var last time.Time
		if c.since > 0 {
			last = now.Add(-c.since)
		}
		d := s.decide(now, c.capacity, last, func(of *trigger) reading {
			v := map[string]float64{"usage": c.usage, "queue": c.queue}[of.Metric]
			if math.IsInf(v, 1) {
				return reading{value: math.NaN(), lost: true}
			}
			return reading{value: v, perUnit: of.Metric == "usage"}
		})
		if d.Capacity != c.want || !strings.Contains(d.Why, c.says) || d.Profile != "load" {
			t.Errorf("%s: %+v, want %d", c.name, d, c.want)
		}
	}
}

// Samples of a grain are put together over the window.
func TestMeasures(t *testing.T) {
	minutes := []float64{1, 3, math.NaN(), 5, 10, 20}
	for _, c := range []struct {
		grain                  time.Duration
		statistic, aggregation string
		want                   float64
	}{
		{time.Minute, "Average", "Average", 7.8},
		{time.Minute, "Sum", "Total", 39},
		{2 * time.Minute, "Sum", "Maximum", 30},
		{2 * time.Minute, "Average", "Minimum", 2},
		{2 * time.Minute, "Max", "Average", (3.0 + 5 + 20) / 3},
		{4 * time.Minute, "Min", "Last", 10},
		{time.Minute, "Average", "Count", 5},
		{10 * time.Minute, "Count", "Average", 5},
	} {
		of := trigger{Grain: c.grain, Statistic: c.statistic, Aggregation: c.aggregation}
		if got := of.measure(minutes); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%+v: %v", c, got)
		}
	}
	empty := trigger{Grain: time.Minute, Statistic: "Average", Aggregation: "Maximum"}
	if got := empty.measure([]float64{math.NaN(), math.NaN()}); !math.IsNaN(got) {
		t.Error(got)
	}
}

// All that is wrong with a setting is told, each at its place.
func TestBadSettings(t *testing.T) {
	rule := scaleRule("usage GreaterThan 70 Increase ChangeCount 1")
	with := func(old, new string) string { return byRules(strings.Replace(rule, old, new, 1)) }
	week := func(old, new string) string { return strings.Replace(weekend, old, new, 1) }
	for _, c := range []struct{ profiles, want string }{
		{"", "properties.profiles"},
		{many(maxProfiles + 1), "properties.profiles"},
		{always + "," + always, "properties.profiles[1].name"},
		{strings.Replace(always, `"always"`, `" "`, 1), "properties.profiles[0].name"},
		{strings.Replace(always, `"1"`, `"4"`, 1), "properties.profiles[0].capacity"},
		{strings.Replace(always, `"2"`, `"4"`, 1), "properties.profiles[0].capacity"},
		{strings.Replace(always, `"3"`, `"11"`, 1), "properties.profiles[0].capacity.maximum"},
		{strings.Replace(always, `"1"`, `"x"`, 1), "properties.profiles[0].capacity.minimum"},
		{byRules(strings.Repeat(rule+",", maxRules) + rule), "properties.profiles[0].rules"},
		{strings.Replace(date, `09T10`, `09T09`, 1), "properties.profiles[0].fixedDate.end"},
		{strings.Replace(date, `W. Europe`, `W Europe`, 1), "properties.profiles[0].fixedDate.timeZone"},
		{strings.Replace(date, `"2030-01-09T09:00:00"`, `"soon"`, 1), "properties.profiles[0].fixedDate.start"},
		{week("Week", "Day"), "properties.profiles[0].recurrence.frequency"},
		{week("sunday", "Someday"), "properties.profiles[0].recurrence.schedule.days"},
		{week("[6]", "[24]"), "properties.profiles[0].recurrence.schedule.hours"},
		{week("[30]", "[]"), "properties.profiles[0].recurrence.schedule.minutes"},
		{with(`"usage"`, `"Nothing"`), "properties.profiles[0].rules[0].metricTrigger.metricName"},
		{with(`"usage"`, `""`), "properties.profiles[0].rules[0].metricTrigger.metricName"},
		{with("PT1M", "PT30S"), "properties.profiles[0].rules[0].metricTrigger.timeGrain"},
		{with("PT1M", "PT1H"), "properties.profiles[0].rules[0].metricTrigger.timeWindow"},
		{with("PT10M", "PT4M"), "properties.profiles[0].rules[0].metricTrigger.timeWindow"},
		{with(`"operator":"GreaterThan"`, `"operator":"Above"`), "properties.profiles[0].rules[0].metricTrigger.operator"},
		{with(`70`, `null`), "properties.profiles[0].rules[0].metricTrigger.threshold"},
		{with(`"threshold":70`, `"threshold":70,"dividePerInstance":true`), "properties.profiles[0].rules[0].metricTrigger.dividePerInstance"},
		{with(`"threshold":70`, `"threshold":70,"dimensions":[{}]`), "properties.profiles[0].rules[0].metricTrigger.dimensions"},
		{with(`Increase`, `None`), "properties.profiles[0].rules[0].scaleAction.direction"},
		{with(`ChangeCount`, `ServiceAllowedNextValue`), "properties.profiles[0].rules[0].scaleAction.type"},
		{with(`"value":"1"`, `"value":"0"`), "properties.profiles[0].rules[0].scaleAction.value"},
		{with(`PT5M`, `P8D`), "properties.profiles[0].rules[0].scaleAction.cooldown"},
		{with(`PT5M`, ``), "properties.profiles[0].rules[0].scaleAction.cooldown"},
		{strings.Replace(strings.Replace(always, `"1"`, `"x"`, 1), `"3"`, `"y"`, 1), "properties.profiles[0].capacity.minimum properties.profiles[0].capacity.maximum"},
	} {
		_, found := readSetting(t, c.profiles)
		var targets []string
		for _, e := range found {
			targets = append(targets, e.Target)
		}
		if got := strings.Join(targets, " "); got != c.want {
			t.Errorf("%s:\n%s, want %s", c.profiles, got, c.want)
		}
	}
	v, _ := expr.ReadJSON(`{"name":"other","notifications":[{"email":{"customEmails":["a@b"]}},{"webhooks":[]}],"predictiveAutoscalePolicy":{"scaleMode":"Enabled"},"profiles":[` + always + `]}`)
	var found arm.Found
	(&reader{found: &found}).read(v, "auto")
	var codes []string
	for _, e := range found {
		codes = append(codes, e.Code)
	}
	if got := strings.Join(codes, " "); got != "InvalidAutoscaleSetting InvalidAutoscaleSetting AutoscaleNotificationsNotSupported PredictiveAutoscaleNotSupported" {
		t.Error(got)
	}
}
