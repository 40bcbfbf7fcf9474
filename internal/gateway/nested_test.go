package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"isle/internal/connector/workflow"
	"isle/internal/dataplane"
	"isle/internal/runner"
	"isle/internal/store"
)

// ByID makes a library find workflows by the last segment of their ID.
func (l *library) ByID(ctx context.Context, id string) (*runner.Deployed, error) {
	return l.ByFlowID(ctx, fmt.Sprintf("%032x", id[strings.LastIndex(id, "/")+1:]))
}

// newFamily is an endpoint whose gateway answers for nested calls.
func newFamily(t *testing.T) (*endpoint, *Gateway) {
	t.Helper()
	e := newEndpoint(t)
	g := New(Config{Workflows: e.library, Named: e.library, Runner: e.runner, Store: e.store, Access: func(string) string { return "https://isle.test" }})
	return e, g
}

var begun = time.Date(2024, 3, 15, 12, 0, 0, 0, time.UTC)

// nestedRequest is the call of a child; id distinguishes calls.
func nestedRequest(child, id string) *workflow.Request {
	return &workflow.Request{
		Workflow: "/x/" + child, Trigger: "manual", Body: []byte(`{"n":21}`), Header: map[string][]string{"Content-Type": {"application/json"}},
		Begun: begun, ID: id, Depth: 1, ClientTrackingID: "client",
	}
}

const (
	firstCall  = "11111111-2222-4333-8444-555555555555"
	secondCall = "11111111-2222-4333-8444-666666666666" // its run has the same first name
)

const doubled = `{"Answer":{"type":"Response","inputs":{"statusCode":201,"headers":{"X-Own":"1"},"body":{"twice":"@mul(triggerBody()['n'],2)"}}}}`

// runs are the names of all runs, oldest last.
func (e *endpoint) runs(t *testing.T) (names []string) {
	t.Helper()
	err := e.db.Read(t.Context(), func(tx *store.Tx) error {
		runs, err := tx.Runs(store.RunQuery{})
		for _, r := range runs {
			names = append(names, r.Name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestANestedCallIsAnswered: wdl-semantics §11.12, §12.10, §14.4.
func TestANestedCallIsAnswered(t *testing.T) {
	e, g := newFamily(t)
	e.deploy(t, "child", "", doubled)
	a, err := g.Start(t.Context(), nestedRequest("child", firstCall))
	if err != nil || a.StatusCode != 201 || string(a.Body) != `{"twice":42}` || a.Header.Get("X-Own") != "1" {
		t.Fatalf("%+v, %v", a, err)
	}
	run := e.runs(t)[0]
	for name, want := range map[string]string{"x-ms-workflow-run-id": run, "x-ms-client-tracking-id": "client", "x-ms-tracking-id": firstCall, "x-ms-workflow-name": "child"} {
		if got := a.Header[name]; !slices.Equal(got, []string{want}) {
			t.Errorf("%s is %v, want %s", name, got, want)
		}
	}
}

// headerOf is a header as the service spells it.
func headerOf(a *workflow.Answer, name string) string { return strings.Join(a.Header[name], ",") }

// TestARepeatedNestedCallBeginsNoSecondRun: also when the child was switched off since.
// Another call of the same moment whose run would have the same name has its own.
func TestARepeatedNestedCallBeginsNoSecondRun(t *testing.T) {
	e, g := newFamily(t)
	child := e.deploy(t, "child", "", doubled)
	if _, err := g.Start(t.Context(), nestedRequest("child", firstCall)); err != nil {
		t.Fatal(err)
	}
	child.Enabled = false
	again := nestedRequest("child", firstCall)
	again.Repeated = true
	if a, err := g.Start(t.Context(), again); err != nil || a.StatusCode != 201 || len(e.runs(t)) != 1 {
		t.Errorf("%+v, %v, runs %v", a, err, e.runs(t))
	}
	child.Enabled = true
	for _, repeated := range []bool{false, true, true} {
		other := nestedRequest("child", secondCall)
		other.Repeated = repeated
		if a, err := g.Start(t.Context(), other); err != nil || headerOf(a, "x-ms-tracking-id") != secondCall || len(e.runs(t)) != 2 {
			t.Errorf("%+v, %v, runs %v", a, err, e.runs(t))
		}
	}
}

// TestARepeatedCallOfASplitChildIsNoSecondFiring: its runs have names of their own.
func TestARepeatedCallOfASplitChildIsNoSecondFiring(t *testing.T) {
	e, g := newFamily(t)
	child := e.deploy(t, "split", `{"type":"Request","kind":"Http","inputs":{},"splitOn":"@triggerBody()['list']"}`, doubled)
	firings := func() (n int) {
		t.Helper()
		if err := e.db.Read(t.Context(), func(tx *store.Tx) error {
			list, err := tx.TriggerHistories(store.TriggerHistoryQuery{Workflow: child.FlowID, Trigger: "manual"})
			n = len(list)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, repeated := range []bool{false, true} {
		r := nestedRequest("split", firstCall)
		r.Repeated, r.Body = repeated, []byte(`{"list":[{"n":1},{"n":2}]}`)
		if a, err := g.Start(t.Context(), r); err != nil || a.StatusCode != 202 || firings() != 1 {
			t.Errorf("repeated %v: %+v, %v, %d firings", repeated, a, err, firings())
		}
	}
}

// TestAChildIsAskedUntilItAnswers: the child is out of the caller's hands after a
// second; what comes later is read from its history.
func TestAChildIsAskedUntilItAnswers(t *testing.T) {
	e, g := newFamily(t)
	e.deploy(t, "child", "", waiting+`,"Answer":{"type":"Response","inputs":{"statusCode":200,"body":"late"},"runAfter":{"Wait":["Succeeded"]}}}`)
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // as if the second were over
	a, err := g.Start(ctx, nestedRequest("child", firstCall))
	if err != nil {
		a, err = g.Start(t.Context(), nestedRequest("child", firstCall))
	}
	if err != nil || a.StatusCode != 0 || a.Reference == "" || a.After < askMin {
		t.Fatalf("%+v, %v", a, err)
	}
	if err := e.runner.Cancel(t.Context(), environment, e.runs(t)[0]); err != nil {
		t.Fatal(err)
	}
	_, err = g.Ask(t.Context(), workflow.Caller{}, a.Reference)
	var f *workflow.Failure
	if !errors.As(err, &f) || f.Code != "BadGateway" || f.ErrorCode != "NoResponse" {
		t.Errorf("a child that was cancelled: %v", err)
	}
}

const waiting = `{"Wait":{"type":"Wait","inputs":{"interval":{"count":1,"unit":"Hour"}},"runAfter":{}}`

// TestWhatAChildAnswers holds the outcomes of wdl-semantics §10.2 and §11.12 that are
// not a plain Response.
func TestWhatAChildAnswers(t *testing.T) {
	e, g := newFamily(t)
	const asynchronous = `{"Answer":{"type":"Response","inputs":{"statusCode":200,"body":1},"operationOptions":"Asynchronous"}}`
	const quiet = `{"A":{"type":"Compose","inputs":1}}`
	e.deploy(t, "asynchronous", "", asynchronous)
	e.deploy(t, "silent", "", quiet)
	e.deploy(t, "stateless", "", doubled).Workflow.Stateless = true
	e.deploy(t, "stateless-silent", "", quiet).Workflow.Stateless = true
	e.deploy(t, "terminated", "", `{"T":{"type":"Terminate","inputs":{"runStatus":"Failed"}},"Answer":{"type":"Response","inputs":{"statusCode":200},"runAfter":{"T":["Succeeded"]}}}`)
	e.deploy(t, "split", `{"type":"Request","kind":"Http","inputs":{},"splitOn":"@triggerBody()['list']"}`, doubled)
	e.deploy(t, "strict", `{"type":"Request","kind":"Http","inputs":{"schema":{"type":"object","required":["x"]}},"operationOptions":"EnableSchemaValidation"}`, doubled)
	e.deploy(t, "unwilling", `{"type":"Request","kind":"Http","inputs":{},"conditions":[{"expression":"@equals(1,2)"}]}`, doubled)
	e.deploy(t, "mute", `{"type":"Request","kind":"Http","inputs":{},"operationOptions":"SuppressWorkflowHeadersOnResponse"}`, doubled)
	e.deploy(t, "clock", `{"type":"Recurrence","recurrence":{"frequency":"Day","interval":1}}`, quiet)
	e.deploy(t, "off", "", doubled).Enabled = false
	for n, tt := range []struct {
		child, trigger string
		noPolling      bool
		status         int
		header         string // one that there is
		code           string
	}{
		{"asynchronous", "manual", false, 200, "x-ms-workflow-run-id", ""},
		{"asynchronous", "manual", true, 202, "Location", ""},
		{"silent", "manual", false, 0, "", "BadGateway/NoResponse"},
		{"stateless", "manual", false, 201, "x-ms-workflow-run-id", ""},
		{"stateless-silent", "manual", false, 0, "", "BadGateway/NoResponse"},
		{"terminated", "manual", false, 0, "", "BadGateway/NoResponse"},
		{"split", "manual", false, 202, "x-ms-workflow-run-id", ""},
		{"strict", "manual", false, 400, "", ""},
		{"unwilling", "manual", false, 202, "", ""},
		{"mute", "manual", false, 201, "X-Own", ""},
		{"mute", "", false, 201, "X-Own", ""},
		{"mute", "other", false, 0, "", "WorkflowTriggerNotFound/"},
		{"clock", "manual", false, 0, "", "WorkflowTriggerNotFound/"},
		{"off", "manual", false, 0, "", "WorkflowTriggerIsNotEnabled/"},
		{"nothing", "manual", false, 0, "", "WorkflowNotFound/"},
	} {
		t.Run(fmt.Sprint(tt.child, tt.trigger, tt.noPolling), func(t *testing.T) {
			r := nestedRequest(tt.child, fmt.Sprintf("%08x-2222-4333-8444-555555555555", n))
			r.Trigger, r.NoPolling, r.Body = tt.trigger, tt.noPolling, []byte(`{"n":1,"list":[{"n":1},{"n":2}]}`)
			a, err := g.Start(t.Context(), r)
			var f *workflow.Failure
			if errors.As(err, &f) {
				if got := f.Code + "/" + f.ErrorCode; got != tt.code || f.Message == "" {
					t.Errorf("%s %s", got, f.Message)
				}
				return
			}
			if err != nil || a.StatusCode != tt.status || tt.code != "" {
				t.Fatalf("%+v, %v", a, err)
			}
			if tt.header != "" && len(a.Header[tt.header]) == 0 {
				t.Errorf("no %s in %v", tt.header, a.Header)
			}
			if headerOf(a, "x-ms-workflow-run-id") != "" && tt.child == "mute" {
				t.Error("headers that are suppressed are there")
			}
		})
	}
}

// TestTheNetworkJudgesANestedCall: as it judges every caller.
func TestTheNetworkJudgesANestedCall(t *testing.T) {
	e, g := newFamily(t)
	e.deploy(t, "child", "", doubled)
	g.config.Network = &network{reason: "no"}
	_, err := g.Start(t.Context(), nestedRequest("child", firstCall))
	var denied *dataplane.DeniedError
	if !errors.As(err, &denied) || len(e.runs(t)) != 0 {
		t.Errorf("%v, runs %v", err, e.runs(t))
	}
}
