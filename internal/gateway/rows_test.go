package gateway

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"isle/engine"
	"isle/internal/store"
)

// The rows of wdl-semantics §10.2, "Request trigger and responses", that the other
// tests of this package do not name.

// wdl-semantics §10.2 Request: every kind, and the historic type Manual, is fired by a
// POST on its callback URL.
func TestEveryKindOfRequestTriggerIsCalled(t *testing.T) {
	e := newEndpoint(t)
	for _, trigger := range []string{
		`{"type":"Request"}`, `{"type":"Manual"}`, `{"type":"Request","kind":"Http"}`, `{"type":"Request","kind":"Button"}`, `{"type":"Request","kind":"PowerApp"}`,
		`{"type":"Request","kind":"EventGrid"}`, `{"type":"Request","kind":"Geofence"}`, `{"type":"Request","kind":"Alert"}`, `{"type":"Request","kind":"AzureMonitorAlert"}`,
		`{"type":"Request","kind":"SecurityCenterAlert"}`, `{"type":"Request","kind":"ApiConnection"}`, `{"type":"request","kind":"http"}`,
	} {
		d := e.deploy(t, "kind", trigger, echo)
		if a := send(t, "POST", e.callback(d, ""), jsonType, `{"a":1}`); a.status != 200 || !strings.HasSuffix(a.body, `"body":{"a":1}}`) {
			t.Errorf("%s: %+v", trigger, a)
		}
		if a := send(t, "GET", e.callback(d, ""), "", ""); a.status != 405 || a.header.Get("Allow") != "POST" {
			t.Errorf("%s, method omitted, called with GET: %+v", trigger, a)
		}
	}
}

// wdl-semantics §10.2 method: the one of the definition, and no other.
func TestMethodOfTheDefinition(t *testing.T) {
	e := newEndpoint(t)
	for _, method := range []string{"GET", "PUT", "POST", "PATCH", "DELETE"} {
		d := e.deploy(t, "method", `{"type":"Request","inputs":{"method":"`+strings.ToLower(method)+`"}}`, `{"Answer":{"type":"Response","inputs":{"statusCode":200,"body":"@triggerOutputs()?['body']"},"runAfter":{}}}`)
		for _, called := range []string{"GET", "PUT", "POST", "PATCH", "DELETE"} {
			want := 405
			if called == method {
				want = 200
			}
			if a := send(t, called, e.callback(d, ""), "", ""); a.status != want || want == 405 && a.header.Get("Allow") != method {
				t.Errorf("%s called with %s: %+v", method, called, a)
			}
		}
	}
}

// wdl-semantics §10.2 kind EventGrid: the service answers the validation of a
// subscription; events begin runs.
func TestEventGridHandshake(t *testing.T) {
	e := newEndpoint(t)
	const act = `{"A":{"type":"Compose","inputs":1,"runAfter":{}}}`
	const validation = `[{"id":"1","eventType":"Microsoft.EventGrid.SubscriptionValidationEvent","data":{"validationCode":"512d38b6","validationUrl":"https://x"}}]`
	for _, c := range []struct {
		name, trigger, actions, header, body string
		status                               int
		answer                               string
	}{
		{"kind EventGrid", `{"type":"Request","kind":"EventGrid"}`, echo, "SubscriptionValidation", validation, 200, `{"validationResponse":"512d38b6"}`},
		{"no Response action", `{"type":"Request","kind":"Http"}`, act, "SubscriptionValidation", validation, 200, `{"validationResponse":"512d38b6"}`},
		{"the workflow answers by itself", `{"type":"Request","kind":"Http"}`, `{"Answer":{"type":"Response","inputs":{"statusCode":200,"body":"mine"},"runAfter":{}}}`, "SubscriptionValidation", validation, 200, `mine`},
		{"splitOn", `{"type":"Request","kind":"EventGrid","splitOn":"@triggerBody()"}`, act, "SubscriptionValidation", validation, 200, `{"validationResponse":"512d38b6"}`},
		{"an event", `{"type":"Request","kind":"EventGrid"}`, act, "Notification", `[{"eventType":"x","data":{}}]`, 202, ``},
		{"no code", `{"type":"Request","kind":"EventGrid"}`, act, "SubscriptionValidation", `[{"eventType":"Microsoft.EventGrid.SubscriptionValidationEvent"}]`, 202, ``},
	} {
		d := e.deploy(t, "grid"+strings.ReplaceAll(c.name, " ", ""), c.trigger, c.actions)
		a := send(t, "POST", e.callback(d, ""), jsonType, c.body, "aeg-event-type", c.header)
		if a.status != c.status || a.body != c.answer {
			t.Errorf("%s: %+v", c.name, a)
		}
		want := 0
		if c.answer == "mine" || c.status == 202 {
			want = 1
		}
		if n := e.runsOf(t, d.FlowID, want); n != want {
			t.Errorf("%s: %d runs", c.name, n)
		}
	}
}

// wdl-semantics §10.2 "No Response action": 202 at once, empty, with the headers of
// §14.4, though the run has not ended.
func TestAcceptedAtOnce(t *testing.T) {
	e := newEndpoint(t)
	d := e.deploy(t, "quiet", "", waiting+"}")
	a := send(t, "POST", e.callback(d, ""), jsonType, `{}`)
	if a.status != 202 || a.body != "" || a.header.Get("Location") != "" {
		t.Errorf("%+v", a)
	}
	for _, name := range []string{"run-id", "system-id", "id", "version", "name"} {
		if a.header.Get("x-ms-workflow-"+name) == "" {
			t.Errorf("no x-ms-workflow-%s", name)
		}
	}
	for _, name := range []string{"correlation-id", "client-tracking-id", "trigger-history-name", "tracking-id", "request-id"} {
		if a.header.Get("x-ms-"+name) == "" {
			t.Errorf("no x-ms-%s", name)
		}
	}
}

// wdl-semantics §10.2 "Response not reached in time": 504, the run goes on, and the
// late Response is Skipped with ActionResponseSkipped (§13.4).
func TestLateResponse(t *testing.T) {
	e := newEndpoint(t, func(c *Config) { c.EnvironmentResponseTimeout = 50 * time.Millisecond })
	release := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer slow.Close()
	d := e.deploy(t, "late", "", `{"Get":{"type":"Http","inputs":{"method":"GET","uri":"`+slow.URL+`"},"runAfter":{}},"Answer":{"type":"Response","inputs":{"statusCode":200},"runAfter":{"Get":["Succeeded"]}}}`)
	a := send(t, "POST", e.callback(d, ""), jsonType, `{}`)
	close(release)
	if a.status != 504 || a.code() != "GatewayTimeout" || a.header.Get("x-ms-workflow-run-id") == "" {
		t.Errorf("%+v", a)
	}
	run := e.ended(t, a.header.Get("x-ms-workflow-run-id"))
	if r := e.record(t, run.Name, "Answer"); run.Status != "Succeeded" || r.Status.String() != "Skipped" || r.Code != "ActionResponseSkipped" || r.Error == nil || r.Error.Code != "ActionResponseSkipped" {
		t.Errorf("%s, %+v", run.Status, r)
	}
}

// wdl-semantics §10.2 "Run ends without Response although one exists": 502 NoResponse,
// however it ends.
func TestRunEndsWithoutItsResponse(t *testing.T) {
	e := newEndpoint(t)
	for name, before := range map[string]string{
		"failed":     `{"type":"Compose","inputs":"@int('x')","runAfter":{}}`,
		"terminated": `{"type":"Terminate","inputs":{"runStatus":"Succeeded"},"runAfter":{}}`,
	} {
		d := e.deploy(t, name, "", `{"A":`+before+`,"Answer":{"type":"Response","inputs":{"statusCode":200},"runAfter":{"A":["Succeeded"]}}}`)
		a := send(t, "POST", e.callback(d, ""), jsonType, `{}`)
		if a.status != 502 || a.code() != "NoResponse" || !strings.Contains(a.body, a.header.Get("x-ms-workflow-run-id")) {
			t.Errorf("%s: %+v", name, a)
		}
	}
	d := e.deploy(t, "skipped", "", `{"If":{"type":"If","expression":"@equals(1,2)","actions":{"Answer":{"type":"Response","inputs":{"statusCode":200}}},"runAfter":{}}}`)
	if a := send(t, "POST", e.callback(d, ""), jsonType, `{}`); a.status != 502 || a.code() != "NoResponse" {
		t.Errorf("in a branch that is not taken: %+v", a)
	}
}

// wdl-semantics §10.2 Asynchronous: 202 with Location; polling a run that ended without
// its Response says so; one that waits for its turn is still 202 (§12.3, §15 rule 40).
func TestPollingForAResponse(t *testing.T) {
	e := newEndpoint(t)
	const answer = `"Answer":{"type":"Response","operationOptions":"Asynchronous","inputs":{"statusCode":200,"body":"done"},"runAfter":{"A":["Succeeded"]}}}`
	d := e.deploy(t, "none", "", `{"A":{"type":"Compose","inputs":"@int('x')","runAfter":{}},`+answer)
	a := send(t, "POST", e.callback(d, ""), jsonType, `{}`)
	if a.status != 202 || a.header.Get("Location") == "" || a.body != "" {
		t.Fatalf("%+v", a)
	}
	if a = send(t, "GET", a.header.Get("Location"), "", ""); a.status != 502 || a.code() != "NoResponse" {
		t.Errorf("%+v", a)
	}
	release := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer slow.Close()
	d = e.deploy(t, "turns", `{"type":"Request","runtimeConfiguration":{"concurrency":{"runs":1}}}`, `{"A":{"type":"Http","inputs":{"method":"GET","uri":"`+slow.URL+`"},"runAfter":{}},`+answer)
	send(t, "POST", e.callback(d, ""), jsonType, `{}`)
	second := send(t, "POST", e.callback(d, ""), jsonType, `{}`)
	if a = send(t, "GET", second.header.Get("Location"), "", ""); second.status != 202 || a.status != 202 {
		t.Errorf("%+v, then %+v", second, a)
	}
	if run := e.run(t, second.header.Get("x-ms-workflow-run-id")); run.Status != "Waiting" || !run.Queued {
		t.Errorf("%+v", run)
	}
	close(release)
	e.ended(t, second.header.Get("x-ms-workflow-run-id"))
	for range 2 { // as often as it is asked for
		if a = send(t, "GET", second.header.Get("Location"), "", ""); a.status != 200 || a.body != "done" {
			t.Errorf("%+v", a)
		}
	}
}

// wdl-semantics §10.2 "Waiting-runs queue full": 429 with Retry-After, and no run.
func TestFullQueueIsToldToTheCaller(t *testing.T) {
	e := newEndpoint(t)
	d := e.deploy(t, "full", `{"type":"Request","runtimeConfiguration":{"concurrency":{"runs":1}}}`, waiting+"}")
	for range 12 {
		if a := send(t, "POST", e.callback(d, ""), jsonType, `{}`); a.status != 202 {
			t.Fatalf("%+v", a)
		}
	}
	a := send(t, "POST", e.callback(d, ""), jsonType, `{}`)
	if a.status != 429 || a.code() != "WorkflowRunsQueueFull" || a.header.Get("Retry-After") == "" || a.header.Get("x-ms-workflow-run-id") != "" {
		t.Errorf("%+v", a)
	}
	if n := e.runsOf(t, d.FlowID, 12); n != 12 {
		t.Errorf("%d runs", n)
	}
}

// wdl-semantics §10.2 splitOn: 202 always, also where a Response action stands; each
// Response is Skipped, as nobody waits.
func TestSplitOnIsAccepted(t *testing.T) {
	e := newEndpoint(t)
	d := e.deploy(t, "split", `{"type":"Request","splitOn":"@triggerBody()"}`, `{"Answer":{"type":"Response","inputs":{"statusCode":200,"body":"@triggerBody()"},"runAfter":{}}}`)
	a := send(t, "POST", e.callback(d, ""), jsonType, `[1,2]`)
	if a.status != 202 || a.body != "" || a.header.Get("x-ms-trigger-history-name") == "" {
		t.Errorf("%+v", a)
	}
	if n := e.runsOf(t, d.FlowID, 2); n != 2 {
		t.Fatalf("%d runs", n)
	}
	var runs []store.Run
	_ = e.db.Read(context.Background(), func(tx *store.Tx) (err error) { runs, err = tx.Runs(store.RunQuery{}); return err })
	for _, run := range runs {
		if r := e.record(t, run.Name, "Answer"); r.Code != "ActionResponseSkipped" {
			t.Errorf("%+v", r)
		}
	}
	if a := send(t, "POST", e.callback(d, ""), jsonType, `[]`); a.status != 202 {
		t.Errorf("no items: %+v", a)
	}
}

// wdl-semantics §10.2 "Headers removed from a Response action".
func TestHeadersThatAResponseCannotSet(t *testing.T) {
	e := newEndpoint(t)
	d := e.deploy(t, "headers", "", `{"Answer":{"type":"Response","inputs":{"statusCode":200,"body":"x","headers":{
		"Allow":"GET","Content-Language":"de","Content-Location":"/x","Content-MD5":"x","Content-Range":"bytes 0-0/1","Content-Length":"99","Cookie":"a=b","Expires":"0","Last-Modified":"x","Set-Cookie":"a=b","Transfer-Encoding":"gzip",
		"Content-Disposition":"inline","Content-Encoding":"x-own","Content-Type":"text/csv","ETag":"1","X-Mine":"2"}},"runAfter":{}}}`)
	a := send(t, "POST", e.callback(d, ""), jsonType, `{}`)
	for _, name := range []string{"Allow", "Content-Language", "Content-Location", "Content-Md5", "Content-Range", "Cookie", "Expires", "Last-Modified", "Set-Cookie", "Transfer-Encoding"} {
		if v := a.header.Get(name); v != "" {
			t.Errorf("%s was sent: %s", name, v)
		}
	}
	for name, want := range map[string]string{"Content-Disposition": "inline", "Content-Encoding": "x-own", "Content-Type": "text/csv", "Content-Length": "1", "Etag": "1", "X-Mine": "2"} {
		if got := a.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// A second Response fails, and the caller has the first (wdl-semantics §11.2).
func TestSecondResponse(t *testing.T) {
	e := newEndpoint(t)
	d := e.deploy(t, "twice", "", `{"First":{"type":"Response","inputs":{"statusCode":200,"body":1},"runAfter":{}},"Second":{"type":"Response","inputs":{"statusCode":201,"body":2},"runAfter":{"First":["Succeeded"]}}}`)
	a := send(t, "POST", e.callback(d, ""), jsonType, `{}`)
	if a.status != 200 || a.body != "1" {
		t.Errorf("%+v", a)
	}
	run := e.ended(t, a.header.Get("x-ms-workflow-run-id"))
	if r := e.record(t, run.Name, "Second"); run.Status != "Failed" || r.Status.String() != "Failed" || r.Code != "BadRequest" {
		t.Errorf("%s, %+v", run.Status, r)
	}
}

// wdl-semantics §10.2 schema: it is for the designer, unless EnableSchemaValidation.
func TestSchemaIsNotCheckedUnlessAsked(t *testing.T) {
	e := newEndpoint(t)
	const schema = `"inputs":{"schema":{"type":"object","required":["id"]}}`
	d := e.deploy(t, "loose", `{"type":"Request",`+schema+`}`, echo)
	if a := send(t, "POST", e.callback(d, ""), jsonType, `[]`); a.status != 200 {
		t.Errorf("%+v", a)
	}
	d = e.deploy(t, "strict", `{"type":"Request","operationOptions":"EnableSchemaValidation",`+schema+`}`, echo)
	if a := send(t, "POST", e.callback(d, ""), jsonType, `[]`); a.status != 400 || a.code() != "TriggerInputSchemaMismatch" {
		t.Errorf("%+v", a)
	}
}

func (e *endpoint) run(t *testing.T, name string) (run store.Run) {
	t.Helper()
	if err := e.db.Read(context.Background(), func(tx *store.Tx) (err error) { run, err = tx.Run(name); return err }); err != nil {
		t.Fatal(err)
	}
	return run
}

func (e *endpoint) ended(t *testing.T, name string) store.Run {
	t.Helper()
	for deadline := time.Now().Add(hanging); ; time.Sleep(time.Millisecond) {
		if run := e.run(t, name); !run.End.IsZero() {
			return run
		} else if time.Now().After(deadline) {
			t.Fatalf("never ends: %+v", run)
		}
	}
}

func (e *endpoint) record(t *testing.T, run, action string) engine.Record {
	t.Helper()
	e.ended(t, run)
	rows, err := readRows(context.Background(), e.db, run, []string{""})
	if err != nil {
		t.Fatal(err)
	}
	records, err := engine.DecodeRecords(rows)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if r.Action == action {
			return r
		}
	}
	t.Fatalf("run %s has no record of %s", run, action)
	return engine.Record{}
}
