package runner

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"isle/engine"
	"isle/internal/connector"
	"isle/internal/connector/builtin"
	connectorhttp "isle/internal/connector/http"
	"isle/internal/store"
	"isle/internal/task"
)

// peer is whom a trigger subscribes to: it answers requests in place of a network, so
// that time can be virtual.
type peer struct {
	mu       sync.Mutex
	requests []string // "subscribe", "unsubscribe/7": the path, as it was asked
	methods  []string
	ids      []string // client request ids
	bodies   []string
	answer   func(path string) (*connectorhttp.Response, error) // nil: accepts everything
}

func accepts(string) (*connectorhttp.Response, error) {
	return &connectorhttp.Response{StatusCode: 201, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(`{"id":7}`)}, nil
}

func refuses(status int) func(string) (*connectorhttp.Response, error) {
	return func(string) (*connectorhttp.Response, error) {
		return &connectorhttp.Response{StatusCode: status, Header: http.Header{}}, nil
	}
}

func (p *peer) exchange(ctx context.Context, c connector.Call, r *connectorhttp.Request) (*connectorhttp.Response, error) {
	p.mu.Lock()
	path := strings.TrimPrefix(r.URL.Path, "/")
	p.requests, p.ids, p.bodies = append(p.requests, path), append(p.ids, c.ClientRequestID), append(p.bodies, string(r.Body))
	p.methods = append(p.methods, r.Method)
	answer := p.answer
	p.mu.Unlock()
	if answer == nil {
		answer = accepts
	}
	return answer(path)
}

func (p *peer) answers(with func(string) (*connectorhttp.Response, error)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = with
}

func (p *peer) heard() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.requests, " ")
}

func (p *peer) operations(c *Config) {
	operations, _ := builtin.Operations(builtin.Options{HTTP: connectorhttp.Options{Exchange: p.exchange}})
	c.Operations, c.Access = operations, func(string) string { return "https://isle" }
}

// hook is an HttpWebhook trigger that ends its subscription with what subscribe gave.
func hook(more string) string {
	return `{"hook":{"type":"HttpWebhook","inputs":{
		"subscribe":{"method":"POST","uri":"http://peer/subscribe","body":{"to":"@{listCallbackUrl()}","last":"@trigger()?['name']"}` + more + `},
		"unsubscribe":{"method":"DELETE","uri":"http://peer/unsubscribe/@{triggerBody()?['id']}","body":"@trigger()?['outputs']?['statusCode']"}}}}`
}

// scheduled runs the tasks of a world until the test ends.
func (w *world) scheduled(t *testing.T) (stop func()) {
	t.Helper()
	s := task.New(w.store, map[string]task.Handler{SubscriptionKind: w.SubscriptionHandler(), UnsubscribeKind: w.UnsubscribeHandler(), NotificationKind: w.NotificationHandler()}, task.Options{})
	if err := s.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	return s.Stop
}

func (w *world) write(t *testing.T, fn func(*store.Tx) error) {
	t.Helper()
	if err := w.db.Write(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
}

func (w *world) subscribe(t *testing.T, d *Deployed, restart bool) {
	t.Helper()
	w.write(t, func(tx *store.Tx) error {
		return w.Subscribe(tx, SubscribeRequest{Deployed: d, Now: time.Now(), Restart: restart})
	})
}

func (w *world) unsubscribe(t *testing.T, d *Deployed) {
	t.Helper()
	w.write(t, func(tx *store.Tx) error { _, err := w.Unsubscribe(tx, d.FlowID); return err })
}

func (w *world) subscription(t *testing.T, d *Deployed) (s SubscriptionStatus) {
	t.Helper()
	if err := w.db.Read(context.Background(), func(tx *store.Tx) (err error) {
		s, err = Subscription(tx, d.FlowID, d.Workflow.Program.Triggers[0])
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return s
}

// playWebhook runs a test in virtual time with a deployed webhook trigger.
func playWebhook(t *testing.T, triggers string, test func(t *testing.T, w *world, p *peer, d *Deployed)) {
	synctest.Test(t, func(t *testing.T) {
		p := &peer{}
		w := open(t, t.TempDir(), &library{flows: map[string]*Deployed{}}, p.operations)
		defer w.close(t)
		defer w.scheduled(t)()
		test(t, w, p, w.library.deploy(t, "hooked", triggers, compose))
	})
}

// wdl-semantics §10.5: subscribe when enabled, unsubscribe when disabled; trigger() in
// unsubscribe gives the subscribe result; the callback URL is the one that is listed.
func TestSubscribedWhileEnabled(t *testing.T) {
	playWebhook(t, hook(""), func(t *testing.T, w *world, p *peer, d *Deployed) {
		w.subscribe(t, d, true)
		synctest.Wait()
		link := TriggerLink(d.FlowID, "", "hook", "", callbackVersion).URL("https://isle", d.Keys[0])
		if got := p.heard(); got != "subscribe" || p.bodies[0] != `{"to":"`+link+`"}` && p.bodies[0] != `{"to":"`+link+`","last":null}` {
			t.Fatalf("%s %s", got, p.bodies)
		}
		if s := w.subscription(t, d); s.State != Subscribed || s.Since.IsZero() {
			t.Errorf("%+v", s)
		}
		w.subscribe(t, d, false) // saved again without a change
		time.Sleep(48 * time.Hour)
		synctest.Wait()
		if got := p.heard(); got != "subscribe" {
			t.Errorf("subscribed again: %s", got)
		}
		w.unsubscribe(t, d)
		synctest.Wait()
		if got := p.heard(); got != "subscribe unsubscribe/7" || p.bodies[1] != "201" {
			t.Errorf("%s %s", got, p.bodies)
		}
		if s := w.subscription(t, d); s.State != NoSubscription || len(w.histories(t, d)) != 0 {
			t.Errorf("%+v", s)
		}
		w.subscribe(t, d, true)
		synctest.Wait()
		if got := p.heard(); got != "subscribe unsubscribe/7 subscribe" {
			t.Errorf("enabled again: %s", got)
		}
	})
}

// wdl-semantics §10.5: unsubscribe before a re-subscribe, which follows a change of
// what is subscribed, a new access key among it, and the reset of the trigger.
func TestSubscribedAnewAfterAChange(t *testing.T) {
	playWebhook(t, hook(""), func(t *testing.T, w *world, p *peer, d *Deployed) {
		w.subscribe(t, d, true)
		synctest.Wait()
		d.Keys = [][]byte{[]byte("another")}
		w.subscribe(t, d, false)
		synctest.Wait()
		w.subscribe(t, d, true)
		synctest.Wait()
		if got := p.heard(); got != "subscribe unsubscribe/7 subscribe unsubscribe/7 subscribe" || p.bodies[0] == p.bodies[2] || p.bodies[2] != p.bodies[4] {
			t.Errorf("%s\n%s", got, p.bodies)
		}
	})
}

// wdl-semantics §10.5, §12.4: a subscribe that fails is retried by its policy; then the
// trigger shows the error and its history an entry, until the workflow is saved again.
func TestFailingSubscribe(t *testing.T) {
	playWebhook(t, hook(`,"retryPolicy":{"type":"fixed","count":2,"interval":"PT1M"}`), func(t *testing.T, w *world, p *peer, d *Deployed) {
		p.answers(refuses(503))
		w.subscribe(t, d, true)
		time.Sleep(90 * time.Second)
		synctest.Wait()
		if got := p.heard(); got != "subscribe subscribe" || w.subscription(t, d).State != Subscribing {
			t.Fatalf("%s, %+v", got, w.subscription(t, d))
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		s := w.subscription(t, d)
		if got := p.heard(); got != "subscribe subscribe subscribe" || s.State != SubscriptionFailed || s.Error.Code != "ServiceUnavailable" || !strings.Contains(s.Error.Message, "503") {
			t.Fatalf("%s, %+v", got, s)
		}
		if p.ids[0] == p.ids[1] || p.ids[1] == p.ids[2] {
			t.Errorf("attempts share a client request id: %s", p.ids)
		}
		h := w.histories(t, d)
		if len(h) != 1 || h[0].Status != "Failed" || h[0].Code != "ServiceUnavailable" || h[0].Fired {
			t.Errorf("%+v", h)
		}
		p.answers(accepts)
		w.subscribe(t, d, false)
		synctest.Wait()
		if s := w.subscription(t, d); s.State != Subscribed {
			t.Errorf("saved again: %+v", s)
		}
	})
}

// What is not retried, and what no request can be made of, fails at once.
func TestSubscribeThatCannotSucceed(t *testing.T) {
	playWebhook(t, hook(""), func(t *testing.T, w *world, p *peer, d *Deployed) {
		p.answers(refuses(403))
		w.subscribe(t, d, true)
		synctest.Wait()
		if s := w.subscription(t, d); p.heard() != "subscribe" || s.State != SubscriptionFailed || s.Error.Code != "Forbidden" {
			t.Errorf("%s, %+v", p.heard(), s)
		}
	})
	playWebhook(t, hook(`,"headers":{"x":"@{div(1,0)}"}`), func(t *testing.T, w *world, p *peer, d *Deployed) {
		w.subscribe(t, d, true)
		synctest.Wait()
		s := w.subscription(t, d)
		if p.heard() != "" || s.State != SubscriptionFailed || s.Error.Code != "InvalidTemplate" || len(w.histories(t, d)) != 1 {
			t.Errorf("%s, %+v", p.heard(), s)
		}
		w.unsubscribe(t, d)
		synctest.Wait()
		if s := w.subscription(t, d); s.State != NoSubscription {
			t.Errorf("disabled: %+v", s)
		}
	})
}

// wdl-semantics §12.5: limit.timeout bounds the subscribe with its retries.
func TestLimitOfASubscribe(t *testing.T) {
	limited := strings.Replace(hook(`,"retryPolicy":{"type":"fixed","count":90,"interval":"PT1M"}`), `"type":"HttpWebhook"`, `"type":"HttpWebhook","limit":{"timeout":"PT150S"}`, 1)
	playWebhook(t, limited, func(t *testing.T, w *world, p *peer, d *Deployed) {
		p.answers(refuses(500))
		w.subscribe(t, d, true)
		time.Sleep(time.Hour)
		synctest.Wait()
		if s := w.subscription(t, d); p.heard() != "subscribe subscribe subscribe" || s.State != SubscriptionFailed {
			t.Errorf("%s, %+v", p.heard(), s)
		}
	})
}

// wdl-semantics §11.10: without an address there is nothing to send; the trigger waits
// to be called. Without unsubscribe the peer is not told.
func TestSubscriptionWithoutRequests(t *testing.T) {
	playWebhook(t, `{"hook":{"type":"HttpWebhook","inputs":{"subscribe":{}}}}`, func(t *testing.T, w *world, p *peer, d *Deployed) {
		w.subscribe(t, d, true)
		synctest.Wait()
		if s := w.subscription(t, d); p.heard() != "" || s.State != Subscribed {
			t.Errorf("%s, %+v", p.heard(), s)
		}
		w.unsubscribe(t, d)
		synctest.Wait()
		if s := w.subscription(t, d); p.heard() != "" || s.State != NoSubscription {
			t.Errorf("%s, %+v", p.heard(), s)
		}
	})
}

// A peer that does not let itself be told is given up, with an entry in the history.
func TestUnsubscribeIsGivenUp(t *testing.T) {
	endless := strings.Replace(hook(""), `"method":"DELETE"`, `"method":"DELETE","retryPolicy":{"type":"fixed","count":90,"interval":"PT10M"}`, 1)
	playWebhook(t, endless, func(t *testing.T, w *world, p *peer, d *Deployed) {
		w.subscribe(t, d, true)
		synctest.Wait()
		p.answers(func(string) (*connectorhttp.Response, error) { return nil, errors.New("no answer") })
		w.unsubscribe(t, d)
		synctest.Wait()
		if s := w.subscription(t, d); s.State != Unsubscribing {
			t.Fatalf("%+v", s)
		}
		time.Sleep(unsubscribeLimit + time.Minute)
		synctest.Wait()
		h := w.histories(t, d)
		if s := w.subscription(t, d); s.State != NoSubscription || len(h) != 1 || h[0].Status != "Failed" || p.heard() != "subscribe unsubscribe/7 unsubscribe/7 unsubscribe/7" {
			t.Errorf("%+v, %+v, %s", s, h, p.heard())
		}
	})
}

// A workflow that is disabled and enabled while its peer is slow ends up subscribed
// once, whatever was on the way.
func TestChangesDuringASubscribe(t *testing.T) {
	playWebhook(t, hook(""), func(t *testing.T, w *world, p *peer, d *Deployed) {
		slow := func(path string) (*connectorhttp.Response, error) {
			time.Sleep(time.Minute)
			return accepts(path)
		}
		p.answers(slow)
		w.subscribe(t, d, true)
		time.Sleep(10 * time.Second)
		w.unsubscribe(t, d)
		time.Sleep(10 * time.Second)
		if s := w.subscription(t, d); s.State != Unsubscribing {
			t.Errorf("%+v", s)
		}
		d.Keys = [][]byte{[]byte("another")}
		w.subscribe(t, d, true)
		time.Sleep(time.Hour)
		synctest.Wait()
		if s := w.subscription(t, d); p.heard() != "subscribe unsubscribe/7 subscribe" || s.State != Subscribed {
			t.Errorf("%s, %+v", p.heard(), s)
		}
	})
}

// wdl-semantics §10.5: in the trigger's own inputs trigger() is the execution before.
// The run's record shows what was subscribed, without the signature.
func TestFiringOfASubscription(t *testing.T) {
	playWebhook(t, hook(""), func(t *testing.T, w *world, p *peer, d *Deployed) {
		w.subscribe(t, d, true)
		synctest.Wait()
		f, err := w.Fire(context.Background(), FireRequest{Deployed: d, Trigger: d.Workflow.Program.Triggers[0], Fired: engine.Fired{}})
		if err != nil {
			t.Fatal(err)
		}
		run := w.run(t, f.Name)
		var rows []store.Row
		_ = w.db.Read(context.Background(), func(tx *store.Tx) (err error) { rows, err = tx.Rows(run.Name, ""); return err })
		fired, err := engine.DecodeTrigger(run.Head, rows)
		if err != nil {
			t.Fatal(err)
		}
		shown, signature := string(fired.Inputs.JSON()), mustQuery(t, p.bodies[0])
		if !strings.Contains(shown, `"uri":"http://peer/subscribe"`) || !strings.Contains(shown, "sig=*sanitized*") || strings.Contains(shown, signature) {
			t.Errorf("inputs %s", shown)
		}
		w.subscribe(t, d, true)
		synctest.Wait()
		if last := p.bodies[len(p.bodies)-1]; !strings.Contains(last, `"last":"hook"`) {
			t.Errorf("trigger() in the inputs: %s", last)
		}
	})
}

// mustQuery is the signature of the callback URL in a body of subscribe.
func mustQuery(t *testing.T, body string) string {
	t.Helper()
	_, query, _ := strings.Cut(body, "?")
	query, _, _ = strings.Cut(query, `"`)
	values, err := url.ParseQuery(query)
	if err != nil || len(values.Get("sig")) != 43 {
		t.Fatalf("%s: %v", body, err)
	}
	return values.Get("sig")
}

// The process dies between any request, its answer and the commit of it. What follows
// repeats the request under the same client request id, and comes to the same end.
func TestCrashDuringASubscription(t *testing.T) {
	for crash := range 4 {
		before := crash%2 == 0 // it dies before the peer has heard of it
		at := []string{"subscribe", "unsubscribe/7"}[crash/2]
		p := &peer{}
		l := &library{flows: map[string]*Deployed{}}
		dir := t.TempDir()
		w := open(t, dir, l, p.operations)
		d := l.deploy(t, "hooked", hook(""), compose)
		died := false
		die := func(path string) (*connectorhttp.Response, error) {
			if path == at && !died {
				died = true
				if before {
					p.requests, p.ids = p.requests[:len(p.requests)-1], p.ids[:len(p.ids)-1]
				}
				if err := w.store.Close(); err != nil {
					t.Error(err)
				}
			}
			return accepts(path)
		}
		p.answers(die)
		turn := func() error {
			for {
				var due []store.Task
				if err := w.db.Read(context.Background(), func(tx *store.Tx) (err error) { due, err = tx.DueTasks(time.Now(), 1); return err }); err != nil || len(due) == 0 {
					return err
				}
				if _, err := w.SubscriptionHandler()(context.Background(), w.db, due[0]); err != nil {
					return err
				}
			}
		}
		again := func() {
			if err := turn(); err == nil || !died {
				return
			}
			w.Stop()
			w = open(t, dir, l, p.operations)
			if err := turn(); err != nil {
				t.Error(err)
			}
		}
		w.subscribe(t, d, true)
		again()
		if s := w.subscription(t, d); s.State != Subscribed {
			t.Errorf("crash %d: %+v", crash, s)
		}
		w.unsubscribe(t, d)
		again()
		if s := w.subscription(t, d); s.State != NoSubscription || !died {
			t.Errorf("crash %d: %+v", crash, s)
		}
		seen := map[string]string{}
		for i, id := range p.ids {
			seen[id] = p.requests[i]
		}
		want := 3
		if before {
			want = 2
		}
		if len(seen) != 2 || len(p.ids) != want {
			t.Errorf("crash %d: %s under %s", crash, p.requests, p.ids)
		}
		w.close(t)
	}
}

// What is stored today is read tomorrow.
func TestStoredFormOfASubscription(t *testing.T) {
	s, err := decodeSubscription(store.Task{Payload: []byte(`{"flowId":"f","trigger":"hook","wanted":"a","version":"08","held":{"form":"b","version":"07","callback":"https://isle/c","inputs":{"subscribe":{"uri":"u"}},"outputs":{"statusCode":201},"hasOutputs":true,"code":"Created","start":"2024-03-15T12:00:00Z","end":"2024-03-15T12:00:01Z","trackingId":"t","clientTrackingId":"t"},"request":{"end":true,"version":"07","callback":"https://isle/c","inputs":{"unsubscribe":{}},"policy":{"Type":1,"Count":3,"Interval":60000000000,"Minimum":0,"Maximum":0},"deadline":"2024-03-15T13:00:00Z","attempt":2,"id":"i","tracking":"t","begun":true,"wake":"0001-01-01T00:00:00Z","start":"2024-03-15T12:00:00Z"}}`)})
	if err != nil {
		t.Fatal(err)
	}
	if !s.stale() || s.Request.Policy.Interval != time.Minute || s.Held.fired("hook").Code != "Created" || s.due(time.Now()).After(time.Now()) {
		t.Errorf("%+v", s)
	}
	if _, err := decodeSubscription(store.Task{Key: "subscription:f:hook", Payload: []byte(`{`)}); err == nil || !strings.Contains(err.Error(), "subscription:f:hook") {
		t.Errorf("a broken payload: %v", err)
	}
}
