package runner

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"isle/engine"
	"isle/expr"
	connectorhttp "isle/internal/connector/http"
	"isle/internal/store"
	"isle/wdl"
)

const connectionHost = `"host":{"api":{"runtimeUrl":"http://peer/r"},"connection":{"name":"/connections/x"}}`

func located(path string) (*connectorhttp.Response, error) {
	return &connectorhttp.Response{StatusCode: 201, Header: http.Header{"Location": {"http://peer/r/subscriptions/7?v=1"}}}, nil
}

// wdl-semantics §10.2 ApiConnectionWebhook, connections §4: POST with the callback URL
// in the body; the Location of the answer is what is deleted.
func TestSubscriptionOfAConnection(t *testing.T) {
	const hook = `{"hook":{"type":"ApiConnectionWebhook","inputs":{` + connectionHost + `,"path":"/subscriptions","queries":{"q":1},"body":{"NotificationUrl":"@{listCallbackUrl()}"}}}}`
	playWebhook(t, hook, func(t *testing.T, w *world, p *peer, d *Deployed) {
		p.answers(located)
		w.subscribe(t, d, true)
		synctest.Wait()
		w.unsubscribe(t, d)
		synctest.Wait()
		if got := p.heard() + " " + strings.Join(p.methods, " "); got != "r/subscriptions r/subscriptions/7 POST DELETE" {
			t.Fatal(got)
		}
		if link := TriggerLink(d.FlowID, "", "hook", "", callbackVersion).URL("https://isle", d.Keys[0]); p.bodies[0] != `{"NotificationUrl":"`+link+`"}` || p.bodies[1] != "" {
			t.Errorf("%s", p.bodies)
		}
		if s := w.subscription(t, d); s.State != NoSubscription || len(w.histories(t, d)) != 0 {
			t.Errorf("%+v", s)
		}
	})
	// Without a location there is nothing to delete.
	playWebhook(t, hook, func(t *testing.T, w *world, p *peer, d *Deployed) {
		w.subscribe(t, d, true)
		synctest.Wait()
		w.unsubscribe(t, d)
		synctest.Wait()
		if s := w.subscription(t, d); p.heard() != "r/subscriptions" || s.State != NoSubscription {
			t.Errorf("%s, %+v", p.heard(), s)
		}
	})
	// A connection that nobody knows.
	unknown := strings.Replace(hook, `"api":{"runtimeUrl":"http://peer/r"},`, "", 1)
	playWebhook(t, unknown, func(t *testing.T, w *world, p *peer, d *Deployed) {
		w.subscribe(t, d, true)
		synctest.Wait()
		if s := w.subscription(t, d); s.State != SubscriptionFailed || s.Error.Code != "ConnectionNotConfigured" {
			t.Errorf("%+v", s)
		}
	})
}

// notifies is a trigger that fetches what it is notified of.
func notifies(more string) string {
	return `{"hook":{"type":"ApiConnectionNotification","inputs":{` + connectionHost + `,"retryPolicy":{"type":"fixed","count":2,"interval":"PT1M"},
		"fetch":{"pathTemplate":{"template":"/fetch/{id}","parameters":{"id":"@triggerBody()['id']"}},"method":"get","queries":{"a":"1"}},
		"subscribe":{"body":{"NotificationUrl":"@listCallbackUrl()"},"pathTemplate":{"template":"/subscriptions"},"method":"post"}}` + more + `}}`
}

// notice fires a notification as the access endpoint does.
func (w *world) notice(t *testing.T, d *Deployed) string {
	t.Helper()
	body := expr.Object(expr.Member{Name: "id", Value: expr.Int(5)})
	f, err := w.Fire(context.Background(), FireRequest{Deployed: d, Trigger: d.Workflow.Program.Triggers[0],
		Fired: engine.Fired{Outputs: expr.Object(expr.Member{Name: "body", Value: body}), HasOutputs: true}})
	if err != nil || f.Started != nil || f.Name == "" {
		t.Fatalf("%+v %v", f, err)
	}
	return f.Name
}

func gives(status int, body string) func(string) (*connectorhttp.Response, error) {
	return func(string) (*connectorhttp.Response, error) {
		return &connectorhttp.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(body)}, nil
	}
}

// wdl-semantics §10.2 ApiConnectionNotification: subscribed like a webhook; on a
// notification the fetch supplies the outputs.
func TestNotificationIsFetched(t *testing.T) {
	playWebhook(t, notifies(""), func(t *testing.T, w *world, p *peer, d *Deployed) {
		p.answers(located)
		w.subscribe(t, d, true)
		synctest.Wait()
		p.answers(gives(200, `{"value":[1,2]}`))
		name := w.notice(t, d)
		synctest.Wait()
		run := w.run(t, name)
		var rows []store.Row
		_ = w.db.Read(context.Background(), func(tx *store.Tx) (err error) { rows, err = tx.Rows(run.Name, ""); return err })
		fired, err := engine.DecodeTrigger(run.Head, rows)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(fired.Outputs.JSON()); got != `{"statusCode":200,"headers":{"Content-Type":"application/json"},"body":{"value":[1,2]}}` && !strings.Contains(got, `"body":{"value":[1,2]}`) {
			t.Errorf("outputs %s", got)
		}
		if got := string(fired.Inputs.JSON()); !strings.Contains(got, `"pathTemplate":{"template":"/fetch/{id}","parameters":{"id":5}}`) {
			t.Errorf("inputs %s", got)
		}
		w.unsubscribe(t, d)
		synctest.Wait()
		if got := p.heard() + " " + strings.Join(p.methods, " "); got != "r/subscriptions r/fetch/5 r/subscriptions/7 POST GET DELETE" {
			t.Error(got)
		}
	})
}

// What does not begin a run is in the history: nothing new, an answer that is an error,
// a fetch that fails after its retries.
func TestNotificationThatBeginsNoRun(t *testing.T) {
	for _, c := range []struct {
		name, more   string
		answer       func(string) (*connectorhttp.Response, error)
		status, code string
		asked        int
	}{
		{"nothing new", "", gives(202, ""), "Skipped", "Accepted", 1},
		{"not found", "", gives(404, ""), "Failed", "NotFound", 1},
		{"unavailable", "", gives(503, ""), "Failed", "ServiceUnavailable", 3},
		{"a condition", `,"conditions":[{"expression":"@equals(triggerBody(),2)"}]`, gives(200, "1"), "Skipped", "OK", 1},
		{"a template", `,"splitOn":"@triggerBody()['x']"`, gives(200, "1"), "Failed", "BadRequest", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			playWebhook(t, notifies(c.more), func(t *testing.T, w *world, p *peer, d *Deployed) {
				p.answers(c.answer)
				name := w.notice(t, d)
				time.Sleep(time.Hour)
				synctest.Wait()
				h := w.histories(t, d)
				if len(h) != 1 || h[0].Name != name || h[0].Status != c.status || h[0].Code != c.code || h[0].Fired || len(w.runs(t)) != 0 || len(p.requests) != c.asked {
					t.Errorf("%+v after %s", h, p.requests)
				}
				if tasks := w.waiting(t); tasks != 0 {
					t.Errorf("%d tasks are left", tasks)
				}
			})
		})
	}
}

func (w *world) waiting(t *testing.T) int {
	t.Helper()
	var tasks []store.Task
	if err := w.db.Read(context.Background(), func(tx *store.Tx) (err error) { tasks, err = tx.Tasks("notification:"); return err }); err != nil {
		t.Fatal(err)
	}
	return len(tasks)
}

// wdl-semantics §12.2 SingleInstance: a notification during a run is Skipped, without a
// fetch. A workflow that was disabled meanwhile fetches nothing.
func TestNotificationAtABadTime(t *testing.T) {
	playWebhook(t, notifies(`,"operationOptions":"SingleInstance"`), func(t *testing.T, w *world, p *peer, d *Deployed) {
		*d = *w.library.deploy(t, "hooked", notifies(`,"operationOptions":"SingleInstance"`), `{"W":{"type":"Wait","inputs":{"interval":{"count":1,"unit":"Hour"}},"runAfter":{}}}`)
		p.answers(gives(200, `1`))
		w.notice(t, d)
		synctest.Wait()
		skipped := w.notice(t, d)
		synctest.Wait()
		if h := w.histories(t, d); len(h) != 2 || p.heard() != "r/fetch/5" || h[0].Name != skipped && h[1].Name != skipped {
			t.Errorf("%+v after %s", h, p.heard())
		}
		w.notice(t, d)
		off := *d
		off.Enabled = false
		w.library.set(&off)
		synctest.Wait()
		if w.waiting(t) != 0 {
			t.Error("a notification of a disabled workflow waits")
		}
	})
}

// Runs that begin while a notification is being fetched, and leave it no room, lose nothing:
// it is fetched again when there is room (wdl-semantics §12.3).
func TestNotificationThatIsOvertakenWaits(t *testing.T) {
	triggers := notifies(concurrency(`"runs":1,"maximumWaitingRuns":11`))
	playWebhook(t, triggers, func(t *testing.T, w *world, p *peer, d *Deployed) {
		*d = *w.library.deploy(t, "hooked", triggers, `{"W":{"type":"Wait","inputs":{"interval":{"count":1,"unit":"Minute"}},"runAfter":{}}}`)
		var overtakes sync.Once
		p.answers(func(path string) (*connectorhttp.Response, error) {
			overtakes.Do(func() {
				for range 12 {
					w.start(t, d, "", false)
				}
			})
			return gives(200, `1`)(path)
		})
		name := w.notice(t, d)
		time.Sleep(time.Hour)
		synctest.Wait()
		if run := w.run(t, name); run.Status != "Succeeded" || w.waiting(t) != 0 || len(w.runs(t)) != 13 {
			t.Errorf("%+v of %d runs", run, len(w.runs(t)))
		}
	})
}

// The process dies between the fetch and the commit of what came of it: the fetch is
// made again under its client request id, and there is one run.
func TestCrashDuringAFetch(t *testing.T) {
	p := &peer{}
	l := &library{flows: map[string]*Deployed{}}
	dir := t.TempDir()
	w := open(t, dir, l, p.operations)
	d := l.deploy(t, "hooked", notifies(""), compose)
	died := false
	p.answers(func(path string) (*connectorhttp.Response, error) {
		if !died {
			died = true
			if err := w.store.Close(); err != nil {
				t.Error(err)
			}
		}
		return gives(200, "1")(path)
	})
	turn := func() error {
		var due []store.Task
		if err := w.db.Read(context.Background(), func(tx *store.Tx) (err error) { due, err = tx.DueTasks(time.Now(), 1); return err }); err != nil || len(due) != 1 {
			t.Fatal(err, due)
		}
		_, err := w.NotificationHandler()(context.Background(), w.db, due[0])
		return err
	}
	name := w.notice(t, d)
	if turn() == nil {
		t.Fatal("it did not die")
	}
	w.Stop()
	w = open(t, dir, l, p.operations)
	defer w.close(t)
	if err := turn(); err != nil {
		t.Fatal(err)
	}
	if runs := w.runs(t); len(runs) != 1 || runs[0].Name != name || w.waiting(t) != 0 {
		t.Errorf("%+v", runs)
	}
	if len(p.ids) != 2 || p.ids[0] != p.ids[1] {
		t.Errorf("fetched under %s", p.ids)
	}
	if w.finished(t, name).Status != wdl.Succeeded.String() {
		t.Error("the run did not succeed")
	}
}
