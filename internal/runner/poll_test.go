package runner

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"isle/engine"
	"isle/internal/store"
)

// source is a peer that gives its answers in turn, the last one again and again, and
// notes what it is asked.
type source struct {
	*httptest.Server
	mu      sync.Mutex
	answers []answer
	asked   []*http.Request
}

type answer struct {
	status  int
	headers string // "Name: value; Name: value"
	body    string
}

func newSource(t testing.TB, answers ...answer) *source {
	s := &source{answers: answers}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		a := s.answers[min(len(s.asked), len(s.answers)-1)]
		s.asked = append(s.asked, r)
		for pair := range strings.SplitSeq(a.headers, "; ") {
			if name, value, ok := strings.Cut(pair, ": "); ok {
				w.Header().Set(name, value)
			}
		}
		if a.status == 0 { // no answer at all
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(a.status)
		_, _ = w.Write([]byte(a.body))
	}))
	s.Config.ErrorLog = nil
	t.Cleanup(s.Close)
	return s
}

// since are the paths asked for after the first n.
func (s *source) since(n int) (paths []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.asked[n:] {
		paths = append(paths, r.Method+" "+r.URL.RequestURI())
	}
	return paths
}

// clocked is a world whose time is that of the task that is done next.
type clocked struct {
	*world
	mu    sync.Mutex
	now   time.Time
	start time.Time
	last  string // the newest entry of the history
}

func newClocked(t *testing.T, dir string) *clocked {
	c := &clocked{start: time.Date(2024, 3, 15, 10, 0, 0, 0, time.UTC)}
	c.now = c.start
	c.world = open(t, dir, &library{flows: map[string]*Deployed{}}, func(config *Config) { config.Clock = c.time })
	return c
}

func (c *clocked) time() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clocked) set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}

func (c *clocked) arm(t *testing.T, d *Deployed, change func(*ArmRequest)) {
	t.Helper()
	q := ArmRequest{FlowID: d.FlowID, Trigger: d.Workflow.Program.Triggers[0], Now: c.time()}
	if change != nil {
		change(&q)
	}
	if err := c.db.Write(context.Background(), func(tx *store.Tx) error { return c.Arm(tx, q) }); err != nil {
		t.Fatal(err)
	}
}

// step lets the trigger's task be due and says what came of it: when it was, what was
// asked, and the new entry of the history.
func (c *clocked) step(t *testing.T, d *Deployed, s *source) string {
	t.Helper()
	tasks := c.armed(t)
	if len(tasks) == 0 {
		return "over"
	}
	if due := tasks[0].Due; due.After(c.time()) {
		c.set(due)
	}
	asked, before := 0, c.histories(t, d)
	if s != nil {
		asked = len(s.since(0))
	}
	if _, err := c.fireSlot(context.Background(), c.db, c.scheduleOf(t, d)); err != nil {
		t.Fatal(err)
	}
	line := []string{c.time().Sub(c.start).String()}
	if s != nil {
		line = append(line, s.since(asked)...)
	}
	for _, h := range c.histories(t, d) {
		if !slices.ContainsFunc(before, func(old store.TriggerHistory) bool { return old.Name == h.Name }) {
			line, c.last = append(line, c.outcome(t, d, h.Name)), h.Name
		}
	}
	return strings.Join(line, " ")
}

// outcome is a firing's status, its code, and whether it began a run.
func (c *clocked) outcome(t *testing.T, d *Deployed, name string) string {
	t.Helper()
	var h store.TriggerHistory
	if err := c.db.Read(context.Background(), func(tx *store.Tx) (err error) {
		h, err = History(tx, d.FlowID, d.Workflow.Program.Triggers[0].Name, name)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	text := strings.TrimSpace(h.Status + " " + h.Code)
	if h.Run != "" {
		text += " ran"
	}
	return text
}

// pollTrigger is an Http trigger that asks each minute.
func pollTrigger(uri, inputs, members string) string {
	return `{"poll":{"type":"Http","inputs":{"method":"GET","uri":"` + uri + `"` + inputs + `},"recurrence":{"frequency":"Minute","interval":1}` + members + `}}`
}

// TestPollingRules has a case for each row of wdl-semantics §10.3.
func TestPollingRules(t *testing.T) {
	const none, twice = `,"retryPolicy":{"type":"none"}`, `,"retryPolicy":{"type":"fixed","count":2,"interval":"PT10S"}`
	when := func(expression string) string { return `,"conditions":[{"expression":"` + expression + `"}]` }
	for _, test := range []struct {
		name, inputs, members string
		answers               []answer
		want                  string
	}{
		{"200: a run, and the next poll at the recurrence", none, "", []answer{{200, "", `{}`}},
			"0s GET /a Succeeded OK ran | 1m0s GET /a Succeeded OK ran"},
		{"200 with Retry-After: a run, and the next poll then", none, "", []answer{{200, "Retry-After: 15", `{}`}, {200, "", `{}`}},
			"0s GET /a Succeeded OK ran | 15s GET /a Succeeded OK ran | 1m15s GET /a Succeeded OK ran"},
		{"202: no run", none, "", []answer{{202, "", ``}},
			"0s GET /a Skipped Accepted | 1m0s GET /a Skipped Accepted"},
		{"202: the longer of Retry-After and the recurrence", none, "", []answer{{202, "Retry-After: 150", ``}, {202, "Retry-After: 5", ``}, {200, "", `{}`}},
			"0s GET /a Skipped Accepted | 2m30s GET /a Skipped Accepted | 3m30s GET /a Succeeded OK ran"},
		{"202: Location is the URL of the next poll, until another comes", none, "", []answer{{202, "Location: /a?state=1", ``}, {200, "", `{}`}, {200, "Location: /a?state=2", `{}`}, {202, "", ``}},
			"0s GET /a Skipped Accepted | 1m0s GET /a?state=1 Succeeded OK ran | 2m0s GET /a?state=1 Succeeded OK ran | 3m0s GET /a?state=2 Skipped Accepted"},
		{"other 2xx: no run", none, "", []answer{{201, "", `{}`}, {204, "", ``}},
			"0s GET /a Skipped Created | 1m0s GET /a Skipped NoContent"},
		{"other 2xx: a run if conditions say so", none, when("@equals(triggers().code, 'Created')"), []answer{{201, "", `{}`}, {200, "", `{}`}},
			"0s GET /a Succeeded Created ran | 1m0s GET /a Skipped OK"},
		{"a condition on the status code may want an error", none, when("@equals(triggerOutputs()['statusCode'], 500)"), []answer{{500, "", `{}`}, {404, "", ``}},
			"0s GET /a Succeeded InternalServerError ran | 1m0s GET /a Failed NotFound"},
		{"another condition holds beside the rule of 200", none, when("@equals(triggerBody()?['n'], 1)"), []answer{{200, "", `{"n":1}`}, {200, "", `{"n":2}`}, {202, "", `{"n":1}`}},
			"0s GET /a Succeeded OK ran | 1m0s GET /a Skipped OK | 2m0s GET /a Skipped Accepted"},
		{"4xx: failed at once", twice, "", []answer{{404, "", `{}`}},
			"0s GET /a Failed NotFound | 1m0s GET /a Failed NotFound"},
		{"5xx: the retry policy, then failed, then the recurrence", twice, "", []answer{{503, "", ``}, {500, "", ``}, {502, "", ``}, {200, "", `{}`}},
			"0s GET /a | 10s GET /a | 20s GET /a Failed BadGateway | 1m20s GET /a Succeeded OK ran"},
		{"5xx: Retry-After replaces the wait", twice, "", []answer{{503, "Retry-After: 33", ``}, {200, "", `{}`}},
			"0s GET /a | 33s GET /a Succeeded OK ran"},
		{"408 and 429 are tried again", twice, "", []answer{{408, "", ``}, {429, "", ``}, {200, "", `{}`}},
			"0s GET /a | 10s GET /a | 20s GET /a Succeeded OK ran"},
		{"limit.timeout bounds the attempts", twice, `,"limit":{"timeout":"PT15S"}`, []answer{{503, "", ``}},
			"0s GET /a | 10s GET /a Failed ServiceUnavailable"},
		{"splitOn: one firing, and none for no items", none, `,"splitOn":"@triggerBody()?['value']"`, []answer{{200, "", `{"value":[1,2,3]}`}, {200, "", `{"value":[]}`}},
			"0s GET /a Succeeded OK | 1m0s GET /a Skipped OK"}, // their runs are begun by a task
		{"inputs that cannot be evaluated fail the poll", `,"headers":"@json('{')"`, "", []answer{{200, "", `{}`}},
			"0s Failed BadRequest | 1m0s Failed BadRequest"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newClocked(t, t.TempDir())
			defer c.close(t)
			s := newSource(t, test.answers...)
			d := c.library.deploy(t, "polls", pollTrigger(s.URL+"/a", test.inputs, test.members), compose)
			c.arm(t, d, nil)
			var got []string
			for range strings.Count(test.want, "|") + 1 {
				got = append(got, c.step(t, d, s))
			}
			if line := strings.Join(got, " | "); line != test.want {
				t.Errorf("got:  %s\nwant: %s", line, test.want)
			}
		})
	}
}

// wdl-semantics §10.3: the state between polls is the last Location; changing the
// workflow keeps it, and so does a pause.
func TestTheCursorOutlivesChangesAndPauses(t *testing.T) {
	c := newClocked(t, t.TempDir())
	defer c.close(t)
	s := newSource(t, answer{202, "Location: /a?state=1", ""}, answer{202, "", ""})
	d := c.library.deploy(t, "polls", pollTrigger(s.URL+"/a", "", ""), compose)
	c.arm(t, d, nil)
	c.step(t, d, s)
	c.set(c.start.Add(time.Second))
	changed := c.library.deploy(t, "polls", strings.Replace(pollTrigger(s.URL+"/a", "", ""), `"interval":1`, `"interval":5`, 1), compose)
	c.arm(t, changed, nil)
	if got := c.step(t, changed, s); !strings.Contains(got, "GET /a?state=1 Skipped") {
		t.Errorf("changed: %s", got)
	}
	if err := c.db.Write(context.Background(), func(tx *store.Tx) error { return c.Pause(tx, d.FlowID) }); err != nil {
		t.Fatal(err)
	}
	if got := c.step(t, changed, s); got != "over" {
		t.Errorf("disabled: %s", got)
	}
	c.set(c.time().Add(time.Hour))
	c.arm(t, changed, func(q *ArmRequest) { q.Restart = true })
	if got := c.step(t, changed, s); got != "1h0m1s GET /a?state=1 Skipped Accepted" {
		t.Errorf("enabled: %s", got)
	}
	c.set(c.time().Add(time.Second))
	c.arm(t, changed, func(q *ArmRequest) { q.Reset = true })
	if got := c.step(t, changed, s); !strings.Contains(got, "GET /a Skipped") {
		t.Errorf("reset: %s", got)
	}
}

// wdl-semantics §12.2: a trigger with SingleInstance does not ask while its run is
// active, as what it got would be lost.
func TestABusySingleInstanceDoesNotAsk(t *testing.T) {
	c := newClocked(t, t.TempDir())
	defer c.close(t)
	s := newSource(t, answer{200, "Location: /a?state=1", "{}"})
	d := c.library.deploy(t, "single", pollTrigger(s.URL+"/a", "", `,"operationOptions":"SingleInstance"`),
		`{"W":{"type":"Wait","inputs":{"interval":{"count":90,"unit":"Second"}},"runAfter":{}}}`)
	c.arm(t, d, nil)
	if got := c.step(t, d, s); got != "0s GET /a Succeeded OK ran" {
		t.Errorf("%s", got)
	}
	if got := c.step(t, d, s); got != "1m0s Skipped" {
		t.Errorf("%s", got)
	}
	run := c.runs(t)[0].Name
	if err := c.Cancel(context.Background(), environment, run); err != nil {
		t.Fatal(err)
	}
	if got := c.step(t, d, s); got != "2m0s GET /a?state=1 Succeeded OK ran" {
		t.Errorf("%s", got)
	}
}

// A poll has no effect before its commit, and one whose commit is lost is made again,
// under the same id; it begins its run once.
func TestAPollIsMadeAgainAfterACrash(t *testing.T) {
	c := newClocked(t, t.TempDir())
	defer c.close(t)
	s := newSource(t, answer{200, "Location: /a?state=1", "{}"})
	d := c.library.deploy(t, "crashes", pollTrigger(s.URL+"/a", "", ""), compose)
	c.arm(t, d, nil)
	before := c.scheduleOf(t, d)
	dying, die := context.WithCancel(context.Background())
	lost := &occasion{runner: c.Runner, db: c.db, deployed: d, on: d.Workflow.Program.Triggers[0], schedule: before, now: c.now, name: "lost"}
	die()
	err := lost.poll(dying)
	if after := c.scheduleOf(t, d); err == nil || len(c.runs(t)) != 0 || !after.same(&before) {
		t.Fatalf("%v", err)
	}
	for range 3 { // the claim was given back, or a second process has it too
		if _, err := c.fireSlot(context.Background(), c.db, before); err != nil {
			t.Fatal(err)
		}
	}
	if runs := c.runs(t); len(runs) != 1 || len(c.histories(t, d)) != 1 {
		t.Errorf("%d runs", len(runs))
	}
	ids := map[string]bool{}
	for _, r := range s.asked {
		ids[r.Header.Get("x-ms-client-request-id")] = true
		if r.Header.Get("x-ms-workflow-run-id") != "" || r.Header.Get("x-ms-workflow-operation-name") != "poll" {
			t.Errorf("%v", r.Header)
		}
	}
	if len(ids) != 1 || len(s.asked) < 2 {
		t.Errorf("%d requests under the ids %v", len(s.asked), ids)
	}
	if after := c.scheduleOf(t, d); after.Cursor != s.URL+"/a?state=1" || after.Fired != 1 {
		t.Errorf("%+v", after)
	}
}

// A workflow that is disabled or changed while a poll is under way.
func TestAChangeDuringAPoll(t *testing.T) {
	c := newClocked(t, t.TempDir())
	defer c.close(t)
	var d *Deployed
	during := func() {}
	peer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		during()
		w.Header().Set("Location", "/next")
	}))
	defer peer.Close()
	d = c.library.deploy(t, "changes", pollTrigger(peer.URL, "", ""), compose)
	c.arm(t, d, nil)
	during = func() {
		c.arm(t, c.library.deploy(t, "changes", strings.Replace(pollTrigger(peer.URL, "", ""), `"interval":1`, `"interval":7`, 1), compose), nil)
	}
	c.step(t, d, nil)
	if s := c.scheduleOf(t, d); s.Cursor != peer.URL+"/next" || !strings.Contains(s.Recurrence, " 7 ") || len(c.runs(t)) != 1 {
		t.Errorf("changed: %+v", s)
	}
	during = func() {
		if err := c.db.Write(context.Background(), func(tx *store.Tx) error { return c.Pause(tx, d.FlowID) }); err != nil {
			t.Error(err)
		}
	}
	c.step(t, d, nil)
	if s := c.scheduleOf(t, d); s.Recurrence != "" || len(c.armed(t)) != 0 || len(c.runs(t)) != 1 {
		t.Errorf("disabled: %+v", s)
	}
}

// POST …/triggers/{name}/run: a polling trigger asks now, and its slots go on.
func TestAPollByHand(t *testing.T) {
	c := newClocked(t, t.TempDir())
	defer c.close(t)
	s := newSource(t, answer{200, "", "{}"}, answer{202, "", ""}, answer{200, "", "{}"})
	d := c.library.deploy(t, "hand", pollTrigger(s.URL+"/a", "", ""), compose)
	c.arm(t, d, nil)
	c.step(t, d, s)
	c.set(c.start.Add(20 * time.Second))
	if err := c.Poll(context.Background(), d, d.Workflow.Program.Triggers[0]); err != nil {
		t.Fatal(err)
	}
	if got := c.step(t, d, s) + " | " + c.step(t, d, s); got != "20s GET /a Skipped Accepted | 1m0s GET /a Succeeded OK ran" {
		t.Error(got)
	}
	if s := c.scheduleOf(t, d); s.Fired != 2 {
		t.Errorf("%+v", s)
	}
}

// The history holds what a poll was asked with and got, without secrets.
func TestTheHistoryOfAPollHoldsNoSecrets(t *testing.T) {
	c := newClocked(t, t.TempDir())
	defer c.close(t)
	s := newSource(t, answer{404, "Set-Cookie: a=b", `{"error":"none"}`}, answer{200, "", "{}"})
	d := c.library.deploy(t, "secrets", pollTrigger(s.URL+"/a?sig=hidden", `,"authentication":{"type":"Basic","username":"u","password":"hidden"}`, ""), compose)
	c.arm(t, d, nil)
	c.step(t, d, s)
	u, err := ReadUnfired(c.histories(t, d)[0])
	if err != nil || strings.Contains(string(u.Inputs.JSON()), "hidden") || !strings.Contains(string(u.Inputs.JSON()), "sanitized") {
		t.Errorf("%s %v", u.Inputs.JSON(), err)
	}
	if code, _ := u.Outputs.Get("statusCode"); code.Text() != "404" || u.TrackingID == "" {
		t.Errorf("%+v", u)
	}
	if got := c.step(t, d, s); !strings.HasSuffix(got, "Succeeded OK ran") {
		t.Fatal(got)
	}
	if user, password, _ := s.asked[1].BasicAuth(); user != "u" || password != "hidden" {
		t.Error("the credentials were not sent")
	}
	if text := string(c.newest(t).Inputs.JSON()); strings.Contains(text, "hidden") || !strings.Contains(text, "sanitized") {
		t.Error(text)
	}
}

// newest is the trigger's record in the run that began last.
func (c *clocked) newest(t *testing.T) engine.Fired { return c.trigger(t, c.last) }
