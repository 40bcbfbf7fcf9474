package autoscale

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
	"isle/internal/task"
)

const (
	subscription = "11111111-2222-3333-4444-555555555555"
	group        = "/subscriptions/" + subscription + "/resourceGroups/g"
	ise          = group + "/providers/Microsoft.Logic/integrationServiceEnvironments/ise"
	auto         = group + "/providers/" + TypeName + "/auto"
)

// fleet are environments that have only a SKU and a capacity, and a metric that the test
// sets.
type fleet struct {
	usage float64
	lost  error
}

type unit struct {
	SKU struct {
		Name     string `json:"name"`
		Capacity int64  `json:"capacity"`
	} `json:"sku"`
}

func (f *fleet) typ() arm.Type {
	write := func(_ context.Context, _ *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
		var u unit
		if err := json.Unmarshal(r.Body.JSON(), &u); err != nil {
			return nil, err
		}
		if u.SKU.Capacity > 8 {
			return nil, arm.Conflict("TooMany", "", "No more than 8.")
		}
		body, err := json.Marshal(u)
		return &arm.Written{Body: body}, err
	}
	return arm.Type{Name: environmentType, APIVersions: []string{environmentVersion}, Put: write, Patch: write,
		View: func(context.Context, *store.Tx, arm.Resource) (expr.Value, error) { return expr.Object(), nil }}
}

func (f *fleet) Target(tx *store.Tx, id string) (*Target, error) {
	r, err := arm.Load(tx, id)
	if err != nil {
		return nil, err
	}
	var u unit
	err = json.Unmarshal(r.Body, &u)
	return &Target{ID: r.ID, SKU: u.SKU.Name, State: r.State, Capacity: u.SKU.Capacity}, err
}

func (f *fleet) Metric(_ context.Context, _, _ string, _ time.Time, n int) ([]float64, error) {
	values := make([]float64, n)
	for i := range values {
		values[i] = f.usage
	}
	return values, f.lost
}

func (f *fleet) HasMetric(_, name string) error {
	if name != "usage" {
		return errors.New("there is no such metric")
	}
	return nil
}

func (f *fleet) PerUnit(string) bool { return true }

// mayScale lets everybody do everything, but "stranger" change no environment, and "blind"
// read no metrics.
type mayScale struct{}

func (mayScale) Allowed(p arm.Principal, action, _ string) bool {
	return (p.ID != "stranger" || action != environmentType+"/write") && (p.ID != "blind" || action != actionMetrics)
}
func (m mayScale) Within(p arm.Principal, action, scope string) bool {
	return m.Allowed(p, action, scope)
}

type world struct {
	t       *testing.T
	fleet   fleet
	service *Service
	manager *arm.Manager
	now     time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: at("Wed 12:00")}
	clock := func() time.Time { return w.now }
	s, err := store.Open(t.Context(), t.TempDir(), store.Options{})
	w.must(err)
	t.Cleanup(func() { _ = s.Close() })
	w.service, err = New(Config{Store: s, Environments: &w.fleet, Since: w.now.Add(-time.Hour), Authorizer: mayScale{}, Clock: clock, Log: slog.New(slog.DiscardHandler)})
	w.must(err)
	w.manager, err = arm.New(arm.Config{Store: s, Types: append(w.service.Types(), w.fleet.typ()), Authorizer: mayScale{}, Tenant: "t", Subscriptions: []arm.Subscription{{ID: subscription}}, Clock: clock})
	w.must(err)
	w.service.Bind(w.manager)
	_, err = w.manager.Put(t.Context(), arm.Principal{ID: "tester"}, group, "2021-04-01", []byte(`{"location":"westeurope"}`))
	w.must(err)
	w.must(w.put("tester", ise, `{"sku":{"name":"Premium","capacity":3}}`))
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) put(who, id, body string) error {
	version := environmentVersion
	if strings.Contains(id, TypeName) {
		version = "2022-10-01"
	}
	_, err := w.manager.Put(w.t.Context(), arm.Principal{ID: who}, id, version, []byte(body))
	return err
}

func settingBodyOf(target string, profiles ...string) string {
	return `{"location":"westeurope","properties":{"targetResourceUri":"` + target + `","profiles":[` + strings.Join(profiles, ",") + `]}}`
}

// look carries out the setting's task once, at a time of the week.
func (w *world) look(when string) task.Result {
	w.t.Helper()
	w.now = at(when)
	result, err := w.service.carry(w.t.Context(), nil, store.Task{Kind: Kind, Payload: []byte(strings.ToLower(auto))})
	w.must(err)
	return result
}

func (w *world) capacity() int64 {
	w.t.Helper()
	var found *Target
	w.must(w.service.control.Read(w.t.Context(), func(tx *store.Tx) (err error) {
		found, err = w.fleet.Target(tx, ise)
		return err
	}))
	return found.Capacity
}

func (w *world) status() (of status) {
	w.t.Helper()
	res, err := w.manager.Get(w.t.Context(), arm.Principal{ID: "tester"}, auto+"/status", "2022-10-01")
	w.must(err)
	w.must(json.Unmarshal(res.Body.JSON(), &of))
	return of
}

// A setting follows load minute by minute, keeps to its cooldown, and the activity log
// tells of each change and of who is responsible.
func TestEnvironmentIsScaledByLoad(t *testing.T) {
	w := newWorld(t)
	w.must(w.put("tester", auto, settingBodyOf(ise, byRules(scaleRule("usage GreaterThan 70 Increase ChangeCount 2"), scaleRule("usage LessThan 30 Decrease ChangeCount 1")))))
	for _, step := range []struct {
		when  string
		usage float64
		want  int64
		says  string
	}{
		{"Wed 12:00", 90, 5, "usage is 90"},
		{"Wed 12:01", 90, 5, "cooldown"},
		{"Wed 12:05", 90, 6, "usage is 90"},
		{"Wed 12:10", 20, 5, "usage is 20"},
		{"Wed 12:16", 50, 5, "nothing"},
	} {
		w.fleet.usage = step.usage
		result := w.look(step.when)
		if got := w.capacity(); got != step.want || !strings.Contains(w.status().Reason, step.says) {
			t.Errorf("%s: %d, %+v", step.when, got, w.status())
		}
		if next := w.now.Add(every + after); !result.Again.Equal(next) {
			t.Errorf("%s: again at %s", step.when, result.Again)
		}
	}
	if got := w.status(); got.From != 6 || got.To != 5 || !got.Scaled.Equal(at("Wed 12:10")) {
		t.Errorf("%+v", got)
	}
	log, err := w.manager.Get(t.Context(), arm.Principal{ID: "tester"}, "/subscriptions/"+subscription+"/providers/Microsoft.Insights/eventtypes/management/values", "2015-04-01")
	w.must(err)
	text := string(log.Body.JSON())
	for what, want := range map[string]int{`"operationName":{"value":"` + TypeName + `/Scaleup/Action"`: 2, `"operationName":{"value":"` + TypeName + `/Scaledown/Action"`: 1, `"operationName":{"value":"` + environmentType + `/write"`: 4} {
		if got := strings.Count(text, what); got != want {
			t.Errorf("%d of %s", got, what)
		}
	}
}

// What cannot be changed stays as it is and is told; it is tried again. A metric that
// cannot be read brings the capacity to the default, no lower.
func TestWhatCannotBeScaled(t *testing.T) {
	w := newWorld(t)
	w.must(w.put("tester", auto, settingBodyOf(ise, `{"name":"more","capacity":{"minimum":"9","maximum":"9","default":"9"}}`)))
	w.look("Wed 12:00")
	if got := w.status(); w.capacity() != 3 || !strings.Contains(got.Reason, "No more than 8.") || !got.Scaled.IsZero() {
		t.Errorf("%d, %+v", w.capacity(), got)
	}
	w.must(w.put("tester", ise, `{"sku":{"name":"Premium","capacity":1}}`))
	w.must(w.put("tester", auto, settingBodyOf(ise, byRules(scaleRule("usage LessThan 30 Decrease ChangeCount 1")))))
	w.fleet.lost = errors.New("no metrics")
	w.look("Wed 12:01")
	if got := w.status(); w.capacity() != 3 || !strings.Contains(got.Reason, "cannot be read") {
		t.Errorf("%d, %+v", w.capacity(), got)
	}
	w.fleet.lost, w.service.config.Since = nil, at("Wed 12:10") // the process began anew
	w.look("Wed 12:15")
	if got := w.status(); w.capacity() != 3 || !strings.Contains(got.Reason, "cannot be read") {
		t.Errorf("%d, %+v", w.capacity(), got)
	}
	w.look("Wed 12:21")
	if got := w.capacity(); got != 2 {
		t.Errorf("%d, %+v", got, w.status())
	}
	_, err := w.manager.Delete(t.Context(), arm.Principal{ID: "tester"}, auto, "2022-10-01")
	w.must(err)
	if result := w.look("Wed 12:30"); !result.Again.IsZero() {
		t.Error("what is deleted is looked at again")
	}
}

// A setting that is disabled changes nothing until it is enabled.
func TestDisabledSettings(t *testing.T) {
	w := newWorld(t)
	w.must(w.put("tester", auto, settingBodyOf(ise, always)))
	patch := func(body string) {
		t.Helper()
		_, err := w.manager.Patch(t.Context(), arm.Principal{ID: "tester"}, auto, "2022-10-01", []byte(body))
		w.must(err)
	}
	patch(`{"properties":{"enabled":false}}`)
	if result := w.look("Wed 12:00"); !result.Again.IsZero() || w.capacity() != 3 {
		t.Errorf("%v, %d", result, w.capacity())
	}
	patch(`{"properties":{"enabled":true},"tags":{"a":"b"}}`)
	if w.look("Wed 12:01"); w.capacity() != 2 {
		t.Errorf("%d", w.capacity())
	}
	res, err := w.manager.Get(t.Context(), arm.Principal{ID: "tester"}, auto, "2022-10-01")
	w.must(err)
	for _, want := range []string{`"name":"auto"`, `"enabled":true`, `"tags":{"a":"b"}`, `"profiles":[{"name":"always"`} {
		if !strings.Contains(string(res.Body.JSON()), want) {
			t.Errorf("no %s in %s", want, res.Body.JSON())
		}
	}
}

// A setting that is moved goes on where it was: the cooldown holds.
func TestSettingsMove(t *testing.T) {
	w := newWorld(t)
	w.must(w.put("tester", auto, settingBodyOf(ise, byRules(scaleRule("usage GreaterThan 70 Increase ChangeCount 1")))))
	w.fleet.usage = 90
	w.look("Wed 12:00")
	other := strings.TrimSuffix(group, "g") + "h"
	_, err := w.manager.Put(t.Context(), arm.Principal{ID: "tester"}, other, "2021-04-01", []byte(`{"location":"westeurope"}`))
	w.must(err)
	_, err = w.manager.Post(t.Context(), arm.Principal{ID: "tester"}, group+"/moveResources", "2021-04-01", []byte(`{"resources":["`+auto+`"],"targetResourceGroup":"`+other+`"}`))
	w.must(err)
	moved := strings.ToLower(other + strings.TrimPrefix(auto, group))
	for i, when := range []string{"Wed 12:04", "Wed 12:05"} {
		w.now = at(when)
		_, err := w.service.carry(t.Context(), nil, store.Task{Kind: Kind, Payload: []byte(moved)})
		w.must(err)
		if got, want := w.capacity(), int64(4+i); got != want {
			t.Errorf("%s: %d, want %d", when, got, want)
		}
	}
	if result := w.look("Wed 12:06"); !result.Again.IsZero() {
		t.Error("the old place is still looked at")
	}
}

// A look from which nothing comes is stored nowhere; its status is served all the same, and
// the next process knows of what came before.
func TestLooksThatChangeNothingAreNotStored(t *testing.T) {
	w := newWorld(t)
	w.must(w.put("tester", auto, settingBodyOf(ise, byRules(scaleRule("usage GreaterThan 70 Increase ChangeCount 1")))))
	stored := func() (last *status) {
		w.must(w.service.control.Read(t.Context(), func(tx *store.Tx) (err error) {
			last, err = readStatus(tx, strings.ToLower(auto))
			return err
		}))
		return last
	}
	w.fleet.usage = 90
	w.look("Wed 12:00")
	first := stored()
	for _, when := range []string{"Wed 12:01", "Wed 12:02", "Wed 12:03"} {
		w.fleet.usage--
		w.look(when)
		if got := w.status(); !got.At.Equal(at(when)) || !strings.Contains(got.Reason, "cooldown") {
			t.Errorf("%s: %+v", when, got)
		}
	}
	if last := stored(); *last != *first || !first.Scaled.Equal(at("Wed 12:00")) || first.To != 4 {
		t.Errorf("%+v became %+v", first, last)
	}
	w.service.looked.Clear() // as in another process
	w.look("Wed 12:04")
	if w.capacity() != 4 || stored().At.Equal(first.At) == false {
		t.Errorf("%d %+v", w.capacity(), stored())
	}
	if w.look("Wed 12:05"); w.capacity() != 5 || !stored().Scaled.Equal(at("Wed 12:05")) {
		t.Errorf("%d %+v", w.capacity(), stored())
	}
}

// Which environments may be scaled, by whom, and by how many settings.
func TestTargetsOfSettings(t *testing.T) {
	w := newWorld(t)
	developer := strings.Replace(ise, "/ise", "/developer", 1)
	w.must(w.put("tester", developer, `{"sku":{"name":"Developer","capacity":0}}`))
	w.must(w.put("tester", auto, settingBodyOf(ise, always)))
	w.must(w.put("tester", auto, settingBodyOf(strings.ToUpper(ise), always)))
	other := strings.TrimSuffix(auto, "auto") + "other"
	for i, c := range []struct{ who, id, target, code string }{
		{"tester", other, developer, "AutoscaleNotSupportedBySku"},
		{"tester", other, ise + "x", "IntegrationServiceEnvironmentNotFound"},
		{"tester", other, group, "InvalidAutoscaleSetting"},
		{"tester", other, "ise", "InvalidAutoscaleSetting"},
		{"tester", other, "", "InvalidAutoscaleSetting"},
		{"tester", other, ise, "AutoscaleTargetConflict"},
		{"stranger", auto, ise, "LinkedAuthorizationFailed"},
	} {
		err := w.put(c.who, c.id, settingBodyOf(c.target, always))
		if e := arm.AsError(err); e == nil || e.Code != c.code {
			t.Errorf("%d %s: %v", i, c.target, err)
		}
	}
	by := func(resource string) string {
		return strings.Replace(settingBodyOf(ise, byRules(scaleRule("usage GreaterThan 70 Increase ChangeCount 1"))), `"metricName"`, `"metricResourceUri":"`+resource+`","metricName"`, 1)
	}
	workflow := group + "/providers/Microsoft.Logic/workflows/w"
	w.must(w.put("tester", auto, by(workflow)))
	w.must(w.put("blind", auto, by(strings.ToUpper(ise))))
	if e := arm.AsError(w.put("blind", auto, by(workflow))); e == nil || e.Code != "LinkedAuthorizationFailed" || !strings.HasSuffix(e.Target, "rules[0].metricTrigger.metricResourceUri") {
		t.Error("somebody learns metrics that they may not read", e)
	}
	_, err := w.manager.Delete(t.Context(), arm.Principal{ID: "tester"}, auto, "2022-10-01")
	w.must(err)
	w.must(w.put("tester", other, settingBodyOf(ise, always)))
}

// Whatever a body is, it is stored as a setting that can be decided by, or refused.
func FuzzSetting(f *testing.F) {
	for _, profiles := range []string{always, date, weekend, workdays, byRules(scaleRule("usage GreaterThan 70 Increase PercentChangeCount 1000"))} {
		f.Add(fmt.Sprintf(`{"targetResourceUri":"/x","profiles":[%s]}`, profiles), int64(1893456000), int64(3))
	}
	f.Fuzz(func(t *testing.T, text string, seconds, capacity int64) {
		v, err := expr.ReadJSON(text)
		if err != nil || v.Kind() != expr.KindObject {
			return
		}
		var found arm.Found
		s := (&reader{found: &found, known: func(string, string) error { return nil }}).read(v, "auto")
		if s == nil || len(found) > 0 {
			return
		}
		d := s.decide(time.Unix(seconds%(1<<33), 0), max(0, capacity%11), time.Time{}, func(of *trigger) reading { return reading{value: of.measure([]float64{1, 2, 3})} })
		if d.Capacity < 0 || d.Capacity > maxCapacity {
			t.Errorf("%+v", d)
		}
	})
}
