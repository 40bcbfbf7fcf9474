package isletest_test

import (
	"fmt"
	"net/http"
	"testing"

	"isle/isletest"
)

// nested is a workflow that calls the child and answers what it said. Settings are
// more members of the action.
func nested(child, settings string) string {
	return workflowBody(fmt.Sprintf(`{"Call":{"type":"Workflow","inputs":{"host":{"triggerName":"manual","workflow":{"id":%q}},"body":"@triggerBody()","retryPolicy":{"type":"none"}}%s},
		"Answer":{"type":"Response","inputs":{"statusCode":200,"body":{"code":"@actions('Call')?['code']","status":"@actions('Call')?['status']","error":"@actions('Call')?['error']?['code']","outputs":"@actions('Call')?['outputs']","tracking":"@actions('Call')?['clientTrackingId']"}},"runAfter":{"Call":["Succeeded","Failed","TimedOut"]}}}`, child, settings))
}

func responding(status int, body, options string) string {
	return workflowBody(fmt.Sprintf(`{"Answer":{"type":"Response","inputs":{"statusCode":%d,"body":%s}%s}}`, status, body, options))
}

func TestAWorkflowCallsAWorkflow(t *testing.T) {
	t.Parallel()
	s := isletest.Start(t)
	group, elsewhere := s.Group("parents"), s.Group("children")
	const asynchronous = `,"operationOptions":"Asynchronous"`
	off, _ := put(t, s, elsewhere, "off", responding(200, `1`, ""))
	s.Do(http.MethodPost, off+"/disable", nil)
	for _, c := range []struct {
		name, child, settings string
		status, code, fault   string
		statusCode, body      string
	}{
		{"sync", responding(201, `{"twice":"@mul(triggerBody()['n'],2)"}`, ""), "", "Succeeded", "Created", "", "201", "42"},
		{"async", responding(200, `{"twice":42}`, asynchronous), "", "Succeeded", "OK", "", "200", "42"},
		{"async-unawaited", responding(200, `{"twice":42}`, asynchronous), `,"operationOptions":"DisableAsyncPattern"`, "Succeeded", "Accepted", "", "202", ""},
		{"accepted", responding(202, `{"twice":42}`, ""), "", "Succeeded", "Accepted", "", "202", "42"},
		{"failing", responding(404, `{"twice":42}`, ""), "", "Failed", "NotFound", "", "404", "42"},
		{"silent", workflowBody(`{"If":{"type":"If","expression":"@equals(1,2)","actions":{"Answer":{"type":"Response","inputs":{"statusCode":200}}}}}`), "", "Failed", "BadGateway", "NoResponse", "", ""},
		{"disabled", "", "", "Failed", "WorkflowTriggerIsNotEnabled", "WorkflowTriggerIsNotEnabled", "", ""},
		{"missing", "", "", "Failed", "WorkflowNotFound", "WorkflowNotFound", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			child := elsewhere + "/providers/Microsoft.Logic/workflows/nothing"
			if c.child != "" {
				child, _ = put(t, s, elsewhere, c.name, c.child)
			} else if c.name == "disabled" {
				child = off
			}
			_, url := put(t, s, group, c.name, nested(child, c.settings))
			a := s.Call(url, `{"n":21}`)
			if a.Status != 200 || a.Text("status") != c.status || a.Text("code") != c.code || a.Text("error") != c.fault {
				t.Errorf("%d %s", a.Status, a.Body)
			}
			if a.Text("outputs", "statusCode") != c.statusCode || a.Text("outputs", "body", "twice") != c.body {
				t.Errorf("outputs: %s", a.Body)
			}
			if c.statusCode == "" {
				return
			}
			run := lastRun(s, child)
			if got := run.Text("value", 0, "name"); got == "" || got != a.Text("outputs", "headers", "x-ms-workflow-run-id") {
				t.Errorf("the run %q is not linked: %s", got, a.Body)
			}
			if got := run.Text("value", 0, "properties", "correlation", "clientTrackingId"); got == "" || got != a.Text("tracking") && got != a.Header.Get("x-ms-client-tracking-id") {
				t.Errorf("the tracking id %q is not the parent's %q", got, a.Header.Get("x-ms-client-tracking-id"))
			}
		})
	}
}

func TestAWorkflowThatCallsItselfWithoutEndMeetsALimit(t *testing.T) {
	t.Parallel()
	s := isletest.Start(t)
	group := s.Group("deep")
	id := group + "/providers/Microsoft.Logic/workflows/deep"
	_, url := put(t, s, group, "deep", nested(id, ""))
	a := s.Call(url, `{}`)
	for at := []any{"outputs", "body"}; a.Text(append(at, "status")...) != ""; at = append(at, "outputs", "body") {
		if a.Text(append(at, "error")...) == "NestedWorkflowDepthExceeded" {
			return
		}
	}
	t.Errorf("%d %.2000s", a.Status, a.Body)
}

// TestANestedCallSurvivesARestart stops the server while the child is under way: there
// is one child run, and the parent gets its answer.
func TestANestedCallSurvivesARestart(t *testing.T) {
	t.Parallel()
	s := isletest.Start(t)
	group := s.Group("restarted")
	child, _ := put(t, s, group, "child", workflowBody(waitThenAnswer))
	parent, url := put(t, s, group, "parent", workflowBody(fmt.Sprintf(`{"Call":{"type":"Workflow","inputs":{"host":{"triggerName":"manual","workflow":{"id":%q}}}}}`, child)))
	if a := s.Call(url, `{}`); a.Status != http.StatusAccepted {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	until(t, "the child is under way", func() bool { return lastRun(s, child).Text("value", 0, "name") != "" })
	s.Restart()
	until(t, "the parent has ended", func() bool { return lastRun(s, parent).Text("value", 0, "properties", "endTime") != "" })
	if got := lastRun(s, parent).Text("value", 0, "properties", "status"); got != "Succeeded" {
		t.Errorf("the parent is %s", got)
	}
	if second := s.Do(http.MethodGet, child+"/runs", nil).Text("value", 1, "name"); second != "" {
		t.Error("a second run of the child was begun")
	}
}
