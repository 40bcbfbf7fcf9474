package runner

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/internal/store"
	"isle/internal/task"
	"isle/wdl"
)

// subscriber is a peer that webhooks subscribe at; it notes what it is sent.
type subscriber struct {
	*httptest.Server
	mu   sync.Mutex
	sent []subscribed
	fail int // answers with 503 so many times
}

type subscribed struct{ method, path, body, id string }

func newSubscriber(t testing.TB) *subscriber {
	s := &subscriber{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.sent = append(s.sent, subscribed{r.Method, r.URL.Path, string(body), r.Header.Get("x-ms-client-request-id")})
		if r.URL.Path == "/un" && s.fail > 0 {
			s.fail--
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"id":7}`))
	}))
	t.Cleanup(s.Close)
	return s
}

// at lists what came to a path.
func (s *subscriber) at(path string) (list []subscribed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.sent {
		if r.path == path {
			list = append(list, r)
		}
	}
	return list
}

// webhook is a workflow with one webhook W that hands its address on to a subscriber.
func (l *library) webhook(t testing.TB, s *subscriber, name, more string) *Deployed {
	return l.deploy(t, name, "", `{"W":{"type":"HttpWebhook","inputs":{
		"subscribe":{"method":"POST","uri":"`+s.URL+`/sub","body":{"to":"@{listCallbackUrl()}"},"authentication":{"type":"Basic","username":"u","password":"hush"}},
		"unsubscribe":{"method":"DELETE","uri":"`+s.URL+`/un","body":{"to":"@{listCallbackUrl()}","id":"@action()?['outputs']?['body']?['id']"},"retryPolicy":{"type":"fixed","count":2,"interval":"PT5S"}}}`+more+`,"runAfter":{}},
		"A":{"type":"Compose","inputs":"@body('W')","runAfter":{"W":["Succeeded"]}}}`)
}

func (w *world) waits(t testing.TB, run string) {
	t.Helper()
	eventually(t, "the webhook waits", func() bool { return w.record(t, run, "W").Status == wdl.Waiting })
}

func (w *world) callBack(run, body string) error {
	return w.CallBack(context.Background(), CallbackRequest{Environment: environment, Run: run, Action: "W",
		Outputs: expr.Object(expr.Member{Name: "body", Value: expr.String(body)})})
}

func withAccess(c *Config) { c.Access = func(string) string { return "https://isle.example" } }

// wdl-semantics §11.10: subscribe, Waiting, callback; repeated calls change nothing.
func TestCallbackEndsTheWebhook(t *testing.T) {
	w, s := newWorld(t, withAccess), newSubscriber(t)
	d := w.library.webhook(t, s, "once", "")
	run := w.start(t, d, "", false).RunID
	w.waits(t, run)
	if status := w.run(t, run).Status; status != "Running" {
		t.Errorf("the run is %s", status)
	}
	var sent struct{ To string }
	if err := json.Unmarshal([]byte(s.at("/sub")[0].body), &sent); err != nil {
		t.Fatal(err)
	}
	want := CallbackLink(d.FlowID, run, "W", "", callbackVersion).URL("https://isle.example", d.Keys[0])
	if sent.To != want {
		t.Errorf("handed on %s, want %s", sent.To, want)
	}
	rec := w.record(t, run, "W")
	if shown := string(rec.Inputs.JSON()); strings.Contains(shown, "hush") || !strings.Contains(shown, "sig=*sanitized*") {
		t.Errorf("the inputs are recorded as %s", shown)
	}
	for i, body := range []string{"first", "second", "third"} {
		if err := w.callBack(run, body); err != nil {
			t.Errorf("call %d: %v", i, err)
		}
	}
	if end := w.finished(t, run); end.Status != "Succeeded" {
		t.Errorf("the run is %s", end.Status)
	}
	if got := w.record(t, run, "A").Outputs.Text(); got != "first" {
		t.Errorf("it was called with %q", got)
	}
	if err := w.callBack(run, "late"); err != nil {
		t.Errorf("a repeated call after the end: %v", err)
	}
	if list := w.unsubscribing(t); len(list) > 0 || len(s.at("/un")) > 0 {
		t.Errorf("it is unsubscribed after the callback: %v", list)
	}
}

func (w *world) unsubscribing(t testing.TB) (tasks []store.Task) {
	t.Helper()
	if err := w.db.Read(context.Background(), func(tx *store.Tx) (err error) {
		tasks, err = tx.Tasks(UnsubscribeKind + ":")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return tasks
}

// Calls that no webhook waits for say why.
func TestCallbackForNobody(t *testing.T) {
	w, s := newWorld(t, withAccess), newSubscriber(t)
	run := w.start(t, w.library.webhook(t, s, "cancelled", ""), "", false).RunID
	w.waits(t, run)
	if err := w.Cancel(context.Background(), environment, run); err != nil {
		t.Fatal(err)
	}
	var ended *NotWaitingError
	if err := w.callBack(run, "x"); !errors.As(err, &ended) || ended.Status != wdl.Cancelled {
		t.Errorf("a cancelled webhook: %v", err)
	}
	if err := w.callBack("08584000000000000000000000000CU00", "x"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("no such run: %v", err)
	}
	other := w.start(t, w.library.deploy(t, "later", "", `{"D":{"type":"Wait","inputs":{"interval":{"count":1,"unit":"Hour"}},"runAfter":{}},
		"W":{"type":"HttpWebhook","inputs":{"subscribe":{"uri":"`+s.URL+`"}},"runAfter":{"D":["Succeeded"]}}}`), "", false).RunID
	if err := w.callBack(other, "x"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("not begun: %v", err)
	}
}

func (w *world) unsubscribes(t testing.TB) (stop func()) {
	t.Helper()
	s := task.New(w.store, map[string]task.Handler{UnsubscribeKind: w.UnsubscribeHandler()}, task.Options{})
	if err := s.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	return s.Stop
}

// wdl-semantics §11.10, §13.7: what a cancelled run has subscribed is taken back, by
// another process too, with the address that was handed on though the keys are others.
func TestUnsubscribeOutlivesTheProcess(t *testing.T) {
	dir, l, s := t.TempDir(), &library{flows: map[string]*Deployed{}}, newSubscriber(t)
	d := l.webhook(t, s, "killed", "")
	first := open(t, dir, l, withAccess)
	run := first.start(t, d, "", false).RunID
	first.waits(t, run)
	if err := first.Cancel(context.Background(), environment, run); err != nil {
		t.Fatal(err)
	}
	first.close(t)
	if n := len(s.at("/un")); n > 0 {
		t.Fatalf("%d requests before the task was carried out", n)
	}
	changed := *d
	changed.Keys = [][]byte{[]byte("regenerated")}
	l.set(&changed)
	second := open(t, dir, l, withAccess)
	defer second.close(t)
	stop := second.unsubscribes(t)
	defer stop()
	eventually(t, "it is unsubscribed", func() bool { return len(second.unsubscribing(t)) == 0 })
	list := s.at("/un")
	if len(list) != 1 || list[0].method != "DELETE" {
		t.Fatalf("unsubscribed by %+v", list)
	}
	var sent, taken struct {
		To string
		ID int
	}
	if json.Unmarshal([]byte(s.at("/sub")[0].body), &sent) != nil || json.Unmarshal([]byte(list[0].body), &taken) != nil {
		t.Fatal("no JSON")
	}
	if taken.To != sent.To || taken.ID != 7 {
		t.Errorf("taken back is %+v, subscribed was %+v", taken, sent)
	}
}

// limit.timeout ends the wait and unsubscribes; the retry policy of the unsubscribe is
// its own, and its outcome does not change the action (wdl-semantics §12.4, §12.5).
func TestUnsubscribeAfterTheTimeout(t *testing.T) {
	var skew time.Duration
	var mu sync.Mutex
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return time.Now().Add(skew) }
	later := func(d time.Duration) { mu.Lock(); defer mu.Unlock(); skew += d }
	w, s := newWorld(t, withAccess, func(c *Config) { c.Clock = clock }), newSubscriber(t)
	s.fail = 1
	run := w.start(t, w.library.webhook(t, s, "late", `,"limit":{"timeout":"PT1H"}`), "", false).RunID
	w.waits(t, run)
	later(time.Hour)
	w.post(runKey{environment, run}, wokeEvent)
	if end := w.finished(t, run); end.Status != "TimedOut" {
		t.Errorf("the run is %s", end.Status)
	}
	handler := w.UnsubscribeHandler()
	ids := map[string]bool{}
	for n := 1; n <= 2; n++ {
		list := w.unsubscribing(t)
		if len(list) != 1 {
			t.Fatalf("attempt %d: %d tasks", n, len(list))
		}
		if wait := list[0].Due.Sub(clock()); n == 2 && (wait < 4*time.Second || wait > 5*time.Second) {
			t.Errorf("the second attempt is due in %v", wait)
		}
		if _, err := handler(context.Background(), w.db, list[0]); err != nil {
			t.Fatal(err)
		}
		ids[s.at("/un")[n-1].id] = true
	}
	if len(ids) != 2 {
		t.Errorf("request ids %v", ids)
	}
	if rec := w.record(t, run, "W"); rec.Status != wdl.TimedOut || rec.Code != "ActionTimedOut" {
		t.Errorf("W is %v %s", rec.Status, rec.Code)
	}
}

// In loops each repetition has a callback of its own; a run that is not in memory is
// loaded for it.
func TestCallbackOfARepetitionThatIsNotInMemory(t *testing.T) {
	dir, l, s := t.TempDir(), &library{flows: map[string]*Deployed{}}, newSubscriber(t)
	d := l.deploy(t, "each", "", `{"L":{"type":"Foreach","foreach":["a","b"],"actions":{"W":{"type":"HttpWebhook","inputs":{"subscribe":{"uri":"`+s.URL+`/sub","body":"@listCallbackUrl()"}}}},"runAfter":{}}}`)
	first := open(t, dir, l, withAccess)
	run := first.start(t, d, "", false).RunID
	eventually(t, "both wait", func() bool {
		waiting := 0
		for _, r := range first.records(t, run) {
			if r.Action == "W" && r.Status == wdl.Waiting {
				waiting++
			}
		}
		return waiting == 2
	})
	first.close(t)
	second := open(t, dir, l, withAccess)
	defer second.close(t)
	for index := range 2 {
		q := CallbackRequest{Environment: environment, Run: run, Action: "W", Repetition: []engine.RepetitionIndex{{Scope: "L", Index: index}},
			Outputs: expr.Object(expr.Member{Name: "body", Value: expr.Int(int64(index))})}
		for range 2 { // the answer to the first was lost
			if err := second.CallBack(context.Background(), q); err != nil {
				t.Errorf("repetition %d: %v", index, err)
			}
		}
	}
	if end := second.finished(t, run); end.Status != "Succeeded" {
		t.Errorf("the run is %s", end.Status)
	}
	if got := second.CallBack(context.Background(), CallbackRequest{Environment: environment, Run: run, Action: "W", Repetition: []engine.RepetitionIndex{{Scope: "L", Index: 2}}}); !errors.Is(got, store.ErrNotFound) {
		t.Errorf("a repetition that there is not: %v", got)
	}
}
