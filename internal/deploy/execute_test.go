package deploy_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/deploy"
	"isle/internal/store"
	"isle/internal/task"
)

const (
	subscription = "22222222-2222-2222-2222-222222222222"
	group        = "/subscriptions/" + subscription + "/resourceGroups/g"
	things       = group + "/providers/Test.Things/things/"
	deployments  = group + "/providers/Microsoft.Resources/deployments/"
)

// thing is the stored form of the tests' type: how often it was put, and what it was
// told. A slow one is made by a task, which the test lets run.
type thing struct {
	Puts int    `json:"puts"`
	Fail bool   `json:"fail"`
	Note string `json:"note"`
}

// world is a manager with deployments and things over a real store.
type world struct {
	*arm.Manager
	dir      string
	store    *store.Store
	provider *deploy.Provider
	now      time.Time
	hold     bool // slow things stay as they are
	cut      int  // the process dies at this PUT, counted from 1; odd: before it, even: after it
	puts     int
	kill     context.CancelFunc
}

func newWorld(t testing.TB) *world {
	w := &world{dir: t.TempDir(), now: time.Date(2024, 3, 15, 10, 30, 45, 0, time.UTC)}
	w.open(t)
	t.Cleanup(func() { w.store.Close() })
	w.want(t, http.MethodPut, group, `{"location":"here"}`, http.StatusCreated)
	return w
}

func (w *world) open(t testing.TB) {
	t.Helper()
	clock := func() time.Time { return w.now }
	var err error
	if w.store, err = store.Open(t.Context(), w.dir, store.Options{Clock: clock}); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	w.provider = deploy.New(deploy.Config{Store: w.store, Clock: clock, Log: log, Fetcher: files{}})
	types := append(w.provider.Types(), arm.Type{Name: "Test.Things/things", Tracked: true, Put: w.putThing, Delete: deleteThing, View: viewThing,
		Actions: map[string]arm.Handler{"listKeys": func(context.Context, *arm.Request) (*arm.Response, error) {
			return arm.Reply(expr.Object(expr.Member{Name: "key", Value: expr.String("planted-key")})), nil
		}}}, arm.Type{Name: "Test.Things/things/parts", Put: w.putThing, View: viewThing},
		arm.Type{Name: "Test.Things/drafts", Tracked: true, Prepare: prepareDraft, Put: w.putThing, View: viewThing})
	w.Manager, err = arm.New(arm.Config{Store: w.store, Types: types, Routes: w.provider.Routes(), Authenticator: w, PublicURL: "https://isle.test",
		Subscriptions: []arm.Subscription{{ID: subscription}}, Clock: clock, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	w.provider.Bind(w)
}

func (w *world) Authenticate(*http.Request) (arm.Principal, error) {
	return arm.Principal{ID: "o"}, nil
}

// PutWith is where the process dies.
func (w *world) PutWith(ctx context.Context, p arm.Principal, id, version string, body []byte, commit func(*store.Tx, *arm.Result) error) (*arm.Result, error) {
	w.puts++
	if w.cut > 0 && w.puts == (w.cut+1)/2 {
		if w.cut%2 == 0 {
			_, _ = w.Manager.PutWith(ctx, p, id, version, body, commit)
		}
		w.kill()
		return nil, ctx.Err()
	}
	return w.Manager.PutWith(ctx, p, id, version, body, commit)
}

// Delete is where it dies too.
func (w *world) Delete(ctx context.Context, p arm.Principal, id, version string) (*arm.Result, error) {
	w.puts++
	if w.cut > 0 && w.puts == (w.cut+1)/2 {
		if w.cut%2 == 0 {
			_, _ = w.Manager.Delete(ctx, p, id, version)
		}
		w.kill()
		return nil, ctx.Err()
	}
	return w.Manager.Delete(ctx, p, id, version)
}

// prepareDraft refuses what a thing refuses, but before the transaction.
func prepareDraft(_ context.Context, r *arm.PutRequest) (any, error) {
	if v, _ := r.Properties().Get("early"); !v.IsNull() {
		return nil, arm.Invalid("DraftRefused", "properties.early", "The draft is refused.")
	}
	return nil, nil
}

func (w *world) putThing(_ context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	var s thing
	if r.Old != nil {
		if err := json.Unmarshal(r.Old.Body, &s); err != nil {
			return nil, err
		}
	}
	flag := func(name string) bool { v, _ := r.Properties().Get(name); b, _ := v.AsBool(); return b }
	if needs, _ := r.Properties().Get("needs"); !needs.IsNull() {
		if other, err := arm.Load(tx, things+needs.Text()); err != nil || other.State != "Succeeded" {
			return nil, arm.Invalid("ThingMissing", "properties.needs", "The thing that it needs is not there.")
		}
	}
	if spoils, _ := r.Properties().Get("spoils"); !spoils.IsNull() { // written, and then refused
		if err := arm.Save(tx, arm.Resource{Resource: store.Resource{ID: things + spoils.Text(), State: "Succeeded", Body: []byte("{}")}}); err != nil {
			return nil, err
		}
	}
	if flag("refuse") {
		return nil, arm.Invalid("ThingRefused", "properties.refuse", "The thing is refused.")
	}
	note, _ := r.Properties().Get("note")
	s.Puts, s.Fail, s.Note = s.Puts+1, flag("fail"), note.Text()
	if flag("slow") || s.Fail {
		r.Async("thing", nil)
	}
	body, err := json.Marshal(s)
	return &arm.Written{Body: body}, err
}

// deleteThing keeps a thing that another one uses, which its note names.
func deleteThing(_ context.Context, tx *store.Tx, r *arm.DeleteRequest) error {
	var s thing
	if err := json.Unmarshal(r.Old.Body, &s); err != nil {
		return err
	}
	if user, ok := strings.CutPrefix(s.Note, "used by "); ok {
		if _, err := arm.Load(tx, things+user); err == nil {
			return arm.Conflict("ThingInUse", "", "The thing is in use.")
		}
	}
	return nil
}

func viewThing(_ context.Context, _ *store.Tx, r arm.Resource) (expr.Value, error) {
	var s thing
	if err := json.Unmarshal(r.Body, &s); err != nil {
		return expr.Value{}, err
	}
	return expr.Object(expr.Member{Name: "properties", Value: expr.Object(
		expr.Member{Name: "puts", Value: expr.Int(int64(s.Puts))}, expr.Member{Name: "note", Value: expr.String(s.Note)})}), nil
}

func (w *world) finishThing(ctx context.Context, db *store.DB, t store.Task) (task.Result, error) {
	if w.hold {
		return task.Again(w.now.Add(time.Second)), nil
	}
	j, err := arm.ReadJob(t)
	if err != nil {
		return task.Result{}, err
	}
	return task.Done(), db.Write(ctx, func(tx *store.Tx) error {
		r, err := arm.Load(tx, j.Resource)
		if err != nil {
			return err
		}
		var s thing
		if err := json.Unmarshal(r.Body, &s); err != nil {
			return err
		}
		if s.Fail {
			return w.Complete(ctx, tx, j.Resource, j.Operation, arm.Conflict("ThingBroke", "", "The thing broke: %s.", s.Note))
		}
		return w.Complete(ctx, tx, j.Resource, j.Operation, nil)
	})
}

// turn carries out what is due, and lets a second pass. It reports whether anything was.
func (w *world) turn(t testing.TB, ctx context.Context) bool {
	t.Helper()
	handlers := w.Handlers()
	handlers["thing"], handlers[deploy.TaskKind] = w.finishThing, w.provider.CarryOn
	db := w.store.Control()
	var claimed []store.Task
	if err := db.Write(t.Context(), func(tx *store.Tx) (err error) {
		claimed, err = tx.ClaimTasks(w.now, time.Minute, 0)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for _, c := range claimed {
		res, err := handlers[c.Kind](ctx, db, c)
		if ctx.Err() != nil {
			return false
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Write(t.Context(), func(tx *store.Tx) error {
			if res.Again.IsZero() {
				return tx.FinishTask(c)
			}
			return tx.PostponeTask(c, res.Again, 0)
		}); err != nil && !errors.Is(err, store.ErrConflict) {
			t.Fatal(err)
		}
	}
	w.now = w.now.Add(time.Second)
	return len(claimed) > 0
}

func (w *world) settle(t testing.TB) {
	t.Helper()
	for range 100 {
		if !w.turn(t, t.Context()) {
			return
		}
	}
	t.Fatal("it does not come to an end")
}

// call sends a request and gives status and body.
func (w *world) call(method, path, body string) (int, expr.Value) {
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	r := httptest.NewRequest(method, "https://isle.test"+path+separator+"api-version=2021-04-01", strings.NewReader(body))
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, r)
	v, _ := expr.ParseJSON(rec.Body.Bytes())
	return rec.Code, v
}

func (w *world) want(t testing.TB, method, path, body string, status int) expr.Value {
	t.Helper()
	got, v := w.call(method, path, body)
	if got != status {
		t.Fatalf("%s %s: %d %s, want %d", method, path, got, v.JSON(), status)
	}
	return v
}

// at follows names and indexes; the text of what is there.
func at(v expr.Value, path ...any) string {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			v, _ = v.Get(p)
		case int:
			v = v.Index(p)
		}
	}
	return v.Text()
}

func request(sections string) string {
	return `{"properties":{"mode":"Incremental","template":{"$schema":"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#","contentVersion":"1.0.0.0",` + sections + `}}}`
}

func res(name, properties string, dependsOn ...string) string {
	depends, _ := json.Marshal(append([]string{}, dependsOn...))
	return fmt.Sprintf(`{"type":"Test.Things/things","apiVersion":"2024-01-01","name":"%s","location":"here","dependsOn":%s,"properties":{%s}}`, name, depends, properties)
}

func resources(list ...string) string { return `"resources":[` + strings.Join(list, ",") + `]` }

// states of the operations, as "a:Running b:Succeeded".
func (w *world) states(t testing.TB, name string) string {
	t.Helper()
	v := w.want(t, http.MethodGet, group+"/deployments/"+name+"/operations", "", 200)
	list, _ := v.Get("value")
	var states []string
	for _, o := range list.Elements() {
		states = append(states, at(o, "properties", "targetResource", "resourceName")+":"+at(o, "properties", "provisioningState"))
	}
	return strings.Join(states, " ")
}

func TestStatesAreVisibleWhileItGoesOn(t *testing.T) {
	w := newWorld(t)
	w.hold = true
	v := w.want(t, http.MethodPut, deployments+"d", request(resources(res("a", `"slow":true`), res("b", ``, "a"), res("c", ``))), http.StatusCreated)
	if at(v, "properties", "provisioningState") != "Accepted" {
		t.Errorf("%s", v.JSON())
	}
	w.turn(t, t.Context())
	if got := w.states(t, "d"); got != "a:Running c:Succeeded" {
		t.Errorf("while a is being made: %s", got)
	}
	if v := w.want(t, http.MethodGet, deployments+"d", "", 200); at(v, "properties", "provisioningState") != "Running" {
		t.Errorf("%s", v.JSON())
	}
	if v := w.want(t, http.MethodPut, deployments+"d", request(resources()), http.StatusConflict); at(v, "error", "code") != "DeploymentActive" {
		t.Errorf("a second one: %s", v.JSON())
	}
	w.hold = false
	w.settle(t)
	if got := w.states(t, "d"); got != "a:Succeeded b:Succeeded c:Succeeded" {
		t.Errorf("at the end: %s", got)
	}
	v = w.want(t, http.MethodGet, deployments+"d", "", 200)
	if resources, _ := v.Get("properties"); at(resources, "provisioningState") != "Succeeded" || at(resources, "outputResources", 1, "id") != things+"b" {
		t.Errorf("%s", v.JSON())
	}
	if v := w.want(t, http.MethodGet, group+"/deployments/d/operations?$top=2", "", 200); at(v, "value", 1, "properties", "statusCode") != "Created" || at(v, "nextLink") == "" {
		t.Errorf("a page: %s", v.JSON())
	}
}

func TestAFailureStopsOnlyWhatDependsOnIt(t *testing.T) {
	w := newWorld(t)
	w.want(t, http.MethodPut, deployments+"d", request(resources(res("before", ``), res("bad", `"fail":true,"note":"glass"`, "before"), res("refused", `"refuse":true`),
		res("after", ``, "bad"), res("later", ``, "after"), res("aside", ``, "before"), res("reads", `"note":"[string(reference('bad').puts)]"`))), http.StatusCreated)
	w.settle(t)
	if got := w.states(t, "d"); got != "before:Succeeded bad:Failed refused:Failed aside:Succeeded" {
		t.Errorf("states: %s", got)
	}
	v := w.want(t, http.MethodGet, deployments+"d", "", 200)
	e, _ := v.Get("properties")
	if e, _ = e.Get("error"); at(e, "code") != "DeploymentFailed" || at(e, "details", 0, "code") != "ThingBroke" || at(e, "details", 1, "code") != "ThingRefused" {
		t.Errorf("error: %s", v.JSON())
	}
	v = w.want(t, http.MethodGet, group+"/deployments/d/operations", "", 200)
	if at(v, "value", 1, "properties", "statusMessage", "error", "message") != "The thing broke: glass." || at(v, "value", 2, "properties", "statusCode") != "BadRequest" {
		t.Errorf("operations: %s", v.JSON())
	}
	w.want(t, http.MethodGet, things+"aside", "", 200)
	w.want(t, http.MethodGet, things+"after", "", 404)
}

func TestReferencesMakeAnOrder(t *testing.T) {
	w := newWorld(t)
	w.want(t, http.MethodPut, deployments+"d", request(resources(
		res("user", `"note":"[concat(reference('made').note, listKeys(resourceId('Test.Things/things', 'made'), '2024-01-01').key)]"`),
		res("made", `"slow":true,"note":"N"`))+`,"outputs":{"note":{"type":"string","value":"[reference('made').note]"},"key":{"type":"string","value":"[listKeys('made').key]"},"full":{"type":"string","value":"[reference('made','2024-01-01','Full').name]"}}`), http.StatusCreated)
	w.settle(t)
	v := w.want(t, http.MethodGet, deployments+"d", "", 200)
	if o := at(v, "properties", "outputs"); o != `{"note":{"type":"String","value":"N"},"key":{"type":"SecureString"},"full":{"type":"String","value":"made"}}` {
		t.Errorf("outputs: %s in %s", o, v.JSON())
	}
	if v := w.want(t, http.MethodGet, things+"user", "", 200); at(v, "properties", "note") != "Nplanted-key" {
		t.Errorf("%s", v.JSON())
	}
	w.want(t, http.MethodPut, deployments+"circle", request(resources(res("x", `"note":"[reference('y').note]"`), res("y", `"note":"[reference('x').note]"`))), http.StatusCreated)
	w.settle(t)
	if v := w.want(t, http.MethodGet, deployments+"circle", "", 200); !strings.Contains(at(v, "properties", "error"), "Circular dependency") {
		t.Errorf("%s", v.JSON())
	}
}

func TestNestedDeployments(t *testing.T) {
	w := newWorld(t)
	nested := func(name, options, template string) string {
		return `{"type":"Microsoft.Resources/deployments","apiVersion":"2021-04-01","name":"` + name + `","properties":{"mode":"Incremental",` + options +
			`"template":{"$schema":"s","contentVersion":"1.0.0.0",` + template + `}}}`
	}
	w.want(t, http.MethodPut, deployments+"d", request(`"variables":{"v":"outer"},`+resources(
		nested("in", `"expressionEvaluationOptions":{"scope":"inner"},`, `"variables":{"v":"inner"},`+resources(res("a", `"note":"[variables('v')]"`))+`,"outputs":{"o":{"type":"string","value":"[variables('v')]"}}`),
		nested("out", ``, resources(res("b", `"note":"[variables('v')]"`))),
		nested("bad", ``, resources(res("c", `"refuse":true`))),
	)+`,"outputs":{"o":{"type":"string","value":"x"}}`), http.StatusCreated)
	w.settle(t)
	for name, want := range map[string]string{"a": "inner", "b": "outer"} {
		if v := w.want(t, http.MethodGet, things+name, "", 200); at(v, "properties", "note") != want {
			t.Errorf("%s: %s", name, v.JSON())
		}
	}
	v := w.want(t, http.MethodGet, deployments+"d", "", 200)
	if at(v, "properties", "error", "details", 0, "code") != "DeploymentFailed" || at(v, "properties", "error", "details", 0, "details", 0, "code") != "ThingRefused" {
		t.Errorf("%s", v.JSON())
	}
}

func TestCancel(t *testing.T) {
	w := newWorld(t)
	w.hold = true
	w.want(t, http.MethodPut, deployments+"d", request(resources(res("a", `"slow":true`), res("b", ``, "a"))), http.StatusCreated)
	w.turn(t, t.Context())
	w.want(t, http.MethodPost, deployments+"d/cancel", "", http.StatusNoContent)
	w.hold = false
	w.settle(t)
	if v := w.want(t, http.MethodGet, deployments+"d", "", 200); at(v, "properties", "provisioningState") != "Canceled" {
		t.Errorf("%s", v.JSON())
	}
	w.want(t, http.MethodGet, things+"a", "", 200)
	w.want(t, http.MethodGet, things+"b", "", 404)
	w.want(t, http.MethodPost, deployments+"d/cancel", "", http.StatusConflict)
}

// dieAndCarryOn works until the world is killed at its cut, opens the store again and
// lets the deployment end.
func (w *world) dieAndCarryOn(t *testing.T) {
	t.Helper()
	ctx, kill := context.WithCancel(t.Context())
	w.kill = kill
	for w.turn(t, ctx) {
	}
	if ctx.Err() == nil {
		t.Fatal("it was not killed")
	}
	w.store.Close()
	w.cut = 0
	w.now = w.now.Add(time.Hour) // the claim is over
	w.open(t)
	w.settle(t)
}

// TestACrashDoesNothingTwice kills the process before and after each PUT, opens the
// store again and lets the deployment end.
func TestACrashDoesNothingTwice(t *testing.T) {
	for cut := 1; cut <= 8; cut++ {
		t.Run(fmt.Sprint(cut), func(t *testing.T) {
			w := newWorld(t)
			w.cut = cut
			w.want(t, http.MethodPut, deployments+"d", request(resources(res("a", `"slow":true`), res("b", ``, "a"), res("c", ``), res("d", `"slow":true`, "c"))), http.StatusCreated)
			w.dieAndCarryOn(t)
			if v := w.want(t, http.MethodGet, deployments+"d", "", 200); at(v, "properties", "provisioningState") != "Succeeded" {
				t.Errorf("%s", v.JSON())
			}
			for _, name := range []string{"a", "b", "c", "d"} {
				if v := w.want(t, http.MethodGet, things+name, "", 200); at(v, "properties", "puts") != "1" {
					t.Errorf("%s: %s", name, v.JSON())
				}
			}
		})
	}
}

func TestACrashWhileTheRestIsDeleted(t *testing.T) {
	for cut := 1; cut <= 8; cut++ {
		t.Run(fmt.Sprint(cut), func(t *testing.T) {
			w := newWorld(t)
			w.want(t, http.MethodPut, deployments+"before", request(resources(res("b", `"note":"used by c"`), res("c", ``))), http.StatusCreated)
			w.settle(t)
			w.cut, w.puts = cut, 0
			w.want(t, http.MethodPut, deployments+"d", strings.Replace(request(resources(res("a", `"slow":true`))), "Incremental", "Complete", 1), http.StatusCreated)
			w.dieAndCarryOn(t)
			if v := w.want(t, http.MethodGet, deployments+"d", "", 200); at(v, "properties", "provisioningState") != "Succeeded" {
				t.Errorf("%s", v.JSON())
			}
			for name, status := range map[string]int{"a": 200, "b": 404, "c": 404} {
				w.want(t, http.MethodGet, things+name, "", status)
			}
		})
	}
}

func TestTheDeploymentsAPI(t *testing.T) {
	w := newWorld(t)
	body := request(`"parameters":{"p":{"type":"securestring","defaultValue":"planted-secret"}},` + resources(res("a", ``)))
	v := w.want(t, http.MethodPost, deployments+"d/validate", body, 200)
	if at(v, "properties", "validatedResources", 0, "id") != things+"a" || at(v, "properties", "duration") != "PT0S" || strings.Contains(string(v.JSON()), "planted") {
		t.Errorf("validate: %s", v.JSON())
	}
	w.want(t, http.MethodGet, things+"a", "", 404)
	w.want(t, http.MethodHead, deployments+"d", "", 404)
	w.want(t, http.MethodPut, deployments+"d", body, http.StatusCreated)
	w.settle(t)
	w.want(t, http.MethodHead, deployments+"d", "", 204)
	if v := w.want(t, http.MethodGet, strings.TrimSuffix(deployments, "/")+"/?$filter="+"provisioningState%20eq%20'Succeeded'", "", 200); at(v, "value", 0, "name") != "d" {
		t.Errorf("list: %s", v.JSON())
	}
	if v := w.want(t, http.MethodPost, deployments+"d/exportTemplate", "", 200); at(v, "template", "contentVersion") != "1.0.0.0" {
		t.Errorf("export: %s", v.JSON())
	}
	hash := w.want(t, http.MethodPost, "/providers/Microsoft.Resources/calculateTemplateHash", at(w.want(t, http.MethodPost, deployments+"d/exportTemplate", "", 200), "template"), 200)
	if v := w.want(t, http.MethodGet, deployments+"d", "", 200); at(v, "properties", "templateHash") != at(hash, "templateHash") || strings.Contains(string(v.JSON()), "planted") {
		t.Errorf("%s, hash %s", v.JSON(), hash.JSON())
	}
	w.want(t, http.MethodGet, deployments+"none", "", 404)
	w.want(t, http.MethodGet, group+"/deployments/none/operations", "", 404)
	w.want(t, http.MethodDelete, deployments+"d", "", http.StatusAccepted)
	w.settle(t)
	w.want(t, http.MethodGet, deployments+"d", "", 404)
	w.want(t, http.MethodDelete, deployments+"d", "", http.StatusNoContent)
	w.want(t, http.MethodGet, things+"a", "", 200)
}

func TestBadRequests(t *testing.T) {
	w := newWorld(t)
	for _, tt := range []struct{ name, body, code string }{
		{"no properties", `{}`, "InvalidRequestContent"},
		{"no JSON", `{`, "InvalidRequestContent"},
		{"no mode", `{"properties":{"template":{}}}`, "InvalidDeploymentMode"},
		{"another mode", `{"properties":{"mode":"Validate","template":{}}}`, "InvalidDeploymentMode"},
		{"another deployment on errors", `{"properties":{"mode":"Complete","template":{},"onErrorDeployment":{"type":"LastSuccessful"}}}`, "OnErrorDeploymentNotSupported"},
		{"a link without an address", `{"properties":{"mode":"Incremental","templateLink":{}}}`, "InvalidContentLink"},
		{"a link to a file", `{"properties":{"mode":"Incremental","templateLink":{"uri":"file:///etc/hosts"}}}`, "InvalidContentLink"},
		{"a link to a template spec", `{"properties":{"mode":"Incremental","templateLink":{"id":"/x"}}}`, "InvalidContentLink"},
		{"a relative link", `{"properties":{"mode":"Incremental","templateLink":{"relativePath":"x.json"}}}`, "InvalidContentLink"},
		{"a link that cannot be followed", `{"properties":{"mode":"Incremental","templateLink":{"uri":"https://elsewhere.test/t.json"}}}`, "InvalidContentLink"},
		{"a link to no JSON", `{"properties":{"mode":"Incremental","templateLink":{"uri":"https://files.test/text"}}}`, "InvalidContentLink"},
		{"a link to another version", `{"properties":{"mode":"Incremental","templateLink":{"uri":"https://files.test/main.json","contentVersion":"2.0.0.0"}}}`, "InvalidContentLink"},
		{"a template and a link", `{"properties":{"mode":"Incremental","template":{},"templateLink":{"uri":"https://files.test/main.json"}}}`, "InvalidTemplate"},
		{"linked parameters of another form", `{"properties":{"mode":"Incremental","template":{},"parametersLink":{"uri":"https://files.test/main.json"}}}`, "InvalidContentLink"},
		{"parameters and a link", `{"properties":{"mode":"Incremental","template":{},"parameters":{"a":{"value":1}},"parametersLink":{"uri":"https://files.test/p.json"}}}`, "InvalidRequestContent"},
		{"no template", `{"properties":{"mode":"Incremental"}}`, "InvalidTemplate"},
		{"parameters of another form", `{"properties":{"mode":"Incremental","template":{},"parameters":{"a":1}}}`, "InvalidRequestContent"},
		{"an unknown function", request(resources(res("a", `"note":"[nope()]"`))), "InvalidTemplate"},
		{"a dependency on nothing", request(resources(res("a", ``, "b"))), "InvalidTemplate"},
	} {
		for _, call := range []struct{ method, path string }{{http.MethodPut, deployments + "d"}, {http.MethodPost, deployments + "d/validate"}} {
			status, v := w.call(call.method, call.path, tt.body)
			if status != 400 || at(v, "error", "code") != tt.code || at(v, "error", "message") == "" {
				t.Errorf("%s, %s: %d %s", tt.name, call.method, status, v.JSON())
			}
		}
	}
	w.want(t, http.MethodGet, deployments+"d", "", 404)
	if status, v := w.call(http.MethodPut, deployments+"d", request(resources())+strings.Repeat(" ", 4<<20)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a body that is too large: %d %s", status, v.JSON())
	}
	if status, v := w.call(http.MethodPut, deployments+"a%20b", request(resources())); status != 400 {
		t.Errorf("a name with a space: %d %s", status, v.JSON())
	}
}
