package logic_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/logic/armlogic"

	"isle/internal/arm/armtest"
)

// scheduledFlow is a workflow with one trigger that has a recurrence.
func scheduledFlow(trigger, parameters string) string {
	return `{"location":"westus","properties":{"definition":{"$schema":"` + schema + `","contentVersion":"1.0.0.0",
		"parameters":{"$connections":{"type":"Object","defaultValue":{}}},"triggers":{"t":` + trigger + `},
		"actions":{"A":{"type":"Compose","inputs":"@triggerOutputs()","runAfter":{}}}},"parameters":{` + parameters + `}}}`
}

// histories are those of the trigger, newest first, as the SDK lists them.
func (w *world) histories(flow string) (list []*armlogic.WorkflowTriggerHistory) {
	w.t.Helper()
	client, err := armlogic.NewWorkflowTriggerHistoriesClient(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	for pager := client.NewListPager("g", flow, "t", nil); pager.More(); {
		page, err := pager.NextPage(context.Background())
		w.must(err)
		list = append(list, page.Value...)
	}
	return list
}

// fired waits for so many histories and describes the newest.
func (w *world) fired(flow string, n int) (line string, h *armlogic.WorkflowTriggerHistory) {
	w.t.Helper()
	var list []*armlogic.WorkflowTriggerHistory
	w.until(fmt.Sprintf("%s has %d histories", flow, n), func() bool {
		list = w.histories(flow)
		return len(list) == n
	})
	p := list[0].Properties
	line = string(*p.Status)
	if p.Code != nil {
		line += " " + *p.Code
	}
	if p.Run != nil {
		line += " ran"
	}
	if p.Fired != nil && *p.Fired != (p.Run != nil) {
		line += " but fired is wrong"
	}
	return line, list[0]
}

// A polling trigger with all its outcomes, as a client of the API sees it:
// wdl-semantics §10.3, §14.1.
func TestPollingThroughTheSDK(t *testing.T) {
	var status atomic.Int32
	status.Store(200)
	peer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(int(status.Load()))
		if status.Load() != 202 {
			_, _ = w.Write([]byte(`{"n":1}`))
		}
	}))
	defer peer.Close()
	w, ctx := newWorld(t), context.Background()
	body := scheduledFlow(`{"type":"Http","inputs":{"method":"GET","uri":"`+peer.URL+`/a","retryPolicy":{"type":"none"}},"recurrence":{"frequency":"Hour","interval":3}}`, "")
	w.send("PUT", workflows+"/polls", body, 201)
	line, h := w.fired("polls", 1)
	if line != "Succeeded OK ran" || h.Properties.InputsLink == nil || h.Properties.OutputsLink == nil || h.Properties.ScheduledTime == nil {
		t.Errorf("at once: %s", line)
	}
	triggers, err := armlogic.NewWorkflowTriggersClient(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	view := func() *armlogic.WorkflowTriggerProperties {
		got, err := triggers.Get(ctx, "g", "polls", "t", nil)
		w.must(err)
		return got.Properties
	}
	p := view()
	if next := time.Until(*p.NextExecutionTime); next < 2*time.Hour || next > 3*time.Hour || *p.Recurrence.Interval != 3 || *p.Status != armlogic.WorkflowStatusSucceeded {
		t.Errorf("%+v", p)
	}
	histories, err := armlogic.NewWorkflowTriggerHistoriesClient(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	for i, want := range []struct {
		status int32
		line   string
	}{{202, "Skipped Accepted"}, {404, "Failed NotFound"}, {503, "Failed ServiceUnavailable"}, {201, "Skipped Created"}, {200, "Succeeded OK ran"}} {
		status.Store(want.status)
		_, err := triggers.Run(ctx, "g", "polls", "t", nil)
		w.must(err)
		line, h := w.fired("polls", i+2)
		if line != want.line || h.Properties.OutputsLink == nil || *h.Properties.OutputsLink.ContentSize == 0 || h.Properties.InputsLink == nil || h.Properties.ScheduledTime != nil {
			t.Errorf("by hand: %s, want %s", line, want.line)
		}
		one, err := histories.Get(ctx, "g", "polls", "t", *h.Name, nil)
		w.must(err)
		if *one.Properties.Status != *h.Properties.Status || *one.Properties.Correlation.ClientTrackingID == "" || one.Properties.StartTime == nil || one.Properties.EndTime == nil {
			t.Errorf("%+v", one.Properties)
		}
	}
	if again := view(); !again.NextExecutionTime.Equal(*p.NextExecutionTime) {
		t.Errorf("polls by hand move the schedule from %v to %v", p.NextExecutionTime, again.NextExecutionTime)
	}
	failed, err := histories.NewListPager("g", "polls", "t", &armlogic.WorkflowTriggerHistoriesClientListOptions{Filter: to.Ptr("status eq 'Failed'")}).NextPage(ctx)
	w.must(err)
	if len(failed.Value) != 2 {
		t.Errorf("%d failed", len(failed.Value))
	}
	flows, err := armlogic.NewWorkflowsClient(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	_, err = flows.Disable(ctx, "g", "polls", nil)
	w.must(err)
	w.until("nothing is due", func() bool { return view().NextExecutionTime == nil })
	w.refused("POST", workflows+"/polls/triggers/t/run", "", 400, "WorkflowTriggerIsNotEnabled")
}

// The other types with a recurrence are performed, shown and fired by hand as well.
func TestScheduledTriggersThroughTheSDK(t *testing.T) {
	asked := make(chan string, 8)
	peer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.URL.RequestURI()
		w.Header().Set("Location", "/office/triggers/new?state=7")
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`["` + r.URL.RequestURI() + `"]`))
	}))
	defer peer.Close()
	const office = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/connections/office"
	yesterday := time.Now().Add(-24 * time.Hour).UTC().Format(time.RFC3339)
	w, ctx := newWorld(t), context.Background()
	triggers, err := armlogic.NewWorkflowTriggersClient(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	const recurrence = `"recurrence":{"frequency":"Hour","interval":1}`
	for _, test := range []struct{ name, trigger, parameters, first, byHand string }{
		{"api", `{"type":"ApiConnection","splitOn":"@triggerBody()","inputs":{"host":{"connection":{"name":"@parameters('$connections')['office']['connectionId']"}},"method":"get","path":"/triggers/new"},` + recurrence + `}`,
			`"$connections":{"value":{"office":{"connectionId":"` + office + `","connectionName":"office","id":"/x","connectionRuntimeUrl":"` + peer.URL + `/office"}}}`,
			"Succeeded OK ran", "Succeeded OK ran"},
		{"management", `{"type":"ApiManagement","inputs":{"api":{"id":"/subscriptions/s/resourceGroups/g/providers/Microsoft.ApiManagement/service/s/apis/a"},"method":"GET","pathTemplate":{"template":"/x","parameters":{}}},` + recurrence + `}`, "",
			"Failed ApiManagementNotConfigured", "Failed ApiManagementNotConfigured"},
		{"tick", `{"type":"Recurrence",` + recurrence + `}`, "", "Succeeded ran", "Succeeded ran"},
		{"window", `{"type":"SlidingWindow","inputs":{"delay":"PT1S"},"recurrence":{"frequency":"Hour","interval":20,"startTime":"` + yesterday + `"}}`, "", "Succeeded ran", "Succeeded ran"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w.send("PUT", workflows+"/"+test.name, scheduledFlow(test.trigger, test.parameters), 201)
			n := 1
			if test.name == "window" {
				n = 2 // the missed one, and the one in progress
			}
			next := n + 1
			if test.name == "api" {
				n, next = 2, 4 // the firing, and its only item
			}
			if line, h := w.fired(test.name, n); line != test.first || h.Properties.ScheduledTime == nil || (h.Properties.Error == nil) == strings.HasPrefix(line, "Failed") {
				t.Errorf("%s: %+v", line, h.Properties)
			}
			_, err := triggers.Run(ctx, "g", test.name, "t", nil)
			w.must(err)
			if line, _ := w.fired(test.name, next); line != test.byHand {
				t.Errorf("by hand: %s", line)
			}
			got, err := triggers.Get(ctx, "g", test.name, "t", nil)
			w.must(err)
			if p := got.Properties; p.NextExecutionTime == nil || !p.NextExecutionTime.After(time.Now()) || p.LastExecutionTime == nil || p.Recurrence == nil {
				t.Errorf("%+v", p)
			}
		})
	}
	if first, second := <-asked, <-asked; first != "/office/triggers/new" || second != "/office/triggers/new?state=7" {
		t.Errorf("the connection was asked for %s, then for %s", first, second)
	}
	flows, err := armlogic.NewWorkflowsClient(subscription, armtest.Token{}, w.client().Options())
	w.must(err)
	for _, test := range []struct {
		reset bool
		asked string
	}{{false, "/office/triggers/new?state=7"}, {true, "/office/triggers/new"}} { // a reset of a disabled workflow forgets too (logic-api §2.4)
		_, err = flows.Disable(ctx, "g", "api", nil)
		w.must(err)
		w.until("nothing is due", func() bool {
			got, err := triggers.Get(ctx, "g", "api", "t", nil)
			w.must(err)
			return got.Properties.NextExecutionTime == nil
		})
		if test.reset {
			_, err = triggers.Reset(ctx, "g", "api", "t", nil)
			w.must(err)
		}
		_, err = flows.Enable(ctx, "g", "api", nil)
		w.must(err)
		if got := <-asked; got != test.asked {
			t.Errorf("after disabling, with reset %v, the connection was asked for %s", test.reset, got)
		}
	}
}
